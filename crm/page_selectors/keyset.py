"""Pages by key: the next page begins after the last row seen, so page 900 costs what page 1 does."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

M = TypeVar("M", bound=models.Model)
PAGE_SIZE = 50


@dataclass(frozen=True)
class Page(Generic[M]):
    """The rows of one page, and the opaque cursor of the next one (empty on the last)."""

    rows: list[M]
    after: str


def newest_first(queryset: QuerySet[M], field: str, after: str, size: int = PAGE_SIZE) -> Page[M]:
    """One page by `field` and key, newest first. A cursor that cannot be read starts at the first page."""
    cursor = _read_cursor(after)
    if cursor is not None:
        at, pk = cursor
        older = Q(**{f"{field}__lt": at}) | Q(pk__lt=pk)
        queryset = queryset.filter(older, **{f"{field}__lte": at})
    rows = list(queryset.order_by(f"-{field}", "-pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    return Page(rows, _cursor(getattr(rows[-1], field), rows[-1].pk) if more else "")


def newest_key_first(queryset: QuerySet[M], after: str, size: int = PAGE_SIZE) -> Page[M]:
    """One page by key alone, newest first; for rows whose key grows with their age."""
    if after.isascii() and after.isdecimal() and len(after) < 19:
        queryset = queryset.filter(pk__lt=int(after))
    rows = list(queryset.order_by("-pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    return Page(rows, str(rows[-1].pk) if more else "")


def _cursor(at: datetime, pk: int) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{pk}".encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[datetime, int] | None:
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        at, _, pk = plain.partition("|")
        moment = parse_datetime(at)
        return (moment, int(pk)) if moment and moment.tzinfo and int(pk) < 2**63 else None
    except (ValueError, OverflowError, binascii.Error):
        return None
