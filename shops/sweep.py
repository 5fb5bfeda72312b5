"""The workers' own look at what is due, every few seconds, by threads that need no broker and no beat.

A timer of the worker would stop while Redis is away. One thread for each job, so that a job that takes its time
does not hold up the others. What the jobs are is said elsewhere, in one table.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from celery.signals import worker_init, worker_process_init, worker_process_shutdown, worker_shutdown
from django.db import Error as DatabaseProblem
from django.db import close_old_connections, connections

PERIOD_SECONDS = 1.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Job:
    """Something to look for again and again. `run(should_stop=…)` does what is due and answers how much it did."""

    name: str
    run: Callable[..., int]
    period: float = PERIOD_SECONDS


class Sweep:
    """The sweeping threads of this process. `start` and `stop` may be called again; a fork starts anew."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = tuple(jobs)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._owner_pid = 0

    def start(self) -> None:
        """Start one daemon thread a job, unless they run in this process already."""
        if self._owner_pid == os.getpid() and any(thread.is_alive() for thread in self._threads):
            return
        self._owner_pid, self._stop = os.getpid(), threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(job,), name=job.name, daemon=True) for job in self.jobs
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Let each thread finish what it is at, and wait for it a while."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout)

    def _run(self, job: Job) -> None:
        stop = self._stop
        while not stop.is_set():
            self.once(job)
            stop.wait(job.period)
        connections.close_all()

    def once(self, job: Job) -> int:
        """One look, which never raises: a database that is away is asked again at the next one."""
        try:
            close_old_connections()
            return job.run(should_stop=self._stop.is_set)
        except DatabaseProblem as error:
            log.warning("the database cannot be read", job=job.name, error=str(error)[:200])
            connections.close_all()
        except Exception:
            log.exception("the sweep stumbled", job=job.name)
        finally:
            close_old_connections()
        return 0


def run_in_workers(sweep: Sweep) -> None:
    """Let every Celery worker start the sweep when it starts, with or without a broker, and stop it at its end."""

    def start_in_child(**_arguments: Any) -> None:
        sweep.start()

    def start_in_worker(sender: Any = None, **_arguments: Any) -> None:
        # A thread started before prefork's forks would be lost in them; its children start their own.
        pool = getattr(sender, "pool_cls", "")
        name = pool if isinstance(pool, str) else pool.__module__
        if "prefork" not in name and "processes" not in name:
            sweep.start()

    def stop(**_arguments: Any) -> None:
        sweep.stop()

    worker_process_init.connect(start_in_child, weak=False)
    worker_init.connect(start_in_worker, weak=False)
    worker_process_shutdown.connect(stop, weak=False)
    worker_shutdown.connect(stop, weak=False)
