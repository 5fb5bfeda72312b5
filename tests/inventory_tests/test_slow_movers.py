"""Slow movers: what counts as a sale, since when, and the money tied up."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from inventory import services
from inventory.models import MovementKind, Product, StockMovement, StockSettings, Warehouse
from inventory.page_selectors.slow import slow_movers, tied_up
from shops.actors import Actor
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def person(client, shop):
    user = User.objects.create_user("wanda", password="x")
    Membership.objects.create(user=user, shop=shop, role=Role.WAREHOUSE)
    client.force_login(user)
    return user


@pytest.fixture
def make_old(make_product):
    """A product that came in 200 days ago."""

    def make(sku, stock=10, **fields):
        product = make_product(sku, stock=stock, **fields)
        move_back(product, 200)
        return product

    return make


def move_back(product, days):
    StockMovement.objects.filter(
        stock_item__product=product, at__gt=timezone.now() - timedelta(hours=1)
    ).update(at=timezone.now() - timedelta(days=days))


def ship(shop, product, units=1, reference="order:1", days_ago=0):
    services.reserve(
        reference=reference, shop_id=shop.pk, wanted={product.pk: units}, on_shortage="refuse", actor=BY
    )
    services.ship_out(reference=reference, quantities={product.pk: units}, actor=BY)
    move_back(product, days_ago)


def skus(response):
    return re.findall(r'data-sku="([^"]*)"', response.content.decode())


def slow_keys(shop, days=90):
    return [mover.product_id for mover in slow_movers(shop, days=days)]


def test_what_was_sold_lately_is_not_slow(shop, make_old):
    sold, idle, long_ago = make_old("SOLD"), make_old("IDLE"), make_old("LONG")
    ship(shop, sold, days_ago=5)
    ship(shop, long_ago, reference="order:2", days_ago=100)

    assert sorted(slow_keys(shop)) == sorted([idle.pk, long_ago.pk])
    assert slow_keys(shop, days=101) == [idle.pk]


def test_a_sale_that_was_undone_is_none(shop, make_old):
    product = make_old("MUG")
    ship(shop, product)
    services.reverse_shipment(reference="order:1", quantities={product.pk: 1}, actor=BY)

    mover = slow_movers(shop, days=90)[0]

    assert (mover.product_id, mover.last_sale, mover.days) == (product.pk, None, 200)


def test_what_was_undone_and_shipped_again_is_sold(shop, make_old):
    product = make_old("MUG")
    ship(shop, product)
    services.reverse_shipment(reference="order:1", quantities={product.pk: 1}, actor=BY)
    services.ship_out(reference="order:1", quantities={product.pk: 1}, actor=BY)

    assert slow_keys(shop) == []


def test_what_is_reserved_to_the_last_unit_is_as_good_as_sold(shop, make_old):
    all_of_it, some_of_it = make_old("ALL"), make_old("SOME")
    services.reserve(
        reference="order:1",
        shop_id=shop.pk,
        wanted={all_of_it.pk: 10, some_of_it.pk: 9},
        on_shortage="refuse",
        actor=BY,
    )

    assert slow_keys(shop) == [some_of_it.pk]


def test_what_came_in_lately_had_no_time_to_sell(shop, make_product):
    make_product("NEW", stock=5)

    assert slow_keys(shop) == []


def test_what_is_not_on_hand_not_tracked_or_of_another_shop_is_left_out(shop, make_old, make_product):
    make_product("EMPTY")
    Product.objects.filter(pk=make_old("FREE").pk).update(is_tracked=False)
    make_old("FOREIGN", shop=create_shop(country="PL", name="Other", slug="other", order_prefix="PL-"))

    assert slow_keys(shop) == []


def test_a_sale_from_any_warehouse_counts_and_units_are_summed(shop, make_old):
    sold, idle = make_old("SOLD"), make_old("IDLE", cost=Decimal("2.00"))
    outlet = Warehouse.objects.create(shop=shop, name="Outlet")
    for product in (sold, idle):
        services.receive(
            product_id=product.pk, quantity=3, reason="delivery", warehouse_id=outlet.pk, actor=BY
        )
        move_back(product, 150)
    item = sold.stock_items.get(warehouse=outlet)
    StockMovement.objects.create(
        stock_item=item, kind=MovementKind.SHIPMENT, quantity=-1, reference="order:9", actor_kind="system"
    )

    mover = slow_movers(shop, days=90)[0]

    assert (mover.product_id, mover.units, mover.money) == (idle.pk, 13, Decimal("26.00"))


def test_most_money_comes_first_and_currencies_are_apart(shop, make_old):
    small = make_old("SMALL", cost=Decimal("1.00"))
    euro = make_old("EURO", cost=Decimal("900.00"), cost_currency="EUR")
    big = make_old("BIG", cost=Decimal("9.00"))
    unknown = make_old("UNKNOWN", stock=999)

    movers = slow_movers(shop, days=90)

    assert [mover.product_id for mover in movers] == [big.pk, small.pk, euro.pk, unknown.pk]
    assert [(row.currency, row.products, row.units, row.money) for row in tied_up(movers, shop.currency)] == [
        ("RON", 2, 20, Decimal("100.00")),
        ("EUR", 1, 10, Decimal("9000.00")),
        ("", 1, 999, Decimal(0)),
    ]


def test_the_page_takes_the_days_of_the_shop_unless_asked(client, person, shop, make_old):
    product = make_old("MUG")
    ship(shop, product, days_ago=40)

    assert skus(client.get("/stock/slow/")) == []
    assert skus(client.get("/stock/slow/", {"days": "30"})) == ["MUG"]
    StockSettings.objects.create(shop=shop, slow_days=35)
    assert skus(client.get("/stock/slow/")) == ["MUG"]


@pytest.mark.parametrize("days", ["", "0", "-5", "many", "99999999999999999999", "1101"])
def test_nonsense_days_mean_the_usual_ones(client, person, make_old, days):
    make_old("MUG")

    page = client.get("/stock/slow/", {"days": days})

    assert skus(page) == ["MUG"]
    assert 'name="days" value="90"' in page.content.decode()


def test_a_missing_cost_is_said(client, person, make_old):
    make_old("MUG")

    page = client.get("/stock/slow/").content.decode()

    assert "Cost not known" in page
    assert "never sold, here since" in page


def test_it_turns_the_page_without_losing_or_repeating_a_product(client, person, make_old):
    for number in range(110):
        make_old(f"S{number}", cost=Decimal(number % 4))

    seen, address = [], "/stock/slow/"
    while address:
        page = client.get(address)
        seen += skus(page)
        found = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = "/stock/slow/" + found[1].replace("&amp;", "&") if found else None

    assert len(seen) == 110
    assert len(set(seen)) == 110


def test_it_costs_the_same_queries_for_one_product_as_for_forty(
    client, person, make_old, django_assert_max_num_queries
):
    def cost():
        with django_assert_max_num_queries(20) as queries:
            client.get("/stock/slow/")
        return len(queries)

    make_old("A")
    few = cost()
    for number in range(40):
        make_old(f"S{number}")

    assert cost() == few
