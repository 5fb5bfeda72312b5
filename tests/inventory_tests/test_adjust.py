"""What people change by hand: adjusting, writing off what was reserved, bringing back, and what goods cost."""

from decimal import Decimal

import pytest

from inventory import services
from inventory.errors import StockError
from inventory.events import BackorderAllocated, ReservationShorted
from inventory.models import StockItem, StockMovement, Warehouse
from inventory.selectors import Held
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Membership, User
from shops.permissions import Role

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


def hold(product, units, reference="order:1"):
    services.reserve(
        reference=reference,
        shop_id=product.shop_id,
        wanted={product.pk: units},
        on_shortage="backorder",
        actor=BY,
    )


def last_movement():
    return StockMovement.objects.latest("pk")


@pytest.mark.parametrize(("difference", "after"), [(3, 8), (-5, 0)])
def test_it_adjusts_up_and_down(make_product, counters, difference, after):
    product = make_product(stock=5)

    services.adjust(product_id=product.pk, difference=difference, reason="found", actor=BY)

    assert counters(product) == (after, 0)
    movement = last_movement()
    assert (movement.kind, movement.quantity, movement.reason) == ("adjustment", difference, "found")


def test_it_gives_what_an_adjustment_found_to_those_who_wait(make_product, held):
    product = make_product()
    hold(product, 2)

    services.adjust(product_id=product.pk, difference=3, reason="found", actor=BY)

    assert held("order:1", product) == Held(2, 0)


def test_it_does_not_adjust_away_what_is_reserved(make_product, everything):
    product = make_product(stock=5)
    hold(product, 4)
    before = everything()

    with pytest.raises(StockError) as refusal:
        services.adjust(product_id=product.pk, difference=-2, reason="lost", actor=BY)

    assert refusal.value.sentence.startswith("Only 1 of A · Product A can be taken away")
    assert refusal.value.field == "difference"
    assert everything() == before


@pytest.mark.parametrize(
    "difference", [0, 1.5, True, 10**7, -(10**7), Decimal("NaN"), float("nan"), "3", None]
)
def test_it_refuses_differences_that_make_no_sense(make_product, everything, difference):
    product = make_product(stock=5)
    before = everything()

    with pytest.raises(StockError) as refusal:
        services.adjust(product_id=product.pk, difference=difference, reason="", actor=BY)

    assert (refusal.value.code, refusal.value.field) == ("bad_quantity", "difference")
    assert everything() == before


def test_it_writes_off_reserved_units_when_told_to_and_the_newest_waits_again(
    make_product, counters, held, published
):
    product = make_product(stock=5)
    hold(product, 2, "order:1")
    hold(product, 2, "order:2")
    published.clear()

    services.write_off(product_id=product.pk, quantity=4, reason="flood", actor=BY, from_reserved=True)

    assert counters(product) == (1, 1)
    assert held("order:1", product) == Held(1, 1)
    assert held("order:2", product) == Held(0, 2)
    shorted = [event for event in published if isinstance(event, ReservationShorted)]
    assert {event.reference: event.quantity for event in shorted} == {"order:2": 2, "order:1": 1}


def test_it_serves_from_another_warehouse_whom_a_write_off_left_without(shop, make_product, held, published):
    product = make_product(stock=2)
    hold(product, 2)
    second = Warehouse.objects.create(shop=shop, name="Second")
    services.receive(product_id=product.pk, quantity=1, reason="", actor=BY, warehouse_id=second.pk)

    services.write_off(product_id=product.pk, quantity=2, reason="flood", actor=BY, from_reserved=True)

    assert held("order:1", product) == Held(1, 1)
    assert any(isinstance(event, BackorderAllocated) for event in published)


def test_it_never_writes_off_more_than_is_there(make_product, everything):
    product = make_product(stock=2)
    hold(product, 2)
    before = everything()

    with pytest.raises(StockError) as refusal:
        services.write_off(product_id=product.pk, quantity=3, reason="", actor=BY, from_reserved=True)

    assert "Only 2 of A · Product A are here" in refusal.value.sentence
    assert everything() == before


def test_it_brings_back_to_a_chosen_warehouse_by_hand(shop, make_product):
    product = make_product(stock=1)
    second = Warehouse.objects.create(shop=shop, name="Second")

    services.return_to_stock(
        product_id=product.pk,
        quantity=2,
        reason="unopened",
        reference="RMA 7",
        actor=BY,
        warehouse_id=second.pk,
    )

    assert StockItem.objects.get(warehouse=second).on_hand == 2
    movement = last_movement()
    assert (movement.kind, movement.quantity, movement.reference) == ("restock", 2, "RMA 7")


def test_it_keeps_what_goods_cost_on_the_movement_only(make_product):
    product = make_product(cost=Decimal("4.00"))

    services.receive(product_id=product.pk, quantity=3, reason="", actor=BY, unit_cost=Decimal("5.125"))

    movement = last_movement()
    assert (movement.unit_cost, movement.cost_currency) == (Decimal("5.13"), "RON")
    product.refresh_from_db()
    assert product.cost == Decimal("4.00")


def test_it_makes_the_new_cost_the_products_own_when_asked_to(make_product):
    product = make_product(cost=Decimal("4.00"))

    services.receive(
        product_id=product.pk,
        quantity=3,
        reason="",
        actor=BY,
        unit_cost=Decimal("5.10"),
        cost_currency="EUR",
        update_cost=True,
    )

    product.refresh_from_db()
    assert (product.cost, product.cost_currency) == (Decimal("5.10"), "EUR")


@pytest.mark.parametrize(
    ("cost", "currency", "field"),
    [
        (Decimal("-0.01"), "RON", "unit_cost"),
        (Decimal("NaN"), "RON", "unit_cost"),
        (Decimal("Infinity"), "RON", "unit_cost"),
        (Decimal("1e30"), "RON", "unit_cost"),
        (4.2, "RON", "unit_cost"),
        (Decimal("4.20"), "lei", "cost_currency"),
    ],
)
def test_it_refuses_costs_that_make_no_sense(make_product, everything, cost, currency, field):
    product = make_product(cost=Decimal("4.00"))
    before = everything()

    with pytest.raises(StockError) as refusal:
        services.receive(
            product_id=product.pk,
            quantity=1,
            reason="",
            actor=BY,
            unit_cost=cost,
            cost_currency=currency,
            update_cost=True,
        )

    assert refusal.value.field == field
    assert everything() == before
    product.refresh_from_db()
    assert product.cost == Decimal("4.00")


def test_changing_a_products_cost_needs_a_role_that_edits_products(make_product, everything):
    product = make_product(cost=Decimal("4.00"))
    user = User.objects.create_user("w")
    Membership.objects.create(user=user, shop=product.shop, role=Role.WAREHOUSE)
    order = {"product_id": product.pk, "quantity": 1, "reason": "", "actor": Actor.person(user)}
    before = everything()

    with pytest.raises(NotPermitted):
        services.receive(**order, unit_cost=Decimal("9.00"), update_cost=True)

    assert everything() == before
    services.receive(**order, unit_cost=Decimal("9.00"))
    product.refresh_from_db()
    assert product.cost == Decimal("4.00")
