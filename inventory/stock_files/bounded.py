"""A workbook opened so that no file small enough to be taken costs more memory than the server can spare.

A part can be far larger as a tree than as text: one row of millions of empty cells, a table of millions of strings, a
sheet of styles that never ends. Parts that are read as a whole are bounded before they are parsed, the long ones while
they are. Knows the layout of the package, and nothing of what its rows mean.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Generator, Iterator
from typing import IO, Any

from django.utils.translation import gettext as _
from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._reader import DATA_TAG, FORMULA_TAG, ROW_TAG, WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from inventory.errors import StockError
from inventory.stock_files.values import NOT_COMPUTED

# A row of a spreadsheet has at most 16,384 cells; each is an element, with a value and perhaps a formula in it.
MOST_ELEMENTS = 100_000
LARGEST_PIECE = 16 * 1024 * 1024
MOST_STRINGS = 2_000_000
# Of parts that are read as a whole: 64,000 styles are what a spreadsheet keeps at most.
LARGEST_PART = 16 * 1024 * 1024
MOST_TAGS = 400_000
STRING_TAG = f"{{{SHEET_MAIN_NS}}}si"
DIMENSION = re.compile(rb"""<(?:\w+:)?dimension\s[^>]*?ref=["'][A-Z]+\d+:[A-Z]+(\d{1,12})["']""")


def too_large() -> StockError:
    """The refusal of a workbook that does not fit."""
    return StockError(
        _("This workbook is too large once it is unpacked. Save the one sheet that matters as CSV."),
        code="too_large",
    )


def open_bounded(content: bytes) -> Any:
    """The workbook of these bytes, its sheets to be read by `rows_of_sheet`; close it afterwards.

    Raises `StockError` for what does not fit, and whatever a broken package makes its parser raise.
    """
    reader = _Reader(content)
    reader.read()
    return reader.wb


def rows_of_sheet(book: Any, sheet: Any) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The rows of a sheet with their numbers, one after another; raises `StockError` at one that does not fit."""
    with sheet._get_source() as source:
        parser = _SheetParser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        yield from parser.parse()


def _pieces(source: Any, tag: str, last: str = "") -> Iterator[Any]:
    """Every element of this tag, complete, up to the end of `last`; refuses one that is too large while it grows."""
    metered, elements = _Metered(source), 0
    around: list[Any] = []
    for event, element in iterparse(metered, events=("start", "end")):
        if event == "start":
            around = around or [element]
            elements += 1
            if elements > MOST_ELEMENTS:
                raise too_large()
        elif element.tag == tag:
            yield element
            element.clear()
            around[0].clear()
            metered.since, elements = 0, 0
        elif element.tag == last:
            return


class _Metered:
    """A stream that refuses to go on once more than one piece may have was read of it since it was set to nought."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.since = 0

    def read(self, size: int = -1) -> bytes:
        chunk = self.source.read(size)
        self.since += len(chunk)
        if self.since > LARGEST_PIECE:
            raise too_large()
        return chunk


class _SheetParser(WorkSheetParser):
    """Reads results of formulas as they were saved, and says where there is none; stops behind the last row."""

    def parse(self) -> Generator[Any, None, None]:
        for element in _pieces(self.source, ROW_TAG, DATA_TAG):
            yield self.parse_row(element)

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            cell["value"] = NOT_COMPUTED
        return cell


class _Sheet(ReadOnlyWorksheet):
    """A sheet whose size is what its beginning says it is: without that, nobody reads it to the end to find out."""

    def _get_size(self) -> None:
        with self._get_source() as source:  # type: ignore[attr-defined]
            said = DIMENSION.search(source.read(64 * 1024))
        self._max_row = int(said[1]) if said else None


class _Package(zipfile.ZipFile):
    """A package none of whose parts is read as a whole if it is too large for that."""

    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        part = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        if part.file_size > LARGEST_PART:
            raise too_large()
        content = super().read(part, pwd)
        if content.count(b"<") > MOST_TAGS:
            raise too_large()
        return content


class _Reader(ExcelReader):
    """Reads what cells need, and nothing else of a package."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        self.archive = _Package(io.BytesIO(content))

    def read(self) -> None:
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        apply_stylesheet(self.archive, self.wb)
        self.read_worksheets()

    def read_strings(self) -> None:
        part = self.package.find(SHARED_STRINGS)
        if part is None:
            return
        with self.archive.open(part.PartName[1:]) as source:
            for element in _pieces(source, STRING_TAG):
                if len(self.shared_strings) >= MOST_STRINGS:
                    raise too_large()
                text: Any = Text.from_tree(element)
                self.shared_strings.append(text.content.replace("x005F_", ""))

    def read_worksheets(self) -> None:
        for sheet, place in self.parser.find_sheets():
            if place.target in self.valid_files and "chartsheet" not in place.Type:
                found: Any = _Sheet(self.wb, sheet.name, place.target, self.shared_strings)
                found.sheet_state = sheet.state
                self.wb._sheets.append(found)  # type: ignore[attr-defined]
