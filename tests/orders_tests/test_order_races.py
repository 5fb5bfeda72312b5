"""Two at once: one wins, the other is told, nothing is half done and nothing waits in a circle."""

import time
from collections import Counter

import pytest
from django.db import IntegrityError

from inventory import services as inventory
from orders import services as orders
from orders.errors import AlreadyDone, OrderError, TooLateToUndo, TransitionRefused
from orders.guards import Arguments
from orders.models import Order
from orders.services.transitions import StatusChange
from orders.statuses import Status
from shops.actors import Actor
from shops.permissions import Role
from tests.factories import SYSTEM, make_draft, make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, counters, held_for, status_events, status_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def kinds(outcomes):
    return Counter(type(outcome).__name__ for outcome in outcomes)


def test_twenty_people_claim_one_order_and_one_has_it(in_threads):
    shop = make_shop()
    order = make_order(shop)
    people = [make_user(shop) for _ in range(20)]

    outcomes = in_threads(
        [lambda p=p: orders.claim_order(order_id=order.pk, actor=Actor.person(p)) for p in people]
    )

    assert kinds(outcomes) == {"bool": 1, AlreadyDone.__name__: 19}
    assert Order.objects.get(pk=order.pk).manager == people[outcomes.index(True)]


def test_first_orders_of_one_person_at_once_make_one_customer(in_threads):
    shop = make_shop()
    drafts = [make_draft(shop, make_line(make_product(shop))) for _ in range(6)]

    placed = in_threads(
        [lambda d=d: orders.place_order(shop_id=shop.pk, draft=d, actor=SYSTEM, notify=False) for d in drafts]
    )

    assert kinds(placed) == {"Order": 6}
    assert len({order.customer_id for order in placed}) == 1


def test_confirm_and_cancel_at_once_leave_one_story(in_threads):
    shop = make_shop()
    product = make_product(shop, stock=50)
    people = [Actor.person(make_user(shop)) for _ in range(2)]
    for _ in range(8):
        order = make_order(shop, lines=(make_line(product, 1),))

        outcomes = in_threads(
            [
                lambda o=order: orders.confirm_order(order_id=o.pk, actor=people[0]),
                lambda o=order: orders.cancel_order(order_id=o.pk, actor=people[1], reason_code="customer"),
            ]
        )

        # Cancelling may come after confirming, never the other way round.
        assert isinstance(outcomes[1], StatusChange)
        assert isinstance(outcomes[0], StatusChange | TransitionRefused)
        assert status_of(order) == Status.CANCELLED
        assert len(status_events(order)) == len([o for o in outcomes if isinstance(o, StatusChange)])
    assert counters(product) == (50, 0)
    assert_sound()


def test_many_orders_share_scarce_units_and_none_is_sold_twice(in_threads):
    shop = make_shop(reserve_at="confirmation")
    first, second = make_product(shop, stock=10), make_product(shop, stock=15)
    lines = ((make_line(first, 1), make_line(second, 1)), (make_line(second, 1), make_line(first, 1)))
    made = [make_order(shop, lines=lines[n % 2]) for n in range(30)]
    person = Actor.person(make_user(shop))

    outcomes = in_threads(
        [lambda o=order: orders.confirm_order(order_id=o.pk, actor=person) for order in made]
    )

    refused = [outcome for outcome in outcomes if not isinstance(outcome, StatusChange)]
    assert len(refused) == 20
    assert {(type(error).__name__, error.code) for error in refused} <= {
        ("TransitionRefused", "stock_short"),
        ("StockShort", "stock_short"),
    }
    assert (counters(first), counters(second)) == ((10, 10), (15, 10))
    assert sum(held_for(order)[0] for order in made) == 20
    assert_sound()


def test_undoing_editing_and_placing_at_once_never_wait_in_a_circle(in_threads, monkeypatch):
    shop = make_shop(undo_seconds=600)
    low, high = make_product(shop, stock=1), make_product(shop, stock=50)
    make_order(shop, lines=(make_line(low, 1),))
    mara, both = Actor.person(make_user(shop)), (make_line(low, 1), make_line(high, 1))
    moves = [_shipped_in_part(shop, both, mara) for _ in range(3)]
    edited = [make_order(shop, lines=(make_line(high, 1),)) for _ in range(3)]
    low_instead, more = make_draft(shop, make_line(low, 1)), make_draft(shop, *both)
    for verb in ("release", "reverse_shipment"):
        monkeypatch.setattr(inventory, verb, _and_dawdle(getattr(inventory, verb)))

    outcomes = in_threads(
        [
            *(lambda m=move: orders.revert_move(move_id=m, actor=mara) for move in moves),
            *(
                lambda o=order: orders.update_from_source(order_id=o.pk, draft=low_instead, actor=SYSTEM)
                for order in edited
            ),
            *[lambda: orders.place_order(shop_id=shop.pk, draft=more, actor=SYSTEM)] * 3,
        ]
    )

    assert kinds(outcomes) == {"int": 3, "tuple": 3, "Order": 3}
    assert_sound()


def _and_dawdle(verb):
    """The verb, with time for others between it and whatever its caller does next."""

    def slowed(**arguments):
        verb(**arguments)
        time.sleep(0.2)

    return slowed


def _shipped_in_part(shop, lines, person):
    order = make_order(shop, lines=lines)
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    steps = orders.advance_order(
        order_id=order.pk, to=Status.SHIPPED, actor=person, arguments=Arguments(carrier="own")
    )
    return steps[0].move_id


def test_undo_and_a_later_change_at_once_leave_one_story(in_threads):
    shop = make_shop(undo_seconds=600)
    supervisor, packer = Actor.person(make_user(shop, Role.SUPERVISOR)), Actor.person(make_user(shop))
    product = make_product(shop, stock=50)
    for _ in range(8):
        order = make_order(shop, lines=(make_line(product, 1),))
        move = orders.confirm_order(order_id=order.pk, actor=supervisor).move_id

        undone, started = in_threads(
            [
                lambda m=move: orders.revert_move(move_id=m, actor=supervisor),
                lambda o=order: orders.start_processing(order_id=o.pk, actor=packer),
            ]
        )

        if isinstance(undone, TooLateToUndo):
            assert isinstance(started, StatusChange)
            assert status_of(order) == Status.PROCESSING
        else:
            assert undone == order.pk
            assert isinstance(started, TransitionRefused)
            assert status_of(order) == Status.NEW
    assert_sound()


def test_one_external_order_arriving_ten_times_at_once_is_placed_once(in_threads):
    shop = make_shop()
    product = make_product(shop, stock=50)
    draft = make_draft(
        shop, make_line(product, 2), source="woocommerce", external_id="727", external_number="727"
    )

    outcomes = in_threads([lambda: orders.place_order(shop_id=shop.pk, draft=draft, actor=SYSTEM)] * 10)

    assert kinds(outcomes) == {"Order": 1, IntegrityError.__name__: 9}
    assert Order.objects.count() == 1
    assert counters(product) == (50, 2)
    assert_sound()


def test_twenty_orders_drawn_at_once_have_twenty_numbers(in_threads):
    shop = make_shop()
    product = make_product(shop, stock=50)
    draft = make_draft(shop, make_line(product, 1))

    outcomes = in_threads([lambda: orders.place_order(shop_id=shop.pk, draft=draft, actor=SYSTEM)] * 20)

    assert kinds(outcomes) == {"Order": 20}
    assert len({order.number for order in outcomes}) == 20
    assert counters(product) == (50, 20)


def test_shipping_twice_at_once_takes_the_units_once(in_threads):
    shop = make_shop()
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, 2),), status=Status.PROCESSING)
    person = Actor.person(make_user(shop))

    outcomes = in_threads([lambda: orders.ship_order(order_id=order.pk, actor=person, carrier="own")] * 5)

    assert kinds(outcomes) == {StatusChange.__name__: 1, AlreadyDone.__name__: 4}
    assert counters(product) == (3, 0)
    assert order.shipments.count() == 1


def test_a_return_received_twice_at_once_is_restocked_once(in_threads):
    shop = make_shop()
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, 2),), status=Status.RETURNED)
    note = order.returns.get()
    line = note.lines.get().pk

    outcomes = in_threads(
        [lambda: orders.receive_return(return_id=note.pk, actor=SYSTEM, restocked={line: 2})] * 5
    )

    assert kinds(outcomes) == {"NoneType": 1, OrderError.__name__: 4}
    assert counters(product) == (5, 0)
