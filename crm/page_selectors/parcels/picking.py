"""What the warehouse picks: the orders that wait for it, the pick list of some of them, and their slips."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from crm.page_selectors.parcels.barcodes import Barcode, barcode_of
from crm.page_selectors.parcels.shipping import packed_orders
from orders.models import Order, Shipment
from orders.selectors import LineUnits, units_of_lines
from orders.statuses import ShipmentState, Status
from shops.models import User

MOST_SHOWN = 100
TO_PICK = (Status.CONFIRMED, Status.PROCESSING)


@dataclass(frozen=True)
class PickRow:
    """An order to pick: how many units can be taken, and how many it still waits for."""

    order: Order
    units: int
    waiting: int
    first: str
    more: int


@dataclass(frozen=True)
class PickPage:
    """Orders nobody has begun, and those being picked, the oldest first; `is_cut` where there are more."""

    waiting: list[PickRow]
    begun: list[PickRow]
    is_cut: bool


def pick_page(user: User, shop_ids: Sequence[int]) -> PickPage:
    """The orders to pick in these shops, at most a hundred of each kind; a fixed number of queries."""
    waiting, cut_first = _oldest(user, shop_ids, Status.CONFIRMED)
    begun, cut_second = _oldest(user, shop_ids, Status.PROCESSING)
    packed = packed_orders([order.pk for order in begun])
    begun = [order for order in begun if order.pk not in packed]
    units = units_of_lines([order.pk for order in (*waiting, *begun)])
    return PickPage(
        [_row(order, units[order.pk]) for order in waiting],
        [_row(order, units[order.pk]) for order in begun],
        cut_first or cut_second,
    )


def _oldest(user: User, shop_ids: Sequence[int], status: str) -> tuple[list[Order], bool]:
    mine = Order.objects.visible_to(user).filter(shop_id__in=shop_ids, status=status)
    related = mine.select_related("shop", "shipping_address", "customer")
    found = list(related.order_by("placed_at", "pk")[: MOST_SHOWN + 1])
    return found[:MOST_SHOWN], len(found) > MOST_SHOWN


def _row(order: Order, lines: Sequence[LineUnits]) -> PickRow:
    here = order.shop.blocks_on_shortage
    ready = sum(line.ready(blocks_on_shortage=here) for line in lines)
    owed = sum(line.owed for line in lines)
    first = lines[0].line.name if lines else ""
    return PickRow(order, ready, owed - ready, first, max(0, len(lines) - 1))


def orders_to_pick(user: User, order_ids: Sequence[int]) -> list[Order]:
    """The chosen orders this person may see and that have not left, in the order they were chosen. One query."""
    mine = Order.objects.visible_to(user).filter(pk__in=order_ids, status__in=TO_PICK)
    found = {order.pk: order for order in mine.select_related("shop", "shipping_address", "customer")}
    return [found[pk] for pk in order_ids if pk in found]


@dataclass
class PickLine:
    """One product to fetch: where it is, how many units, how many are not here, and which orders want how many."""

    sku: str
    name: str
    place: str
    units: int = 0
    missing: int = 0
    orders: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class PickList:
    """The products of some orders, in the order of a walk through the warehouse."""

    orders: list[Order]
    lines: list[PickLine]
    at: datetime

    @property
    def units(self) -> int:
        return sum(line.units for line in self.lines)


def pick_list(user: User, order_ids: Sequence[int]) -> PickList:
    """The pick list of the chosen orders, summed per product and sorted by place; five queries."""
    orders = orders_to_pick(user, order_ids)
    units = units_of_lines([order.pk for order in orders])
    lines: dict[int, PickLine] = {}
    for order in orders:
        for row in units[order.pk]:
            product = row.line.product
            sku, name = row.line.sku or product.sku, product.full_name
            line = lines.setdefault(product.pk, PickLine(sku, name, product.place))
            ready = row.ready(blocks_on_shortage=order.shop.blocks_on_shortage)
            line.units += ready
            line.missing += row.owed - ready
            if ready:
                line.orders.append((order.number, ready))
    return PickList(orders, sorted(lines.values(), key=_walk), timezone.now())


def _walk(line: PickLine) -> tuple[bool, tuple[tuple[int, int, str], ...], str]:
    return (not line.place, natural_key(line.place), line.sku or line.name)


def natural_key(place: str) -> tuple[tuple[int, int, str], ...]:
    """How places are sorted: numbers by their size, so that B-3-2 stands before B-3-10."""
    parts = re.findall(r"\d+|[^\W\d_]+", place.casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


@dataclass(frozen=True)
class Slip:
    """The paper that goes with one order through the warehouse."""

    order: Order
    barcode: Barcode | None
    lines: list[LineUnits]
    parcel: Shipment | None

    @property
    def cash(self) -> bool:
        """Whether the courier collects money for it."""
        return self.order.is_cod and not self.order.is_paid


def slips(user: User, order_ids: Sequence[int]) -> list[Slip]:
    """A slip for each chosen order that has not left, in the order they were chosen; six queries."""
    orders = orders_to_pick(user, order_ids)
    keys = [order.pk for order in orders]
    lines = units_of_lines(keys)
    prepared = Shipment.objects.filter(order_id__in=keys, state=ShipmentState.PREPARED).order_by("pk")
    parcels = {parcel.order_id: parcel for parcel in prepared}
    return [Slip(order, barcode_of(order.number), lines[order.pk], parcels.get(order.pk)) for order in orders]


def order_of_scan(user: User, text: str) -> Order | None:
    """The one order this person may see whose number was scanned from its slip, in any case."""
    wanted = text.replace("\0", "").strip()[:40]
    if not wanted:
        return None
    return Order.objects.visible_to(user).filter(number__in={wanted, wanted.upper()}).first()
