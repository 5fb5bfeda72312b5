"""Telling the workers that something is due. It may fail: the queue is the database, and workers sweep it anyway.

A broker that is away must cost a request nothing: time-outs are short (settings), nothing is retried, and after
a failure the circuit stays open for a while. What a task does is not known here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import structlog
from celery import current_app
from django.db import connection, transaction

PAUSE_SECONDS = 10.0
EXPIRES_SECONDS = 25

log = structlog.get_logger(__name__)


class Circuit:
    """Open for a while after each failure; while it is open nothing is tried."""

    def __init__(self) -> None:
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._open_until

    def open(self) -> None:
        """Try nothing for `PAUSE_SECONDS`."""
        self._open_until = time.monotonic() + PAUSE_SECONDS

    def close(self) -> None:
        """Try again at once."""
        self._open_until = 0.0


circuit = Circuit()


def wake(task_name: str) -> None:
    """Send one wake-up for this task when the transaction commits, however often it is asked for.

    What is already registered is looked up on the connection itself: a flag of our own would survive a savepoint
    that rolled back and took the registration with it.
    """
    send = _sender_of(task_name)
    if not any(entry[1] is send for entry in connection.run_on_commit):
        transaction.on_commit(send, robust=True)


def send_wake_up(task_name: str) -> bool:
    """Send the wake-up now and answer whether it went; never raises, never waits long."""
    if circuit.is_open:
        return False
    try:
        current_app.send_task(task_name, ignore_result=True, retry=False, expires=EXPIRES_SECONDS)
    except Exception as error:  # a broker's client raises whatever its library does
        circuit.open()
        log.warning(
            "wake-up not sent; the workers' sweep will find what is due",
            task=task_name,
            error=str(error)[:200],
        )
        return False
    return True


@cache
def _sender_of(task_name: str) -> Callable[[], bool]:
    """The one function that sends this task's wake-up, so that it can be recognised among what waits for a commit."""

    def send() -> bool:
        return send_wake_up(task_name)

    return send
