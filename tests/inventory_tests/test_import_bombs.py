"""Workbooks small enough to be taken that would be far too large as a tree: refused with a sentence, and nothing kept."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from django.utils import translation
from django.utils.translation import gettext
from openpyxl import Workbook, load_workbook

from inventory.errors import StockError
from inventory.models import ImportState, Product, Warehouse
from inventory.services.importing import run_imports, upload_import
from inventory.stock_files import bounded
from inventory.stock_files.reading import count_rows, find_headings, rows_of
from tests.factories import SYSTEM, make_shop

SHEET, STRINGS, STYLES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"
TYPES = "[Content_Types].xml"
TOO_LARGE = "This workbook is too large once it is unpacked. Save the one sheet that matters as CSV."
NAMESPACE = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRINGS_TYPE = (
    b'<Override PartName="/xl/sharedStrings.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)
Changes = dict[str, tuple[bytes, bytes]]


def workbook(changes: Changes | None = None, *, rows: int = 2) -> bytes:
    """A workbook of SKUs and names; in each part named in `changes` the first text is replaced by the second, once."""
    book, made, place = Workbook(), io.BytesIO(), io.BytesIO()
    assert book.active is not None
    book.active.append(["SKU", "Name"])
    for number in range(rows):
        book.active.append([f"A-{number}", "a cup"])
    book.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as new:
        parts = {name: old.read(name) for name in old.namelist()}
        parts[STRINGS] = b'<sst xmlns="' + NAMESPACE + b'"><si><t>shared</t></si></sst>'
        parts[TYPES] = parts[TYPES].replace(b"</Types>", STRINGS_TYPE)
        for name, (before, after) in (changes or {}).items():
            assert before in parts[name]
            parts[name] = parts[name].replace(before, after, 1)
        for name, text in parts.items():
            new.writestr(name, text)
    return place.getvalue()


BOMBS: dict[str, Changes] = {
    "a row of a million cells": {SHEET: (b"</row>", b"<c/>" * 1_000_000 + b"</row>")},
    "cells without a row": {SHEET: (b"<sheetData>", b"<sheetData>" + b"<c/>" * 1_000_000)},
    "cells in one another": {SHEET: (b"</row>", b"<c>" * 200_000 + b"</c>" * 200_000 + b"</row>")},
    "columns without end": {SHEET: (b"<sheetData>", b"<cols>" + b"<col/>" * 200_000 + b"</cols><sheetData>")},
    "a cell of many lines": {SHEET: (b"</row>", b"<c><v>" + b"\n" * 17_000_000 + b"</v></c></row>")},
    "a string in a million parts": {STRINGS: (b"</si>", b"<r/>" * 1_000_000 + b"</si>")},
    "styles without end": {STYLES: (b"</cellXfs>", b"<xf/>" * 500_000 + b"</cellXfs>")},
    "a part as large as a file": {STYLES: (b"</styleSheet>", b" " * 17_000_000 + b"</styleSheet>")},
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_it_refuses_what_would_not_fit(bomb: str) -> None:
    content = workbook(BOMBS[bomb])
    assert len(content) < 200_000

    with pytest.raises(StockError) as refusal:
        list(rows_of(content))

    assert (refusal.value.code, refusal.value.sentence) == ("too_large", TOO_LARGE)


@pytest.mark.parametrize("bomb", BOMBS)
def test_it_refuses_it_without_a_size_of_the_sheet_too(bomb: str) -> None:
    content = _without_dimension(workbook(BOMBS[bomb]))

    with pytest.raises(StockError) as refusal:
        find_headings(content)

    assert refusal.value.code == "too_large"


def test_it_refuses_too_many_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST_STRINGS", 5)

    content = workbook({STRINGS: (b"<si>", b"<si/>" * 5 + b"<si>")})

    with pytest.raises(StockError) as refusal:
        list(rows_of(content))

    assert refusal.value.code == "too_large"


def test_it_reads_strings_that_cells_share() -> None:
    content = workbook({SHEET: (b"</row>", b'<c t="s"><v>0</v></c></row>')}, rows=0)

    assert list(rows_of(content)) == [(1, ["SKU", "Name", "shared"])]


def test_many_rows_are_not_one_large_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST_ELEMENTS", 30)

    found = list(rows_of(workbook(rows=500)))

    assert len(found) == 501
    assert found[-1] == (501, ["A-499", "a cup"])


def test_what_stands_behind_the_rows_is_not_read() -> None:
    merged = b"</sheetData><mergeCells>" + b"<mergeCell/>" * 500_000 + b"</mergeCells>"

    assert list(rows_of(workbook({SHEET: (b"</sheetData>", merged)}))) == [
        (1, ["SKU", "Name"]),
        (2, ["A-0", "a cup"]),
        (3, ["A-1", "a cup"]),
    ]


def test_a_sheet_that_does_not_say_its_size_is_read() -> None:
    content = _without_dimension(workbook())

    assert load_workbook(io.BytesIO(content)).active is not None
    assert count_rows(workbook()) == 2
    assert count_rows(content) == 0
    assert len(list(rows_of(content))) == 3


@pytest.mark.django_db
def test_an_import_says_so_and_brings_nothing_in() -> None:
    shop = make_shop()
    warehouse = Warehouse.objects.get(shop=shop, is_default=True)
    content = workbook(BOMBS["a row of a million cells"])

    job = upload_import(warehouse_id=warehouse.pk, name="a.xlsx", content=content, actor=SYSTEM)
    run_imports()

    job.refresh_from_db()
    assert job.state == ImportState.FAILED
    with translation.override(shop.language):
        assert job.failure == gettext(TOO_LARGE)
    assert not Product.objects.filter(shop=shop).exists()


def _without_dimension(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            text = old.read(part)
            new.writestr(part, re.sub(rb"<dimension [^>]*>", b"", text) if part == SHEET else text)
    return made.getvalue()
