"""200 cards moved on the board at once, with Redis there and with Redis refused: the ratio, in one run.

    python bench/bulk_move.py [--cards 200]

One process and one database (SQLite, or DATABASE_URL). The cards move from New to Confirmed by the service the board
calls for many, ten in a step; each has a transaction of its own, which confirms its order and queues its messages.
The two sides take turns with every step, so that whatever else the machine does slows both alike; each side has the
circuit breaker it would have for itself.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import scene  # noqa: E402
from scripts.servers import free_port, redis  # noqa: E402

STEP = 10


def main() -> int:
    parser = argparse.ArgumentParser(description="Move cards with and without Redis.")
    parser.add_argument("--cards", type=int, default=200, help="for each side")
    count = -(-parser.parse_args().cards // STEP) * STEP
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as name, redis() as url:
        scene.enter(scene.environment(Path(name), REDIS_URL=f"{url}/0"))
        scene.migrate()
        sides = {"there": _side(f"{url}/0"), "refused": _side(f"redis://127.0.0.1:{free_port()}/0")}
        shop_id, _orders = scene.make_orders(2 * (count + STEP))
        moves = _take_turns(shop_id, sides)
    # Each side's first step warms up.
    return _report({side: seconds[1:] for side, seconds in moves.items()}, count)


def _side(url: str) -> tuple[Any, Any]:
    """An application with the project's settings at this broker, and its circuit."""
    from celery import Celery

    from shops.wakeups import Circuit

    app = Celery("bench", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.broker_url = url
    return app, Circuit()


def _take_turns(shop_id: int, sides: dict[str, tuple[Any, Any]]) -> dict[str, list[float]]:
    """Seconds of each step, by side."""
    from crm.services.bulk import continue_bulk_move
    from shops import wakeups
    from shops.actors import Actor

    actor = Actor.system("bench")
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    turn = 0
    for bulk_id in _begin(shop_id, actor):
        while True:
            side = list(sides)[turn % len(sides)]
            wakeups.current_app, wakeups.circuit = sides[side]
            began = time.perf_counter()
            if not continue_bulk_move(bulk_id=bulk_id, actor=actor, most=STEP):
                break
            seconds[side].append(time.perf_counter() - began)
            turn += 1
    return seconds


def _begin(shop_id: int, actor: Any) -> list[Any]:
    """Moves of as many cards as one may hold, until all are in one."""
    from crm.models import Deal, Stage
    from crm.page_selectors.bulk import MOST_CARDS
    from crm.services.bulk import start_bulk_move

    deals = Deal.objects.filter(funnel__shop_id=shop_id, stage__slug="new").order_by("pk")
    target = Stage.objects.get(funnel_id=deals[0].funnel_id, slug="confirmed")
    keys = list(deals.values_list("pk", flat=True))
    parts = [keys[at : at + MOST_CARDS] for at in range(0, len(keys), MOST_CARDS)]
    return [
        start_bulk_move(funnel_id=target.funnel_id, to_stage_id=target.pk, deal_ids=part, actor=actor).pk
        for part in parts
    ]


def _report(moves: dict[str, list[float]], count: int) -> int:
    from django.db import connection

    from notifications.models import Message

    for side, seconds in moves.items():
        print(
            f"Redis {side}: {len(seconds) * STEP} cards in {sum(seconds):.2f} s, "
            f"median {statistics.median(seconds) / STEP * 1000:.1f} ms a card, "
            f"slowest step of {STEP}: {max(seconds) * 1000:.0f} ms"
        )
    total = sum(moves["refused"]) / sum(moves["there"])
    middle = statistics.median(moves["refused"]) / statistics.median(moves["there"])
    print(f"{Message.objects.count()} messages queued on {connection.vendor}")
    print(f"refused / there: total {total:.2f}, median {middle:.2f}")
    return 0 if all(len(seconds) * STEP == count for seconds in moves.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
