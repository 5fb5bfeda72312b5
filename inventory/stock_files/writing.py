"""Writing rows as a workbook, row by row. Texts that begin like a formula are written so that they stay texts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from typing import IO, Any

from openpyxl import Workbook

from inventory.exports import neutralise

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook_of(rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """The rows as an XLSX in a temporary file, at its beginning; closing it removes it."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append([neutralise(cell) for cell in row])
    place = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    book.save(place)
    place.seek(0)
    return place
