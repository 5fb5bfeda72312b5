"""Walking the happy path: each step is recorded, only the last is told to people, and all of it or nothing happens."""

import uuid

import pytest

from crm.models import DealMove, MoveKind
from notifications.models import Message
from orders import services as orders
from orders.errors import NeedsInput, TransitionRefused
from orders.guards import Arguments
from orders.models import Order
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.permissions import Role
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, counters, everything, status_events, status_of

pytestmark = pytest.mark.django_db
PARCEL = Arguments(carrier="fan", tracking_number="AWB1")


def test_each_step_is_recorded_under_one_move_and_only_the_last_is_told():
    shop = make_shop()
    order, manager = make_order(shop), make_user(shop)
    move = uuid.uuid4()

    changes = orders.advance_order(
        order_id=order.pk, to=Status.SHIPPED, actor=Actor.person(manager), arguments=PARCEL, move_id=move
    )

    events = status_events(order)
    assert [event.to_status for event in events] == ["confirmed", "processing", "shipped"]
    assert [event.notify for event in events] == [False, False, True]
    assert {event.move_id for event in events} == {move}
    assert len({event.undo_until for event in events}) == 1
    assert [change.event_id for change in changes] == [event.pk for event in events]
    assert_sound()


def test_the_card_makes_one_move():
    order = make_order()

    orders.advance_order(order_id=order.pk, to=Status.SHIPPED, actor=SYSTEM, arguments=PARCEL)

    (move,) = DealMove.objects.exclude(kind=MoveKind.CREATED)
    assert (move.from_stage.slug, move.to_stage.slug) == ("new", "shipped")


def test_messages_are_those_of_the_last_step():
    order = make_order()
    before = set(Message.objects.values_list("pk", flat=True))

    orders.advance_order(order_id=order.pk, to=Status.SHIPPED, actor=SYSTEM, arguments=PARCEL)

    events = set(Message.objects.exclude(pk__in=before).values_list("event", flat=True))
    assert events <= {"shipped"}


def test_a_refusal_on_the_way_undoes_the_steps_before_it():
    order = make_order()
    before = everything()

    with pytest.raises(NeedsInput) as refusal:
        orders.advance_order(order_id=order.pk, to=Status.DELIVERED, actor=SYSTEM)

    assert refusal.value.form == "ship"
    assert everything() == before


def test_permission_for_a_later_step_is_asked_too():
    shop = make_shop()
    order = make_order(shop)
    packer = Actor.person(make_user(shop, Role.WAREHOUSE))
    before = everything()

    with pytest.raises(NotPermitted):
        orders.advance_order(order_id=order.pk, to=Status.SHIPPED, actor=packer, arguments=PARCEL)

    assert everything() == before


@pytest.mark.parametrize(
    ("status", "to"),
    [
        (Status.DELIVERED, Status.NEW),
        (Status.SHIPPED, Status.CONFIRMED),
        (Status.CANCELLED, Status.SHIPPED),
        (Status.RETURNED, Status.NEW),
    ],
)
def test_there_is_no_way_back(status, to):
    order = make_order(status=status)
    before = everything()

    with pytest.raises(TransitionRefused) as refusal:
        orders.advance_order(order_id=order.pk, to=to, actor=SYSTEM, arguments=PARCEL)

    assert refusal.value.code == "no_way"
    assert everything() == before


def test_an_order_already_there_stays_as_it_is():
    order = make_order(status=Status.CONFIRMED)
    before = everything()

    assert orders.advance_order(order_id=order.pk, to=Status.CONFIRMED, actor=SYSTEM) == []
    assert everything() == before


def test_it_can_be_silent():
    order = make_order()

    orders.advance_order(order_id=order.pk, to=Status.PROCESSING, actor=SYSTEM, notify=False)

    assert [event.notify for event in status_events(order)] == [False, False]


def test_stock_goes_the_whole_way():
    shop = make_shop(reserve_at="confirmation")
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, 2),))

    orders.advance_order(order_id=order.pk, to=Status.DELIVERED, actor=SYSTEM, arguments=PARCEL)

    assert status_of(order) == Status.DELIVERED
    assert counters(product) == (3, 0)


def test_an_order_that_does_not_exist_is_said_so():
    with pytest.raises(Order.DoesNotExist):
        orders.advance_order(order_id=10**9, to=Status.SHIPPED, actor=SYSTEM)
