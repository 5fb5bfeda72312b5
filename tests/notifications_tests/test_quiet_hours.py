"""Quiet hours: an SMS that becomes due in them waits for their end, whatever the clocks do; an e-mail does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time

import pytest
import time_machine

from notifications.models import Message, MessageSettings
from notifications.quiet_hours import end_of_quiet
from notifications.sending import drain
from notifications.services import release_quiet, send_now, send_test_sms
from notifications.statuses import Hold, MessageState
from shops.models import Shop
from tests.factories import SYSTEM, make_order, make_shop
from tests.notifications_tests.conftest import Gateway, MailServer

MakeMessage = Callable[..., Message]
NIGHT = (time(21), time(8))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "hours", "ends"),
    [
        # Bucharest is two hours ahead in winter, three in summer.
        ("2026-01-10 18:59", NIGHT, ""),
        ("2026-01-10 19:00", NIGHT, "2026-01-11 06:00"),
        ("2026-01-10 21:59", NIGHT, "2026-01-11 06:00"),
        ("2026-01-10 22:00", NIGHT, "2026-01-11 06:00"),
        ("2026-01-11 05:59", NIGHT, "2026-01-11 06:00"),
        ("2026-01-11 06:00", NIGHT, ""),
        ("2026-07-10 18:30", NIGHT, "2026-07-11 05:00"),
        ("2026-12-31 22:30", NIGHT, "2027-01-01 06:00"),
        # In the middle of the day, not past midnight.
        ("2026-01-10 11:30", (time(13), time(15)), "2026-01-10 13:00"),
        ("2026-01-10 13:00", (time(13), time(15)), ""),
        # Until midnight, and from midnight.
        ("2026-01-10 21:30", (time(22), time(0)), "2026-01-10 22:00"),
        ("2026-01-10 22:30", (time(0), time(7)), "2026-01-11 05:00"),
        # The same clock time twice is no time at all.
        ("2026-01-10 11:30", (time(13), time(13)), ""),
        # 29 March: 03:00 becomes 04:00. The night is an hour shorter and still ends at eight.
        ("2026-03-28 23:30", NIGHT, "2026-03-29 05:00"),
        # An end that does not exist on that day comes when the clocks show the hour after it.
        ("2026-03-29 00:30", (time(22), time(3, 30)), "2026-03-29 01:30"),
        # 25 October: 04:00 becomes 03:00. What ends at half past three ends at the second one.
        ("2026-10-25 00:40", (time(22), time(3, 30)), "2026-10-25 01:30"),
        ("2026-10-25 01:10", (time(22), time(3, 30)), "2026-10-25 01:30"),
        ("2026-10-25 01:30", (time(22), time(3, 30)), ""),
        # What begins in the repeated hour begins at the first one.
        ("2026-10-25 01:10", (time(3, 30), time(6)), "2026-10-25 04:00"),
    ],
)
def test_the_end_of_the_quiet_hours(now: str, hours: tuple[time, time], ends: str) -> None:
    found = end_of_quiet(utc(now), begins=hours[0], ends=hours[1], time_zone="Europe/Bucharest")

    assert found == (utc(ends) if ends else None)


@pytest.mark.parametrize("zone", ["Europe/Bucharest", "Europe/Warsaw", "Europe/Kyiv", "America/New_York"])
@pytest.mark.parametrize("ends", [time(2, 30), time(3), time(3, 30), time(8)])
def test_no_minute_of_a_change_of_clocks_waits_for_a_moment_that_has_passed(zone: str, ends: time) -> None:
    from datetime import timedelta

    for day in ("2026-03-07", "2026-03-28", "2026-10-24", "2026-10-31"):
        start = utc(f"{day} 18:00")
        for minute in range(0, 18 * 60, 7):
            now = start + timedelta(minutes=minute)
            found = end_of_quiet(now, begins=time(21), ends=ends, time_zone=zone)
            assert found is None or now < found <= now + timedelta(hours=15)


@pytest.fixture
def shop() -> Shop:
    shop = make_shop(time_zone="Europe/Bucharest")
    MessageSettings.objects.create(shop=shop, quiet_from=NIGHT[0], quiet_until=NIGHT[1])
    return shop


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


@pytest.mark.django_db
def test_an_sms_of_the_night_leaves_in_the_morning_and_is_not_lost(
    shop: Shop, make_message: MakeMessage, gateway: Gateway
) -> None:
    with time_machine.travel(utc("2026-01-10 21:30"), tick=False):
        message = make_message("sms", order=make_order(shop))
        drain("sms")
        held = again(message)
    with time_machine.travel(utc("2026-01-11 05:59"), tick=False):
        drain("sms")
        early = list(gateway.requests)
    with time_machine.travel(utc("2026-01-11 06:00"), tick=False):
        drain("sms")

    assert (held.state, held.hold, held.attempts) == (MessageState.QUEUED, Hold.QUIET, 0)
    assert held.due_at == utc("2026-01-11 06:00")
    assert early == []
    assert len(gateway.requests) == 1
    assert (again(message).state, again(message).hold) == (MessageState.SENT, "")


@pytest.mark.django_db
def test_an_email_leaves_at_night(shop: Shop, make_message: MakeMessage, mail_server: MailServer) -> None:
    with time_machine.travel(utc("2026-01-10 21:30"), tick=False):
        make_message("email", order=make_order(shop))
        drain("email")

    assert len(mail_server.mails) == 1


@pytest.mark.django_db
def test_one_shops_night_holds_up_no_other(shop: Shop, make_message: MakeMessage, gateway: Gateway) -> None:
    with time_machine.travel(utc("2026-01-10 21:30"), tick=False):
        held = make_message("sms", order=make_order(shop))
        other = make_message("sms", order=make_order(make_shop()))
        drain("sms")

    assert (again(held).state, again(other).state) == (MessageState.QUEUED, MessageState.SENT)


@pytest.mark.django_db
def test_a_colleague_may_send_it_at_once(shop: Shop, make_message: MakeMessage, gateway: Gateway) -> None:
    with time_machine.travel(utc("2026-01-10 21:30"), tick=False):
        message = make_message("sms", order=make_order(shop))
        drain("sms")
        send_now(message_id=message.pk, actor=SYSTEM)
        drain("sms")

    assert again(message).state == MessageState.SENT


@pytest.mark.django_db
def test_a_test_to_oneself_is_not_held(shop: Shop, gateway: Gateway) -> None:
    with time_machine.travel(utc("2026-01-10 21:30"), tick=False):
        send_test_sms(shop_id=shop.pk, to="+40722334455", text="Test", actor=SYSTEM)
        drain("sms")

    assert gateway.requests[0]["text"] == "Test"


@pytest.mark.django_db
def test_other_hours_hold_for_what_waits_already(
    shop: Shop, make_message: MakeMessage, gateway: Gateway
) -> None:
    with time_machine.travel(utc("2026-01-10 21:30"), tick=False):
        message = make_message("sms", order=make_order(shop))
        drain("sms")
        MessageSettings.objects.update(quiet_until=time(7))
        released = release_quiet(shop_id=shop.pk)
        drain("sms")
        later = again(message)
        MessageSettings.objects.update(quiet_from=None, quiet_until=None)
        release_quiet(shop_id=shop.pk)
        drain("sms")

    assert (released, later.due_at) == (1, utc("2026-01-11 05:00"))
    assert again(message).state == MessageState.SENT
