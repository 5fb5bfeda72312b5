"""Everything `make check` looks at, one command after another, all of them even when one fails."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
PRODUCTION = {
    "OMS_ENV": "production",
    "SECRET_KEY": "a-check-needs-a-key-that-is-long-and-has-many-different-characters-0123456789",
    "ALLOWED_HOSTS": "oms.example",
}
CHECKS: tuple[tuple[str, list[str], dict[str, str]], ...] = (
    ("format", ["ruff", "format", "--check", "--quiet", "."], {}),
    ("lint", ["ruff", "check", "."], {}),
    ("types", ["mypy"], {}),
    ("imports", ["lint-imports", "--no-logo"], {}),
    ("migrations", ["python", "manage.py", "makemigrations", "--check", "--dry-run"], {}),
    ("system", ["python", "manage.py", "check", "--fail-level", "WARNING"], {}),
    ("production", ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    ("templates", ["djlint", "templates", "--lint", "--quiet"], {}),
)


def main() -> int:
    """Run every check, say which failed, and answer 0 only if none did."""
    failed = [name for name, command, environment in CHECKS if not _passes(name, command, environment)]
    print("All checks passed." if not failed else f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


def _passes(name: str, command: list[str], environment: dict[str, str]) -> bool:
    started = time.monotonic()
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env=os.environ | environment,
        check=False,
        capture_output=True,
        text=True,
    )
    passed = done.returncode == 0
    print(f"{'ok    ' if passed else 'FAILED'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
    if not passed:
        print(done.stdout + done.stderr, flush=True)
    return passed


if __name__ == "__main__":
    sys.exit(main())
