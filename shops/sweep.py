"""The workers' own look at what is due, every few seconds, by threads that need no broker and no beat.

A timer of the worker would stop while Redis is away. One thread for each job, so that a job that takes its time
does not hold up the others; a family of jobs, whose members come and go, has one thread for each member that has
something to do, up to a limit. What the jobs are is said elsewhere, in one table.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from celery.signals import worker_init, worker_process_init, worker_process_shutdown, worker_shutdown
from django.db import Error as DatabaseProblem
from django.db import close_old_connections, connections

PERIOD_SECONDS = 1.5
# How long a member of a family may go on while others of it wait for a thread.
TURN_SECONDS = 20.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Job:
    """Something to look for again and again. `run(should_stop=…)` does what is due and answers how much it did."""

    name: str
    run: Callable[..., int]
    period: float = PERIOD_SECONDS


@dataclass(frozen=True)
class Family:
    """Jobs of one kind. `members()` names those that have something to do, `run(member, should_stop=…)` does it.

    At most `most` run at once, each in a thread of its own that ends with it. Who was served longest ago comes first.
    """

    name: str
    members: Callable[[], Iterable[str]]
    run: Callable[..., int]
    most: int = 8
    period: float = PERIOD_SECONDS


class Sweep:
    """The sweeping threads of this process. `start` and `stop` may be called again; a fork starts anew."""

    def __init__(self, jobs: Sequence[Job | Family]) -> None:
        self.jobs = tuple(jobs)
        self._stop = threading.Event()
        self._look = threading.Event()
        self._threads: list[threading.Thread] = []
        self._owner_pid = 0

    @property
    def is_running(self) -> bool:
        """Whether its threads look in this very process."""
        return self._owner_pid == os.getpid() and any(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Start one daemon thread a job, unless they run in this process already."""
        if self.is_running:
            return
        self._owner_pid, self._stop, self._look = os.getpid(), threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(self._turns(job), job), name=job.name, daemon=True)
            for job in self.jobs
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Let each thread finish what it is at, and wait for it a while."""
        self._stop.set()
        self._look.set()
        for thread in self._threads:
            thread.join(timeout)

    def look_now(self) -> None:
        """Let every job look at once instead of at its next turn. Asked for often, it costs one look."""
        self._look.set()

    def _turns(self, job: Job | Family) -> Callable[..., int]:
        return job.run if isinstance(job, Job) else Relatives(job, self.once).start_due

    def _run(self, run: Callable[..., int], job: Job | Family) -> None:
        stop, look = self._stop, self._look
        while not stop.is_set():
            self.once(job.name, run)
            if look.wait(job.period) and not stop.is_set():
                # The others are told as well before the call is taken for answered.
                stop.wait(0.02)
                look.clear()
        connections.close_all()

    def once(self, name: str, run: Callable[..., int]) -> int:
        """One look, which never raises: a database that is away is asked again at the next one."""
        try:
            close_old_connections()
            return run(should_stop=self._stop.is_set)
        except DatabaseProblem as error:
            log.warning("the database cannot be read", job=name, error=str(error)[:200])
            connections.close_all()
        except Exception:
            log.exception("the sweep stumbled", job=name)
        finally:
            close_old_connections()
        return 0


class Relatives:
    """The members of one family at work in this process."""

    def __init__(self, family: Family, once: Callable[[str, Callable[..., int]], int]) -> None:
        self._family, self._once = family, once
        self._at_work: dict[str, threading.Thread] = {}
        self._served_at: dict[str, float] = {}

    def start_due(self, *, should_stop: Callable[[], bool]) -> int:
        """Start a thread for each member that has something to do and none yet, and answer how many were started."""
        self._at_work = {name: thread for name, thread in self._at_work.items() if thread.is_alive()}
        waiting = [name for name in self._family.members() if name not in self._at_work]
        waiting.sort(key=lambda name: self._served_at.get(name, 0.0))
        self._served_at = {name: at for name, at in self._served_at.items() if name in waiting}
        started = 0
        for name in waiting[: max(0, self._family.most - len(self._at_work))]:
            thread = threading.Thread(
                target=self._serve, args=(name, should_stop), name=f"{self._family.name}-{name}", daemon=True
            )
            self._at_work[name], self._served_at[name] = thread, time.monotonic()
            thread.start()
            started += 1
        return started

    def _serve(self, name: str, should_stop: Callable[[], bool]) -> None:
        ends_at = time.monotonic() + TURN_SECONDS

        def enough() -> bool:
            return should_stop() or time.monotonic() > ends_at

        def run(**_arguments: Any) -> int:
            return self._family.run(name, should_stop=enough)

        self._once(f"{self._family.name}-{name}", run)
        connections.close_all()


_here: list[Sweep] = []


def look_now() -> bool:
    """Let the sweep of this process look at once; False where none runs here."""
    running = [sweep for sweep in _here if sweep.is_running]
    for sweep in running:
        sweep.look_now()
    return bool(running)


def run_in_workers(sweep: Sweep) -> None:
    """Let every Celery worker start the sweep when it starts, with or without a broker, and stop it at its end."""
    _here.append(sweep)

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
