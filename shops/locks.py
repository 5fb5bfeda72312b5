"""The one way to lock rows: by primary key in ascending order, inside a transaction.

`FOR NO KEY UPDATE` is used so that inserting children of a locked row does not wait for it. The order of
locks between tables is: order, the stages of a drag, an AWB, a shop's new customers, stock rows, the rules of a funnel,
deal, document series.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models, transaction

from shops.errors import NotInTransaction

M = TypeVar("M", bound=models.Model)


def lock(queryset: models.QuerySet[M], pks: Iterable[int]) -> list[M]:
    """Lock the rows with these keys and return them by ascending key; absent ones are left out.

    Raises `NotInTransaction` outside a transaction, where a lock would silently do nothing.
    """
    if not transaction.get_connection(queryset.db).in_atomic_block:
        raise NotInTransaction("a lock was asked for outside a transaction")
    wanted = sorted(set(pks))
    if not wanted:
        return []
    return list(queryset.select_for_update(no_key=True, of=("self",)).filter(pk__in=wanted).order_by("pk"))


def lock_one(queryset: models.QuerySet[M], pk: int) -> M:
    """Lock one row and return it; raises the model's `DoesNotExist` when the queryset does not hold it."""
    rows = lock(queryset, [pk])
    if not rows:
        model: Any = queryset.model
        raise model.DoesNotExist(f"{model.__name__} {pk} does not exist")
    return rows[0]


def lock_free(queryset: models.QuerySet[M], *, limit: int) -> list[M]:
    """Lock the queryset's first rows that nobody else holds, up to `limit`, in its own order; never waits for a row.

    For queues: rows another worker is about to take are passed over. Raises `NotInTransaction`.
    """
    if not transaction.get_connection(queryset.db).in_atomic_block:
        raise NotInTransaction("a lock was asked for outside a transaction")
    return list(queryset.select_for_update(no_key=True, of=("self",), skip_locked=True)[:limit])


def lock_name_shared(name: str, key: int) -> None:
    """Hold a named lock together with others until the transaction ends; it keeps `lock_name` of the same name out.

    For rules that many read while they write by them, and that seldom change: rows shared by all would be a queue.
    SQLite lets one transaction write at a time, so there it has nothing to do. Raises `NotInTransaction`.
    """
    _lock_name("pg_advisory_xact_lock_shared", name, key)


def lock_name(name: str, key: int) -> None:
    """Hold a named lock alone until the transaction ends. See `lock_name_shared`."""
    _lock_name("pg_advisory_xact_lock", name, key)


def _lock_name(function: str, name: str, key: int) -> None:
    connection = transaction.get_connection()
    if not connection.in_atomic_block:
        raise NotInTransaction("a lock was asked for outside a transaction")
    if connection.vendor == "postgresql":
        # Two numbers of 32 bits with a sign name a lock; two keys that share one only wait for each other.
        kind = zlib.crc32(name.encode()) - 2**31
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", [kind, key % 2**31])
