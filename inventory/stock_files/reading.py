"""Reading a file into rows of cells: CSV in the encodings and with the separators people use, and XLSX.

What a file is, is told by its first bytes and not by its name. Rows are read one after another; a workbook is
refused before it is unpacked if it would not fit, and no formula is computed.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.stock_files.bounded import open_bounded, rows_of_sheet, too_large
from inventory.stock_files.columns import key_of
from inventory.stock_files.values import Cell, is_empty

LARGEST_FILE = 20 * 1024 * 1024
LARGEST_UNPACKED = 300 * 1024 * 1024
MOST_PARTS = 2_000
MOST_ROWS = 100_000
MOST_COLUMNS = 200
HEADING_ROWS = 10
SEPARATORS = ";,\t|"

Row = tuple[int, list[Cell]]


@dataclass(frozen=True)
class Headings:
    """The row of headings: its number, its texts, and which column each means (empty: none we know)."""

    row: int
    texts: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def knows_products(self) -> bool:
        """Whether a product can be recognised at all."""
        return "sku" in self.keys or "barcode" in self.keys


def is_workbook(content: bytes) -> bool:
    """Whether these are the bytes of a packed file, which an XLSX is, whatever its name says."""
    return content[:4] == b"PK\x03\x04"


def rows_of(content: bytes) -> Iterator[Row]:
    """Every row with its number, counted from 1 as a spreadsheet shows it; raises `StockError` for what is no table.

    At most `MOST_ROWS` rows: one more raises, too.
    """
    if not content.strip():
        raise StockError(_("The file is empty."), code="empty_file")
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise StockError(
            _("This is an old or a protected Excel file. Save it as .xlsx without a password, or as CSV."),
            code="bad_file",
        )
    rows = _rows_of_workbook(content) if is_workbook(content) else _rows_of_csv(content)
    for number, (row, cells) in enumerate(rows):
        if number > MOST_ROWS:
            raise StockError(
                _("The file has more than %(most)s rows. Split it in parts.") % {"most": MOST_ROWS},
                code="too_many_rows",
            )
        yield row, cells


def find_headings(content: bytes, mapping: dict[str, str] | None = None) -> Headings:
    """The row of headings: among the first rows the one that names an SKU or a barcode, else the first that is not
    empty. `mapping` says by position ("0", "1", …) what a person chose for a column. Raises `StockError`.
    """
    first: Headings | None = None
    for number, cells in islice(rows_of(content), HEADING_ROWS):
        texts = tuple("" if is_empty(cell) else _heading(cell) for cell in cells[:MOST_COLUMNS])
        if not any(texts):
            continue
        found = Headings(number, texts, _keys_of(texts, mapping or {}))
        first = first or found
        if found.knows_products:
            return found
    if first is None:
        raise StockError(_("The file is empty."), code="empty_file")
    return first


def _heading(cell: Cell) -> str:
    return str(cell).replace("\0", "�").strip()[:100]


def count_rows(content: bytes) -> int:
    """About how many rows there are, without reading them; 0 where only reading tells."""
    if not is_workbook(content):
        return max(0, content.count(b"\n") + (not content.endswith(b"\n")) - 1)
    with _open_workbook(content) as book:
        # What a workbook says of its size is its own word.
        return min(MOST_ROWS, max(0, (_sheet_of(book).max_row or 1) - 1))


def encoding_of(content: bytes) -> str:
    """The encoding of a text: by its mark, else UTF-8 if it is that, else one of the two that spreadsheets of the
    region write: cp1251 where most letters outside ASCII stand beside other Cyrillic ones, cp1250 else.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return encoding
    first, second = content[:4096:2].count(0), content[1:4096:2].count(0)
    if second and not first:
        return "utf-16-le"
    if first and not second:
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy_encoding(content)
    return "utf-8"


def _legacy_encoding(content: bytes) -> str:
    """In Romanian and Polish a letter with an accent stands among Latin ones; read as cp1251 the word is mixed."""
    words = re.findall(r"[^\W\d_]+", content[:200_000].decode("cp1251", errors="replace"))
    foreign = [word for word in words if not word.isascii()]
    mixed = sum(1 for word in foreign if re.search(r"[A-Za-z]", word))
    return "cp1250" if mixed * 2 >= len(foreign) else "cp1251"


def _keys_of(texts: tuple[str, ...], mapping: dict[str, str]) -> tuple[str, ...]:
    """The column each heading means; the second of two that mean the same means nothing."""
    chosen = set(mapping.values()) - {""}
    keys: list[str] = []
    for position, text in enumerate(texts):
        key = mapping.get(str(position), "") if str(position) in mapping else key_of(text)
        is_taken = key in keys or (key in chosen and str(position) not in mapping)
        keys.append("" if is_taken else key)
    return tuple(keys)


def _rows_of_csv(content: bytes) -> Iterator[Row]:
    encoding = encoding_of(content)
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")
    try:
        start = text.readline()
        while start and not start.strip():
            start = text.readline()
        named = re.fullmatch(r"sep=(.)\s*", start)
        text.seek(0)
        if named:
            text.readline()
        separator = named[1] if named else _separator_of(start)
        if _is_gibberish(start) or (not encoding.startswith("utf-16") and b"\0" in content[:4096]):
            raise StockError(_("This is neither CSV nor XLSX."), code="bad_file")
        for number, cells in enumerate(csv.reader(text, delimiter=separator), start=1):
            yield number, list(cells[:MOST_COLUMNS])
    except UnicodeError as error:
        raise StockError(
            _("The letters of this file cannot be read. Save it as “CSV UTF-8”."), code="bad_file"
        ) from error
    except csv.Error as error:
        raise StockError(
            _(
                "The file cannot be read as CSV: a quotation mark is opened and never closed, or a cell is huge."
            ),
            code="bad_file",
        ) from error


def _separator_of(line: str) -> str:
    """The separator that the line of headings has most of, outside quotation marks."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(SEPARATORS, key=lambda mark: (bare.count(mark), -SEPARATORS.index(mark)))


def _is_gibberish(line: str) -> bool:
    strange = sum(1 for letter in line if unicodedata.category(letter) == "Cc" and letter not in "\t\r\n")
    return strange > 2


def _rows_of_workbook(content: bytes) -> Iterator[Row]:
    with _open_workbook(content) as book:
        try:
            for number, row in rows_of_sheet(book, _sheet_of(book)):
                yield number, _cells_of(row)
        except StockError:
            raise
        except Exception as error:
            raise _bad_workbook() from error


def _cells_of(row: list[dict[str, Any]]) -> list[Cell]:
    width = min(MOST_COLUMNS, max((cell["column"] for cell in row), default=0))
    cells: list[Cell] = [None] * width
    for cell in row:
        if cell["column"] <= width:
            cells[cell["column"] - 1] = cell["value"]
    return cells


class _open_workbook:
    """The workbook, opened for reading one row after another and closed again; refused if it would not fit."""

    def __init__(self, content: bytes) -> None:
        _refuse_bomb(content)
        try:
            self.book: Any = open_bounded(content)
        except StockError:
            raise
        except Exception as error:  # a broken package raises whatever its parts do
            raise _bad_workbook() from error

    def __enter__(self) -> Any:
        return self.book

    def __exit__(self, *_problem: object) -> None:
        self.book.close()


def _sheet_of(book: Any) -> Any:
    """The first sheet that is shown."""
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
    if not sheets:
        raise _bad_workbook()
    return sheets[0]


def _refuse_bomb(content: bytes) -> None:
    """Look at the sizes the package declares before anything is unpacked; no part can unpack to more than it declares."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise _bad_workbook() from error
    if "[Content_Types].xml" not in {part.filename for part in parts}:
        raise _bad_workbook()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise too_large()


def _bad_workbook() -> StockError:
    return StockError(
        _("This XLSX file cannot be read; it is damaged or protected. Save it again, or as CSV."),
        code="bad_file",
    )
