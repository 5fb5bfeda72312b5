"""50 threads × 50 rounds of place, confirm, cancel, ship, receive on scarce stock: is more sold than there is?

    python bench/stock_storm.py [--database sqlite|postgres|both] [--threads 50] [--rounds 50] [--without-lock]

Each round also does one of: undo, reopen, return, count, write off, adjust, move between warehouses. Databases of
its own: SQLite in a temporary folder, PostgreSQL started for it. It ends with 1 if anything is off. With
`--without-lock` the same storm reads rows without locking them, and it ends with 1 unless something broke.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import scene  # noqa: E402
from scripts.servers import postgres  # noqa: E402

MOST_LINES = 8


def main() -> int:
    arguments = _arguments()
    if arguments.database == "both":
        rest = [word for word in sys.argv[1:] if word not in ("--database", "both", "--database=both")]
        runs = [[sys.executable, __file__, "--database", name, *rest] for name in ("sqlite", "postgres")]
        return max([subprocess.run(run, check=False).returncode for run in runs])
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as name, ExitStack() as servers:
        url = f"sqlite:///{name}/oms.sqlite3"
        if arguments.database == "postgres":
            url = servers.enter_context(postgres())
        scene.enter(scene.environment(Path(name), DATABASE_URL=url, CELERY_BROKER_URL="memory://"))
        scene.migrate()
        return _blow(arguments)


def _blow(arguments: argparse.Namespace) -> int:
    from bench.storm import Storm, lock_taken_away

    storm = Storm(
        threads=arguments.threads, rounds=arguments.rounds, seed=arguments.seed, seconds=arguments.seconds
    )
    storm.prepare()
    with ExitStack() as stack:
        if arguments.without_lock:
            stack.enter_context(lock_taken_away())
        storm.run()
    return _report(storm, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Many people at once on scarce stock.")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--threads", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=900, help="no new round begins after that")
    parser.add_argument("--without-lock", action="store_true", help="the control: it has to break")
    return parser.parse_args()


def _report(storm: Any, arguments: argparse.Namespace) -> int:
    from django.db import connection

    damage = storm.damage()
    lock = "WITHOUT the lock" if arguments.without_lock else "with the lock"
    print(
        f"\n{connection.vendor}, {lock}: {storm.threads} threads, {storm.rounds_done} of "
        f"{storm.threads * storm.rounds} rounds, {storm.operations} operations in {storm.took:.0f} s "
        f"({storm.operations / storm.took:.0f} a second)"
    )
    for operation in sorted({name for name, _ended in storm.outcomes}):
        counts = {ended: storm.outcomes[operation, ended] for ended in ("done", "refused", "error")}
        print(f"  {operation:<11}{'  '.join(f'{ended} {number:>5}' for ended, number in counts.items())}")
    print(f"oversold: {damage.oversold}")
    print(f"  units shipped beyond what came in: {damage.shipped_beyond_received}")
    print(f"  units promised beyond what is there: {damage.promised_beyond_existing}")
    print(f"deadlocks: {storm.deadlocks}")
    print(f"errors other than a clean refusal: {storm.count('error') - storm.deadlocks}")
    _print_some(f"{number} × {text}" for text, number in Counter(storm.errors).most_common())
    print(f"verify: {len(damage.off) or 'no'} things off")
    _print_some(damage.off)
    broke = bool(damage.oversold or storm.count("error") or damage.off)
    unfinished = storm.rounds_done < storm.threads * storm.rounds
    if arguments.without_lock:
        return 0 if broke else 1
    return 1 if broke or unfinished else 0


def _print_some(lines: Any) -> None:
    every = list(lines)
    for line in every[:MOST_LINES]:
        print(f"  {line}")
    if len(every) > MOST_LINES:
        print(f"  … and {len(every) - MOST_LINES} more")


if __name__ == "__main__":
    sys.exit(main())
