"""What an order's change puts into the outbox, and what an undone change takes out of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications import handlers, outbox
from notifications.models import Message, MessageSwitch
from notifications.statuses import MessageState
from orders import services as orders
from orders.errors import TooLateToUndo
from orders.events import OrderAcknowledged, OrderPlaced, OrderStatusChanged
from orders.models import Order, OrderEvent
from orders.statuses import CancelReason, Status
from shops.actors import Actor
from tests.factories import ADDRESS, PAID, SYSTEM, make_order, make_shop, make_user


def status_event(order: Order, to: str = "confirmed", **fields: Any) -> OrderStatusChanged:
    return OrderStatusChanged(
        order_id=order.pk,
        shop_id=order.shop_id,
        actor=SYSTEM,
        from_status="new",
        to_status=to,
        event_id=1,
        **fields,
    )


@pytest.mark.django_db
def test_it_queues_one_message_per_channel_however_often_the_event_is_handled() -> None:
    order = make_order()
    event = status_event(order)

    for _ in range(100):
        handlers.queue_status_message(event)

    messages = Message.objects.filter(order=order)
    assert sorted(messages.values_list("channel", "recipient")) == [
        ("email", "ana@example.com"),
        ("sms", "+40722334455"),
    ]
    assert messages.get(channel="sms").dedupe_key == f"{event.uid}:confirmed:sms:+40722334455"


@pytest.mark.django_db
def test_it_says_received_once_per_order() -> None:
    order = make_order()
    placed = OrderPlaced(order_id=order.pk, shop_id=order.shop_id, actor=SYSTEM)
    acknowledged = OrderAcknowledged(order_id=order.pk, shop_id=order.shop_id, actor=SYSTEM)

    handlers.queue_received(placed)
    handlers.queue_received_late(acknowledged)

    assert list(Message.objects.filter(order=order).values_list("event", "channel")) == [
        ("received", "email")
    ]


@pytest.mark.django_db
def test_it_stays_silent_where_nobody_is_to_be_told() -> None:
    order = make_order()

    handlers.queue_status_message(status_event(order, notify=False))

    assert not Message.objects.filter(order=order).exists()


@pytest.mark.django_db
def test_it_stays_silent_where_the_switch_is_off() -> None:
    order = make_order()
    MessageSwitch.objects.filter(shop=order.shop, event="confirmed", channel="sms").update(is_on=False)

    handlers.queue_status_message(status_event(order))

    assert list(Message.objects.filter(order=order).values_list("channel", flat=True)) == ["email"]


@pytest.mark.django_db
def test_it_writes_only_to_addresses_that_exist() -> None:
    nobody = ADDRESS.__class__(**{**ADDRESS.__dict__, "email": "", "phone": ""})
    order = make_order(shipping=nobody)

    handlers.queue_status_message(status_event(order))

    assert not Message.objects.filter(order=order).exists()


@pytest.mark.django_db
def test_reopening_an_order_says_nothing() -> None:
    order = make_order(status=Status.CANCELLED)
    before = Message.objects.filter(order=order).count()

    orders.reopen_order(order_id=order.pk, actor=SYSTEM, reason="They called")

    assert Message.objects.filter(order=order).count() == before


@pytest.mark.django_db
def test_only_the_last_step_of_a_move_is_told() -> None:
    order = make_order(status=Status.SHIPPED)

    assert set(Message.objects.filter(order=order).values_list("event", flat=True)) == {"shipped"}


@pytest.mark.django_db
def test_a_persons_change_waits_for_the_end_of_its_hold() -> None:
    shop = make_shop(undo_seconds=10)
    person = Actor.person(make_user(shop))
    order = make_order(shop)

    orders.confirm_order(order_id=order.pk, actor=person)

    message = Message.objects.filter(order=order, event="confirmed").first()
    assert message is not None
    assert message.due_at == OrderEvent.objects.get(order=order, to_status="confirmed").undo_until
    assert message.actor_user_id == person.user_id
    assert outbox.claim(message.pk) is None


@pytest.mark.django_db
def test_undoing_a_move_discards_what_it_would_have_said() -> None:
    shop = make_shop()
    person = Actor.person(make_user(shop))
    order = make_order(shop)
    orders.confirm_order(order_id=order.pk, actor=person)
    move_id = Message.objects.filter(order=order).latest("created_at").move_id

    orders.revert_move(move_id=move_id, actor=person)

    assert set(Message.objects.filter(order=order).values_list("state", "last_error")) == {
        ("discarded", "reverted")
    }
    assert Order.objects.get(pk=order.pk).status == Status.NEW


@pytest.mark.django_db
def test_a_move_whose_message_has_left_cannot_be_undone_and_nothing_changes() -> None:
    shop = make_shop()
    person = Actor.person(make_user(shop))
    order = make_order(shop)
    orders.confirm_order(order_id=order.pk, actor=person)
    email = Message.objects.get(order=order, channel="email")
    Message.objects.filter(pk=email.pk).update(due_at=timezone.now())
    outbox.claim(email.pk)

    with pytest.raises(TooLateToUndo) as refusal:
        orders.revert_move(move_id=email.move_id, actor=person)

    assert refusal.value.code == "message_left"
    assert Order.objects.get(pk=order.pk).status == Status.CONFIRMED
    assert Message.objects.get(order=order, channel="sms").state == MessageState.QUEUED


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_undo_and_worker_at_the_same_moment_never_both_win(in_threads: Callable[..., list[Any]]) -> None:
    shop = make_shop()
    person = Actor.person(make_user(shop))
    for _ in range(8):
        order = make_order(shop)
        orders.confirm_order(order_id=order.pk, actor=person)
        message = Message.objects.get(order=order, channel="email")
        Message.objects.filter(order=order).update(due_at=timezone.now() - timedelta(seconds=1))

        undone, taken = in_threads(
            [
                lambda move=message.move_id: orders.revert_move(move_id=move, actor=person),
                lambda pk=message.pk: outbox.claim(pk),
            ]
        )

        state = Message.objects.get(pk=message.pk).state
        status = Order.objects.get(pk=order.pk).status
        if isinstance(undone, TooLateToUndo):
            assert (state, status) == (MessageState.SENDING, Status.CONFIRMED)
            assert isinstance(taken, Message)
        else:
            assert undone == order.pk
            assert (state, status, taken) == (MessageState.DISCARDED, Status.NEW, None)


@pytest.mark.django_db
def test_the_facts_are_those_of_the_moment() -> None:
    order = make_order(status=Status.SHIPPED)

    facts = Message.objects.get(order=order, channel="sms").facts

    assert facts["firstname"] == "Ana-Maria"
    assert facts["carrier"] == "FAN Courier"
    assert facts["awbNumber"] in facts["awbNumberWithTracking"]
    assert facts["trackingUrl"].endswith(facts["awbNumber"])
    assert facts["due"] == "10,00 lei"
    assert facts["order_url"] == ""
    assert facts["shipping_Date"]


@pytest.mark.django_db
def test_nothing_is_due_at_the_door_of_a_paid_order_and_its_cancellation_promises_a_refund() -> None:
    order = make_order(**PAID)

    orders.cancel_order(order_id=order.pk, actor=SYSTEM, reason_code=CancelReason.OUT_OF_STOCK)

    facts = Message.objects.get(order=order, channel="email").facts
    assert facts["due"] == ""
    assert facts["refund"] is True
    assert facts["reason"] == "Stoc epuizat" or facts["reason"] == str(CancelReason.OUT_OF_STOCK.label)


@pytest.mark.django_db
def test_a_suspicion_is_not_told_to_the_customer() -> None:
    order = make_order()

    orders.cancel_order(order_id=order.pk, actor=SYSTEM, reason_code=CancelReason.FRAUD, reason="liar")

    facts = Message.objects.get(order=order, channel="email").facts
    assert facts["reason"] == ""
    assert "liar" not in str(facts)
