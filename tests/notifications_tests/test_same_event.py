"""An event that is told a hundred times, one after another or by twenty threads at once, is one message a channel."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from notifications.models import Message
from notifications.services import queue_messages
from tests.factories import SYSTEM, make_order

TIMES = 100


def channels_of(uid: uuid.UUID) -> list[str]:
    return sorted(Message.objects.filter(event_uid=uid).values_list("channel", flat=True))


@pytest.mark.django_db
def test_the_same_event_handled_a_hundred_times_is_one_message_a_channel() -> None:
    order, uid = make_order(), uuid.uuid4()

    queued = [
        queue_messages(
            order_id=order.pk, shop_id=order.shop_id, event="confirmed", event_uid=uid, actor=SYSTEM
        )
        for _ in range(TIMES)
    ]

    assert channels_of(uid) == ["email", "sms"]
    assert queued == [2] + [0] * (TIMES - 1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_twenty_threads_that_handle_it_five_times_each_queue_it_once(
    in_threads: Callable[..., list[Any]],
) -> None:
    order, uid = make_order(), uuid.uuid4()

    def five_times() -> None:
        for _ in range(TIMES // 20):
            queue_messages(
                order_id=order.pk, shop_id=order.shop_id, event="confirmed", event_uid=uid, actor=SYSTEM
            )

    answers = in_threads([five_times] * 20)

    assert answers == [None] * 20
    assert channels_of(uid) == ["email", "sms"]


@pytest.mark.django_db
def test_another_event_is_another_message() -> None:
    order = make_order()

    for uid in (first := uuid.uuid4(), second := uuid.uuid4()):
        queue_messages(
            order_id=order.pk, shop_id=order.shop_id, event="confirmed", event_uid=uid, actor=SYSTEM
        )

    assert channels_of(first) == channels_of(second) == ["email", "sms"]
