"""10,000 random moves from both sides by several processes, the board's stages changed meanwhile: does a card disagree?

    python bench/random_moves.py [--database sqlite|postgres|both] [--moves 10000] [--workers 6] [--orders 300]

Drags to all kinds of stages, undo, orders confirmed, shipped, cancelled, returned, reopened and paid, calls and parcels
at a pick-up point; one more process renames, remaps, reorders, restricts, adds and deletes stages all the while.
Databases of its own: SQLite in a temporary folder, PostgreSQL started for it. It ends with 1 if any card disagrees with
its order, a deal is lost, anything ended otherwise than moved, refused or stale, or `manage.py verify` finds something.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import scene  # noqa: E402
from scripts.servers import postgres  # noqa: E402

MOST_LINES = 8
ENDS = ("moved", "refused", "stale", "deadlock", "error")


def main() -> int:
    arguments = _arguments()
    if arguments.part:
        return _take_part(arguments)
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
        return _shuffle(arguments, Path(name))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Cards and orders moved from both sides at once.")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--moves", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    parser.add_argument("--slug", default="", help=argparse.SUPPRESS)
    parser.add_argument("--stop", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _take_part(arguments: argparse.Namespace) -> int:
    """One worker's process: its number as `--part`, or "board" for who rearranges the stages."""
    scene.enter(dict(os.environ))
    from bench.shuffle import Shuffle

    shuffle = Shuffle(arguments.slug, arguments.seed)
    if arguments.part == "board":
        shuffle.rearrange(arguments.workers, lambda: not Path(arguments.stop).exists())
    else:
        shuffle.move(int(arguments.part), arguments.moves // arguments.workers)
    outcomes = [[*what, number] for what, number in shuffle.outcomes.items()]
    print(json.dumps({"outcomes": outcomes, "errors": dict(shuffle.errors)}))
    return 0


def _shuffle(arguments: argparse.Namespace, folder: Path) -> int:
    from django.db import connections

    from bench.shuffle import Shuffle

    shuffle = Shuffle.prepare(count=arguments.orders, people=arguments.workers, seed=arguments.seed)
    connections.close_all()
    began = time.monotonic()
    stop = folder / "stop"
    parts = [_start(arguments, shuffle.slug, str(number), stop) for number in range(arguments.workers)]
    board = _start(arguments, shuffle.slug, "board", stop)
    for part in parts:
        _gather(shuffle, part)
    stop.touch()
    seconds = time.monotonic() - began
    changes = Shuffle(shuffle.slug)
    _gather(changes, board)
    return _report(shuffle, changes, seconds)


def _start(arguments: argparse.Namespace, slug: str, part: str, stop: Path) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--part", part, "--slug", slug, "--stop", str(stop)]
    command += ["--moves", str(arguments.moves), "--workers", str(arguments.workers)]
    command += ["--seed", str(arguments.seed)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def _gather(shuffle: Any, part: subprocess.Popen[str]) -> None:
    out, _none = part.communicate()
    if part.returncode:
        shuffle.errors[f"a process ended with {part.returncode}"] += 1
        shuffle.outcomes["process", "error"] += 1
        return
    told = json.loads(out.splitlines()[-1])
    shuffle.outcomes += Counter({(name, ended): number for name, ended, number in told["outcomes"]})
    shuffle.errors += Counter(told["errors"])


def _report(shuffle: Any, changes: Any, seconds: float) -> int:
    from django.db import connection

    from bench.shuffle import histories

    damage = shuffle.damage()
    total = shuffle.outcomes.total()
    print(
        f"\n{connection.vendor}: {total} moves in {seconds:.0f} s ({total / seconds:.0f} a second), {histories()}"
    )
    _print_table(shuffle)
    print(f"changes of the board meanwhile: {changes.outcomes.total()}")
    _print_table(changes)
    wrong = sum(part.count(ended) for part in (shuffle, changes) for ended in ("deadlock", "error"))
    _print_some([f"{number} × {text}" for text, number in (shuffle.errors + changes.errors).most_common()])
    print(f"orders whose card disagrees: {damage.disagreeing}")
    print(f"lost deals: {damage.lost}")
    print(f"verify: {len(damage.off) or 'no'} things off")
    _print_some(damage.off)
    return 1 if wrong or damage.disagreeing or damage.lost or damage.off else 0


def _print_table(part: Any) -> None:
    for name in sorted({name for name, _ended in part.outcomes}):
        counts = "  ".join(f"{ended} {part.outcomes[name, ended]:>5}" for ended in ENDS)
        print(f"  {name:<11}{counts}")
    print(f"  {'in all':<11}{'  '.join(f'{ended} {part.count(ended):>5}' for ended in ENDS)}")


def _print_some(lines: list[str]) -> None:
    for line in lines[:MOST_LINES]:
        print(f"  {line}")
    if len(lines) > MOST_LINES:
        print(f"  … and {len(lines) - MOST_LINES} more")


if __name__ == "__main__":
    sys.exit(main())
