"""Orders that can be shipped now, courier by courier, and those that still lack a tracking number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q, QuerySet

from crm.models import Deal
from orders.carriers import carrier_name
from orders.guards import check_way
from orders.models import Order, Shipment
from orders.selectors import facts_for
from orders.services.access import claim_refusal
from orders.statuses import ShipmentState, Status
from shops.models import User
from shops.selectors import roles_of

MOST_SHOWN = 500
MOST_WITHOUT = 100
CONFIRMED, PICKING, PACKED = "confirmed", "picking", "packed"
_ORDER = {PACKED: 0, PICKING: 1, CONFIRMED: 2}


@dataclass(frozen=True)
class ShipRow:
    """An order with its prepared parcel: how far it is (packed, picking, confirmed), and why it cannot go."""

    order: Order
    parcel: Shipment
    stand: str
    why_not: str = ""

    @property
    def is_chosen(self) -> bool:
        """Whether it is ticked at first: everything that was picked and may go."""
        return not self.why_not and self.stand != CONFIRMED


@dataclass
class CourierRows:
    """The parcels of one courier."""

    code: str
    rows: list[ShipRow] = field(default_factory=list)

    @property
    def name(self) -> str:
        return carrier_name(self.code)


@dataclass(frozen=True)
class ShipPage:
    """What can be shipped, by courier, and the orders being picked or packed that have no AWB yet."""

    couriers: list[CourierRows]
    without: list[Order]
    is_cut: bool

    @property
    def chosen(self) -> int:
        return sum(row.is_chosen for courier in self.couriers for row in courier.rows)


def _ready_parcels() -> QuerySet[Shipment]:
    numbered = ~Q(tracking_number="") | Q(carrier="own")
    return Shipment.objects.filter(numbered, state=ShipmentState.PREPARED)


def ship_page(user: User, shop_ids: Sequence[int]) -> ShipPage:
    """The page for these shops, packed orders first, the oldest first; a fixed number of queries."""
    ready = Exists(_ready_parcels().filter(order=OuterRef("pk")))
    mine = (
        Order.objects.visible_to(user)
        .filter(shop_id__in=shop_ids)
        .select_related("shop", "shipping_address", "customer", "manager")
    )
    going = mine.filter(ready, status__in=[Status.PROCESSING, Status.CONFIRMED])
    orders = list(going.order_by("-status", "placed_at", "pk")[: MOST_SHOWN + 1])
    without = mine.filter(~ready, status=Status.PROCESSING).order_by("placed_at", "pk")
    is_cut, orders = len(orders) > MOST_SHOWN, orders[:MOST_SHOWN]
    rows = sorted(_rows(user, orders), key=lambda row: (_ORDER[row.stand], row.order.placed_at))
    by_courier: dict[str, CourierRows] = {}
    for row in rows:
        by_courier.setdefault(row.parcel.carrier, CourierRows(row.parcel.carrier)).rows.append(row)
    couriers = sorted(by_courier.values(), key=lambda courier: -len(courier.rows))
    return ShipPage(couriers, list(without[:MOST_WITHOUT]), is_cut)


def _rows(user: User, orders: Sequence[Order]) -> list[ShipRow]:
    keys = [order.pk for order in orders]
    parcels: dict[int, Shipment] = {}
    for parcel in _ready_parcels().filter(order_id__in=keys).order_by("-pk"):
        parcels[parcel.order_id] = parcel
    packed = packed_orders(keys)
    facts = facts_for(keys)
    roles = roles_of(user)
    rows = []
    for order in orders:
        refusal = check_way(facts[order.pk], Status.SHIPPED)
        why_not = refusal.sentence if refusal is not None else ""
        why_not = why_not or claim_refusal(order, user_id=user.pk, role=roles.get(order.shop_id))
        stand = PACKED if order.pk in packed else PICKING if order.status == Status.PROCESSING else CONFIRMED
        rows.append(ShipRow(order, parcels[order.pk], stand, why_not))
    return rows


def packed_orders(order_ids: Sequence[int]) -> set[int]:
    """The keys of those whose card stands on a step inside “processing”: packed. One query."""
    deals = Deal.objects.filter(order_id__in=order_ids, order__status=Status.PROCESSING)
    inside = deals.filter(stage__status=Status.PROCESSING, stage__is_entry=False)
    return {order_id for order_id in inside.values_list("order_id", flat=True) if order_id is not None}
