"""The pages of stock counts: who sees them, what a scan finds, what the review shows, the list on paper, what they cost."""

import csv
import io
import re
import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory import services
from inventory.models import Category, CountState, Product, StockCount, StockCountEntry, StockItem, Warehouse
from inventory.references import Named, named
from inventory.services.counting import enter_count, finish_counting, open_count
from inventory.services.posting import post_count
from shops.actors import Actor
from shops.models import Membership
from shops.permissions import Role
from tests.factories import make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
BY = Actor.system("test")


@pytest.fixture
def person(client, shop):
    user = make_user(shop, Role.WAREHOUSE, username="wanda", language="en")
    client.force_login(user)
    return user


@pytest.fixture
def opened(shop):
    def open_one(**fields):
        warehouse = Warehouse.objects.get(shop=shop, is_default=True)
        return open_count(
            shop_id=shop.pk, **{"warehouse_id": warehouse.pk, "name": "Autumn", "actor": BY} | fields
        )

    return open_one


def enter(count, product, quantity, **fields):
    values = {"key": uuid.uuid4(), "actor": BY} | fields
    return enter_count(count_id=count.pk, product_id=product.pk, quantity=quantity, **values)


def desk(count):
    return f"/stock/counts/{count.pk}/count/"


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def skus(response):
    return re.findall(r'data-sku="([^"]*)"', response.content.decode())


def row_of(response, sku):
    html = re.search(rf'data-sku="{sku}">(.*?)</tr>', response.content.decode(), re.DOTALL)[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


# --- The list, opening


def test_it_lists_counts_of_ones_own_shops_newest_first(client, person, shop, make_product, opened):
    make_product("MUG", stock=1)
    first = opened(name="Spring")
    enter(first, first.lines.get().stock_item.product, 1)
    finish_counting(count_id=first.pk, actor=BY)
    post_count(count_id=first.pk, actor=BY)
    second = opened(name="Autumn")
    theirs = make_shop()
    elsewhere = Product.objects.create(shop=theirs, sku="X", name="X")
    services.receive(product_id=elsewhere.pk, quantity=1, reason="", actor=BY)
    opened_there = Warehouse.objects.get(shop=theirs)
    open_count(shop_id=theirs.pk, warehouse_id=opened_there.pk, name="Foreign", actor=BY)

    response = client.get("/stock/counts/")

    assert re.findall(r'data-count="(\d+)"', response.content.decode()) == [str(second.pk), str(first.pk)]
    assert "0 of 1 counted" in text_of(response)
    assert "Foreign" not in text_of(response)


def test_it_opens_a_count_and_goes_to_it(client, person, shop, make_product):
    make_product("MUG", stock=3)
    page = client.get("/stock/counts/new/")
    warehouse = Warehouse.objects.get(shop=shop)

    response = client.post(
        "/stock/counts/new/", {"warehouse": warehouse.pk, "name": "Autumn", "hides_expected": "on"}
    )

    count = StockCount.objects.get()
    assert "Count of " in text_of(page)
    assert (response.status_code, response["Location"]) == (303, f"/stock/counts/{count.pk}/")
    assert (count.name, count.actor_user, count.lines.count()) == ("Autumn", person, 1)


def test_it_says_why_a_count_cannot_be_opened(client, person, shop, make_product, opened):
    make_product("MUG", stock=3)
    opened(name="Spring")
    warehouse = Warehouse.objects.get(shop=shop)
    foreign = Warehouse.objects.get(shop=make_shop())

    overlapping = client.post("/stock/counts/new/", {"warehouse": warehouse.pk, "name": "Autumn"})
    elsewhere = client.post("/stock/counts/new/", {"warehouse": foreign.pk, "name": "Autumn"})

    assert (overlapping.status_code, elsewhere.status_code) == (422, 422)
    assert "“Spring”" in text_of(overlapping)
    assert StockCount.objects.count() == 1


@pytest.mark.parametrize("path", ["", "count/", "sheet/", "finish/", "post/", "recount/", "cancel/"])
def test_it_hides_the_counts_of_other_shops(client, person, make_product, opened, path):
    make_product("MUG", stock=3)
    count = opened()
    client.force_login(make_user(make_shop(), Role.ADMIN))

    ask = client.get if path in ("", "count/", "sheet/") else client.post
    response = ask(f"/stock/counts/{count.pk}/{path}")

    assert response.status_code == 404
    assert StockCount.objects.get().state == CountState.OPEN


def test_it_lets_a_manager_look_but_not_count(client, shop, make_product, opened):
    mug = make_product("MUG", stock=3)
    count = opened()
    client.force_login(make_user(shop, Role.MANAGER, language="en"))

    page = client.get(f"/stock/counts/{count.pk}/")
    entry = client.post(desk(count), {"product": mug.pk, "quantity": 1, "key": uuid.uuid4()})

    assert page.status_code == 200
    assert "Finish counting" not in text_of(page)
    assert "Open a count" not in text_of(client.get("/stock/counts/"))
    assert (entry.status_code, client.get(desk(count)).status_code) == (403, 403)
    assert not StockCountEntry.objects.exists()


# --- Counting


@pytest.mark.parametrize("text", ["5941234500017", " 5941234500017 ", "MUG-1"])
def test_it_finds_a_product_by_its_barcode_or_sku(client, person, make_product, opened, text):
    make_product("MUG-1", stock=3, barcode="5941234500017", variant="Blue", place="B-03-2", name="Mug")
    make_product("MUG-10", stock=3)

    response = client.get(desk(opened()), {"scan": text})

    assert 'id="count-product">Mug</h2>' in text_of(response)
    assert "B-03-2" in text_of(response)
    assert "Blue" in text_of(response)


def test_it_offers_what_a_name_or_a_place_means(client, person, make_product, opened):
    make_product("A", name="Cană roșie", place="B-03-2", stock=1)
    make_product("B", name="Cană verde", place="C-01-1", stock=1)
    count = opened()

    by_name = text_of(client.get(desk(count), {"scan": "cana"}))
    by_place = text_of(client.get(desk(count), {"scan": "b-03"}))

    assert "Which one is it?" in by_name
    assert "Cană roșie" in by_name
    assert "Cană verde" in by_name
    assert "Cană roșie" in by_place
    assert "Cană verde" not in by_place


def test_it_asks_which_one_when_two_share_a_barcode(client, person, make_product, opened):
    make_product("A", name="Red mug", barcode="777", stock=1)
    make_product("B", name="Blue mug", barcode="777", stock=1)

    page = text_of(client.get(desk(opened()), {"scan": "777"}))

    assert "Which one is it?" in page
    assert "Red mug" in page
    assert "Blue mug" in page


def test_it_says_what_a_scan_cannot_be(client, person, shop, make_product, opened):
    make_product("A", stock=1)
    make_product("FREE", name="Gift", barcode="888", is_tracked=False)
    foreign = services.ensure_product(shop_id=make_shop().pk, source="", sku="FOREIGN", name="Foreign")
    count = opened()

    unknown = client.get(desk(count), {"scan": "<b>999</b>"})
    untracked = client.get(desk(count), {"scan": "888"})

    assert (unknown.status_code, untracked.status_code) == (422, 422)
    assert "No product has the barcode, SKU, name or place “&lt;b&gt;999&lt;/b&gt;”" in text_of(unknown)
    assert "The stock of FREE · Gift is not counted" in text_of(untracked)
    assert client.get(desk(count), {"scan": foreign.sku}).status_code == 422
    assert "Foreign" not in text_of(client.get(desk(count), {"product": foreign.pk}))


def test_it_takes_an_entry_and_shows_the_scan_field_again(client, person, make_product, opened):
    mug = make_product("MUG", stock=3)
    count, key = opened(), uuid.uuid4()
    entry = {"product": mug.pk, "quantity": "2", "key": key}

    response = client.post(desk(count), entry)
    again = client.post(desk(count), entry)
    page = text_of(client.get(desk(count)))

    assert [answer.status_code for answer in (response, again)] == [303, 303]
    assert response["Location"] == desk(count)
    assert (count.lines.get().counted, StockCountEntry.objects.get().actor_user) == (2, person)
    assert "1 of 1 counted" in page
    assert "2 entered, 2 in all" in page
    assert "autofocus" in re.search(r'<input[^>]*id="count-scan"[^>]*>', page)[0]


def test_it_adds_or_replaces(client, person, make_product, opened):
    mug = make_product("MUG", stock=3)
    count = opened()

    client.post(desk(count), {"product": mug.pk, "quantity": "2", "key": uuid.uuid4()})
    client.post(desk(count), {"product": mug.pk, "quantity": "5", "key": uuid.uuid4()})
    assert count.lines.get().counted == 7
    client.post(desk(count), {"product": mug.pk, "quantity": "4", "key": uuid.uuid4(), "replaces": "1"})

    assert count.lines.get().counted == 4


@pytest.mark.parametrize(
    ("quantity", "sentence"),
    [
        ("", "Enter how many you found"),
        ("many", "whole number"),
        ("1.5", "whole number"),
        ("NaN", "whole number"),
        ("-3", "Fewer than none"),
        ("5941234500017", "looks like a barcode"),
    ],
)
def test_it_says_what_is_wrong_with_a_quantity(client, person, make_product, opened, quantity, sentence):
    mug = make_product("MUG", stock=3)
    count = opened()

    response = client.post(desk(count), {"product": mug.pk, "quantity": quantity, "key": uuid.uuid4()})

    assert response.status_code == 422
    assert sentence in text_of(response)
    assert 'aria-invalid="true"' in text_of(response)
    assert not StockCountEntry.objects.exists()


@pytest.mark.parametrize("product", ["", "x", "9" * 30, "0"])
def test_it_survives_a_broken_form(client, person, make_product, opened, product):
    make_product("MUG", stock=3)
    count = opened()

    response = client.post(desk(count), {"product": product, "quantity": "1", "key": "x"})

    assert response.status_code == 422
    assert "Scan the product again" in text_of(response)
    assert not StockCountEntry.objects.exists()


def test_it_answers_htmx_with_the_desk_alone(client, person, make_product, opened):
    mug = make_product("MUG", stock=3)
    count = opened()

    found = client.get(desk(count), {"scan": "MUG"}, headers={"HX-Request": "true"})
    saved = client.post(
        desk(count),
        {"product": mug.pk, "quantity": "2", "key": uuid.uuid4()},
        headers={"HX-Request": "true"},
    )

    for response in (found, saved):
        assert response.status_code == 200
        assert text_of(response).strip().startswith('<div class="count-desk"')


def test_it_shows_the_expected_number_only_where_people_may_know_it(client, person, make_product, opened):
    make_product("MUG", stock=347)
    hidden = opened()
    page = text_of(client.get(desk(hidden), {"scan": "MUG"}))
    sheet = text_of(client.get(f"/stock/counts/{hidden.pk}/sheet/"))
    file = b"".join(client.get(f"/stock/counts/{hidden.pk}.csv").streaming_content).decode()
    StockCount.objects.update(hides_expected=False)

    assert "347" not in page + sheet + file
    assert "347" in text_of(client.get(desk(hidden), {"scan": "MUG"}))
    assert "347" in text_of(client.get(f"/stock/counts/{hidden.pk}/sheet/"))


def test_it_takes_the_last_entry_back(client, person, make_product, opened):
    mug = make_product("MUG", stock=3)
    count = opened()
    enter(count, mug, 2)
    client.post(desk(count), {"product": mug.pk, "quantity": "9", "key": uuid.uuid4()})
    mine = StockCountEntry.objects.get(actor_user=person)

    first = client.post(f"{desk(count)}undo/", {"entry": mine.pk})
    second = client.post(f"{desk(count)}undo/", {"entry": mine.pk})

    assert (first.status_code, second.status_code) == (303, 303)
    assert count.lines.get().counted == 2


def test_it_says_so_when_an_entry_comes_too_late(client, person, make_product, opened):
    mug = make_product("MUG", stock=3)
    count = opened()
    enter(count, mug, 3)
    mine = client.get(desk(count), {"scan": "MUG"})
    finish_counting(count_id=count.pk, actor=BY)

    response = client.post(desk(count), {"product": mug.pk, "quantity": "9", "key": uuid.uuid4()})

    assert mine.status_code == 200
    assert (response.status_code, response["Location"]) == (303, f"/stock/counts/{count.pk}/")
    assert count.lines.get().counted == 3


def test_it_lists_what_is_left_by_place_page_by_page(client, person, make_product, opened):
    for number in range(70):
        make_product(
            f"S{number:02}", name=f"Name {number % 3}", place=f"P-{number % 9}" if number % 4 else ""
        )
    count = opened()

    seen, address = [], desk(count)
    while address:
        page = client.get(address).content.decode()
        seen += re.findall(r"\?product=(\d+)\" hx-get", page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        address = found[1] if found else None

    places = [
        StockItem.objects.get(product=pk, warehouse=count.warehouse).product.place or "~" for pk in seen
    ]
    assert len(set(seen)) == len(seen) == 70
    assert places == sorted(places)


# --- Review and posting


def test_it_shows_what_differs_largest_value_first(client, person, make_product, opened):
    cheap = make_product("CHEAP", stock=10, cost=Decimal("0.10"))
    dear = make_product("DEAR", stock=10, cost=Decimal("99.00"))
    unknown = make_product("UNKNOWN", stock=10)
    same = make_product("SAME", stock=10)
    count = opened()
    services.receive(product_id=dear.pk, quantity=5, reason="", actor=BY)
    enter(count, cheap, 2), enter(count, dear, 14), enter(count, unknown, 4), enter(count, same, 10)

    by_value = client.get(f"/stock/counts/{count.pk}/")
    by_units = client.get(f"/stock/counts/{count.pk}/?by=units")

    assert skus(by_value) == ["DEAR", "CHEAP", "UNKNOWN"]
    assert skus(by_units) == ["CHEAP", "UNKNOWN", "DEAR"]
    assert re.findall(r"(?<= )[+−-]?\d+(?= )", row_of(by_value, "DEAR")) == ["10", "+5", "14", "−1"]
    assert "-99.00" in row_of(by_value, "DEAR").replace("\xa0", " ")
    assert "-99.80" in text_of(by_value)
    assert sorted(skus(client.get(f"/stock/counts/{count.pk}/?show=all"))) == [
        "CHEAP",
        "DEAR",
        "SAME",
        "UNKNOWN",
    ]


def test_it_turns_the_pages_of_the_review_without_losing_a_line(client, person, make_product, opened):
    products = [make_product(f"S{n:03}", stock=5, cost=Decimal(n % 4) / 3) for n in range(120)]
    count = opened()
    for number, product in enumerate(products):
        enter(count, product, number % 5)

    for by in ("value", "units"):
        seen, address = [], f"/stock/counts/{count.pk}/?by={by}"
        while address:
            page = client.get(address)
            seen += skus(page)
            found = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
            address = found[1].replace("&amp;", "&") if found else None
        assert len(seen) == len(set(seen)) == 120


def test_it_warns_of_goods_that_moved_between_two_counts_of_one_line(client, person, make_product, opened):
    moved, still = make_product("MOVED", stock=10), make_product("STILL", stock=10)
    count = opened()
    enter(count, moved, 4), enter(count, still, 4)
    services.receive(product_id=moved.pk, quantity=3, reason="", actor=BY)
    enter(count, moved, 6), enter(count, still, 6)
    services.receive(product_id=still.pk, quantity=3, reason="", actor=BY)

    page = client.get(f"/stock/counts/{count.pk}/?show=again")
    client.post(f"/stock/counts/{count.pk}/recount/")

    assert skus(page) == ["MOVED"]
    assert "count again" in row_of(page, "MOVED")
    assert dict(count.lines.values_list("stock_item__product__sku", "counted")) == {
        "MOVED": None,
        "STILL": 10,
    }


def test_it_names_who_will_wait(client, person, shop, make_product, opened):
    mug = make_product("MUG", stock=10)
    for number in (1, 2, 3):
        services.reserve(
            reference=f"sample:{number}",
            shop_id=shop.pk,
            wanted={mug.pk: 3},
            on_shortage="refuse",
            actor=BY,
        )
    count = opened()
    enter(count, mug, 5)

    row = row_of(client.get(f"/stock/counts/{count.pk}/?show=short"), "MUG")

    assert "4 too few for what is reserved; will wait: sample:3, sample:2" in row
    assert "sample:1" not in row


def test_it_posts_from_the_review(client, person, make_product, opened):
    mug = make_product("MUG", stock=10)
    make_product("LEFT", stock=2)
    count = opened()
    enter(count, mug, 8)
    client.post(f"/stock/counts/{count.pk}/finish/")
    assert "Products nobody counted" in text_of(client.get(f"/stock/counts/{count.pk}/"))

    response = client.post(f"/stock/counts/{count.pk}/post/", {"uncounted": "zero"})

    assert response.status_code == 303
    assert sorted(StockItem.objects.values_list("on_hand", flat=True)) == [0, 8]
    page = client.get(f"/stock/counts/{count.pk}/")
    assert sorted(skus(page)) == ["LEFT", "MUG"]
    assert "wanda" in text_of(page)
    assert "Post the differences" not in text_of(page)


def test_it_shows_why_posting_is_refused(client, person, make_product, opened, everything):
    mug = make_product("MUG", stock=10)
    count = opened()
    enter(count, mug, 1)
    services.write_off(product_id=mug.pk, quantity=5, reason="", actor=BY)
    finish_counting(count_id=count.pk, actor=BY)
    before = everything()

    refused = client.post(f"/stock/counts/{count.pk}/post/", {"uncounted": "leave"})
    unsaid = client.post(f"/stock/counts/{count.pk}/post/", {})

    assert (refused.status_code, unsaid.status_code) == (422, 422)
    assert "Count these again: MUG" in text_of(refused)
    assert everything() == before
    assert StockCount.objects.get().state == CountState.REVIEW


# --- Paper and file


def test_it_prints_every_line_by_place_with_an_empty_column(client, person, make_product, opened):
    first = make_product("Z", place="A-01", stock=3)
    make_product("A", place="B-01", stock=3)
    make_product("B", stock=3)
    count = opened()
    enter(count, first, 77)

    page = text_of(client.get(f"/stock/counts/{count.pk}/sheet/"))

    assert re.findall(r"<td>(Z|A|B)</td>", page) == ["Z", "A", "B"]
    assert page.count('<td class="paper-blank"></td>') == 3


def test_it_writes_a_file_without_formulas(client, person, make_product, opened):
    mug = make_product("MUG", name="=HYPERLINK(1)", place="A-01", stock=3)
    count = opened(hides_expected=False)
    enter(count, mug, 2)

    response = client.get(f"/stock/counts/{count.pk}.csv")
    raw = b"".join(response.streaming_content)
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))

    assert raw.startswith(b"\xef\xbb\xbf")
    assert f'filename="count-{count.pk}.csv"' in response["Content-Disposition"]
    assert [
        (row["SKU"], row["Name"], row["Expected"], row["Counted"], row["Difference"]) for row in rows
    ] == [("MUG", "'=HYPERLINK(1)", "3", "2", "-1")]


# --- What they cost


def test_they_cost_the_same_queries_for_two_lines_as_for_eighty(client, person, shop, make_product, opened):
    def fill(category, lines):
        shelf = Category.objects.create(shop=shop, name=category)
        products = [
            make_product(f"{category}{n}", stock=5, category=shelf, cost=Decimal(3)) for n in range(lines)
        ]
        for product in products:
            services.reserve(
                reference=f"sample:{product.pk}",
                shop_id=shop.pk,
                wanted={product.pk: 5},
                on_shortage="refuse",
                actor=BY,
            )
        count = opened(category_id=shelf.pk, name=category)
        for product in products[:-1]:
            enter(count, product, 1)
        return count, products[-1]

    def cost(count, last):
        paths = [
            "/stock/counts/",
            f"/stock/counts/{count.pk}/",
            f"/stock/counts/{count.pk}/?show=short",
            f"/stock/counts/{count.pk}/?show=uncounted",
            f"/stock/counts/{count.pk}/sheet/",
            f"{desk(count)}?product={last.pk}",
            desk(count),
        ]
        found = []
        for path in paths:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(path).status_code == 200
            found.append(len(queries))
        return found

    few = cost(*fill("Few", 2))
    for number in range(3):
        fill(f"More{number}", 2)
    many = cost(*fill("Many", 80))

    assert many == few
    assert max(few) <= 17


def test_it_shows_a_member_of_two_shops_both(client, person, shop, make_product, opened):
    make_product("MUG", stock=1)
    opened(name="Here")
    other = make_shop()
    Membership.objects.create(user=person, shop=other, role=Role.MANAGER)

    assert "Here" in text_of(client.get("/stock/counts/"))
    assert "Here" not in text_of(client.get("/stock/counts/", {"shop": other.slug}))
    assert client.get("/stock/counts/", {"shop": make_shop().slug}).status_code == 404


def test_it_names_a_count_behind_a_movement_to_those_who_may_see_it(person, make_product, opened):
    make_product("MUG", stock=1)
    count = opened()
    references = [count.reference, "count:99", "count:x"]

    mine, foreign = named(references, person), named(references, make_user(make_shop(), Role.ADMIN))

    assert mine[count.reference] == Named("Autumn", f"/stock/counts/{count.pk}/")
    assert foreign[count.reference] == Named("a stock count")
    assert mine["count:99"] == mine["count:x"] == Named("a stock count")
