"""Goods moved between the warehouses of a shop."""

import pytest

from inventory import services
from inventory.errors import StockError
from inventory.models import StockItem, StockMovement, Warehouse
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def places(shop):
    """The keys of the default warehouse and of a second one."""
    first = services.create_default_warehouse(shop_id=shop.pk) or Warehouse.objects.get(
        shop=shop, is_default=True
    )
    return first.pk, Warehouse.objects.create(shop=shop, name="Second").pk


def move(product, units, source, target, actor=BY):
    services.transfer(
        product_id=product.pk,
        quantity=units,
        from_warehouse_id=source,
        to_warehouse_id=target,
        reason="closer to the door",
        actor=actor,
    )


def on_hand(product):
    rows = StockItem.objects.filter(product=product).values_list("warehouse_id", "on_hand")
    return dict(rows)


def test_it_moves_free_units_by_two_movements(make_product, places):
    product = make_product(stock=5)
    first, second = places

    move(product, 3, first, second)

    assert on_hand(product) == {first: 2, second: 3}
    lines = StockMovement.objects.filter(kind="transfer").order_by("pk")
    assert [(line.quantity, line.reason) for line in lines] == [
        (-3, "closer to the door"),
        (3, "closer to the door"),
    ]


def test_it_leaves_reserved_units_where_they_are(shop, make_product, places, everything):
    product = make_product(stock=5)
    wanted = {product.pk: 4}
    services.reserve(reference="order:1", shop_id=shop.pk, wanted=wanted, on_shortage="refuse", actor=BY)
    before = everything()

    with pytest.raises(StockError) as refusal:
        move(product, 2, *places)

    assert refusal.value.sentence.startswith("Only 1 of A · Product A can be moved: 5 are there, 4 are")
    assert everything() == before


@pytest.mark.parametrize("units", [0, -1, 1.0, True, 10**9, float("nan")])
def test_it_refuses_quantities_that_make_no_sense(make_product, places, everything, units):
    product = make_product(stock=5)
    before = everything()

    with pytest.raises(StockError) as refusal:
        move(product, units, *places)

    assert refusal.value.field == "quantity"
    assert everything() == before


def test_it_needs_two_different_warehouses(make_product, places, everything):
    product = make_product(stock=5)
    before = everything()

    with pytest.raises(StockError) as refusal:
        move(product, 1, places[0], places[0])

    assert refusal.value.code == "same_warehouse"
    assert everything() == before


@pytest.mark.parametrize("which", ["foreign", 0, -1, 2**70, True, None, "1"])
@pytest.mark.parametrize("end", [0, 1])
def test_it_refuses_a_warehouse_of_another_shop_and_one_that_is_none(
    make_product, places, everything, which, end
):
    product = make_product(stock=5)
    if which == "foreign":
        other = create_shop(country="PL", name="Other", slug="other", order_prefix="O-")
        which = Warehouse.objects.get(shop=other).pk
    ends = [places[0], places[1]]
    ends[end] = which
    before = everything()

    with pytest.raises(StockError) as refusal:
        move(product, 1, *ends)

    assert (refusal.value.code, refusal.value.field) == (
        "unknown_warehouse",
        ("from_warehouse", "to_warehouse")[end],
    )
    assert everything() == before


def test_it_needs_a_role_that_changes_stock(make_product, places, everything):
    product = make_product(stock=5)
    user = User.objects.create_user("m")
    Membership.objects.create(user=user, shop=product.shop, role=Role.MANAGER)
    before = everything()

    with pytest.raises(NotPermitted):
        move(product, 1, *places, actor=Actor.person(user))

    assert everything() == before
