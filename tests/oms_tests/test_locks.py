"""The lock files: everything pinned and hashed, no index's address, and `make run` a part of `make test`."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "requirements"
LOCKS = ["run", "dev", "servers"]


def pins(name: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9][\w.-]*==\S+)", (FOLDER / f"{name}.txt").read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_a_hash(name: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", (FOLDER / f"{name}.txt").read_text().strip())

    assert pins(name)
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_index(name: str) -> None:
    assert "://" not in (FOLDER / f"{name}.txt").read_text()


def test_the_dev_lock_contains_the_run_lock() -> None:
    assert pins("run") - pins("dev") == set()
