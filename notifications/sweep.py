"""The worker's own look into the outbox every two seconds, by threads that need no broker.

A timer of the worker would stop while Redis is away. One thread for each channel, so that a mail server that takes
its time does not hold up SMS. This is also what picks up messages whose hold has passed.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import structlog
from celery.signals import worker_init, worker_process_init, worker_process_shutdown, worker_shutdown
from django.db import Error as DatabaseProblem
from django.db import close_old_connections, connections

from notifications.sending import drain
from notifications.statuses import Channel

PERIOD_SECONDS = 1.5

log = structlog.get_logger(__name__)


class Sweep:
    """The sweeping threads of this process. `start` and `stop` may be called again; a fork starts anew."""

    def __init__(self, period: float = PERIOD_SECONDS) -> None:
        self.period = period
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._process = 0

    def start(self) -> None:
        """Start one daemon thread a channel, unless they run in this process already."""
        if self._process == os.getpid() and any(thread.is_alive() for thread in self._threads):
            return
        self._process, self._stop = os.getpid(), threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(channel,), name=f"outbox-{channel}", daemon=True)
            for channel in Channel.values
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Let each thread finish the message it is sending, and wait for it a while."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout)

    def _run(self, channel: str) -> None:
        stop = self._stop
        while not stop.is_set():
            self.once(channel)
            stop.wait(self.period)
        connections.close_all()

    def once(self, channel: str) -> int:
        """One look, which never raises: a database that is away is asked again at the next one."""
        try:
            close_old_connections()
            return drain(channel, should_stop=self._stop.is_set)
        except DatabaseProblem as error:
            log.warning("the outbox cannot be read", channel=channel, error=str(error)[:200])
            connections.close_all()
        except Exception:
            log.exception("the sweep of the outbox stumbled", channel=channel)
        finally:
            close_old_connections()
        return 0


sweep = Sweep()


@worker_process_init.connect
def start_in_child(**_arguments: Any) -> None:
    """The prefork pool's children (and a solo worker), started whether or not there is a broker."""
    sweep.start()


@worker_init.connect
def start_in_worker(sender: Any = None, **_arguments: Any) -> None:
    """Pools that live in the worker's own process; a thread started before prefork's forks would be lost in them."""
    pool = getattr(sender, "pool_cls", "")
    name = pool if isinstance(pool, str) else pool.__module__
    if "prefork" not in name and "processes" not in name:
        sweep.start()


@worker_process_shutdown.connect
def stop_in_child(**_arguments: Any) -> None:
    """Finish what is being sent before the child ends."""
    sweep.stop()


@worker_shutdown.connect
def stop_in_worker(**_arguments: Any) -> None:
    """Finish what is being sent before the worker ends."""
    sweep.stop()
