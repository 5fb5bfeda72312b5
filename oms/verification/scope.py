"""Narrowing a check to one shop, and walking many rows in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")
PIECE = 500


def of_shop(rows: models.QuerySet[M], shop_id: int | None, path: str = "shop_id") -> models.QuerySet[M]:
    """The rows of one shop, which `path` leads to; all of them without one."""
    return rows if shop_id is None else rows.filter(**{path: shop_id})


def pieces(rows: Iterable[T], size: int = PIECE) -> Iterator[list[T]]:
    """The rows in lists of at most `size`."""
    source = iter(rows)
    while piece := list(islice(source, size)):
        yield piece
