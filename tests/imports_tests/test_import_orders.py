"""`manage.py import_orders`: one order or many from a file, a line of report for each, and a dry run."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from orders.models import Order
from shops.models import Shop
from tests.factories import make_shop
from tests.imports_tests.payloads import LATER, PAID_BY_CARD, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def run(shop: Shop, path: Path, *flags: str) -> tuple[list[str], str, str]:
    out, err = StringIO(), StringIO()
    refused = ""
    try:
        call_command(
            "import_orders",
            str(path),
            "--shop",
            shop.slug,
            "--format",
            "woocommerce",
            *flags,
            stdout=out,
            stderr=err,
        )
    except CommandError as error:
        refused = f"{error} (exit {error.returncode})"
    return out.getvalue().splitlines(), err.getvalue(), refused


def written(folder: Path, content: Any) -> Path:
    path = folder / "orders.json"
    path.write_text(json.dumps(content))
    return path


def test_it_takes_one_order(shop: Shop, tmp_path: Path) -> None:
    lines, _progress, refused = run(shop, written(tmp_path, order()))

    assert lines[0].startswith(f"{shop.order_prefix}5101: placed:")
    assert not refused
    assert Order.objects.count() == 1


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"orders": rows}])
def test_it_takes_a_list_and_says_how_far_it_is(shop: Shop, tmp_path: Path, wrap: Any) -> None:
    rows = [order(id=n, number=str(n)) for n in (1, 2, 3)]

    lines, progress, _refused = run(shop, written(tmp_path, wrap(rows)))

    assert lines[-1] == "3 orders: 3 placed"
    assert progress.split() == ["1/3", "2/3", "3/3"]


def test_a_refused_order_is_named_and_does_not_stop_the_others(shop: Shop, tmp_path: Path) -> None:
    rows = [order(id=1, number="1"), order(id=2, total="?"), "what", order(id=3, number="3")]

    lines, _progress, refused = run(shop, written(tmp_path, rows))

    assert lines[1] == "2: refused: total: must be an amount."
    assert lines[-1] == "4 orders: 2 placed, 2 refused"
    assert refused == "2 refused (exit 1)"
    assert Order.objects.count() == 2


def test_again_is_unchanged_and_later_is_updated(shop: Shop, tmp_path: Path) -> None:
    run(shop, written(tmp_path, order()))

    again, _progress, _refused = run(shop, written(tmp_path, order()))
    later, _progress, _refused = run(shop, written(tmp_path, order(**PAID_BY_CARD, **LATER)))

    assert ": unchanged:" in again[0]
    assert ": updated:" in later[0]


def test_a_dry_run_reports_the_same_and_keeps_nothing(shop: Shop, tmp_path: Path) -> None:
    rows = [order(), order(**PAID_BY_CARD, **LATER), order(id=2, total="?"), order(**PAID_BY_CARD, **LATER)]
    path = written(tmp_path, rows)

    rehearsed, _progress, refused = run(shop, path, "--dry-run")
    kept = Order.objects.exists()
    real, _progress, _refused = run(shop, path)

    assert not kept
    assert rehearsed[:-1] == real[:-1]
    assert rehearsed[-1] == f"{real[-1]} (dry run: nothing was kept)"
    assert refused


def test_nobody_is_told_unless_asked(shop: Shop, tmp_path: Path) -> None:
    run(shop, written(tmp_path, [order(id=1, number="1")]))
    run(shop, written(tmp_path, [order(id=2, number="2")]), "--notify")

    told = {found.external_id: found.events.get(kind="placed").notify for found in Order.objects.all()}
    assert told == {"1": False, "2": True}


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), (b"{", "is not JSON")])
def test_a_file_that_cannot_be_read_is_named(
    shop: Shop, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "orders.json"
    if content is not None:
        path.write_bytes(content)

    _lines, _progress, refused = run(shop, path)

    assert said in refused


def test_an_unknown_shop_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no shop “nobody”"):
        call_command(
            "import_orders", str(written(tmp_path, order())), "--shop", "nobody", "--format", "woocommerce"
        )


def test_an_empty_list_is_no_mistake(shop: Shop, tmp_path: Path) -> None:
    lines, _progress, refused = run(shop, written(tmp_path, []))

    assert (lines, refused) == (["0 orders: nothing"], "")
