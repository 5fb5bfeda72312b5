"""10,000 products with 25 bad rows, as CSV and as XLSX: named errors, progress, seconds, memory, and all or nothing.

    python bench/stock_import.py [--rows 10000] [--postgres]

On SQLite, or on a PostgreSQL started for it. The worker is a process of its own, started as `manage.py` starts it, so
that its peak memory is its own; this process only uploads, watches the progress and approves, like the page does.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import scene  # noqa: E402
from scripts.servers import postgres  # noqa: E402

HEADINGS = [
    "SKU",
    "Barcode",
    "Name",
    "Category",
    "Price",
    "Price currency",
    "Cost",
    "Safety stock",
    "On hand",
]
# Each kind of mistake, as (column, value); they are spread over the file in turn.
MISTAKES = [
    (0, ""),
    (2, ""),
    (2, "n" * 300),
    (4, "12.5.0"),
    (4, "-3"),
    (4, "NaN"),
    (4, "1,234"),
    (5, "LEI"),
    (6, "free"),
    (7, "2.5"),
    (8, "-1"),
    (8, "5941234567890"),
]
BAD_ROWS = 25
WORKER = """
import time
import django
django.setup()
from inventory.services.importing import run_imports

def peak():  # of this program alone: getrusage would count its parent's, too
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

base, began, spent = peak(), time.perf_counter(), time.process_time()
run_imports()
print(f"{time.perf_counter() - began:.2f} {time.process_time() - spent:.2f} {peak():.0f} {base:.0f}")
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Import many products with some bad rows.")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    server: Any = postgres() if asked.postgres else nullcontext("")
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as name, server as url:
        variables = scene.environment(Path(name), **({"DATABASE_URL": url} if url else {}))
        scene.enter(variables)
        scene.migrate()
        print(f"{asked.rows} rows on {'PostgreSQL' if url else 'SQLite'}")
        rows = _rows(asked.rows)
        found = [_measure(kind, rows, variables) for kind in ("csv", "xlsx")]
    return 0 if all(found) else 1


def _rows(count: int) -> list[list[Any]]:
    """The file, with 25 mistakes: twelve kinds in turn, and one product that stands in it twice."""
    rows: list[list[Any]] = [
        [
            f"SKU-{n:06}",
            f"594{n:010}",
            f"Produs {n}",
            f"Raion {n % 40}",
            f"{n % 500}.90",
            "RON",
            "7,25",
            n % 9,
            n % 60,
        ]
        for n in range(count)
    ]
    step = count // BAD_ROWS
    for n in range(BAD_ROWS - 2):
        column, value = MISTAKES[n % len(MISTAKES)]
        rows[n * step + 3][column] = value
    rows[-1][0] = rows[-5][0]
    return [HEADINGS, *rows]


def _measure(kind: str, rows: list[list[Any]], variables: dict[str, str]) -> bool:
    from django.db import connection

    from inventory.models import Product, StockMovement, Warehouse
    from inventory.selectors import stock_problems
    from inventory.services.importing import approve_import, upload_import
    from shops.actors import Actor
    from shops.services import create_shop

    actor = Actor.system("bench")
    shop = create_shop(
        country="RO", name=f"Bench {kind}", slug=f"bench-{kind}", order_prefix=f"{kind.upper()}-"
    )
    warehouse = Warehouse.objects.get(shop=shop, is_default=True)
    content = _csv(rows) if kind == "csv" else _xlsx(rows)
    job = upload_import(warehouse_id=warehouse.pk, name=f"stock.{kind}", content=content, actor=actor)
    print(f"\n{kind.upper()}, {len(content) / 1024:.0f} KB")

    dry = _watch(job.pk, variables)
    job.refresh_from_db()
    kinds = Counter(problem["code"] for problem in job.problems)
    bad = {problem["row"] for problem in job.problems}
    print(f"  dry run: {dry['line']}")
    print(f"  progress seen: {dry['seen']}")
    print(f"  named errors: {len(job.problems)} in {len(bad)} rows: {dict(sorted(kinds.items()))}")
    for problem in job.problems[:3]:
        print(f"    row {problem['row']}, {problem['column']}, “{problem['value'][:20]}”: {problem['code']}")
    before = (
        Product.objects.filter(shop=shop).count(),
        StockMovement.objects.filter(reference=job.reference).count(),
    )
    print(f"  after the dry run: {before[0]} products, {before[1]} movements")

    approve_import(import_id=job.pk, digest=job.digest, without_bad_rows=True, actor=actor)
    applied = _watch(job.pk, variables)
    job.refresh_from_db()
    products = Product.objects.filter(shop=shop).count()
    moved = StockMovement.objects.filter(reference=job.reference).count()
    expected = len(rows) - 1 - BAD_ROWS
    print(f"  import of the good rows: {applied['line']}")
    print(f"  progress seen: {applied['seen']}; others saw products appear as {applied['products']}")
    print(f"  after the import: {job.state}, {products} products (expected {expected}), {moved} movements")
    wrong = list(stock_problems(shop.pk))
    print(f"  ledger = counters: {'yes' if not wrong else wrong[:3]}")
    connection.close()
    return (
        len(bad) == BAD_ROWS
        and before == (0, 0)
        and products == expected
        and set(applied["products"]) <= {0, expected}
        and not wrong
    )


def _watch(pk: int, variables: dict[str, str]) -> dict[str, Any]:
    """Run the worker and look at the row as the page does, ten times a second."""
    from inventory.models import Product, StockImport

    shop_id = StockImport.objects.values_list("shop_id", flat=True).get(pk=pk)
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        env=variables | {"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    )
    seen: list[int] = []
    products: list[int] = []
    slowest = 0.0
    while worker.poll() is None:
        began = time.perf_counter()
        done = StockImport.objects.values_list("rows_done", flat=True).get(pk=pk)
        count = Product.objects.filter(shop_id=shop_id).count()
        slowest = max(slowest, time.perf_counter() - began)
        if done not in seen[-1:]:
            seen.append(done)
        if count not in products[-1:]:
            products.append(count)
        time.sleep(0.1)
    assert worker.stdout is not None
    seconds, busy, peak, base = worker.stdout.read().split()
    line = f"{seconds} s ({busy} s of processor), peak {peak} MB ({base} MB before it began), slowest look from outside {slowest * 1000:.0f} ms"
    return {"line": line, "seen": seen, "products": products}


def _csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(rows: list[list[Any]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    place = io.BytesIO()
    book.save(place)
    return place.getvalue()


if __name__ == "__main__":
    sys.exit(main())
