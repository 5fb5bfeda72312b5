"""Bodies nobody expects at the doors for SMS providers: none is an error of ours, none is stored."""

from __future__ import annotations

import pytest
from django.test import Client

from notifications.models import MessageReport, SmsReply
from notifications.statuses import SmsProvider
from tests.factories import make_shop
from tests.notifications_tests.test_sms_reports import address, make_account

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("what", ["report", "reply"])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=\xff", b"x"),
        (f"{FORM}; charset=utf-16", b"a=1"),
        (FORM, b"&".join(b"a%d=1" % number for number in range(2000))),
    ],
)
def test_a_body_that_cannot_be_taken_apart_is_refused_for_good(
    client: Client, what: str, content_type: str, body: bytes
) -> None:
    account = make_account(make_shop())

    answer = client.generic("POST", address(account, what), body, content_type=content_type)

    assert answer.status_code == 400
    assert not MessageReport.objects.exists()
    assert not SmsReply.objects.exists()


@pytest.mark.parametrize("provider", SmsProvider.values)
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"[1]"),
        ("application/json", b"\xff\xfe"),
        ("application/json", b'{"a":' * 5000),
        ("application/json", b'{"MsgId":"\\u0000","idx":"\\ud800","status":"404","text":"\\ud800"}'),
        ("multipart/form-data; boundary=x", b"--x\r\ngarbage"),
        (FORM, b"text=%ed%a0%80&id=%00&MsgId=%00&status=404"),
        ("text/plain", b"x" * 60_000),
        ("", b""),
    ],
)
def test_a_body_that_says_nothing_is_passed_over(
    client: Client, provider: str, content_type: str, body: bytes
) -> None:
    account = make_account(make_shop(), provider)

    for what in ("report", "reply"):
        answer = client.generic("POST", address(account, what), body, content_type=content_type)

        assert answer.status_code in (200, 204)
    assert not MessageReport.objects.exists()
    assert not SmsReply.objects.exists()
