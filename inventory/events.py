"""What happens to stock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

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
    """Incoming stock was given to a waiting reservation; `reference` is whatever its owner called it.

    `is_last`: no further product is given to the same reference by the same change of stock.
    """

    topic: ClassVar[str] = "stock.backorder_allocated"
    shop_id: int
    reference: str
    product_id: int
    quantity: int
    is_last: bool = True


@dataclass(frozen=True, kw_only=True)
class ReservationShorted(Event):
    """Reserved units turned out not to exist: the reservation waits for them now."""

    topic: ClassVar[str] = "stock.reservation_shorted"
    shop_id: int
    reference: str
    product_id: int
    quantity: int


@dataclass(frozen=True, kw_only=True)
class StockRanLow(Event):
    """What is available of a SKU in one warehouse just fell below its safety stock. Whole units, after the change."""

    topic: ClassVar[str] = "stock.ran_low"
    shop_id: int
    product_id: int
    sku: str
    warehouse_id: int
    available: int
    safety_stock: int


@dataclass(frozen=True, kw_only=True)
class FiguresRequested(Event):
    """Somebody wants a shop's sales figures computed anew, now."""

    topic: ClassVar[str] = "stock.figures_requested"
    shop_id: int


@dataclass(frozen=True, kw_only=True)
class ReportLine:
    """One stock item that runs low, in whole units. `suggested` is what to order of its product, in whole packs.

    `is_new` tells that it did not run low when the shop's day began the last time.
    """

    product_id: int
    sku: str
    name: str
    warehouse: str
    available: int
    safety_stock: int
    waiting: int
    suggested: int
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class StockReportDue(Event):
    """A shop's day began and something runs low: the people it names are to be told, once a day.

    `lines` begins with what is new and may leave some out; `total` and `new` count all of them.
    """

    topic: ClassVar[str] = "stock.report_due"
    shop_id: int
    day: date
    recipients: tuple[str, ...]
    total: int
    new: int
    lines: tuple[ReportLine, ...]

    def payload(self) -> dict[str, Any]:
        return super().payload() | {"day": self.day.isoformat()}
