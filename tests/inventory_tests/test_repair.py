"""Counters that disagree with their rows are found, set right, and the repair is recorded."""

import pytest
from django.db import connection

from inventory import services
from inventory.errors import StockError
from inventory.events import ReservationShorted
from inventory.models import Counter, StockItem, StockMovement, StockRepair
from inventory.selectors import Difference, Held, stock_differences, stock_problems
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


def tamper(product, **counters):
    StockItem.objects.filter(product=product).update(**counters)
    return StockItem.objects.get(product=product).pk


def repair(item_id, **more):
    return services.repair_stock(
        **{"stock_item_id": item_id, "reason": "restored a backup", "actor": BY, **more}
    )


def rows():
    return [
        list(StockItem.objects.order_by("pk").values()),
        list(StockMovement.objects.order_by("pk").values()),
        list(StockRepair.objects.order_by("pk").values()),
    ]


def test_it_names_every_difference(shop, make_product):
    make_product("A", stock=3)
    odd = make_product("B", stock=3)
    hold(odd, 2)
    item_id = tamper(odd, on_hand=9, reserved=1)

    differences = list(stock_differences([shop.pk]))

    common = (item_id, shop.pk, "B", "Product B", "Depozit principal")
    assert differences == [
        Difference(*common, Counter.ON_HAND, 9, 3),
        Difference(*common, Counter.RESERVED, 1, 2),
    ]
    assert list(stock_differences([shop.pk + 1])) == []


def test_it_sets_on_hand_to_the_ledger_and_records_it(make_product, counters):
    product = make_product(stock=3)
    item_id = tamper(product, on_hand=9)

    repair(item_id)

    assert counters(product) == (3, 0)
    assert list(stock_problems()) == []
    (record,) = StockRepair.objects.all()
    assert (record.counter, record.before, record.after) == ("on_hand", 9, 3)
    assert (record.reason, record.actor_label) == ("restored a backup", "test")


def test_it_sets_reserved_to_the_reservations(make_product, counters):
    product = make_product(stock=5)
    hold(product, 2)
    item_id = tamper(product, reserved=4)

    repair(item_id)

    assert counters(product) == (5, 2)
    assert list(stock_problems()) == []
    assert StockRepair.objects.get().counter == Counter.RESERVED


def test_it_lets_the_newest_wait_where_more_is_reserved_than_exists(make_product, counters, held, published):
    product = make_product(stock=5)
    hold(product, 2, "order:1")
    hold(product, 3, "order:2")
    StockMovement.objects.update(quantity=3)
    item_id = StockItem.objects.get().pk
    published.clear()

    repair(item_id)

    assert counters(product) == (3, 3)
    assert held("order:1", product) == Held(2, 0)
    assert held("order:2", product) == Held(1, 2)
    assert list(stock_problems()) == []
    shorted = [event for event in published if isinstance(event, ReservationShorted)]
    assert [(event.reference, event.quantity) for event in shorted] == [("order:2", 2)]
    changes = StockRepair.objects.order_by("counter").values_list("counter", "before", "after")
    assert list(changes) == [("on_hand", 5, 3), ("reserved", 5, 3)]


def test_it_gives_units_the_repair_found_to_those_who_wait(make_product, held):
    product = make_product(stock=5)
    hold(product, 5, "order:1")
    hold(product, 2, "order:2")
    StockMovement.objects.update(quantity=6)

    repair(StockItem.objects.get().pk)

    assert held("order:2", product) == Held(1, 1)
    assert list(stock_problems()) == []


def test_it_records_a_repair_that_only_lets_reservations_wait(make_product, held):
    product = make_product(stock=5)
    hold(product, 5)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_reservation SET reserved = 7")

    repair(StockItem.objects.get().pk)

    assert held("order:1", product) == Held(5, 2)
    assert StockRepair.objects.get().counter == Counter.RESERVED
    assert list(stock_problems()) == []


def test_a_ledger_below_nothing_asks_for_a_count(make_product, counters):
    product = make_product(stock=5)
    item_id = StockItem.objects.get().pk
    StockMovement.objects.update(quantity=-2)
    before = rows()

    with pytest.raises(StockError) as refusal:
        repair(item_id)

    assert "add up to -2, less than nothing. Count" in refusal.value.sentence
    assert refusal.value.field == "counted"
    assert rows() == before

    repair(item_id, counted=4)

    assert counters(product) == (4, 0)
    movement = StockMovement.objects.latest("pk")
    assert (movement.kind, movement.quantity) == ("count", 6)
    assert list(stock_problems()) == []


def test_what_was_counted_has_the_last_word(make_product, counters):
    product = make_product(stock=5)
    item_id = tamper(product, on_hand=8)

    repair(item_id, counted=6)

    assert counters(product) == (6, 0)
    assert list(stock_problems()) == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"reason": "  "}, "reason_missing"),
        ({"reason": "a\x00"}, "bad_text"),
        ({"counted": -1}, "bad_quantity"),
        ({"counted": 1.0}, "bad_quantity"),
        ({"counted": True}, "bad_quantity"),
        ({"shown": "1/2/3/4"}, "moved"),
        ({"stock_item_id": 10**6}, "unknown_item"),
        ({"stock_item_id": 2**80}, "unknown_item"),
    ],
)
def test_it_refuses_with_a_sentence_and_changes_nothing(make_product, more, code):
    item_id = tamper(make_product(stock=5), on_hand=8)
    before = rows()

    with pytest.raises(StockError) as refusal:
        repair(item_id, **more)

    assert refusal.value.code == code
    assert refusal.value.sentence
    assert rows() == before


def test_it_refuses_to_repair_what_agrees(make_product):
    make_product(stock=5)
    before = rows()

    with pytest.raises(StockError) as refusal:
        repair(StockItem.objects.get().pk)

    assert refusal.value.code == "agrees"
    assert rows() == before


def test_it_needs_a_role_that_changes_stock(shop, make_product):
    item_id = tamper(make_product(stock=5), on_hand=8)
    user = User.objects.create_user("m")
    Membership.objects.create(user=user, shop=shop, role=Role.MANAGER)
    before = rows()

    with pytest.raises(NotPermitted):
        repair(item_id, actor=Actor.person(user))

    assert rows() == before
