"""What was left in the lane of an SMS account at the moment it was switched off leaves by the shop's present way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from notifications.models import Message, SmsAccount
from notifications.sending import drain
from notifications.statuses import Lane, MessageState
from tests.factories import make_order, make_shop
from tests.notifications_tests.conftest import Gateway
from tests.notifications_tests.test_sms_reports import make_account

pytestmark = pytest.mark.django_db
MakeMessage = Callable[..., Message]


def test_what_is_left_in_its_lane_is_never_sent_by_it(make_message: MakeMessage, gateway: Gateway) -> None:
    shop = make_shop()
    account = make_account(shop)
    SmsAccount.objects.update(is_on=False)
    message = make_message("sms", order=make_order(shop), lane=account.lane)

    assert drain(account.lane) == 0
    moved = Message.objects.get(pk=message.pk)
    assert (moved.lane, moved.state, moved.attempts) == (Lane.SMS, MessageState.QUEUED, 0)

    assert drain(Lane.SMS) == 1
    assert [request["id"] for request in gateway.requests] == [str(message.pk)]
