"""Stock and its value over time: the days kept, and today as it is this moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from inventory.models import StockDay

SPANS = (30, 90, 365)


@dataclass(frozen=True)
class Day:
    """What one currency's goods were at the end of a day."""

    day: date
    units: int
    value: Decimal


@dataclass(frozen=True)
class ValueHistory:
    """The days of one currency, oldest first, today last; `currencies` are all there is to choose from."""

    currency: str
    currencies: Sequence[str]
    days: Sequence[Day]
    without_cost: int

    @property
    def today(self) -> Day:
        return self.days[-1]

    @property
    def change(self) -> Decimal:
        """How much the value changed over the days shown."""
        return self.days[-1].value - self.days[0].value


def value_history(
    *, shop_id: int, own_currency: str, today: Sequence[StockDay], span: int, currency: str
) -> ValueHistory:
    """The last `span` days and today, in one currency: the one asked for, else the shop's own, else any there is.

    `today` is what the shop holds this moment. A day that was never kept is left out. Two queries.
    """
    now = today[0].day
    rows = list(
        StockDay.objects.filter(shop_id=shop_id, day__gt=now - timedelta(days=span), day__lt=now).order_by(
            "day"
        )
    )
    there = {row.currency for row in [*rows, *today]} - {""}
    known = sorted(there, key=lambda code: (code != own_currency, code)) or [own_currency]
    chosen = currency if currency in known else known[0]
    days: dict[date, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for row in [*rows, *today]:
        units, value = days[row.day]
        days[row.day] = (units + row.units, row.value) if row.currency == chosen else (units, value)
    return ValueHistory(
        currency=chosen,
        currencies=known,
        days=[Day(day, units, value) for day, (units, value) in sorted(days.items())],
        without_cost=sum(row.units for row in today if not row.currency),
    )


def plot_of(history: ValueHistory) -> dict[str, Any]:
    """The history as the plot reads it: value on the left axis, units on the right one."""
    return {
        "days": [day.day.isoformat() for day in history.days],
        "series": [
            {
                "label": _("Value"),
                "values": [float(day.value) for day in history.days],
                "kind": "steps",
                "colour": "--accent",
                "axis": "left",
                "digits": 2,
                "unit": history.currency,
            },
            {
                "label": _("Units"),
                "values": [day.units for day in history.days],
                "kind": "line",
                "colour": "--warn",
                "axis": "right",
            },
        ],
        "labels": {"day": _("Day")},
    }
