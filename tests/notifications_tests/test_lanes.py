"""Lanes: a provider that hangs, an account that is gone, a text that burns time hold up nobody else."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from notifications import composing, outbox
from notifications.models import Message, MessageTemplate
from notifications.selectors import first_due, lanes_due, own_lanes_due
from notifications.sending import deliver_all, drain
from notifications.statuses import MessageState
from notifications.transports.base import ChannelDown, Outgoing
from notifications.transports.log import LogTransport
from oms.sweep import JOBS
from shops.sweep import Family, Sweep
from tests.factories import make_order
from tests.notifications_tests.conftest import Gateway, MailServer

MakeMessage = Callable[..., Message]


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def no_slow_texts(monkeypatch: pytest.MonkeyPatch) -> composing.SlowTexts:
    from notifications import sending

    texts = composing.SlowTexts()
    monkeypatch.setattr(composing, "slow_texts", texts)
    monkeypatch.setattr(sending, "slow_texts", texts)
    return texts


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_gateway_that_hangs_does_not_delay_e_mail(
    make_message: MakeMessage, mail_server: MailServer, gateway: Gateway
) -> None:
    gateway.behaviour = "stay silent"
    order = make_order()
    texts = [make_message("sms", order=order) for _ in range(3)]
    sweep = Sweep(JOBS)
    sweep.start()
    hanging = wait_for(lambda: bool(gateway.requests))
    mails = [make_message("email", order=order) for _ in range(3)]

    try:
        began = time.monotonic()
        left = wait_for(lambda: len(mail_server.mails) == len(mails))
        seconds = time.monotonic() - began
        waiting = Message.objects.filter(pk__in=[sms.pk for sms in texts], state=MessageState.SENT).count()
    finally:
        gateway.released.set()
        sweep.stop()

    assert hanging
    assert left
    assert seconds < 6
    assert waiting == 0


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_lanes_of_own_accounts_run_beside_one_another_up_to_a_limit(make_message: MakeMessage) -> None:
    order = make_order()
    for n in range(1, 6):
        make_message("sms", order=order, lane=f"sms:{n}")
    at_work: list[str] = []
    most: list[int] = []

    def hang_unless_last(lane: str, *, should_stop: Callable[[], bool]) -> int:
        at_work.append(lane)
        most.append(len(at_work))
        wait_for(lambda: should_stop() or lane == "sms:5", 2)
        at_work.remove(lane)
        Message.objects.filter(lane=lane).update(state=MessageState.DISCARDED)
        return 1

    sweep = Sweep([Family("outbox", own_lanes_due, hang_unless_last, most=2, period=0.05)])
    sweep.start()

    served = wait_for(lambda: own_lanes_due() == [], 20)

    sweep.stop()
    assert served
    assert max(most) == 2


@pytest.mark.django_db
def test_the_lanes_with_something_due_are_found_longest_due_first(make_message: MakeMessage) -> None:
    order, now = make_order(), timezone.now()
    make_message("email", order=order, due_at=now - timedelta(seconds=5))
    make_message("sms", order=order, lane="sms:3", due_at=now - timedelta(seconds=9))
    make_message("sms", order=order, lane="sms:9", due_at=now + timedelta(hours=1))

    assert lanes_due() == ["sms:3", "email"]
    assert own_lanes_due() == ["sms:3"]
    assert set(first_due()) == {"email", "sms:3", "sms:9"}


@pytest.mark.django_db
def test_a_message_whose_account_is_gone_fails_with_a_reason(make_message: MakeMessage) -> None:
    message = make_message("sms", lane="sms:4711")

    drain("sms:4711")

    failed = Message.objects.get(pk=message.pk)
    assert (failed.state, failed.last_error) == (MessageState.FAILED, "no_account")
    assert "Send it again" in failed.reason


@pytest.mark.django_db
def test_what_was_taken_and_not_begun_is_put_back_as_if_never_taken(make_message: MakeMessage) -> None:
    order = make_order()
    for _ in range(3):
        make_message(order=order)

    class Down(LogTransport):
        def send(self, message: Outgoing) -> str:
            raise ChannelDown("nobody answers")

    bite = deliver_all(outbox.take("email", limit=3), Down())

    states = Message.objects.order_by("due_at").values_list("state", "attempts", "via", "lease_until")
    assert (bite.put_back, bite.go_on) == (2, False)
    assert sorted(states, key=lambda row: row[1]) == [
        ("queued", 0, "", None),
        ("queued", 0, "", None),
        ("queued", 1, "", None),
    ]


@pytest.mark.django_db
def test_nothing_is_released_that_somebody_took_since(make_message: MakeMessage) -> None:
    message = make_message()
    late = outbox.take("email", limit=1)
    Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    outbox.take_back_expired()
    Message.objects.update(due_at=timezone.now())
    [new] = outbox.take("email", limit=1)

    assert outbox.release(late) == 0

    again = Message.objects.get(pk=message.pk)
    assert (again.state, again.attempts, again.lease_until) == (MessageState.SENDING, 2, new.lease_until)


@pytest.mark.django_db
def test_what_ended_its_workers_before_is_taken_alone(make_message: MakeMessage) -> None:
    order, now = make_order(), timezone.now()
    suspect = make_message(order=order, attempts=outbox.ALONE_FROM, due_at=now - timedelta(minutes=5))
    others = {make_message(order=order).pk for _ in range(3)}

    first, second = outbox.take("email", limit=10), outbox.take("email", limit=10)

    assert [message.pk for message in first] == [suspect.pk]
    assert {message.pk for message in second} == others


@pytest.mark.django_db
def test_a_text_that_burns_time_gets_one_message_a_bite(
    make_message: MakeMessage, no_slow_texts: composing.SlowTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order()
    burning = [make_message(order=order, event="confirmed").pk for _ in range(4)]
    fine = make_message(order=order, event="processing").pk
    MessageTemplate.objects.filter(shop=order.shop, event="confirmed").update(
        body="{% for a in lines %}{% for b in lines %}{{ a.name }}{% endfor %}{% endfor %}"
    )
    monkeypatch.setattr(composing, "SLOW_TEXT_SECONDS", -1.0)
    no_slow_texts.note(Message.objects.get(pk=burning[0]), 9.0)
    monkeypatch.setattr(composing, "SLOW_TEXT_SECONDS", 5.0)
    monkeypatch.setattr(no_slow_texts, "note", lambda message, seconds: None)

    deliver_all(outbox.take("email", limit=10), LogTransport())

    states = dict(Message.objects.values_list("pk", "state"))
    assert states[fine] == MessageState.SENT
    assert sorted(states[pk] for pk in burning) == ["queued", "queued", "queued", "sent"]
    later = Message.objects.filter(pk__in=burning, state="queued", due_at__gt=timezone.now(), attempts=0)
    assert later.count() == 3
