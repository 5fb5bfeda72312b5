"""Pages by key: the next page begins after the last row seen, so page 900 costs what page 1 does."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

M = TypeVar("M", bound=models.Model)
PAGE_SIZE = 50
DIGITS_OF_A_KEY = 19


@dataclass(frozen=True)
class Page(Generic[M]):
    """The rows of one page, and the opaque cursor of the next one (empty on the last)."""

    rows: list[M]
    after: str


def read_key(text: str) -> int | None:
    """A row's key as it came in a request, or None for what can be nobody's key."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= DIGITS_OF_A_KEY
    return int(text) if is_number and int(text) < 2**63 else None


def newest_first(
    queryset: QuerySet[M],
    field: str,
    after: str,
    size: int | None = None,
    shop_ids: Sequence[int] | None = None,
    *,
    within: str = "shop_id",
) -> Page[M]:
    """One page by `field` and key, newest first. A cursor that cannot be read starts at the first page.

    With `shop_ids` the newest rows of each shop are read by its own index and merged: no index holds the newest
    of several shops, and sorting all of theirs would cost more with every row. `within` names another such key.
    """
    size = size or PAGE_SIZE
    keys = uuid.UUID if isinstance(queryset.model._meta.pk, models.UUIDField) else read_key
    cursor = _read_cursor(after, keys)
    if cursor is not None:
        at, pk = cursor
        older = Q(**{f"{field}__lt": at}) | Q(pk__lt=pk)
        queryset = queryset.filter(older, **{f"{field}__lte": at})
    rows = _newest(queryset, (field, "pk"), size + 1, shop_ids, within)
    more, rows = len(rows) > size, rows[:size]
    return Page(rows, _cursor(getattr(rows[-1], field), rows[-1].pk) if more else "")


def soonest_first(queryset: QuerySet[M], field: str, after: str, size: int | None = None) -> Page[M]:
    """One page by `field` and key, lowest first. A cursor that cannot be read starts at the first page."""
    size = size or PAGE_SIZE
    cursor = _read_cursor(after, read_key)
    if cursor is not None:
        at, pk = cursor
        later = Q(**{f"{field}__gt": at}) | Q(pk__gt=pk)
        queryset = queryset.filter(later, **{f"{field}__gte": at})
    rows = list(queryset.order_by(field, "pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    return Page(rows, _cursor(getattr(rows[-1], field), rows[-1].pk) if more else "")


def newest_key_first(
    queryset: QuerySet[M], after: str, size: int | None = None, shop_ids: Sequence[int] | None = None
) -> Page[M]:
    """One page by key alone, newest first; for rows whose key grows with their age. `shop_ids` as in `newest_first`."""
    size = size or PAGE_SIZE
    last = read_key(after)
    if last is not None:
        queryset = queryset.filter(pk__lt=last)
    rows = _newest(queryset, ("pk",), size + 1, shop_ids)
    more, rows = len(rows) > size, rows[:size]
    return Page(rows, str(rows[-1].pk) if more else "")


def _newest(
    queryset: QuerySet[M],
    by: tuple[str, ...],
    size: int,
    shop_ids: Sequence[int] | None,
    within: str = "shop_id",
) -> list[M]:
    ordered = queryset.order_by(*(f"-{field}" for field in by))
    if shop_ids is None:
        return list(ordered[:size])
    if len(shop_ids) == 1:
        return list(ordered.filter(**{within: shop_ids[0]})[:size])
    keys = [
        key for shop_id in shop_ids for key in ordered.filter(**{within: shop_id}).values_list(*by)[:size]
    ]
    newest = sorted(keys, reverse=True)[:size]
    return list(ordered.filter(pk__in=[key[-1] for key in newest]))


def _cursor(at: datetime, pk: int | uuid.UUID) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{pk}".encode()).decode().rstrip("=")


def _read_cursor(
    text: str, key: Callable[[str], int | uuid.UUID | None]
) -> tuple[datetime, int | uuid.UUID] | None:
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        at, _, last = plain.partition("|")
        moment, pk = parse_datetime(at), key(last)
        # The database keeps UTC, in which the first and the last hours of the calendar may not exist.
        return (moment.astimezone(UTC), pk) if moment and moment.tzinfo and pk is not None else None
    except (ValueError, OverflowError, binascii.Error):
        return None
