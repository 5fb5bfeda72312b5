"""The worker's own sweep: picks up what is due without a broker, survives a database that stumbles."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from notifications.models import Message
from notifications.sending import drain
from notifications.statuses import MessageState
from notifications.tasks import drain_outbox
from oms.sweep import JOBS
from shops.sweep import Job, Sweep
from tests.factories import make_order
from tests.notifications_tests.conftest import Gateway, MailServer

MakeMessage = Callable[..., Message]


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_held_message_leaves_within_three_seconds_of_its_hold(
    make_message: MakeMessage, mail_server: MailServer, gateway: Gateway
) -> None:
    order = make_order()
    due_at = timezone.now() + timedelta(seconds=1)
    keys = [make_message(channel, order=order, due_at=due_at).pk for channel in ("email", "sms")]
    sweep = Sweep(JOBS)
    sweep.start()

    try:
        left = wait_for(lambda: not Message.objects.filter(pk__in=keys).exclude(state="sent").exists())
    finally:
        sweep.stop()

    assert left
    sent_at = list(Message.objects.filter(pk__in=keys).values_list("sent_at", flat=True))
    assert all(due_at <= at <= due_at + timedelta(seconds=3) for at in sent_at if at)
    assert (len(mail_server.mails), len(gateway.requests)) == (1, 1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_survives_a_database_that_is_away_for_a_moment(
    make_message: MakeMessage, gateway: Gateway, mail_server: MailServer
) -> None:
    message = make_message()
    calls = []

    def stumbling(**arguments: Any) -> int:
        calls.append(arguments)
        if len(calls) < 4:
            raise OperationalError("the database system is starting up")
        return drain("email", **arguments)

    sweep = Sweep([Job("stumbling", stumbling, period=0.05)])
    sweep.start()

    try:
        left = wait_for(lambda: Message.objects.get(pk=message.pk).state == MessageState.SENT)
    finally:
        sweep.stop()

    assert left


@pytest.mark.django_db(transaction=True)
def test_starting_twice_starts_once() -> None:
    sweep = Sweep([Job(name, lambda should_stop: 0, period=5) for name in ("one", "two")])
    sweep.start()
    threads = list(sweep._threads)

    sweep.start()

    assert sweep._threads == threads
    assert [thread.name for thread in threads] == ["one", "two"]
    sweep.stop()
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_many_workers_send_each_message_once(
    make_message: MakeMessage,
    mail_server: MailServer,
    gateway: Gateway,
    in_threads: Callable[..., list[Any]],
) -> None:
    order = make_order()
    for _ in range(10):
        make_message("email", order=order)
        make_message("sms", order=order)

    in_threads([drain_outbox] * 4)

    assert Message.objects.exclude(state="sent").count() == 0
    assert len({mail["Message-ID"] for mail in mail_server.mails}) == len(mail_server.mails) == 10
    assert len({request["id"] for request in gateway.requests}) == len(gateway.requests) == 10


def test_a_job_that_stumbles_does_not_end_its_thread_or_the_others() -> None:
    looks: list[str] = []

    def stumbling(should_stop: Callable[[], bool]) -> int:
        looks.append("stumbling")
        raise ValueError("a mistake of the job's own")

    def steady(should_stop: Callable[[], bool]) -> int:
        looks.append("steady")
        return 1

    sweep = Sweep([Job("stumbling", stumbling, period=0.01), Job("steady", steady, period=0.01)])
    sweep.start()

    went_on = wait_for(lambda: looks.count("stumbling") > 2 and looks.count("steady") > 2)

    sweep.stop()
    assert went_on


def test_every_channel_of_the_outbox_is_a_job_of_its_own() -> None:
    assert {"outbox-email", "outbox-sms"} <= {job.name for job in JOBS}
