"""The short forms that change stock: who may, what they find, what they show first, what they save and what they refuse."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal
from typing import Any

import pytest

from inventory import services
from inventory.models import MovementKind, Product, StockItem, StockMovement, Warehouse
from shops.actors import Actor
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
VERBS = ["receive", "write-off", "adjust", "transfer", "return"]


@pytest.fixture
def person(client, shop):
    user = User.objects.create_user("wanda", password="x")
    Membership.objects.create(user=user, shop=shop, role=Role.WAREHOUSE)
    client.force_login(user)
    return user


@pytest.fixture
def home(shop):
    return Warehouse.objects.get(shop=shop, is_default=True)


@pytest.fixture
def store(shop):
    return Warehouse.objects.create(shop=shop, name="Store")


def typed(product: Product, **values: Any) -> dict[str, Any]:
    """What a person posts: the form of the product with some values typed in."""
    home = Warehouse.objects.get(shop=product.shop, is_default=True)
    first = {
        "product": product.pk,
        "quantity": 4,
        "warehouse": home.pk,
        "reason": "Delivery",
        "key": uuid.uuid4(),
    }
    return {name: value for name, value in {**first, **values}.items() if value is not None}


def seal_of(response) -> str:
    return re.search(r'name="shown" value="([^"]+)"', response.content.decode())[1]


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def show_then_save(client, verb: str, posted: dict[str, Any]):
    shown = client.post(f"/stock/{verb}/", posted)
    return shown, client.post(f"/stock/{verb}/", {**posted, "shown": seal_of(shown)})


# --- Who may


@pytest.mark.parametrize("verb", VERBS)
def test_it_is_closed_to_people_who_only_look_at_stock(client, shop, make_product, everything, verb):
    product = make_product(stock=5)
    user = User.objects.create_user("mara")
    Membership.objects.create(user=user, shop=shop, role=Role.MANAGER)
    client.force_login(user)
    before = everything()

    answers = [
        client.get(f"/stock/{verb}/"),
        client.get(f"/stock/{verb}/", {"product": product.pk}),
        client.post(f"/stock/{verb}/", typed(product)),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert everything() == before


@pytest.mark.parametrize("verb", VERBS)
def test_it_knows_no_product_of_another_shop(client, person, everything, verb):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    foreign = Product.objects.create(shop=other, sku="FOREIGN", barcode="5900000000000", name="Foreign")
    before = everything()

    assert client.get(f"/stock/{verb}/", {"product": foreign.pk}).status_code == 404
    assert client.post(f"/stock/{verb}/", typed(foreign)).status_code == 404
    assert "No product has" in text_of(client.get(f"/stock/{verb}/", {"barcode": "5900000000000"}))
    assert everything() == before


def test_it_refuses_the_stock_of_a_shop_where_one_only_looks(client, person):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    Membership.objects.create(user=person, shop=other, role=Role.MANAGER)
    product = Product.objects.create(shop=other, sku="THERE", name="There")

    assert client.get("/stock/receive/", {"product": product.pk}).status_code == 403


@pytest.mark.parametrize("key", ["x", "0", "-1", "9" * 30, "²", "1.5"])
def test_it_knows_no_product_by_a_key_that_is_none(client, person, key):
    assert client.get("/stock/receive/", {"product": key}).status_code == 404


# --- Finding the product


@pytest.mark.parametrize("code", ["5941234567899", "MUG-1", " MUG-1 ", "mug-1"])
def test_it_goes_straight_to_the_product_that_was_scanned(client, person, make_product, code):
    product = make_product("MUG-1", barcode="5941234567899")
    make_product("MUG-10")

    response = client.get("/stock/receive/", {"barcode": code})

    assert response.status_code == 302
    assert response["Location"] == f"/stock/receive/?product={product.pk}"


def test_it_offers_ten_products_at_most_for_words(client, person, make_product):
    for number in range(14):
        make_product(f"MUG-{number:02}", name="Blue mug")

    page = client.get("/stock/receive/", {"barcode": "mug"}).content.decode()

    assert len(re.findall(r'href="/stock/receive/\?product=\d+"', page)) == 10


def test_it_asks_which_one_when_two_products_have_the_same_barcode(client, person, make_product):
    make_product("A", barcode="5941234567899"), make_product("B", barcode="5941234567899")

    page = client.get("/stock/receive/", {"barcode": "5941234567899"})

    assert page.status_code == 200
    assert len(re.findall(r'href="/stock/receive/\?product=\d+"', page.content.decode())) == 2


def test_it_says_that_a_code_is_unknown_and_who_can_add_it(client, person):
    page = client.get("/stock/receive/", {"barcode": "5941111111111"})

    assert "No product has “5941111111111” as barcode, SKU or in its name." in text_of(page)
    assert "Ask somebody who may edit products" in text_of(page)


def test_it_offers_to_create_an_unknown_product(client, person):
    Membership.objects.update(role=Role.SUPERVISOR)

    page = client.get("/stock/receive/", {"barcode": "5941111111111"})

    assert 'href="/stock/products/new/?barcode=5941111111111"' in page.content.decode()


@pytest.mark.parametrize("code", ["<img src=x onerror=alert(1)>", "x" * 5000, "%", "' OR 1=1"])
def test_it_takes_any_text_for_a_code(client, person, code):
    page = client.get("/stock/receive/", {"barcode": code})

    assert page.status_code == 200
    assert "<img src=x" not in page.content.decode()


def test_it_begins_with_the_scan_field_in_focus(client, person):
    page = client.get("/stock/receive/").content.decode()

    assert re.search(r'<input class="input"\s+id="scan"[^>]*autofocus', page)


def test_it_says_what_to_do_about_a_product_that_is_not_counted(client, person, make_product):
    product = make_product(is_tracked=False)

    page = client.get("/stock/receive/", {"product": product.pk})

    assert "Turn on “stock is counted”" in text_of(page)
    assert "movement-quantity" not in page.content.decode()


def test_it_does_not_move_goods_where_there_is_one_warehouse(client, person, make_product):
    page = client.get("/stock/transfer/", {"product": make_product().pk})

    assert "This shop has one warehouse only." in text_of(page)


# --- Shown first, saved as shown


def test_it_shows_a_receipt_before_it_saves_it(client, person, shop, make_product, everything):
    product = make_product(stock=5, cost=Decimal("2.50"))
    services.reserve(reference="x:1", shop_id=shop.pk, wanted={product.pk: 3}, on_shortage="refuse", actor=BY)
    before = everything()

    shown = client.post("/stock/receive/", typed(product))

    assert shown.status_code == 200
    assert "On hand 5 → becomes 9 Reserved 3 Available 2 → becomes 6" in text_of(shown)
    assert "Value 10.00 RON" in text_of(shown).replace("\xa0", " ")
    assert everything() == before


def test_it_saves_a_receipt_that_was_shown(client, person, home, make_product, counters):
    product = make_product(stock=5)
    posted = typed(product, unit_cost="12,50", cost_currency="eur", reference="AV-1187", reason="")

    _shown, saved = show_then_save(client, "receive", posted)

    assert saved.status_code == 303
    assert saved["Location"] == "/stock/receive/"
    assert counters(product) == (9, 0)
    line = StockMovement.objects.latest("pk")
    assert (line.kind, line.quantity, line.reference) == (MovementKind.RECEIPT, 4, "AV-1187")
    assert (line.unit_cost, line.cost_currency) == (Decimal("12.50"), "EUR")
    assert (line.actor_user, line.key) == (person, posted["key"])
    assert f"on hand 5 → 9 ({home.name})." in text_of(client.get("/stock/receive/"))


def test_it_names_those_who_get_what_they_wait_for(client, person, shop, make_product, held):
    product = make_product(stock=1, allow_backorder=True)
    for reference, units in (("x:1", 3), ("x:2", 9)):
        services.reserve(
            reference=reference, shop_id=shop.pk, wanted={product.pk: units}, on_shortage="refuse", actor=BY
        )

    shown, saved = show_then_save(client, "receive", typed(product, quantity=5))

    assert "x:1 gets 2 x:2 gets 3" in text_of(shown)
    assert saved.status_code == 303
    assert (held("x:1", product).reserved, held("x:2", product).reserved) == (3, 3)
    assert "5 units went to those who waited." in text_of(client.get("/stock/receive/"))


def test_it_names_those_who_wait_again_when_reserved_goods_break(client, person, shop, make_product, held):
    product = make_product(stock=5)
    for reference in ("x:1", "x:2"):
        services.reserve(
            reference=reference, shop_id=shop.pk, wanted={product.pk: 2}, on_shortage="refuse", actor=BY
        )
    posted = typed(product, quantity=2, reason="Water")

    refused = client.post("/stock/write-off/", posted)
    shown, saved = show_then_save(client, "write-off", {**posted, "from_reserved": "on"})

    assert "5 are here, 4 are reserved" in text_of(refused)
    assert "x:2 waits for 1" in text_of(shown)
    assert saved.status_code == 303
    assert (held("x:1", product).reserved, held("x:2", product).reserved) == (2, 1)


@pytest.mark.parametrize(("way", "after"), [("more", 9), ("less", 1)])
def test_it_adjusts_either_way(client, person, make_product, counters, way, after):
    product = make_product(stock=5)

    _shown, saved = show_then_save(client, "adjust", typed(product, way=way, reason="Found"))

    assert saved.status_code == 303
    assert counters(product) == (after, 0)


def test_it_moves_goods_between_warehouses(client, person, home, store, make_product):
    product = make_product(stock=5)
    posted = typed(product, warehouse=None, from_warehouse=home.pk, to_warehouse=store.pk)

    shown, saved = show_then_save(client, "transfer", posted)

    assert f"{home.name} On hand 5 → becomes 1" in text_of(shown)
    assert "Store On hand 0 → becomes 4" in text_of(shown)
    assert saved.status_code == 303
    on_hand = dict(StockItem.objects.values_list("warehouse__name", "on_hand"))
    assert on_hand == {home.name: 1, "Store": 4}


def test_it_brings_goods_back(client, person, make_product, counters):
    product = make_product(stock=5)

    _shown, saved = show_then_save(client, "return", typed(product, quantity=1, reference="R-7"))

    assert saved.status_code == 303
    assert counters(product) == (6, 0)
    line = StockMovement.objects.latest("pk")
    assert (line.kind, line.reference) == (MovementKind.RESTOCK, "R-7")


def test_it_sets_the_cost_of_the_product_only_for_those_who_may(client, person, make_product):
    product = make_product(cost=Decimal("1.00"))
    posted = typed(product, unit_cost="3.20", cost_currency="RON", update_cost="on")

    show_then_save(client, "receive", posted)
    product.refresh_from_db()
    assert product.cost == Decimal("1.00")
    Membership.objects.update(role=Role.SUPERVISOR)
    show_then_save(client, "receive", {**posted, "key": uuid.uuid4()})
    product.refresh_from_db()

    assert (product.cost, product.cost_currency) == (Decimal("3.20"), "RON")


def test_it_shows_the_new_numbers_when_the_stock_changed_meanwhile(client, person, make_product, everything):
    product = make_product(stock=5)
    posted = typed(product)
    seal = seal_of(client.post("/stock/receive/", posted))
    services.receive(product_id=product.pk, quantity=10, reason="somebody else", actor=BY)
    before = everything()

    stale = client.post("/stock/receive/", {**posted, "shown": seal})
    again = client.post("/stock/receive/", {**posted, "shown": seal_of(stale)})

    assert stale.status_code == 409
    assert "The stock changed meanwhile, and nothing was saved." in text_of(stale)
    assert "On hand 15 → becomes 19" in text_of(stale)
    assert len(before[2]) + 1 == StockMovement.objects.count()
    assert again.status_code == 303


def test_it_shows_another_quantity_before_it_saves_it(client, person, make_product, everything):
    product = make_product(stock=5)
    posted = typed(product)
    seal = seal_of(client.post("/stock/receive/", posted))
    before = everything()

    answer = client.post("/stock/receive/", {**posted, "quantity": 7, "shown": seal})

    assert answer.status_code == 200
    assert "On hand 5 → becomes 12" in text_of(answer)
    assert everything() == before


def test_it_saves_words_that_were_typed_after_it_was_shown(client, person, make_product):
    posted = typed(make_product(stock=5))
    seal = seal_of(client.post("/stock/receive/", posted))

    saved = client.post("/stock/receive/", {**posted, "reason": "Late words", "shown": seal})

    assert saved.status_code == 303
    assert StockMovement.objects.latest("pk").reason == "Late words"


@pytest.mark.parametrize("seal", ["", "x", "x.y", "0" * 5000])
def test_it_saves_nothing_for_a_seal_that_was_never_given(client, person, make_product, everything, seal):
    product = make_product(stock=5)
    before = everything()

    assert client.post("/stock/receive/", {**typed(product), "shown": seal}).status_code == 200
    assert everything() == before


def test_it_books_once_when_the_form_is_posted_twice(client, person, make_product, counters):
    product = make_product(stock=5)
    posted = typed(product)
    posted["shown"] = seal_of(client.post("/stock/receive/", posted))

    answers = [client.post("/stock/receive/", posted).status_code for _ in range(3)]

    assert answers == [303, 303, 303]
    assert counters(product) == (9, 0)
    assert "nothing was booked a second time" in text_of(client.get("/stock/receive/"))


def test_it_lists_what_one_booked_last_and_nobody_elses(client, person, make_product):
    mine, other = make_product("MINE", stock=5), make_product("OTHER", stock=5)
    services.receive(product_id=mine.pk, quantity=2, reason="by me", actor=Actor.person(person))

    page = text_of(client.get("/stock/receive/"))

    assert mine.name in page
    assert other.name not in page
    assert "+2" in page


def test_it_remembers_the_delivery_for_the_next_product(client, person, store, make_product):
    first, second = make_product("A"), make_product("B")
    show_then_save(
        client, "receive", typed(first, reference="AV-9", reason="Truck", warehouse=store.pk, unit_cost="5")
    )

    page = client.get("/stock/receive/", {"product": second.pk}).content.decode()

    assert 'value="AV-9"' in page
    assert 'value="Truck"' in page
    assert f'<option value="{store.pk}" selected>' in page
    assert 'value="5"' not in page


def test_it_fills_in_what_the_address_says(client, person, make_product):
    product = make_product(stock=5)

    page = client.get(
        "/stock/adjust/", {"product": product.pk, "quantity": 3, "way": "more", "reason": "Back"}
    )

    content = page.content.decode()
    assert 'value="3"' in content and 'value="Back"' in content
    assert re.search(r'value="more"[^>]*checked', content)


# --- Refusals


BAD_QUANTITIES = [
    "",
    "0",
    "-3",
    "1e30",
    "NaN",
    "abc",
    "٣",
    "1.5",
    "1000001",
    "9" * 400,
    "5941234567899",
    "--1",
]


@pytest.mark.parametrize("verb", ["receive", "write-off", "adjust", "return"])
@pytest.mark.parametrize("quantity", BAD_QUANTITIES)
def test_it_refuses_what_is_no_quantity(client, person, make_product, everything, verb, quantity):
    product = make_product(stock=5)
    before = everything()

    answer = client.post(f"/stock/{verb}/", typed(product, quantity=quantity, way="more"))

    assert answer.status_code == 422
    assert 'class="errorlist"' in answer.content.decode()
    assert 'name="shown"' not in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize("quantity", ["1 000", "1\xa0000", "+1000"])
def test_it_reads_thousands_as_people_write_them(client, person, make_product, quantity):
    shown = client.post("/stock/receive/", typed(make_product(), quantity=quantity))

    assert "On hand 0 → becomes 1,000" in text_of(shown)


@pytest.mark.parametrize(
    "values",
    [
        {"unit_cost": "-1"},
        {"unit_cost": "NaN"},
        {"unit_cost": "1e5"},
        {"unit_cost": "٣"},
        {"unit_cost": "9" * 30},
        {"unit_cost": "1.234"},
        {"unit_cost": "5", "cost_currency": "XXQ"},
        {"warehouse": "999999"},
        {"warehouse": "x"},
        {"reason": "x" * 201},
        {"reference": "x" * 101},
        {"key": "nonsense"},
    ],
)
def test_it_refuses_other_nonsense(client, person, make_product, everything, values):
    product = make_product(stock=5)
    before = everything()

    answer = client.post("/stock/receive/", typed(product, **values))

    assert answer.status_code in (200, 422)
    assert 'name="shown"' not in answer.content.decode()
    assert everything() == before


def test_it_refuses_a_warehouse_of_another_shop(client, person, make_product, everything):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    foreign = Warehouse.objects.get(shop=other)
    product = make_product(stock=5)
    before = everything()

    answer = client.post("/stock/receive/", typed(product, warehouse=foreign.pk))

    assert answer.status_code == 422
    assert everything() == before


@pytest.mark.parametrize("verb", ["write-off", "adjust"])
def test_it_wants_a_reason_for_what_disappears(client, person, make_product, verb):
    answer = client.post(f"/stock/{verb}/", typed(make_product(stock=5), way="less", reason=" "))

    assert answer.status_code == 422
    assert "Say why; it stays in the ledger." in text_of(answer)


# --- The live preview


def preview(client, verb: str, product: Product, **values: Any):
    asked = {**typed(product), **values, "preview": "1"}
    return client.get(f"/stock/{verb}/", asked, headers={"HX-Request": "true"})


def test_it_shows_live_what_it_would_show_before_saving(client, person, make_product, everything):
    product = make_product(stock=5)
    before = everything()

    live = preview(client, "receive", product)

    assert live.status_code == 200
    assert "<html" not in live.content.decode()
    assert seal_of(live) == seal_of(client.post("/stock/receive/", typed(product)))
    assert everything() == before


def test_it_needs_no_reason_to_show(client, person, make_product):
    live = preview(client, "write-off", make_product(stock=5), reason="")

    assert "On hand 5 → becomes 1" in text_of(live)


def test_it_says_live_what_is_wrong(client, person, make_product):
    product = make_product(stock=2)

    assert "Write a whole number in digits" in text_of(preview(client, "receive", product, quantity="x"))
    assert "Only 2 of" in text_of(preview(client, "write-off", product))
    assert 'role="alert"' not in preview(client, "receive", product, quantity="").content.decode()


# --- Cost


@pytest.mark.parametrize("verb", VERBS)
def test_it_costs_the_same_queries_however_much_waits(
    client, person, shop, store, make_product, django_assert_max_num_queries, verb
):
    few, many = make_product("FEW", stock=9), make_product("MANY", stock=9, allow_backorder=True)
    for number in range(30):
        services.reserve(
            reference=f"x:{number}", shop_id=shop.pk, wanted={many.pk: 2}, on_shortage="refuse", actor=BY
        )
        services.receive(product_id=few.pk, quantity=1, reason=f"r{number}", actor=Actor.person(person))
        Warehouse.objects.create(shop=shop, name=f"W{number}")

    def cost(product):
        with django_assert_max_num_queries(26) as queries:
            assert client.get(f"/stock/{verb}/", {"product": product.pk}).status_code == 200
        return len(queries)

    assert cost(few) == cost(many)
