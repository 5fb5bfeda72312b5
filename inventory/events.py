"""What happens to stock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shops.bus import Event


@dataclass(frozen=True, kw_only=True)
class StockChanged(Event):
    """A SKU's counters changed. Quantities are whole units after the change."""

    topic: ClassVar[str] = "stock.changed"
    shop_id: int
    product_id: int
    sku: str
    on_hand: int
    reserved: int


@dataclass(frozen=True, kw_only=True)
class BackorderAllocated(Event):
    """Incoming stock was given to a waiting reservation; `reference` is whatever its owner called it."""

    topic: ClassVar[str] = "stock.backorder_allocated"
    shop_id: int
    reference: str
    product_id: int
    quantity: int
