"""Files for spreadsheets. A text that a spreadsheet would run as a formula is written so that it stays a text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

# What begins a formula, also behind the white space that spreadsheets skip (OWASP, “CSV Injection”).
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK = "\ufeff"


class _Line:
    """A place the csv writer writes to, which hands the line back."""

    def write(self, text: str) -> str:
        return text


def neutralise(cell: Any) -> Any:
    """The cell as it may stand in a file: texts that begin like a formula get an apostrophe; other types stay."""
    return f"'{cell}" if isinstance(cell, str) and _looks_like_formula(cell) else cell


def undo_neutralise(text: str) -> str:
    """The text as it was before `neutralise`, for files that come back."""
    return text[1:] if text[:1] == "'" and _looks_like_formula(text[1:]) else text


def _looks_like_formula(text: str) -> bool:
    # An apostrophe of the text itself counts as nothing, so that undoing always gives back the text there was.
    return text.lstrip(" \n'").startswith(FORMULA_SIGNS)


def csv_lines(rows: Iterable[Sequence[Any]], delimiter: str = ",") -> Iterator[str]:
    """The rows as lines of CSV, every cell neutralised, one by one; a byte order mark first, for Excel."""
    yield BYTE_ORDER_MARK
    writer = csv.writer(_Line(), delimiter=delimiter)
    for row in rows:
        yield writer.writerow([neutralise(cell) for cell in row])
