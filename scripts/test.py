"""Runs the test suites: `scripts/test.py all|fast|sqlite|postgres|browser [pytest arguments]`.

`all` is what SQLite must answer for, then all that asks the database on PostgreSQL with Redis, then the browser tests on
SQLite (docs/decisions/0016). A suite that cannot run is a failure, never a silent skip. Servers come from TEST_DATABASE_URL / TEST_REDIS_URL, the machine, or wheels.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.chromium import HOW_TO, ensure_chromium  # noqa: E402
from scripts.servers import ServerMissing, postgres, redis  # noqa: E402

PARALLEL = ["-n", "2", "--dist", "worksteal"]
# The suite on PostgreSQL walks all migrations; on SQLite the tables are made at once, which saves each worker ten seconds.
AT_ONCE = ["--no-migrations"]


def main(arguments: list[str]) -> int:
    """Run one suite or all, print a closing line for each, and answer 0 only if every one passed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    name, extra = (arguments[0] if arguments else "all"), arguments[1:]
    if name != "all" and name not in SUITES:
        print(f"usage: test.py all|{'|'.join(SUITES)} [pytest arguments]", file=sys.stderr)
        return 2
    wanted = ["sqlite", "postgres", "browser"] if name == "all" else [name]
    closing = [_timed(suite, extra) for suite in wanted]
    if len(closing) > 1:
        print("\n".join(line for line, _passed in closing))
    return 0 if all(passed for _line, passed in closing) else 1


def fast(extra: list[str]) -> int:
    """What takes milliseconds, on SQLite; pages are left to the whole."""
    return _pytest(["-m", "not slow and not pages and not browser", *AT_ONCE, *PARALLEL, *extra], {})


def sqlite(extra: list[str]) -> int:
    """On SQLite: what runs nowhere else, and storage, workflow and races, which run on both databases."""
    return _pytest(["-m", "not browser and not once_on_postgres", *AT_ONCE, *PARALLEL, *extra], {})


def on_postgres(extra: list[str]) -> int:
    """Everything that asks the database (all but what is marked `once`), on PostgreSQL with Redis."""
    with ExitStack() as running:
        try:
            environment = {
                "TEST_DATABASE_URL": os.environ.get("TEST_DATABASE_URL") or running.enter_context(postgres()),
                "TEST_REDIS_URL": os.environ.get("TEST_REDIS_URL") or running.enter_context(redis()),
            }
        except (ServerMissing, subprocess.CalledProcessError) as problem:
            print(problem, file=sys.stderr)
            return 1
        return _pytest(["-m", "not browser and not once", *PARALLEL, *extra], environment)


def browser(extra: list[str]) -> int:
    """The browser tests, in Chromium, on SQLite."""
    chromium = ensure_chromium()
    if not chromium:
        print(HOW_TO, file=sys.stderr)
        return 1
    return _pytest(["-m", "browser", *AT_ONCE, *PARALLEL, *extra], {"OMS_CHROMIUM": chromium})


SUITES: dict[str, Callable[[list[str]], int]] = {
    "fast": fast,
    "sqlite": sqlite,
    "postgres": on_postgres,
    "browser": browser,
}
TITLES = {
    "fast": "Fast tests on SQLite",
    "sqlite": "Suite on SQLite",
    "postgres": "Suite on PostgreSQL and Redis",
    "browser": "Browser tests in Chromium",
}


def _timed(suite: str, extra: list[str]) -> tuple[str, bool]:
    started = time.monotonic()
    print(f"== {TITLES[suite]} ==", flush=True)
    passed = SUITES[suite](extra) == 0
    seconds = time.monotonic() - started
    line = f"{TITLES[suite]}: {'passed' if passed else 'FAILED'} in {seconds:.0f} s"
    print(line, flush=True)
    return line, passed


def _pytest(arguments: list[str], environment: dict[str, str]) -> int:
    # A shell that writes no compiled files would have each of the many processes compile all tests and the product anew.
    left_out = ("TEST_", "PYTHONDONTWRITEBYTECODE")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    return subprocess.run(command, cwd=ROOT, env=inherited | environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
