"""What a list is narrowed by, as its address says it: words read one by one, kept when valid, named when not.

Knows no list: orders and customers each say which words they take. A word nobody understands narrows nothing and
gets a sentence, so that an old link still opens and says what it could not do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from shops.keyset import read_key
from shops.models import Shop

MOST_OF_ONE = 50
MOST_LOOKED_UP = 500
LARGEST_AMOUNT = Decimal("1e12")
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2200, 1, 1)
Label = str | Promise


@dataclass(frozen=True)
class Address:
    """The valid words of a list's address, in order, ready for links."""

    pairs: tuple[tuple[str, str], ...] = ()

    def query(self, **changes: str) -> str:
        """The query string with some words changed; an empty one is left out."""
        kept = [pair for pair in self.pairs if pair[0] not in changes]
        added = [(name, value) for name, value in changes.items() if value]
        order = [name for name, _value in self.pairs]
        # A changed word keeps its place, so that one state of the list has one address.
        pairs = sorted(
            [(_place(order, name), name, value) for name, value in kept + added], key=itemgetter(0)
        )
        return urlencode([(name, value) for _at, name, value in pairs])

    def without(self, *names: str, value: str | None = None) -> str:
        """The query string without some words, or without one value of a word that has several."""
        return urlencode(
            [pair for pair in self.pairs if pair[0] not in names or (value is not None and pair[1] != value)]
        )


def _place(order: Sequence[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


@dataclass(frozen=True)
class Chip:
    """One filter in force, in words, and the address without it."""

    label: str
    without: str


class Words:
    """Reads an address word by word; `pairs` are the valid ones, `problems` sentences about the others."""

    def __init__(self, params: Mapping[str, Sequence[str]]) -> None:
        self._params = params
        self.pairs: list[tuple[str, str]] = []
        self.problems: list[str] = []

    def text(self, name: str, longest: int) -> str:
        """Free words, white space tidied; never a NUL, which PostgreSQL does not store."""
        value = " ".join(self._first(name).replace("\0", " ").split())[:longest]
        return self._keep(name, value) if value else ""

    def one(self, name: str, known: Collection[str], label: Label) -> str:
        """One of several known words."""
        value = self._first(name)
        if not value:
            return ""
        return self._keep(name, value) if value in known else self._refuse(label, value)

    def several(self, name: str, known: Collection[str], label: Label) -> tuple[str, ...]:
        """Known words, each once."""
        asked = dict.fromkeys(value for value in self._params.get(name, ())[:MOST_OF_ONE] if value)
        for value in asked:
            if value not in known:
                self._refuse(label, value)
        return tuple(self._keep(name, value) for value in asked if value in known)

    def day(self, name: str, label: Label) -> date | None:
        """A day of the calendar, written 2026-11-22."""

        def read(value: str) -> date | None:
            found = parse_date(value)
            return found if found and FIRST_DAY <= found <= LAST_DAY else None

        return self._read(name, label, read)

    def amount(self, name: str, label: Label) -> Decimal | None:
        """A sum of money, with a point or a comma."""

        def read(value: str) -> Decimal | None:
            try:
                found = Decimal(value.replace(",", ".").replace(" ", ""))
            except InvalidOperation:
                return None
            return found if found.is_finite() and 0 <= found < LARGEST_AMOUNT else None

        return self._read(name, label, read)

    def whole(self, name: str, label: Label) -> int | None:
        """A number of things."""
        return self._read(name, label, lambda value: read_key(value) if len(value) < 7 else None)

    def need_order(self, low: Any, high: Any, sentence: str) -> None:
        """Say `sentence` where the lower bound is above the upper one."""
        if low is not None and high is not None and low > high:
            self.problems.append(sentence)

    def _first(self, name: str) -> str:
        values = self._params.get(name, ())
        return values[0].strip() if values else ""

    def _read(self, name: str, label: Label, read: Callable[[str], Any]) -> Any:
        value = self._first(name)
        if not value:
            return None
        try:
            found = read(value)
        except ValueError:
            found = None
        if found is None:
            self._refuse(label, value)
        else:
            self._keep(name, value)
        return found

    def _keep(self, name: str, value: str) -> str:
        self.pairs.append((name, value))
        return value

    def _refuse(self, label: Label, value: str) -> str:
        self.problems.append(
            _("“%(value)s” is not understood as %(field)s; the list is not narrowed by it.")
            % {"value": value.replace("\0", " ")[:40], "field": label}
        )
        return ""


def start_of(day: date, zone: tzinfo) -> datetime:
    """When a day begins on the clock of a place."""
    return datetime.combine(day, time.min, tzinfo=zone)


def within_days(field: str, shops: Iterable[Shop], first: date | None, last: date | None) -> Q:
    """Rows whose moment falls on these days by their shop's clock; rows reach the shop by `shop_id`.

    The outermost bounds stand beside the shops' own, for only they let an index be walked.
    """
    if first is None and last is None:
        return Q()
    zones = {shop.pk: shop.zone for shop in shops}
    each, lows, highs = Q(pk__in=[]), [], []
    for shop_id, zone in zones.items():
        bounds = Q(shop_id=shop_id)
        if first is not None:
            lows.append(start_of(first, zone))
            bounds &= Q(**{f"{field}__gte": lows[-1]})
        if last is not None:
            highs.append(start_of(last + timedelta(days=1), zone))
            bounds &= Q(**{f"{field}__lt": highs[-1]})
        each |= bounds
    outer = Q()
    if lows:
        outer &= Q(**{f"{field}__gte": min(lows)})
    if highs:
        outer &= Q(**{f"{field}__lt": max(highs)})
    return outer if len({str(zone) for zone in zones.values()}) == 1 else outer & each


def among(rows: QuerySet[Any], owner: str, to: str = "pk") -> Q:
    """The rows whose `to` one of the `rows` names as its `owner`.

    Few are looked up and become a short list of keys; many are asked of each row that is shown. Neither costs more
    when the database grows. One query.
    """
    keys = rows.order_by().values_list(owner, flat=True)
    found = list(keys[: MOST_LOOKED_UP + 1])
    if len(found) <= MOST_LOOKED_UP:
        return Q(**{f"{to}__in": set(found)})
    return Q(Exists(rows.order_by().filter(**{owner: OuterRef(to)})))
