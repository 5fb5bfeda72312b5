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
HERE = Path(__file__).parent

# What no database changes: words, files, providers, who may open what, programs that bring a SQLite of their own; and
# two long walks whose every verb is tried on both databases elsewhere.
# It runs once, in the suite on SQLite; the suite on PostgreSQL leaves it out (scripts/test.py).
RUNS_ONCE = {
    "crm_tests/test_bulk_pages.py",
    "crm_tests/test_pairs.py",
    "crm_tests/test_routes.py",
    "crm_tests/test_work_page.py",
    "imports_tests/test_mapping.py",
    "inventory_tests/test_edit_product.py",
    "inventory_tests/test_import_bombs.py",
    "inventory_tests/test_import_files.py",
    "inventory_tests/test_stateful.py",
    "inventory_tests/test_stock_count_property.py",
    "notifications_tests/test_editor.py",
    "notifications_tests/test_email_clients.py",
    "notifications_tests/test_hostile_names.py",
    "notifications_tests/test_layout.py",
    "notifications_tests/test_presets.py",
    "notifications_tests/test_preview.py",
    "notifications_tests/test_refused_templates.py",
    "notifications_tests/test_rendering.py",
    "notifications_tests/test_segments.py",
    "notifications_tests/test_sms_hook_bodies.py",
    "notifications_tests/test_sms_providers.py",
    "notifications_tests/test_threading.py",
    "oms_tests/test_api_docs.py",
    "oms_tests/test_catalogues.py",
    "oms_tests/test_compose.py",
    "oms_tests/test_demo.py",
    "oms_tests/test_docs.py",
    "oms_tests/test_environment_script.py",
    "oms_tests/test_import_contracts.py",
    "oms_tests/test_makefile_python.py",
    "oms_tests/test_pseudo_locale.py",
    "oms_tests/test_settings.py",
    "oms_tests/test_supervisor.py",
    "oms_tests/test_up.py",
    "orders_tests/test_awb_files.py",
    "orders_tests/test_permissions.py",
    "orders_tests/test_place_order_refuses.py",
    "orders_tests/test_stateful.py",
    "shops_tests/test_permissions.py",
}

# What stands on the services of orders and stock, which run on both databases, and so do its own slow tests: races,
# storms, thousands of rows. The rest of it runs on PostgreSQL only, and its pages are read on SQLite by the browser.
WORKSPACE = {"crm_tests", "notifications_tests"}

# Each of their tests takes little, all of them together too long for `make test-fast`.
LONG_TOGETHER = {
    "crm_tests/test_order_page.py",
    "crm_tests/test_projection.py",
    "crm_tests/test_tracking.py",
    "crm_tests/test_work_page.py",
    "crm_tests/test_work_queue.py",
    "imports_tests/test_hook.py",
    "inventory_tests/test_edit_product.py",
    "inventory_tests/test_low_stock.py",
    "inventory_tests/test_movement_forms.py",
    "inventory_tests/test_stock_page.py",
    "inventory_tests/test_waiting_page.py",
    "notifications_tests/test_bounces.py",
}


def pytest_configure(config: pytest.Config) -> None:
    """Compile the message catalogues once, before any worker of pytest-xdist reads them."""
    if not hasattr(config, "workerinput"):
        compile_catalogues(Path(config.rootpath) / "locale")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs once, on SQLite or on PostgreSQL, and what is slow together.

    A name in a list that no file has is an error, not an oversight.
    """
    missing = [name for name in RUNS_ONCE | LONG_TOGETHER if not (HERE / name).exists()]
    if missing:
        raise pytest.UsageError(f"tests/conftest.py names tests that are not there: {', '.join(missing)}")
    for item in items:
        name = item.path.relative_to(HERE).as_posix()
        if _asks_for_pages(item):
            item.add_marker(pytest.mark.pages)
        if name in RUNS_ONCE:
            item.add_marker(pytest.mark.once)
        elif _asks_for_pages(item) or (item.path.parent.name in WORKSPACE and not _is_slow(item)):
            item.add_marker(pytest.mark.once_on_postgres)
        if name in LONG_TOGETHER:
            item.add_marker(pytest.mark.slow)


def _asks_for_pages(item: pytest.Item) -> bool:
    """Whether the test uses Django's test client, by the fixture or by a client of its module's own making."""
    return "client" in getattr(item, "fixturenames", ()) or hasattr(getattr(item, "module", None), "Client")


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


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
