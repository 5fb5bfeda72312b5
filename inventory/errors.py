"""Refusals of the stock verbs."""

from __future__ import annotations

from dataclasses import dataclass

from shops.errors import DomainError


class StockError(DomainError):
    """A stock verb was refused; nothing was written."""


@dataclass(frozen=True)
class Shortage:
    """How much of one SKU is missing (whole units)."""

    sku: str
    name: str
    wanted: int
    available: int
    product_id: int = 0


class StockShort(StockError):
    """There is not enough; `shortages` names each SKU."""

    def __init__(self, sentence: str, shortages: list[Shortage]) -> None:
        super().__init__(sentence, code="stock_short")
        self.shortages = shortages
