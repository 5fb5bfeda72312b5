"""Two quick opposite moves tell the customer nothing false: what was taken back is not said, what stands is."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from notifications.models import Message
from notifications.sending import drain
from orders import services as orders
from orders.models import Order, OrderEvent
from orders.statuses import CancelReason, Status
from shops.actors import Actor
from tests.factories import make_order, make_shop, make_user
from tests.notifications_tests.conftest import Gateway, MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HOLD = 10


def person_and_order() -> tuple[Actor, Order]:
    shop = make_shop(undo_seconds=HOLD)
    return Actor.person(make_user(shop)), make_order(shop)


def drain_everything_later() -> None:
    with time_machine.travel(timezone.now() + timedelta(seconds=HOLD + 5)):
        for lane in ("email", "sms"):
            drain(lane)


def told(server: MailServer, gateway: Gateway) -> list[str]:
    return [str(mail["Subject"]) for mail in server.mails] + [sms["text"] for sms in gateway.requests]


def test_a_confirmation_that_is_undone_is_never_told(mail_server: MailServer, gateway: Gateway) -> None:
    actor, order = person_and_order()
    orders.confirm_order(order_id=order.pk, actor=actor)
    move = OrderEvent.objects.get(order=order, to_status=Status.CONFIRMED).move_id
    drain("email")

    orders.revert_move(move_id=move, actor=actor)
    drain_everything_later()

    assert told(mail_server, gateway) == []
    assert set(Message.objects.filter(order=order).values_list("state", flat=True)) == {"discarded"}


def test_a_cancellation_that_is_reopened_inside_its_hold_is_never_told(
    mail_server: MailServer, gateway: Gateway
) -> None:
    actor, order = person_and_order()
    orders.cancel_order(order_id=order.pk, actor=actor, reason_code=CancelReason.CUSTOMER)
    move = OrderEvent.objects.get(order=order, to_status=Status.CANCELLED).move_id

    orders.revert_move(move_id=move, actor=actor)
    drain_everything_later()

    assert told(mail_server, gateway) == []
    assert Order.objects.get(pk=order.pk).status == Status.NEW


def test_confirmed_and_cancelled_at_once_tells_the_cancellation_only(
    mail_server: MailServer, gateway: Gateway
) -> None:
    actor, order = person_and_order()
    orders.confirm_order(order_id=order.pk, actor=actor)

    orders.cancel_order(order_id=order.pk, actor=actor, reason_code=CancelReason.CUSTOMER)
    drain_everything_later()

    states = dict(Message.objects.filter(order=order, channel="email").values_list("event", "state"))
    assert states == {"confirmed": "discarded", "cancelled": "sent"}
    assert len(mail_server.mails) == 1


def test_confirmed_undone_and_confirmed_again_is_told_once(mail_server: MailServer, gateway: Gateway) -> None:
    actor, order = person_and_order()
    orders.confirm_order(order_id=order.pk, actor=actor)
    move = OrderEvent.objects.get(order=order, to_status=Status.CONFIRMED).move_id
    orders.revert_move(move_id=move, actor=actor)

    orders.confirm_order(order_id=order.pk, actor=actor)
    drain_everything_later()

    assert len(mail_server.mails) == 1
    assert len(gateway.requests) == 1
