"""A message that waits: dropped or hurried by a person, once, and only by who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.errors import MessageError
from notifications.models import Message, MessageReport
from notifications.sending import drain
from notifications.services import send_now, skip_message
from notifications.statuses import Hold, MessageState
from orders import services as orders
from orders.errors import TooLateToUndo
from orders.models import Order
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

MakeMessage = Callable[..., Message]
pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=10)


def held(make_message: MakeMessage, **columns: object) -> Message:
    return make_message("email", **{"due_at": timezone.now() + LATER, "hold": Hold.UNDO} | columns)


def person(message: Message, role: str = Role.MANAGER) -> Actor:
    return Actor.person(make_user(message.shop, role, first_name="Mara", last_name="Ilie"))


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def test_a_skipped_message_never_leaves_and_says_who_decided_so(make_message: MakeMessage) -> None:
    message = held(make_message)

    assert skip_message(message_id=message.pk, actor=person(message))
    Message.objects.update(due_at=timezone.now())
    drain("email")

    found = again(message)
    assert (found.state, found.last_error, found.sent_at) == (MessageState.DISCARDED, "skipped", None)
    assert found.ended_at is not None
    assert MessageReport.objects.get(message=message).by == "Mara Ilie"


def test_skipping_twice_is_harmless(make_message: MakeMessage) -> None:
    message = held(make_message)
    actor = person(message)

    answers = [skip_message(message_id=message.pk, actor=actor) for _ in range(2)]

    assert answers == [True, False]
    assert MessageReport.objects.filter(message=message).count() == 1


@pytest.mark.parametrize(
    ("state", "words"), [(MessageState.SENDING, "being sent right now"), (MessageState.SENT, "has left")]
)
def test_what_is_being_sent_or_was_is_not_skipped(make_message: MakeMessage, state: str, words: str) -> None:
    now = timezone.now()
    message = held(make_message, state=state, lease_until=now + LATER, sent_at=now)

    with pytest.raises(MessageError, match=words):
        skip_message(message_id=message.pk, actor=person(message))

    assert again(message).state == state
    assert not MessageReport.objects.exists()


def test_hurrying_makes_it_due_and_lets_it_pass_the_quiet_hours(make_message: MakeMessage) -> None:
    message = held(make_message)

    answers = [send_now(message_id=message.pk, actor=person(message)) for _ in range(2)]

    found = again(message)
    assert answers == [True, False]
    assert found.due_at <= timezone.now()
    assert (found.hold, found.at_once) == ("", True)
    assert MessageReport.objects.filter(message=message).count() == 1


def test_hurrying_what_a_worker_has_is_harmless(make_message: MakeMessage) -> None:
    message = held(make_message, state=MessageState.SENDING, lease_until=timezone.now() + LATER)

    assert send_now(message_id=message.pk, actor=person(message)) is False

    assert again(message).state == MessageState.SENDING


def test_what_was_skipped_is_not_hurried(make_message: MakeMessage) -> None:
    message = held(make_message)
    skip_message(message_id=message.pk, actor=person(message))

    with pytest.raises(MessageError, match="does not wait any more"):
        send_now(message_id=message.pk, actor=person(message))

    assert again(message).state == MessageState.DISCARDED


@pytest.mark.parametrize("decide", [skip_message, send_now])
def test_only_who_may_resend_decides(make_message: MakeMessage, decide: Callable[..., bool]) -> None:
    message = held(make_message)
    stranger = Actor.person(make_user(make_shop(), Role.ADMIN))

    for actor in (person(message, Role.WAREHOUSE), stranger):
        with pytest.raises(NotPermitted):
            decide(message_id=message.pk, actor=actor)

    found = again(message)
    assert (found.state, found.due_at) == (MessageState.QUEUED, message.due_at)
    assert not MessageReport.objects.exists()


def test_a_move_with_a_skipped_message_can_be_undone() -> None:
    order, actor, move_id = confirmed_by_hand()
    for message in Message.objects.filter(order=order):
        skip_message(message_id=message.pk, actor=actor)

    orders.revert_move(move_id=move_id, actor=actor)

    assert Order.objects.get(pk=order.pk).status == "new"
    assert set(Message.objects.values_list("last_error", flat=True)) == {"skipped"}


def test_a_move_whose_message_left_can_not() -> None:
    order, actor, move_id = confirmed_by_hand()
    message = Message.objects.filter(order=order, channel="email").get()
    send_now(message_id=message.pk, actor=actor)
    drain("email")

    with pytest.raises(TooLateToUndo):
        orders.revert_move(move_id=move_id, actor=actor)

    assert Order.objects.get(pk=order.pk).status == "confirmed"
    assert again(message).state == MessageState.SENT


def confirmed_by_hand() -> tuple[Order, Actor, Any]:
    order = make_order(make_shop(undo_seconds=600))
    actor = Actor.person(make_user(order.shop))
    change = orders.confirm_order(order_id=order.pk, actor=actor)
    assert Message.objects.filter(order=order).count() == 2
    return order, actor, change.move_id


def test_an_sms_that_is_due_in_quiet_hours_and_not_taken_yet_can_be_hurried(
    make_message: MakeMessage,
) -> None:
    message = make_message("sms", due_at=timezone.now() - timedelta(seconds=1))
    actor = person(message)

    answers = [send_now(message_id=message.pk, actor=actor) for _ in range(2)]

    assert answers == [True, False]
    assert again(message).at_once
