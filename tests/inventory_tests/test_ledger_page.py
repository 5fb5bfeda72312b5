"""The ledger across products: who sees it, what it is narrowed by, how it turns pages, and the way back from a mistake."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape

import pytest

from inventory import references, services
from inventory.models import Product, StockMovement, Warehouse
from inventory.references import Named
from shops.actors import Actor
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def person(client, shop):
    user = User.objects.create_user("wanda", password="x", first_name="Wanda")
    Membership.objects.create(user=user, shop=shop, role=Role.WAREHOUSE)
    client.force_login(user)
    return user


@pytest.fixture
def orders_known(monkeypatch):
    """References of the kind "order" are named as they are in the real house."""
    monkeypatch.setattr(
        references,
        "_resolvers",
        {
            "order": lambda asked, user: {
                name: Named("RO-" + name[6:], f"/orders/RO-{name[6:]}/") for name in asked
            }
        },
    )
    monkeypatch.setattr(
        references, "_finders", [lambda text, user: ["order:" + text[3:]] if text.startswith("RO-") else []]
    )


def receive(product, quantity, by=BY, **more):
    services.receive(product_id=product.pk, quantity=quantity, **{"reason": "in", **more}, actor=by)
    return StockMovement.objects.latest("pk")


def keys(response):
    return [int(key) for key in re.findall(r'data-movement="(\d+)"', response.content.decode())]


def row_of(response, movement):
    found = re.search(rf'data-movement="{movement.pk}">(.*?)</tr>', response.content.decode(), re.DOTALL)
    return unescape(found[1])


def test_it_shows_what_moved_newest_first(client, person, make_product):
    product = make_product("MUG")
    first = receive(product, 5, unit_cost=Decimal("2.50"), cost_currency="RON", reference="AV-1")
    services.write_off(product_id=product.pk, quantity=2, reason="broken", actor=Actor.person(person))
    second = StockMovement.objects.latest("pk")

    page = client.get("/stock/movements/")

    assert keys(page) == [second.pk, first.pk]
    assert all(words in row_of(page, first) for words in ("MUG", "Received", "+5", "2.50", "AV-1", "test"))
    assert all(words in row_of(page, second) for words in ("Written off", "−2", "broken", "Wanda"))


def test_it_says_what_it_is_for_when_nothing_moved(client, person):
    assert "Nothing has moved yet." in client.get("/stock/movements/").content.decode()


def test_it_shows_ones_own_shops_only(client, person, make_product):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    foreign = Product.objects.create(shop=other, sku="FOREIGN", name="Foreign")
    receive(foreign, 5)
    mine = receive(make_product(), 5)

    assert keys(client.get("/stock/movements/")) == [mine.pk]
    assert client.get("/stock/movements/", {"shop": "other"}).status_code == 404
    assert client.get("/stock/movements/", {"product": foreign.pk}).status_code == 404


def test_it_is_narrowed_by_each_filter(client, person, shop, make_product, orders_known):
    mug, plate = make_product("MUG", name="Cană"), make_product("PLATE")
    store = Warehouse.objects.create(shop=shop, name="Store")
    there = receive(mug, 5, warehouse_id=store.pk)
    mine = receive(plate, 5, by=Actor.person(person), reference="AV-7")
    services.return_to_stock(product_id=plate.pk, quantity=1, reason="back", reference="order:12", actor=BY)
    back = StockMovement.objects.latest("pk")
    StockMovement.objects.filter(pk=back.pk).update(at=datetime(2025, 3, 9, 22, 30, tzinfo=UTC))

    def found(**asked):
        return keys(client.get("/stock/movements/", asked))

    assert found(q="cana") == [there.pk]
    assert found(product=mug.pk) == [there.pk]
    assert found(warehouse=store.pk) == [there.pk]
    assert found(person=person.pk) == [mine.pk]
    assert found(kind="restock") == [back.pk]
    assert found(reference="AV-7") == [mine.pk]
    assert found(reference="RO-12") == [back.pk]
    # The shop's clock is two hours ahead of UTC: the movement is of the tenth of March there.
    assert found(since="2025-03-10", until="2025-03-10") == [back.pk]
    assert found(until="2025-03-09") == []
    assert found(since="2025-03-11") == [mine.pk, there.pk]
    assert found(kind="receipt", q="plate") == [mine.pk]
    assert found(q="nothing") == []


def test_it_links_what_stands_behind_a_reference(client, person, make_product, orders_known):
    line = receive(make_product(), 5, reference="order:12")

    assert '<a href="/orders/RO-12/">RO-12</a>' in row_of(client.get("/stock/movements/"), line)


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "x", "warehouse": "x", "person": "²", "since": "x", "until": "2026-99-99"},
        {"since": "0001-01-01", "until": "9999-12-31"},
        {"product": "9" * 30, "person": "-1"},
        {"after": "nonsense"},
    ],
)
def test_it_leaves_out_what_cannot_be_meant(client, person, make_product, asked):
    line = receive(make_product(), 5)

    assert keys(client.get("/stock/movements/", asked)) == [line.pk]


def test_it_turns_the_page_without_losing_or_repeating_a_movement(client, person, make_product):
    product = make_product()
    made = [receive(product, 1).pk for _ in range(120)]
    StockMovement.objects.filter(pk__in=made[40:90]).update(at=datetime(2026, 1, 1, tzinfo=UTC))

    seen, address = [], "/stock/movements/?kind=receipt"
    while address:
        page = client.get(address)
        seen += keys(page)
        found = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = "/stock/movements/" + unescape(found[1]) if found else None

    assert len(seen) == 120
    assert set(seen) == set(made)


def test_it_leads_to_the_opposite_filled_in(client, person, shop, make_product, counters):
    product = make_product()
    line = receive(product, 5)

    address = re.search(r'href="(/stock/adjust/[^"]+)"', row_of(client.get("/stock/movements/"), line))[1]
    form = client.get(address).content.decode()

    assert f"product={product.pk}&warehouse={line.stock_item.warehouse_id}&quantity=5&way=less" in address
    assert 'value="5"' in form
    assert "Reverses +5 of" in form
    assert re.search(r'value="less"[^>]*checked', form)


def test_it_leads_back_from_both_ends_of_a_move(client, person, shop, make_product):
    product, home = make_product(stock=5), Warehouse.objects.get(shop=shop, is_default=True)
    store = Warehouse.objects.create(shop=shop, name="Store")
    services.transfer(
        product_id=product.pk,
        quantity=2,
        from_warehouse_id=home.pk,
        to_warehouse_id=store.pk,
        reason="x",
        actor=BY,
    )
    out, into = StockMovement.objects.filter(kind="transfer").order_by("pk")

    page = client.get("/stock/movements/")

    assert f"to_warehouse={home.pk}&quantity=2" in row_of(page, out)
    assert f"from_warehouse={store.pk}&quantity=2" in row_of(page, into)


def test_it_offers_no_way_back_to_those_who_only_look_nor_from_what_was_shipped(
    client, person, shop, make_product
):
    product = make_product()
    line = receive(product, 5)
    services.reserve(reference="x:1", shop_id=shop.pk, wanted={product.pk: 1}, on_shortage="refuse", actor=BY)
    services.ship_out(reference="x:1", quantities={product.pk: 1}, actor=BY)
    shipped = StockMovement.objects.latest("pk")

    assert "Reverse this" not in row_of(client.get("/stock/movements/"), shipped)
    Membership.objects.update(role=Role.MANAGER)

    assert "Reverse this" not in row_of(client.get("/stock/movements/"), line)


def test_it_shows_texts_as_texts(client, person, make_product):
    receive(make_product(name="<img src=x>"), 1, reason="<script>x</script>", reference="<b>")

    page = client.get("/stock/movements/").content.decode()

    assert "<img src=x>" not in page and "<script>x" not in page and "<b>" not in page


def test_it_costs_the_same_queries_for_two_movements_as_for_fifty(
    client, person, shop, make_product, orders_known, django_assert_max_num_queries
):
    def cost():
        with django_assert_max_num_queries(16) as queries:
            client.get("/stock/movements/")
        return len(queries)

    receive(make_product("A"), 1, reference="order:1"), receive(make_product("B"), 1)
    few = cost()
    for number in range(60):
        Warehouse.objects.create(shop=shop, name=f"W{number}")
        receive(make_product(f"S{number}"), 1, reference=f"order:{number}")

    assert cost() == few
