"""Refusals of the stock verbs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from shops.errors import DomainError


class StockError(DomainError):
    """A stock verb was refused; nothing was written."""


@dataclass(frozen=True)
class Shortage:
    """How much of one SKU is missing (whole units), and from when on it may be sold before it is in stock."""

    sku: str
    name: str
    wanted: int
    available: int
    product_id: int = 0
    ahead_from: date | None = None

    @property
    def sentence(self) -> str:
        """The shortage in words, without a full stop."""
        words = {"sku": self.sku or self.name, "wanted": self.wanted, "available": self.available}
        if self.ahead_from is None:
            return _("%(sku)s: %(wanted)s wanted, %(available)s available") % words
        return _("%(sku)s: %(wanted)s wanted, %(available)s available, can be ordered ahead from %(day)s") % {
            **words,
            "day": written_day(self.ahead_from),
        }


def written_day(day: date) -> str:
    """A day as people write it in the language in force: “3 Dec 2026”."""
    return format_date(day, "d MMM y", locale=get_language() or "en")


class StockShort(StockError):
    """There is not enough; `shortages` names each SKU."""

    def __init__(self, sentence: str, shortages: list[Shortage]) -> None:
        super().__init__(sentence, code="stock_short")
        self.shortages = shortages
