"""Thousands of messages, workers killed at random with -9, and Redis away for a while: what is lost, what comes twice?

    python bench/outbox.py [--messages 20000] [--kills 100] [--redis-away 20] [--database sqlite|postgres]
                           [--workers 3] [--without-redis] [--seed N] [--minutes 12]

Its own database (SQLite in a temporary folder, a PostgreSQL of its own, or DATABASE_URL), a Redis of its own, real
Celery workers as operations run them (docs/operations.md) but no beat, and a real SMTP server and HTTP gateway in a
process of their own. A kill takes a whole worker at a random moment of its life, its start included; it is started
again at once, as a supervisor would. Redis is stopped in the middle. The exit code is 0 only if nothing was lost, no SMS came twice and every e-mail that came twice has a kill
between its two arrivals. It ends by itself: after --minutes it says what is still waiting and gives up.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import crowd, scene, sinks  # noqa: E402
from scripts.servers import ServerMissing, free_port, postgres, redis  # noqa: E402

ORDERS = 500
TIMEOUT = "2"  # seconds a transport waits in this measurement; leases follow it
LIFE_SECONDS = 8  # of a worker, on average; some three of them go by before it looks for the first time
# After a kill the note of what had just left is missing; the lease is over, and the second copy sent, within this.
EXPLAINS_SECONDS = 3.0
WORKER = "-m celery --quiet -A oms worker --pool threads --concurrency 2 --loglevel ERROR --without-gossip --without-mingle"


class Worker:
    """A Celery worker, in a process group of its own."""

    def __init__(self, variables: dict[str, str], log: Path) -> None:
        self.variables, self.log = variables, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *WORKER.split()],
                cwd=ROOT,
                env=self.variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End all of it at once."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Redis:
    """A Redis that can be stopped and started again at the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._running = ExitStack()

    def start(self) -> None:
        self._running.enter_context(redis(self.port))

    def stop(self) -> None:
        self._running.close()


@dataclass
class Disturbance:
    """Kills workers and stops Redis until it did so often enough, and notes when."""

    workers: list[Worker]
    broker: Redis | None
    sink: sinks.Running
    arguments: argparse.Namespace
    kills: list[float] = field(default_factory=list)

    def run(self, ends_at: float) -> None:
        chance, wanted = random.Random(self.arguments.seed), self.arguments.kills
        total, away = self.arguments.messages, None
        lives_until = {worker: self._life(chance) for worker in self.workers}
        while len(self.kills) < wanted and time.monotonic() < ends_at:
            time.sleep(0.02)
            # Kills are spread over all the messages, not over the first seconds.
            worker = min(self.workers, key=lives_until.__getitem__)
            if time.monotonic() < lives_until[worker] or self._is_early(total, wanted):
                continue
            self.kills.append(time.time())
            worker.kill()
            worker.start()
            lives_until[worker] = self._life(chance)
            if len(self.kills) == wanted // 2 and self.broker is not None:
                away = threading.Thread(target=self._take_redis_away, daemon=True)
                away.start()
        if away is not None:
            away.join()

    def _life(self, chance: random.Random) -> float:
        return time.monotonic() + chance.uniform(1, 2 * LIFE_SECONDS)

    def _is_early(self, total: int, wanted: int) -> bool:
        return self.sink.count < total * 0.95 * len(self.kills) / wanted

    def _take_redis_away(self) -> None:
        assert self.broker is not None
        self.broker.stop()
        print(f"  Redis stopped for {self.arguments.redis_away} s", flush=True)
        time.sleep(self.arguments.redis_away)
        self.broker.start()
        print("  Redis is back", flush=True)


def main() -> int:
    arguments = _arguments()
    with (
        tempfile.TemporaryDirectory(prefix="oms-bench-") as name,
        _database(arguments.database) as database,
        _redis(arguments.without_redis) as broker,
        sinks.running(Path(name), arguments.pause) as sink,
    ):
        variables = scene.environment(
            Path(name),
            EMAIL_URL=sink.email_url,
            SMS_URL=sink.sms_url,
            EMAIL_TIMEOUT=TIMEOUT,
            SMS_TIMEOUT=TIMEOUT,
            C_FORCE_ROOT="1",
            **({"REDIS_URL": f"{broker.url}/0"} if broker else {}),
            **({"DATABASE_URL": database} if database else {}),
        )
        scene.enter(variables)
        scene.migrate()
        _queue(arguments)
        workers = [Worker(variables, Path(name) / f"worker-{n}.log") for n in range(arguments.workers)]
        disturbance = Disturbance(workers, broker, sink, arguments)
        started = time.monotonic()
        try:
            for worker in workers:
                worker.start()
            _disturb_and_wait(disturbance, started + arguments.minutes * 60)
        finally:
            for worker in workers:
                worker.kill()
        return Report(disturbance, time.monotonic() - started).tell()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kill workers and stop Redis while messages leave.")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--redis-away", type=int, default=20, help="seconds")
    parser.add_argument(
        "--without-redis", action="store_true", help="wake-ups by files, as without REDIS_URL"
    )
    parser.add_argument("--pause", type=float, default=0.0, help="seconds a provider takes for a message")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--minutes", type=float, default=12.0, help="give up after")
    return parser.parse_args()


@contextmanager
def _database(kind: str) -> Iterator[str]:
    """The address of a database, or nothing for the environment's own or SQLite."""
    if kind == "sqlite" or os.environ.get("DATABASE_URL"):
        yield ""
        return
    with postgres() as url:
        yield url


@contextmanager
def _redis(without: bool) -> Iterator[Redis | None]:
    if without:
        yield None
        return
    broker = Redis()
    try:
        broker.start()
    except (ServerMissing, subprocess.CalledProcessError) as problem:
        print(f"Without Redis: {problem}")
        yield None
        return
    yield broker
    broker.stop()


def _queue(arguments: argparse.Namespace) -> None:
    began = time.monotonic()
    shop_id, orders = scene.make_orders(min(ORDERS, -(-arguments.messages // 2)))
    queued = crowd.queue(shop_id, orders, count=arguments.messages, channels=["email", "sms"])
    print(
        f"{queued} messages about {len(orders)} orders queued in {time.monotonic() - began:.0f} s", flush=True
    )


def _disturb_and_wait(disturbance: Disturbance, ends_at: float) -> None:
    disturber = threading.Thread(target=disturbance.run, args=(ends_at,), daemon=True)
    disturber.start()
    said_at = 0.0
    while time.monotonic() < ends_at:
        time.sleep(1)
        if time.monotonic() - said_at > 20:
            said_at = time.monotonic()
            print(f"  {disturbance.sink.count} arrived, {len(disturbance.kills)} kills", flush=True)
        if not disturber.is_alive() and not _waiting():
            return
    print(f"GIVEN UP after {disturbance.arguments.minutes:g} minutes: {_waiting()} messages still wait")


def _waiting() -> int:
    from django.db import close_old_connections

    from notifications.models import Message

    close_old_connections()
    return Message.objects.filter(state__in=("queued", "sending")).count()


class Report:
    """What arrived, beside what the rows say."""

    def __init__(self, disturbance: Disturbance, seconds: float) -> None:
        from notifications.models import Message

        self.disturbance, self.seconds = disturbance, seconds
        self.arrivals: dict[str, list[float]] = defaultdict(list)
        for arrival in disturbance.sink.arrivals():
            self.arrivals[arrival.number].append(arrival.at)
        self.messages = list(Message.objects.defer("facts", "body", "html"))

    def times(self, message: object) -> list[float]:
        """When this message reached its sink."""
        from notifications.models import Message

        assert isinstance(message, Message)
        number = message.message_id if message.channel == "email" else str(message.pk)
        return self.arrivals.get(number, [])

    def explained(self, times: list[float]) -> bool:
        """Whether a kill came right after each copy but the last, before the next."""
        return all(
            any(at <= kill <= min(at + EXPLAINS_SECONDS, again) for kill in self.disturbance.kills)
            for at, again in pairwise(times)
        )

    def tell(self) -> int:
        """Print it, and answer the exit code."""
        from django.db import connection

        arguments, messages = self.disturbance.arguments, self.messages
        unknown = [m for m in messages if m.state == "unknown"]
        lost = [m for m in messages if not self.times(m) and m.state != "unknown"]
        unsent = [m for m in messages if m.state not in ("sent", "unknown")]
        twice = [m for m in messages if len(self.times(m)) > 1]
        mails = [m for m in twice if m.channel == "email"]
        unexplained = [m for m in mails if not self.explained(self.times(m))]
        texts = [m for m in twice if m.channel == "sms"]
        strangers = set(self.arrivals) - {m.message_id or str(m.pk) for m in messages}
        arrived_unknown = sum(1 for m in unknown if self.times(m))
        kills = len(self.disturbance.kills)
        print(
            f"\n{len(messages)} messages on {connection.vendor}, wake-ups by "
            f"{'Redis' if self.disturbance.broker else 'files'}, no beat, {arguments.workers} workers, "
            f"{kills} workers killed with -9, "
            f"{self.seconds:.0f} s in all, {len(messages) / self.seconds:.0f} messages/s\n"
            f"lost: {len(lost)}\n"
            f"not at their end: {len(unsent)}\n"
            f"e-mails that came twice: {len(mails)}, each copy with the same Message-ID; with a kill within "
            f"{EXPLAINS_SECONDS:g} s of the first copy and before the second: {len(mails) - len(unexplained)}\n"
            f"SMS that came twice: {len(texts)}\n"
            f"SMS marked unknown: {len(unknown)}, of which {arrived_unknown} had arrived; a person or the provider "
            f"tells, they are never sent again by themselves\n"
            f"arrivals of no message of ours: {len(strangers)}"
        )
        for message in [*lost, *unsent, *unexplained, *texts][:20]:
            print(
                f"  look at: {message.pk} {message.channel} {message.state} attempts {message.attempts} "
                f"{message.last_error} arrived at {self.times(message)}"
            )
        right = len(messages) == arguments.messages and kills >= arguments.kills
        return 0 if right and not (lost or unsent or unexplained or texts or strangers) else 1


if __name__ == "__main__":
    sys.exit(main())
