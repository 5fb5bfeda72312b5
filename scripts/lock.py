"""Writes requirements/*.txt anew from pyproject.toml, with hashes and without any address of an index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = [
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
    "--no-header",
    "--strip-extras",
    "--allow-unsafe",
    "--quiet",
]
LOCKS: tuple[tuple[str, list[str]], ...] = (
    ("run", ["pyproject.toml"]),
    ("dev", ["--extra", "dev", "-c", "requirements/run.txt", "pyproject.toml"]),
    ("servers", ["-c", "requirements/dev.txt", "requirements/servers.in"]),
)


def main(arguments: list[str]) -> int:
    """Lock everything; further arguments (such as --upgrade-package NAME) go to pip-compile."""
    for name, source in LOCKS:
        command = [sys.executable, "-m", "piptools", "compile", *OPTIONS, *arguments, *source]
        subprocess.run([*command, "-o", f"requirements/{name}.txt"], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
