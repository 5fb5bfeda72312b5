"""A worker that is killed in the middle of an import leaves nothing half-imported, and another one finishes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from inventory.models import ImportState, Product, StockImport, StockMovement, Warehouse
from inventory.selectors import stock_problems
from inventory.services.importing import approve_import, run_imports, upload_import
from inventory.services.importing.runs import MOST_ATTEMPTS
from tests.factories import SYSTEM, make_shop

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
FILE = ("SKU;Name;On hand\n" + "".join(f"S{n};Name {n};5\n" for n in range(1, 601))).encode()
# The worker stops half-way through writing stock, inside the transaction, and says so.
WORKER = """
import time, django
django.setup()
from inventory.services.importing import applying, run_imports
book, booked = applying._book, []
def slowly(*arguments):
    book(*arguments)
    booked.append(1)
    if len(booked) == 550:
        print("half-way", flush=True)
        time.sleep(120)
applying._book = slowly
run_imports()
"""


def database_url() -> str:
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    password = f":{quote(known['PASSWORD'], safe='')}" if known["PASSWORD"] else ""
    return f"postgres://{known['USER']}{password}@{known['HOST']}:{known['PORT']}/{known['NAME']}"


def approved() -> StockImport:
    shop = make_shop(language="en")
    warehouse = Warehouse.objects.get(shop=shop)
    job = upload_import(warehouse_id=warehouse.pk, name="a.csv", content=FILE, actor=SYSTEM)
    run_imports()
    job.refresh_from_db()
    approve_import(import_id=job.pk, digest=job.digest, without_bad_rows=False, actor=SYSTEM)
    return job


def test_a_worker_killed_half_way_leaves_nothing_and_another_finishes(tmp_path: Path) -> None:
    job = approved()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "oms.settings",
        "OMS_DATA_DIR": str(tmp_path),
        "SECRET_KEY": "only-for-tests",
        "DATABASE_URL": database_url(),
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    said = worker.stdout.readline()
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    job.refresh_from_db()
    assert said == "half-way\n"
    assert job.state == ImportState.APPLYING
    assert (Product.objects.count(), StockMovement.objects.count()) == (0, 0)
    assert run_imports() == 0, "the dead worker still holds it"

    StockImport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    wait_until_free()
    assert run_imports() == 1

    job.refresh_from_db()
    assert job.state == ImportState.DONE
    assert (Product.objects.count(), StockMovement.objects.count()) == (600, 600)
    assert list(stock_problems()) == []


def wait_until_free() -> None:
    """A server needs a moment to notice that its client is gone."""
    time.sleep(0.5)


def test_what_never_comes_to_its_end_is_given_up() -> None:
    job = approved()
    StockImport.objects.filter(pk=job.pk).update(
        state=ImportState.APPLYING,
        lease_until=timezone.now() - timedelta(seconds=1),
        options={**StockImport.objects.get(pk=job.pk).options, "attempts": MOST_ATTEMPTS},
    )

    run_imports()

    job.refresh_from_db()
    assert job.state == ImportState.FAILED
    assert "several times" in job.failure
    assert not Product.objects.exists()


def test_two_workers_import_once(in_threads: Callable[..., list[Any]]) -> None:
    job = approved()

    taken = in_threads([run_imports] * 4)

    job.refresh_from_db()
    assert sorted(taken) == [0, 0, 0, 1]
    assert job.state == ImportState.DONE
    assert (Product.objects.count(), StockMovement.objects.count()) == (600, 600)


def test_two_clicks_at_once_approve_once(in_threads: Callable[..., list[Any]]) -> None:
    shop = make_shop()
    warehouse = Warehouse.objects.get(shop=shop)
    job = upload_import(warehouse_id=warehouse.pk, name="a.csv", content=FILE, actor=SYSTEM)
    run_imports()
    job.refresh_from_db()

    def click() -> bool:
        return approve_import(import_id=job.pk, digest=job.digest, without_bad_rows=False, actor=SYSTEM)

    assert sorted(in_threads([click] * 4)) == [False, False, False, True]
