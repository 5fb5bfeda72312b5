"""What to order: the arithmetic, what it is fed with, and the page and file that show it."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from inventory import services
from inventory.models import Category, MovementKind, Product, StockItem, StockMovement, StockSettings
from inventory.page_selectors.reorder import lines_of, order_suggestions
from inventory.rules.reordering import Need, rounded
from shops.actors import Actor
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

BY = Actor.system("test")
db = pytest.mark.django_db

needs = st.builds(
    Need,
    shipped=st.integers(-50, 100_000),
    days=st.integers(1, 1100),
    lead_days=st.integers(0, 400),
    safety=st.integers(0, 10_000),
    free=st.integers(0, 100_000),
    waiting=st.integers(0, 10_000),
    pack=st.integers(1, 500),
)


@given(needs)
def test_the_quantity_is_whole_packs_and_the_fewest_that_do(need):
    assert need.quantity >= 0
    assert need.quantity % need.pack == 0
    if need.quantity:
        assert need.position + need.quantity >= need.order_up_to
        assert need.position + need.quantity - need.pack < need.order_up_to


@given(needs)
def test_nothing_is_ordered_while_the_reorder_point_is_covered(need):
    assert bool(need.quantity) == (need.position < need.reorder_point)


@given(needs)
def test_the_reorder_point_is_lead_time_demand_plus_safety(need):
    expected = Fraction(max(0, need.shipped) * need.lead_days, need.days) + need.safety

    assert need.reorder_point == expected
    assert need.order_up_to >= need.reorder_point >= 0


@given(needs, st.integers(1, 1000))
def test_more_demand_never_means_a_smaller_order(need, more):
    busier = Need(**{**need.__dict__, "shipped": max(0, need.shipped) + more})

    assert busier.quantity >= need.quantity


def test_the_arithmetic_of_an_example():
    need = Need(shipped=72, days=30, lead_days=14, safety=10, free=12, waiting=3, pack=5)

    assert rounded(need.per_day) == Decimal("2.4")
    assert rounded(need.reorder_point) == Decimal("43.6")
    assert rounded(need.order_up_to) == Decimal("77.2")
    assert need.position == 9
    assert need.quantity == 70


def test_without_demand_only_safety_and_waiting_count():
    assert Need(shipped=0, days=90, lead_days=14, safety=0, free=0, waiting=0).quantity == 0
    assert Need(shipped=0, days=90, lead_days=14, safety=5, free=5, waiting=0).quantity == 0
    assert Need(shipped=0, days=90, lead_days=14, safety=5, free=4, waiting=0).quantity == 1
    assert Need(shipped=0, days=90, lead_days=14, safety=0, free=2, waiting=6, pack=10).quantity == 10


def test_more_undone_than_shipped_is_no_demand():
    assert Need(shipped=-3, days=10, lead_days=10, safety=0, free=0, waiting=0).per_day == 0


@pytest.fixture
def person(client, shop):
    user = User.objects.create_user("wanda", password="x")
    Membership.objects.create(user=user, shop=shop, role=Role.WAREHOUSE)
    client.force_login(user)
    return user


@pytest.fixture
def make_needed(make_product):
    """A product that has existed for a year and has less than its safety stock."""

    def make(sku, safety=5, stock=1, **fields):
        product = make_product(sku, stock=stock, **fields)
        long_ago = timezone.now() - timedelta(days=365)
        Product.objects.filter(pk=product.pk).update(created_at=long_ago)
        StockMovement.objects.filter(stock_item__product=product).update(at=long_ago)
        StockItem.objects.filter(product=product).update(safety_stock=safety)
        return product

    return make


def shipped(product, quantity, days_ago, kind=MovementKind.SHIPMENT):
    movement = StockMovement.objects.create(
        stock_item=product.stock_items.get(), kind=kind, quantity=quantity, actor_kind="system"
    )
    StockMovement.objects.filter(pk=movement.pk).update(at=timezone.now() - timedelta(days=days_ago))


def need_of(product):
    return lines_of(Product.objects.filter(pk=product.pk))[0].need


def skus(response):
    return re.findall(r'data-sku="([^"]*)"', response.content.decode())


@db
def test_demand_is_net_of_undone_shipments_within_the_window(shop, make_needed):
    product = make_needed("MUG")
    shipped(product, -8, 10)
    shipped(product, 3, 9, MovementKind.SHIPMENT_REVERSED)
    shipped(product, -100, 91)
    shipped(product, -50, 5, MovementKind.WRITE_OFF)

    need = need_of(product)

    assert (need.shipped, need.days, need.lead_days) == (5, 90, 14)


@db
def test_a_young_product_is_measured_over_its_own_days(shop, make_product):
    product = make_product("NEW", stock=9)
    Product.objects.filter(pk=product.pk).update(created_at=timezone.now() - timedelta(days=3, hours=2))
    shipped(product, -8, 1)

    assert (need_of(product).shipped, need_of(product).days) == (8, 4)


@db
def test_a_product_entered_late_has_existed_since_its_first_movement(shop, make_product):
    product = make_product("LATE", stock=9)
    shipped(product, -8, 20)

    assert need_of(product).days == 21


@db
def test_it_takes_the_products_lead_time_before_the_shops(shop, make_needed):
    StockSettings.objects.create(shop=shop, lead_time_days=21, demand_days=30)
    own, usual, at_once = (
        make_needed("OWN", lead_time_days=3),
        make_needed("USUAL"),
        make_needed("NOW", lead_time_days=0),
    )

    assert [need_of(product).lead_days for product in (own, usual, at_once)] == [3, 21, 0]
    assert need_of(usual).days == 30


@db
def test_reserved_and_waiting_units_are_not_there(shop, make_needed):
    product = make_needed("MUG", stock=6, safety=5)
    services.reserve(
        reference="order:1", shop_id=shop.pk, wanted={product.pk: 8}, on_shortage="backorder", actor=BY
    )

    need = need_of(product)

    assert (need.free, need.waiting, need.position, need.quantity) == (0, 2, -2, 7)


@db
def test_only_active_tracked_products_are_suggested_by_supplier(shop, make_needed):
    make_needed("LAST")
    make_needed("ZOO", supplier="zoo")
    make_needed("ART-2", supplier="Art", name="B")
    make_needed("ART-1", supplier="Art", name="A")
    make_needed("OFF", is_active=False)
    Product.objects.filter(pk=make_needed("FREE").pk).update(is_tracked=False)
    make_needed("ENOUGH", stock=50)

    lines = order_suggestions(Product.objects.filter(shop=shop))

    assert [line.product.sku for line in lines] == ["ART-1", "ART-2", "ZOO", "LAST"]


@db
def test_the_page_shows_the_arithmetic(client, person, make_needed):
    product = make_needed("MUG", safety=10, stock=12, supplier="Ceramics", pack_size=5, cost=Decimal("2.00"))
    shipped(product, -60, 20)

    text = re.sub(r"<[^>]+>|\s+", " ", client.get("/stock/reorder/").content.decode())
    text = re.sub(r"\s+", " ", text)

    assert "Reorder point: 60 shipped ÷ 90 days × 14 days lead time + 10 safety = 19.3" in text
    assert "Have: 12 on hand − 0 reserved − 0 waiting = 12" in text
    assert "Up to 28.7 (one lead time more): 28.7 − 12 = 16.7 → 20 , packs of 5" in text
    assert "40.00 RON" in text.replace("\xa0", " ")


@db
def test_the_page_is_narrowed_to_supplier_and_category(client, person, shop, make_needed):
    cups = Category.objects.create(shop=shop, name="Cups")
    make_needed("A", supplier="Art", category=cups)
    make_needed("B", supplier="Art")
    make_needed("C", supplier="Zoo", category=cups)

    assert skus(client.get("/stock/reorder/")) == ["A", "B", "C"]
    assert skus(client.get("/stock/reorder/", {"supplier": "Art"})) == ["A", "B"]
    assert skus(client.get("/stock/reorder/", {"category": cups.pk})) == ["A", "C"]
    assert skus(client.get("/stock/reorder/", {"supplier": "Zoo", "category": cups.pk})) == ["C"]
    assert "Nothing of this choice" in client.get("/stock/reorder/", {"supplier": "?"}).content.decode()
    assert skus(client.get("/stock/reorder/", {"category": "x"})) == ["A", "B", "C"]


@db
def test_the_file_holds_every_line_and_no_formula(client, person, make_needed):
    for number in range(104):
        make_needed(f"S{number:03}", supplier="=cmd|' /C calc'!A0")

    response = client.get("/stock/reorder.csv")
    text = b"".join(response.streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))

    assert response.headers["Content-Disposition"].startswith('attachment; filename="shop-reorder-')
    assert len(rows) == 104
    assert {row["Supplier"] for row in rows} == {"'=cmd|' /C calc'!A0"}
    assert rows[0]["Order"] == "4"


@db
def test_other_shops_are_out_of_reach(client, person, make_needed):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    make_needed("FOREIGN", shop=other)

    assert skus(client.get("/stock/reorder/")) == []
    assert client.get("/stock/reorder/", {"shop": "other"}).status_code == 404
    assert client.get("/stock/reorder.csv", {"shop": "other"}).status_code == 404


@db
def test_it_turns_the_page_without_losing_or_repeating_a_product(client, person, make_needed):
    for number in range(130):
        make_needed(f"S{number}", supplier=f"Supplier {number % 3}")

    seen, address = [], "/stock/reorder/"
    while address:
        page = client.get(address)
        seen += skus(page)
        found = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = "/stock/reorder/" + found[1].replace("&amp;", "&") if found else None

    assert len(seen) == 130
    assert len(set(seen)) == 130


@db
def test_it_costs_the_same_queries_for_one_product_as_for_forty(
    client, person, make_needed, django_assert_max_num_queries
):
    def cost():
        with django_assert_max_num_queries(26) as queries:
            client.get("/stock/reorder/")
        return len(queries)

    make_needed("A")
    few = cost()
    for number in range(40):
        make_needed(f"S{number}", supplier=f"Supplier {number}")

    assert cost() == few
