"""Which messages the menu's badge and the board's figure count: those that nobody has dealt with yet."""

from collections.abc import Callable

import pytest

from notifications.models import Message
from notifications.services import resend_message
from notifications.statuses import MessageState
from shops.actors import Actor
from shops.permissions import Role
from tests.factories import make_user

MakeMessage = Callable[..., Message]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", [MessageState.FAILED, MessageState.BOUNCED, MessageState.UNKNOWN])
def test_it_counts_what_did_not_leave_until_somebody_sends_it_again(
    make_message: MakeMessage, state: str
) -> None:
    failed = make_message("sms", state=state, last_error="no credit")
    waiting = make_message("email", order=failed.order)
    manager = make_user(failed.shop, Role.MANAGER)

    before = list(Message.objects.needing_a_person())
    again = resend_message(message_id=failed.pk, actor=Actor.person(manager))

    assert before == [failed]
    assert not Message.objects.needing_a_person().exists()
    Message.objects.filter(pk=again).update(state=MessageState.FAILED)
    assert [message.pk for message in Message.objects.needing_a_person()] == [again]
    assert waiting.state == MessageState.QUEUED
