"""The customer's tracking link opens the order without a password: what a provider repeats of it is not kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from notifications.composing import without_link
from notifications.models import Message
from notifications.sending import drain
from orders.tracking import token_for
from tests.notifications_tests.conftest import Gateway

pytestmark = pytest.mark.django_db
MakeMessage = Callable[..., Message]


@pytest.mark.parametrize("status", [200, 400, 429, 502])
def test_a_gateway_that_repeats_the_text_leaves_no_link_behind(
    make_message: MakeMessage, gateway: Gateway, status: int
) -> None:
    message = make_message("sms")
    assert message.order is not None
    token = token_for(message.order.uuid, message.order.tracking_version)
    gateway.status, gateway.answer = status, f"refused: t/{token}/ and cut off t/{token[:15]}"

    drain("sms")

    found = Message.objects.get(pk=message.pk)
    assert ("refused: t/…/ and cut off t/…" in found.last_error) == (status != 200)
    assert token[:8] not in f"{found.last_error} {found.provider_id} {found.body}"


def test_other_words_stay_as_they_are(make_message: MakeMessage) -> None:
    assert without_link("no credit — call us", make_message("sms")) == "no credit — call us"
