"""Reading one cell: text, whole numbers, amounts, yes and no, dates. What cannot be read raises `BadValue`.

A cell comes as the file gives it: a text, or what a spreadsheet keeps (number, truth value, date). Numbers are read
as people of Romania, Poland, Ukraine and elsewhere write them: 12,50 and 12.50, 1 234,50 and 1.234,50.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

from inventory.exports import undo_neutralise
from inventory.stock_files.problems import BadValue


class NotComputed:
    """Stands for a formula whose result the file does not hold."""

    def __str__(self) -> str:
        return "="


NOT_COMPUTED: Final = NotComputed()
Cell = str | int | float | bool | Decimal | date | datetime | time | NotComputed | None

LARGEST_AMOUNT = Decimal("9999999999.99")
_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"}
_YES = {"yes", "y", "true", "1", "x", "da", "tak", "t", "prawda", "adevarat", "так", "+"}
_NO = {"no", "n", "false", "0", "nu", "nie", "fałsz", "falsz", "fals", "ні", "нет", "-"}
_SCIENTIFIC = re.compile(r"\d+([.,]\d+)?E\+?\d+", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(r"[+-]?\d+([.,]\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:([ .,'])\d{3})(?:\1\d{3})*(?:(?!\1)[.,]\d+)?", re.ASCII)
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y/%m/%d")


def is_empty(cell: Cell) -> bool:
    """Whether the cell says nothing, which leaves things as they are."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def read_text(cell: Cell, *, most: int) -> str:
    """The text of a cell, spaces tidied, without the apostrophe our own export puts before a formula."""
    _refuse_broken(cell)
    if isinstance(cell, (date, time)):
        raise BadValue("date_in_text")
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = " ".join(undo_neutralise(str(cell).strip()).split())
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise BadValue("bad_characters")
    if len(text) > most:
        raise BadValue("too_long", length=len(text), most=most)
    return text


def read_code(cell: Cell, *, most: int) -> str:
    """An SKU or a barcode: text that a spreadsheet may have mistaken for a number and shortened."""
    text = read_text(cell, most=most)
    if _SCIENTIFIC.fullmatch(text) and "+" in text:
        raise BadValue("scientific")
    return text


def read_whole(cell: Cell, *, least: int = 0, most: int) -> int:
    """A whole number; 12.0 and 12,00 are whole, too."""
    number = _read_number(cell)
    if number < 0:
        raise BadValue("negative")
    if number != number.to_integral_value():
        raise BadValue("not_whole")
    if number < least:
        raise BadValue("too_small", least=least)
    if number > most:
        raise BadValue("too_large", most=most)
    return int(number)


def read_amount(cell: Cell, *, most: Decimal = LARGEST_AMOUNT) -> Decimal:
    """An amount or a rate with at most two decimals, not negative."""
    number = _read_number(cell)
    if number < 0:
        raise BadValue("negative")
    if number > most:
        raise BadValue("too_large", most=str(most))
    rounded = number.quantize(Decimal("0.01"))
    if rounded != number:
        raise BadValue("too_precise", places=2)
    return rounded


def read_yes_or_no(cell: Cell) -> bool:
    """Yes or no, in any of our languages."""
    _refuse_broken(cell)
    if isinstance(cell, bool):
        return cell
    word = undo_neutralise(str(cell).strip()).casefold()
    word = word.removesuffix(".0")
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadValue("not_yes_or_no")


def read_date(cell: Cell) -> date:
    """A day, written with the year first or the day first."""
    _refuse_broken(cell)
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        return _sensible(cell)
    text = str(cell).strip()
    for pattern in _DATES:
        try:
            return _sensible(datetime.strptime(text, pattern).date())  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise BadValue("not_a_date")


def _refuse_broken(cell: Cell) -> None:
    if isinstance(cell, NotComputed):
        raise BadValue("not_computed")
    if isinstance(cell, str) and cell.strip() in _ERRORS:
        raise BadValue("cell_error")


def _read_number(cell: Cell) -> Decimal:
    _refuse_broken(cell)
    if isinstance(cell, (bool, date, time)):
        raise BadValue("not_a_number")
    if isinstance(cell, (int, float)):
        # Spreadsheets keep 0.1 + 0.2 as it comes; ten decimals are more than anybody typed.
        return _finite(Decimal(str(cell))).quantize(Decimal(1).scaleb(-10)).normalize()
    return _finite(Decimal(_plain_number(undo_neutralise(str(cell).strip()))))


def _plain_number(text: str) -> str:
    """The number with a point and without grouping."""
    text = text.replace("\xa0", " ").replace("\u202f", " ").replace("−", "-")
    if len(text) > 40:
        raise BadValue("not_a_number")
    if _PLAIN.fullmatch(text):
        mark = next((letter for letter in text if letter in ".,"), "")
        whole, _mark, part = text.partition(mark) if mark else (text, "", "")
        if len(part) == 3 and 1 <= len(whole.lstrip("+-")) <= 3 and whole.lstrip("+-0"):
            raise BadValue("ambiguous_number")
        return text.replace(",", ".")
    grouped = _GROUPED.fullmatch(text)
    if grouped is None:
        raise BadValue("not_a_number")
    return text.replace(grouped[1], "").replace(",", ".")


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise BadValue("not_a_number")
    if abs(number) >= Decimal(10) ** 16:
        raise BadValue("too_large", most=str(LARGEST_AMOUNT))
    return number


def _sensible(day: date) -> date:
    if not 2000 <= day.year <= 2100:
        raise BadValue("not_a_date")
    return day
