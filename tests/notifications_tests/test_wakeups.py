"""Wake-ups: one per transaction, none for held messages, and a broker that is away costs nothing."""

import time
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from notifications import handlers
from notifications.wakeups import DRAIN_TASK, wake_workers
from orders.events import OrderStatusChanged
from shops import wakeups
from shops.wakeups import circuit, send_wake_up, wake
from tests.factories import SYSTEM, make_order
from tests.notifications_tests.conftest import free_port


class Sent(list[str]):
    """Stands in for the Celery application at the edge and keeps the names of what was sent."""

    def send_task(self, name: str, **_options: Any) -> None:
        self.append(name)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    sent = Sent()
    monkeypatch.setattr(wakeups, "current_app", sent)
    return sent


@pytest.fixture
def refused_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real Redis client with the project's options, at a port nobody listens on."""
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery lets it win over everything
    app = Celery("refused", broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS | {
        "socket_connect_timeout": 0.5,
        "socket_timeout": 3,
    }
    app.conf.broker_connection_timeout = 1
    app.conf.task_publish_retry = False
    monkeypatch.setattr(wakeups, "current_app", app)


@pytest.mark.django_db(transaction=True)
def test_it_wakes_once_per_transaction(sent: Sent) -> None:
    with transaction.atomic():
        for _ in range(5):
            wake_workers()
        assert sent == []

    assert sent == [DRAIN_TASK]


@pytest.mark.django_db(transaction=True)
def test_each_task_is_woken_for_itself(sent: Sent) -> None:
    with transaction.atomic():
        wake_workers()
        wake("another.task")
        wake_workers()
        wake("another.task")

    assert sent == [DRAIN_TASK, "another.task"]


@pytest.mark.django_db(transaction=True)
def test_a_savepoint_that_rolls_back_does_not_take_the_wake_up_of_others_with_it(sent: Sent) -> None:
    with transaction.atomic():
        try:
            with transaction.atomic():
                wake_workers()
                raise ValueError
        except ValueError:
            wake_workers()

    assert sent == [DRAIN_TASK]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_order_wakes_nobody(sent: Sent) -> None:
    try:
        with transaction.atomic():
            wake_workers()
            raise ValueError
    except ValueError:
        pass

    assert sent == []
    assert connection.run_on_commit == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("held", "wakes"), [(False, 1), (True, 0)])
def test_held_messages_are_left_to_the_sweep(sent: Sent, held: bool, wakes: int) -> None:
    order = make_order()
    event = OrderStatusChanged(
        order_id=order.pk,
        shop_id=order.shop_id,
        actor=SYSTEM,
        from_status="new",
        to_status="confirmed",
        event_id=1,
        undo_until=timezone.now() + timedelta(seconds=10) if held else None,
    )
    sent.clear()

    handlers.queue_status_message(event)

    assert len(sent) == wakes


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("refused_broker")
def test_a_refused_broker_neither_fails_nor_slows_the_request() -> None:
    started = time.monotonic()

    for _ in range(50):
        with transaction.atomic():
            wake_workers()

    assert time.monotonic() - started < 1
    assert circuit.is_open


@pytest.mark.usefixtures("refused_broker")
def test_the_circuit_closes_again(monkeypatch: pytest.MonkeyPatch, sent: Sent) -> None:
    circuit.open()
    assert not send_wake_up(DRAIN_TASK)
    circuit.close()

    assert send_wake_up(DRAIN_TASK)
    assert sent == [DRAIN_TASK]


def test_every_thread_sends_by_our_own_application() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from celery import current_app

    with ThreadPoolExecutor(max_workers=1) as pool:
        name = pool.submit(lambda: current_app.main).result()

    assert name == "oms"
