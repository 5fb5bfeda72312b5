"""At least 20,000 random steps over all stock verbs, the books compared with a model after every one.

    python bench/stock_steps.py [--steps 20000]

SQLite in a temporary folder, or DATABASE_URL. Each example of up to 50 steps is taken back before the next one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import scene  # noqa: E402

STEPS_OF_EXAMPLE = 50
EXAMPLES_AT_ONCE = 40


def main() -> int:
    parser = argparse.ArgumentParser(description="Random stock verbs against a model.")
    parser.add_argument("--steps", type=int, default=20_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as name:
        scene.enter(scene.environment(Path(name), CELERY_BROKER_URL="memory://"))
        scene.migrate()
        return _walk(arguments.steps)


def _walk(wanted: int) -> int:
    from django.db import connection
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis.stateful import run_state_machine_as_test

    from tests.stock_machine import StockVerbs

    plan = settings(
        max_examples=EXAMPLES_AT_ONCE,
        stateful_step_count=STEPS_OF_EXAMPLE,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    began = time.monotonic()
    while StockVerbs.steps.total() < wanted:
        run_state_machine_as_test(StockVerbs, settings=plan)
    steps = StockVerbs.steps
    for verb, count in steps.most_common():
        print(f"  {verb:<17}{count:>6}")
    took = time.monotonic() - began
    print(
        f"{steps.total()} steps on {connection.vendor} in {took:.0f} s: books and model agree after every one"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
