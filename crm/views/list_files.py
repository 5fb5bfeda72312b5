"""The lists as files: CSV and XLSX of what the list shows, streamed, with who took what away written to the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from inventory.exports import csv_lines
from inventory.stock_files.writing import XLSX_TYPE, workbook_of
from shops.models import Shop
from shops.permissions import Action
from shops.selectors import shop_ids_where

log = structlog.get_logger(__name__)

KINDS = ("csv", "xlsx")
COMMA, SEMICOLON = ",", ";"
# Where people write 1,50, spreadsheets part columns by semicolons.
COMMA_LANGUAGES = ("en",)
SEPARATORS = {"comma": COMMA, "semicolon": SEMICOLON}


def shops_to_take_from(request: HttpRequest, shops: Sequence[Shop]) -> list[Shop]:
    """Those of the shops whose lists this person may take away; 403 where it is none of all they can reach."""
    allowed = set(shop_ids_where(request.user, Action.EXPORT))  # type: ignore[arg-type]
    if not allowed:
        raise PermissionDenied
    return [shop for shop in shops if shop.pk in allowed]


def list_file(
    request: HttpRequest,
    rows: Iterable[Sequence[Any]],
    *,
    kind: str,
    name: str,
    shops: Sequence[Shop],
    query: str,
) -> HttpResponseBase:
    """The rows as a file named after what it is and when it was made. 404 for a kind there is not.

    `query` says what the list was narrowed to; it goes to the log with the person and, at the end, the count.
    """
    if kind not in KINDS:
        raise Http404
    place = shops[0] if len(shops) == 1 else None
    now = timezone.localtime(timezone=place.zone) if place else timezone.localtime()
    whose = place.slug if place else "shops"
    filename = f"{name}-{whose}-{now:%Y-%m-%d-%H%M}.{kind}"
    told = {"person": request.user.get_username(), "file": filename, "query": query[:500]}
    log.info("list_exported", **told)
    written = _told(_in_language(rows, translation.get_language() or "en"), told)
    if kind == "xlsx":
        return FileResponse(
            workbook_of(written), as_attachment=True, filename=filename, content_type=XLSX_TYPE
        )
    delimiter = _delimiter(request)
    lines = csv_lines((_for_csv(row, delimiter) for row in written), delimiter)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _delimiter(request: HttpRequest) -> str:
    usual = COMMA if translation.get_language() in COMMA_LANGUAGES else SEMICOLON
    return SEPARATORS.get(request.GET.get("sep", ""), usual)


def _for_csv(row: Sequence[Any], delimiter: str) -> list[Any]:
    """Numbers and moments as the spreadsheets read them that use this separator."""
    return [_csv_cell(cell, delimiter) for cell in row]


def _csv_cell(cell: Any, delimiter: str) -> Any:
    if isinstance(cell, Decimal):
        return f"{cell:f}".replace(".", ",") if delimiter == SEMICOLON else cell
    return f"{cell:%Y-%m-%d %H:%M}" if hasattr(cell, "strftime") else cell


def _in_language(rows: Iterable[Sequence[Any]], language: str) -> Iterator[list[Any]]:
    """The rows in the person's language: they are read long after the view has answered."""
    wanted = iter(rows)
    while True:
        with translation.override(language):
            row = next(wanted, None)
            if row is None:
                return
            cells = [_storable(cell) for cell in row]
        yield cells


def _storable(cell: Any) -> Any:
    """A text without the control characters that no workbook can hold."""
    return ILLEGAL_CHARACTERS_RE.sub(" ", str(cell)) if isinstance(cell, str) else cell


def _told(rows: Iterable[list[Any]], told: dict[str, Any]) -> Iterator[list[Any]]:
    """The rows; after the last one the log has their count, without the headings."""
    count = -1
    for row in rows:
        count += 1
        yield row
    log.info("list_export_finished", rows=max(count, 0), **told)
