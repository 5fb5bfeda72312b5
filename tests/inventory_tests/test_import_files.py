"""Reading files as people save them: encodings, separators, numbers, spreadsheets, and what is refused."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook

from inventory.errors import StockError
from inventory.exports import neutralise, undo_neutralise
from inventory.stock_files import reading
from inventory.stock_files.columns import COLUMNS, key_of
from inventory.stock_files.problems import SENTENCES, BadValue
from inventory.stock_files.reading import find_headings, rows_of
from inventory.stock_files.values import (
    NOT_COMPUTED,
    read_amount,
    read_code,
    read_date,
    read_whole,
    read_yes_or_no,
)


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    place = io.BytesIO()
    book.save(place)
    return place.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("text", ["Preț;ștampilă", "Cena;żółć", "Ціна;їжак"])
def test_it_reads_unicode_with_and_without_a_mark(encoding: str, text: str) -> None:
    assert list(rows_of(f"{text}\n1;2\n".encode(encoding))) == [(1, text.split(";")), (2, ["1", "2"])]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "Nazwa;Łódź żółta gęś"),
        ("cp1250", "Denumire;Pâine şi ţuică în Bărăgan"),
        ("cp1251", "Назва;Їжак біля лісу, ґедзь"),
    ],
)
def test_it_tells_the_code_pages_of_the_region_apart(encoding: str, text: str) -> None:
    assert list(rows_of(f"SKU;{text}\n".encode(encoding))) == [(1, ["SKU", *text.split(";")])]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_it_finds_the_separator(mark: str) -> None:
    content = mark.join(["SKU", '"Name, long; with|marks"', "Price"]) + "\n" + mark.join(["a", "b", "1"])

    assert [len(cells) for _row, cells in rows_of(content.encode())] == [3, 3]


def test_it_heeds_the_line_that_names_the_separator() -> None:
    assert next(iter(rows_of(b"sep=;\nSKU;Name, long, indeed\n"))) == (1, ["SKU", "Name, long, indeed"])


@pytest.mark.parametrize("language", range(4))
def test_every_heading_is_understood_in_every_language(language: int) -> None:
    assert [key_of(column.headings[language].upper()) for column in COLUMNS] == [
        column.key for column in COLUMNS
    ]


def test_headings_may_stand_below_a_title() -> None:
    headings = find_headings(b"Stock of November;;\n;;\nArtikul;SKU;Stoc\n")

    assert (headings.row, headings.keys) == (3, ("", "sku", "on_hand"))


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("12,50", "12.50"),
        ("12.50", "12.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,5", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1.234.567", "1234567.00"),
        ("0.100", "0.10"),
        (12.5, "12.50"),
        (0.1 + 0.2, "0.30"),
        (7, "7.00"),
    ],
)
def test_it_reads_amounts_as_people_write_them(cell: Any, amount: str) -> None:
    assert read_amount(cell) == Decimal(amount)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1,234", "ambiguous_number"),
        ("1.234", "ambiguous_number"),
        ("12 lei", "not_a_number"),
        ("NaN", "not_a_number"),
        (float("nan"), "not_a_number"),
        (float("inf"), "not_a_number"),
        ("1e5", "not_a_number"),
        ("1.23.4", "not_a_number"),
        ("-1", "negative"),
        (True, "not_a_number"),
        ("9" * 41, "not_a_number"),
        ("9" * 30, "too_large"),
        (1e300, "too_large"),
        ("12.3456", "too_precise"),
        ("12.345", "ambiguous_number"),
        (NOT_COMPUTED, "not_computed"),
        ("#DIV/0!", "cell_error"),
        ("١٢", "not_a_number"),
    ],
)
def test_it_refuses_what_is_no_amount(cell: Any, code: str) -> None:
    with pytest.raises(BadValue) as refused:
        read_amount(cell)

    assert (
        refused.value.code in {code, "ambiguous_number"} if cell == "12.345" else refused.value.code == code
    )
    assert str(SENTENCES[refused.value.code]) % refused.value.details


def test_it_reads_whole_numbers_dates_and_truth() -> None:
    assert (read_whole("12,00", most=99), read_whole(12.0, most=99)) == (12, 12)
    assert read_date("31.12.2026") == read_date("2026-12-31") == date(2026, 12, 31)
    assert read_date(datetime(2026, 12, 31, 23, 0)) == date(2026, 12, 31)
    assert all(read_yes_or_no(word) for word in ("DA", "tak", "Так", "yes", 1, True))
    assert not any(read_yes_or_no(word) for word in ("nu", "NIE", "ні", "no", 0, False))


def test_codes_keep_their_zeros_and_say_when_a_spreadsheet_shortened_them() -> None:
    assert read_code("00123", most=20) == "00123"
    assert read_code(5941234567890.0, most=20) == "5941234567890"
    with pytest.raises(BadValue, match="scientific"):
        read_code("5,94E+12", most=20)
    with pytest.raises(BadValue, match="date_in_text"):
        read_code(datetime(2026, 3, 1), most=20)


@pytest.mark.parametrize(
    "text", ["=1+1", "+40", "-x", "@a", "'=1", "''-", "\t=1", " =1", "plain", "'", "it's", ""]
)
def test_a_text_is_the_same_after_it_was_neutralised_and_back(text: str) -> None:
    assert undo_neutralise(neutralise(text)) == text
    assert not str(neutralise(text)).lstrip(" \n").startswith(("=", "+", "-", "@", "\t"))


def test_it_reads_a_workbook_without_computing_anything() -> None:
    content = workbook(
        ["SKU", "Price", "Active", "Expected on"], [None], ["A", "=1+1", True, date(2026, 12, 1)]
    )

    rows = list(rows_of(content))

    assert rows[0] == (1, ["SKU", "Price", "Active", "Expected on"])
    assert rows[-1][0] == 3
    assert rows[-1][1][:3] == ["A", NOT_COMPUTED, True]


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    content = workbook(["SKU"], *[["x" * 200] for _ in range(2000)])
    monkeypatch.setattr(reading, "LARGEST_UNPACKED", 10_000)
    monkeypatch.setattr(reading, "open_bounded", lambda *_a, **_k: pytest.fail("it was unpacked"))

    with pytest.raises(StockError, match="too large"):
        list(rows_of(content))


def test_a_workbook_with_entities_is_refused() -> None:
    whole = io.BytesIO(workbook(["SKU"], ["A"]))
    bad = io.BytesIO()
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(bad, "w") as target:
        for part in source.infolist():
            text = source.read(part)
            if part.filename.startswith("xl/worksheets/sheet"):
                text = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + text
            target.writestr(part.filename, text)

    with pytest.raises(StockError, match="cannot be read"):
        list(rows_of(bad.getvalue()))


def test_more_rows_than_can_be_kept_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)

    with pytest.raises(StockError, match="more than 3 rows"):
        list(rows_of(b"SKU\n" + b"A\n" * 4))
