"""The tracking link is put in when a message is sent: wherever the text has it, whole, and never half its mark."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote_plus

import pytest

from notifications.composing import compose
from notifications.models import Message, MessageTemplate
from orders.tracking import token_for

pytestmark = pytest.mark.django_db
MakeMessage = Callable[..., Message]


@pytest.mark.parametrize("letters", range(60, 125, 8))
def test_no_half_of_its_mark_is_left_beside_the_subject(make_message: MakeMessage, letters: int) -> None:
    message = make_message("email")
    body = f"Hello\n\n{'x' * letters} {{{{ order_url }}}} and more"
    MessageTemplate.objects.filter(shop=message.shop).update(body=body)

    outgoing = compose(message)

    assert "link.invalid" not in f"{outgoing.html}{outgoing.text}"
    assert "and more" in outgoing.html


def test_it_may_stand_inside_another_address(make_message: MakeMessage) -> None:
    message = make_message("email")
    body = "Hello\n\nhttps://share.example/?u={{ order_url | url_encode }}"
    MessageTemplate.objects.filter(shop=message.shop).update(body=body)
    assert message.order is not None

    outgoing = compose(message)

    token = token_for(message.order.uuid, message.order.tracking_version)
    assert quote_plus(f"/t/{token}/") in outgoing.text
    assert "link.invalid" not in f"{outgoing.html}{outgoing.text}"
    assert token not in message.body + message.html
