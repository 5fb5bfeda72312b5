"""What every test may lean on: compiled catalogues, real threads with connections of their own, people by role."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from oms.catalogues import compile_catalogues

Outcome = Any


def pytest_configure(config: pytest.Config) -> None:
    """Compile the message catalogues once, before any worker of pytest-xdist reads them."""
    if not hasattr(config, "workerinput"):
        compile_catalogues(Path(config.rootpath) / "locale")


@pytest.fixture
def in_threads() -> Callable[[Sequence[Callable[[], Any]]], list[Outcome]]:
    """Run callables at the same moment, each in a thread with its own database connections.

    Answers their results in order; an exception is answered, not raised, so that a test can count the refused.
    The test must be marked `django_db(transaction=True)`: threads don't see an open transaction's rows.
    """

    def run(tasks: Sequence[Callable[[], Any]]) -> list[Outcome]:
        start = Barrier(len(tasks))

        def one(task: Callable[[], Any]) -> Outcome:
            start.wait(timeout=60)
            try:
                return task()
            except Exception as error:
                return error
            finally:
                connections.close_all()

        with ThreadPoolExecutor(max_workers=len(tasks)) as pool:
            return list(pool.map(one, tasks))

    return run
