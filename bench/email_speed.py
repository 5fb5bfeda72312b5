"""E-mails per second to a server on this machine: the outbox beside bare smtplib, taking turns in one run.

    python bench/email_speed.py [--messages 600] [--turns 3] [--profile]

Its own database (SQLite, or DATABASE_URL). smtplib sends, on one kept connection, the very bytes the outbox would
send, made beforehand: it reads no row, writes no text, and notes nothing. What is printed last is the ratio.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import smtplib
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import crowd, scene, sinks  # noqa: E402


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as name, sinks.running(Path(name)) as sink:
        scene.enter(scene.environment(Path(name), EMAIL_URL=sink.email_url))
        scene.migrate()
        shop_id, orders = scene.make_orders(30)
        seconds: dict[str, list[float]] = {"smtplib": [], "outbox": []}
        for _ in range(arguments.turns):
            crowd.queue(shop_id, orders, count=arguments.messages, channels=["email"])
            ready = _ready_made(shop_id, arguments.messages)
            seconds["smtplib"].append(_timed(partial(_bare, sink.email_port, ready)))
            seconds["outbox"].append(_timed(_drained(arguments.profile)))
        return _report(seconds, arguments, sink.count)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The outbox beside bare smtplib.")
    parser.add_argument("--messages", type=int, default=600)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="print where the outbox spends its time")
    return parser.parse_args()


def _ready_made(shop_id: int, count: int) -> list[tuple[str, str, bytes]]:
    """Sender, recipient and bytes of the mails that are due, as the outbox would send them."""
    from email.utils import parseaddr

    from notifications.models import Message
    from notifications.sending import compose
    from notifications.transports.email_smtp import _mail

    waiting = Message.objects.filter(shop_id=shop_id, state="queued").select_related("shop", "order")
    mails = [_mail(compose(message)) for message in waiting[:count]]
    return [
        (parseaddr(mail.from_email)[1], mail.to[0], mail.message().as_bytes(linesep="\r\n")) for mail in mails
    ]


def _bare(port: int, ready: list[tuple[str, str, bytes]]) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        for sender, recipient, mail in ready:
            server.sendmail(sender, [recipient], mail)


def _drained(profile: bool) -> Callable[[], None]:
    from notifications.sending import drain

    def run() -> None:
        drain("email")

    def profiled() -> None:
        watch = cProfile.Profile()
        watch.runcall(run)
        pstats.Stats(watch).sort_stats("cumulative").print_stats(70)

    return profiled if profile else run


def _timed(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _report(seconds: dict[str, list[float]], arguments: argparse.Namespace, arrived: int) -> int:
    from django.db import connection

    from notifications.models import Message

    total = arguments.messages * arguments.turns
    rates = {name: total / sum(parts) for name, parts in seconds.items()}
    print(f"{arguments.turns} turns of {arguments.messages} e-mails on {connection.vendor}:")
    for name, parts in seconds.items():
        turns = ", ".join(f"{arguments.messages / part:.0f}" for part in parts)
        print(f"  {name:8} {rates[name]:6.0f} e-mails/s   (turns: {turns})")
    print(f"outbox / smtplib: {rates['outbox'] / rates['smtplib']:.2f}")
    unsent = Message.objects.exclude(state="sent").count()
    if unsent or arrived != 2 * total:
        print(f"{unsent} messages were not sent, {arrived} of {2 * total} arrived")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
