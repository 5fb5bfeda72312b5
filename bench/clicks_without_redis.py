"""200 orders confirmed one after another, with Redis there and with Redis refused: the ratio, in one run.

    python bench/clicks_without_redis.py [--orders 200]

One process and one database (SQLite, or DATABASE_URL). The two sides take turns every ten orders, so that whatever
else the machine does slows both alike; each side has the circuit breaker it would have for itself.
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

TURN = 10


def main() -> int:
    parser = argparse.ArgumentParser(description="Confirm orders with and without Redis.")
    parser.add_argument("--orders", type=int, default=200)
    count = parser.parse_args().orders
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as name, redis() as url:
        scene.enter(scene.environment(Path(name), REDIS_URL=f"{url}/0"))
        scene.migrate()
        sides = {"there": _side(f"{url}/0"), "refused": _side(f"redis://127.0.0.1:{free_port()}/0")}
        _shop_id, orders = scene.make_orders(2 * (count + TURN))
        clicks = _take_turns(orders, sides)
    for side, seconds in clicks.items():
        kept = seconds[TURN:]
        clicks[side] = kept
        print(
            f"Redis {side}: {len(kept)} orders in {sum(kept):.2f} s, median {statistics.median(kept) * 1000:.1f} ms, "
            f"slowest {max(kept) * 1000:.0f} ms"
        )
    print(f"refused / there: total {sum(clicks['refused']) / sum(clicks['there']):.2f}, ", end="")
    print(f"median {statistics.median(clicks['refused']) / statistics.median(clicks['there']):.2f}")
    return 0


def _side(url: str) -> tuple[Any, Any]:
    """An application with the project's settings at this broker, and its circuit."""
    from celery import Celery

    from shops.wakeups import Circuit

    app = Celery("bench", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.broker_url = url
    return app, Circuit()


def _take_turns(orders: list[int], sides: dict[str, tuple[Any, Any]]) -> dict[str, list[float]]:
    from orders.services import confirm_order
    from shops import wakeups
    from shops.actors import Actor

    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for start in range(0, len(orders), TURN):
        side = list(sides)[start // TURN % len(sides)]
        wakeups.current_app, wakeups.circuit = sides[side]
        for order_id in orders[start : start + TURN]:
            began = time.perf_counter()
            confirm_order(order_id=order_id, actor=Actor.system("bench"))
            seconds[side].append(time.perf_counter() - began)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
