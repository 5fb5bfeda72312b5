"""Several small questions in one query: the rows of each, in order. Knows no table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def united(queries: Sequence[QuerySet[Any, Any]]) -> list[list[tuple[Any, ...]]]:
    """The rows of each query, which may have its own order and limit, for one query in all; none where all are empty.

    The queries name the same number of columns of the same types, and these are keys: values come as the
    database gives them.
    """
    parts: list[str] = []
    parameters: list[Any] = []
    for number, query in enumerate(queries):
        try:
            sql, values = query.query.sql_with_params()
        except EmptyResultSet:  # a condition that is never true; nobody without a role sees any card
            continue
        # Both pieces are the ORM's own SQL and an integer; the values stay parameters.
        parts.append(f"SELECT {number} AS part, rows_{number}.* FROM ({sql}) AS rows_{number}")  # noqa: S608
        parameters.extend(values)
    found: list[list[tuple[Any, ...]]] = [[] for _query in queries]
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), parameters)
            for number, *row in cursor.fetchall():
                found[number].append(tuple(row))
    return found
