"""Showing a change and booking it once: the preview is the result, a race books one, and nothing is left of a look."""

from __future__ import annotations

import random
import uuid
from decimal import Decimal

import pytest

from inventory import services
from inventory.errors import StockError
from inventory.models import Reservation, StockItem, StockMovement, Warehouse
from inventory.selectors import stock_problems
from inventory.services import Change, book, foresee, seal
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import User

pytestmark = pytest.mark.slow
BY = Actor.system("test")


def receiving(product, quantity=4, **more):
    return Change(services.receive, product.pk, {"quantity": quantity, "reason": "x", **more})


def sealed(change):
    return seal(change, foresee(change=change, actor=BY))


def state(product):
    """Counters by warehouse and reserved units by reference."""
    items = StockItem.objects.filter(product=product).values_list("warehouse__name", "on_hand", "reserved")
    held: dict[str, int] = {}
    for reference, reserved in Reservation.objects.filter(stock_item__product=product).values_list(
        "reference", "reserved"
    ):
        held[reference] = held.get(reference, 0) + reserved
    return {name: (on_hand, reserved) for name, on_hand, reserved in items}, held


def any_change(product, places, dice):
    quantity, place = dice.randint(1, 9), dice.choice(places).pk
    common = {"quantity": quantity, "warehouse_id": place, "reason": "x"}
    return dice.choice(
        [
            receiving(product, quantity, warehouse_id=place, unit_cost=Decimal("1.50"), cost_currency="RON"),
            Change(services.write_off, product.pk, {**common, "from_reserved": dice.random() < 0.7}),
            Change(services.return_to_stock, product.pk, common),
            Change(
                services.adjust,
                product.pk,
                {"difference": dice.choice([quantity, -quantity]), "warehouse_id": place, "reason": "x"},
            ),
            Change(
                services.transfer,
                product.pk,
                {
                    "quantity": quantity,
                    "from_warehouse_id": place,
                    "to_warehouse_id": dice.choice(places).pk,
                    "reason": "x",
                },
            ),
        ]
    )


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_it_leads_where_it_was_shown(shop, make_product, seed):
    dice = random.Random(seed)
    product = make_product(stock=6, allow_backorder=True)
    places = [*Warehouse.objects.filter(shop=shop), Warehouse.objects.create(shop=shop, name="Store")]
    made = 0
    for number in range(25):
        services.reserve(
            reference=f"x:{number}",
            shop_id=shop.pk,
            wanted={product.pk: dice.randint(1, 4)},
            on_shortage="refuse",
            actor=BY,
        )
        change, before = any_change(product, places, dice), state(product)
        try:
            outlook = foresee(change=change, actor=BY)
        except StockError:
            with pytest.raises(StockError):
                change.make(BY)
            assert state(product) == before
            continue
        assert state(product) == before

        book(change=change, key=uuid.uuid4(), shown=seal(change, outlook), actor=BY)

        counters, held = state(product)
        shown = {shift.warehouse: (shift.on_hand[1], shift.reserved[1]) for shift in outlook.shifts}
        assert counters == before[0] | shown
        differences = {name: held.get(name, 0) - before[1].get(name, 0) for name in held | before[1]}
        assert {share.reference: share.units for share in outlook.gets} == {
            name: units for name, units in differences.items() if units > 0
        }
        assert {share.reference: -share.units for share in outlook.waits} == {
            name: units for name, units in differences.items() if units < 0
        }
        made += 1
    assert made > 8
    assert list(stock_problems()) == []


@pytest.mark.django_db
def test_it_leaves_nothing_of_a_look(make_product, everything):
    product = make_product(stock=5, cost=Decimal("1.00"))
    before = everything()

    outlook = foresee(
        change=receiving(product, unit_cost=Decimal("2.00"), cost_currency="RON", update_cost=True), actor=BY
    )
    product.refresh_from_db()

    assert outlook.value == Decimal("8.00")
    assert product.cost == Decimal("1.00")
    assert everything() == before


@pytest.mark.django_db
def test_it_asks_for_the_permission_when_looking_and_when_booking(make_product, everything):
    change, stranger = receiving(make_product(stock=5)), Actor.person(User.objects.create_user("stranger"))
    shown, before = sealed(change), everything()

    with pytest.raises(NotPermitted):
        foresee(change=change, actor=stranger)
    with pytest.raises(NotPermitted):
        book(change=change, key=uuid.uuid4(), shown=shown, actor=stranger)

    assert everything() == before


@pytest.mark.django_db
def test_it_tells_a_stale_look_from_one_at_something_else(make_product, everything):
    product = make_product(stock=5)
    change = receiving(product)
    shown = sealed(change)
    services.receive(product_id=product.pk, quantity=1, reason="meanwhile", actor=BY)
    before = everything()

    with pytest.raises(StockError) as stale:
        book(change=change, key=uuid.uuid4(), shown=shown, actor=BY)
    with pytest.raises(StockError) as other:
        book(change=receiving(product, 5), key=uuid.uuid4(), shown=shown, actor=BY)

    assert (stale.value.code, other.value.code) == ("outdated", "unseen")
    assert everything() == before


@pytest.mark.django_db
def test_it_is_stale_when_only_those_who_wait_changed(shop, make_product, everything):
    product = make_product(allow_backorder=True)
    change = receiving(product, 2)
    shown = sealed(change)
    services.reserve(reference="x:1", shop_id=shop.pk, wanted={product.pk: 1}, on_shortage="refuse", actor=BY)
    before = everything()

    with pytest.raises(StockError, match="changed meanwhile"):
        book(change=change, key=uuid.uuid4(), shown=shown, actor=BY)

    assert everything() == before


@pytest.mark.django_db
@pytest.mark.parametrize("product_id", [0, -1, 2**63, 10**30])
def test_it_refuses_a_product_that_does_not_exist(shop, product_id):
    change = Change(services.receive, product_id, {"quantity": 1, "reason": "x"})

    with pytest.raises(StockError):
        foresee(change=change, actor=BY)
    with pytest.raises(StockError):
        book(change=change, key=uuid.uuid4(), shown="", actor=BY)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_books_one_of_many_clicks_at_the_same_moment(shop, make_product, counters, in_threads):
    product, key = make_product(stock=5), uuid.uuid4()
    change = receiving(product)
    shown = sealed(change)

    def click():
        return book(change=change, key=key, shown=shown, actor=BY)

    outcomes = in_threads([click] * 8)

    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert sorted(outcome.was_known for outcome in outcomes) == [False] + [True] * 7
    assert counters(product) == (9, 0)
    assert StockMovement.objects.filter(key=key).count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_saves_one_of_many_who_were_shown_the_same(shop, make_product, counters, in_threads):
    product = make_product(stock=5)
    change = receiving(product)
    shown = sealed(change)

    outcomes = in_threads([lambda: book(change=change, key=uuid.uuid4(), shown=shown, actor=BY)] * 8)

    refused = [outcome for outcome in outcomes if isinstance(outcome, StockError)]
    assert [outcome.code for outcome in refused] == ["outdated"] * 7
    assert counters(product) == (9, 0)
