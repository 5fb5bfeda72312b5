"""500 messages, a worker killed five times with -9, and Redis away for 20 seconds: what is lost, what comes twice?

    python bench/outbox.py [--messages 500] [--kills 5] [--without-redis]

Its own database: SQLite in a temporary folder, or DATABASE_URL. A real Celery worker, a real SMTP server, a real
HTTP gateway, and a Redis of its own where the machine or the test wheels have one.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import scene  # noqa: E402
from scripts.servers import ServerMissing, free_port, redis  # noqa: E402

PAUSE = 0.06  # what one e-mail or SMS takes at its provider
REDIS_AWAY = 20
LONGEST = 240
WORKER = "-m celery --quiet -A oms worker --pool threads --concurrency 2 --loglevel ERROR --without-gossip --without-mingle"


class Worker:
    """A Celery worker in a process group of its own."""

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


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as name, _redis(arguments.without_redis) as broker:
        sinks = scene.Sinks(PAUSE)
        sinks.start()
        variables = scene.environment(
            Path(name),
            EMAIL_URL=sinks.email_url,
            SMS_URL=sinks.sms_url,
            EMAIL_TIMEOUT="2",
            SMS_TIMEOUT="2",
            **({"REDIS_URL": f"{broker.url}/0"} if broker else {}),
        )
        scene.enter(variables)
        scene.migrate()
        shop_id, orders = scene.make_orders(-(-arguments.messages // 2))
        worker = Worker(variables, Path(name) / "worker.log")
        worker.start()
        started = time.monotonic()
        try:
            _confirm_while(orders, lambda: _disturb(worker, broker, sinks, arguments))
            _wait_until_done(shop_id)
        finally:
            worker.kill()
        return _report(shop_id, sinks, arguments, broker is not None, time.monotonic() - started)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kill workers and stop Redis while messages leave.")
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--without-redis", action="store_true")
    return parser.parse_args()


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


def _confirm_while(orders: list[int], disturb: object) -> None:
    """Confirm the orders, which queues the messages, while a thread kills workers and stops Redis."""
    from orders.services import confirm_order
    from shops.actors import Actor

    disturber = threading.Thread(target=disturb, daemon=True)  # type: ignore[arg-type]
    disturber.start()
    slowest = 0.0
    for order_id in orders:
        began = time.monotonic()
        confirm_order(order_id=order_id, actor=Actor.system("bench"))
        slowest = max(slowest, time.monotonic() - began)
    print(f"{len(orders)} orders confirmed meanwhile, the slowest in {slowest * 1000:.0f} ms")
    disturber.join()


def _disturb(worker: Worker, broker: Redis | None, sinks: scene.Sinks, arguments: argparse.Namespace) -> None:
    away: threading.Thread | None = None
    for n in range(1, arguments.kills + 1):
        goal = arguments.messages * n // (arguments.kills + 2)
        deadline = time.monotonic() + 60
        while sinks.arrived < goal and time.monotonic() < deadline:
            time.sleep(0.01)
        worker.kill()
        print(f"kill -9 number {n} after {sinks.arrived} arrivals")
        if n == 2 and broker is not None:
            away = threading.Thread(target=_take_away, args=(broker,), daemon=True)
            away.start()
        worker.start()
    if away is not None:
        away.join()


def _take_away(broker: Redis) -> None:
    broker.stop()
    print(f"Redis stopped for {REDIS_AWAY} s")
    time.sleep(REDIS_AWAY)
    broker.start()
    print("Redis is back")


def _wait_until_done(shop_id: int) -> None:
    from notifications.models import Message

    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        if not Message.objects.filter(shop_id=shop_id, state__in=("queued", "sending")).exists():
            return
        time.sleep(0.5)


def _report(
    shop_id: int, sinks: scene.Sinks, arguments: argparse.Namespace, with_redis: bool, seconds: float
) -> int:
    from django.db import connection

    from notifications.models import Message

    messages = list(Message.objects.filter(shop_id=shop_id))
    arrivals = {
        m.pk: sinks.mails[m.message_id] if m.channel == "email" else sinks.texts[str(m.pk)] for m in messages
    }
    unknown = [m for m in messages if m.state == "unknown"]
    lost = [m for m in messages if not arrivals[m.pk] and m.state != "unknown"]
    twice = {
        channel: sum(arrivals[m.pk] - 1 for m in messages if m.channel == channel and arrivals[m.pk] > 1)
        for channel in ("email", "sms")
    }
    print(
        f"\n{len(messages)} messages on {connection.vendor}, broker {'Redis' if with_redis else 'files'}, "
        f"{arguments.kills} kills, {seconds:.0f} s in all\n"
        f"lost: {len(lost)}\n"
        f"e-mails that came twice: {twice['email']} (the worker died between the server's 250 and our note; the second "
        f"copy has the same Message-ID)\n"
        f"SMS that came twice: {twice['sms']}\n"
        f"SMS marked unknown: {len(unknown)}, of which {sum(1 for m in unknown if arrivals[m.pk])} had arrived (the worker "
        f"died while the gateway had them; a person decides, they are never sent again by themselves)"
    )
    for message in lost:
        print(f"  lost: {message.pk} {message.channel} {message.state} {message.last_error}")
    return 1 if lost or twice["sms"] or len(messages) != 2 * -(-arguments.messages // 2) else 0


if __name__ == "__main__":
    sys.exit(main())
