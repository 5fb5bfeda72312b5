"""The returns desk: the parcel behind a scanned code, and what can be done with it now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orders.carriers import normal_number
from orders.models import Order, Return, Shipment
from orders.selectors import LEFT_THE_HOUSE
from orders.services.awb_lists import parcels_by_number
from orders.statuses import ReturnKind, ReturnState, ShipmentState, Status
from shops.models import User
from shops.permissions import Action
from shops.selectors import shop_ids_where


@dataclass(frozen=True)
class ReturnCard:
    """A parcel with its order, and the return that is announced or was received, if any."""

    parcel: Shipment
    note: Return | None
    lines: list[Any]
    parcels: int

    @property
    def order(self) -> Order:
        return self.parcel.order

    @property
    def can_announce(self) -> bool:
        """Whether it can be registered as refused or unclaimed: it left, and no return is known."""
        left = self.parcel.state in (ShipmentState.HANDED_OVER, ShipmentState.DELIVERED)
        return left and self.order.status in (Status.SHIPPED, Status.DELIVERED)

    @property
    def can_receive(self) -> bool:
        """Whether its return is announced, so that the goods can be taken in."""
        return self.note is not None and self.note.state == ReturnState.ANNOUNCED


def parcels_of_scan(user: User, text: str) -> list[Shipment]:
    """The parcels a scanned AWB, or the number of an order's slip, stands for; none that this person may not see."""
    number = normal_number(text)
    if not number:
        return []
    found = list(parcels_by_number([number], user)[:5])
    if found:
        return found
    orders = Order.objects.visible_to(user).filter(shop_id__in=shop_ids_where(user, Action.RETURN))
    mine = Shipment.objects.filter(
        order__in=orders, order__number__in={number, text.strip()[:40]}, state__in=LEFT_THE_HOUSE
    )
    related = ("order__shop", "order__customer", "order__shipping_address")
    return list(mine.select_related(*related).order_by("pk")[:1])


def return_card(user: User, parcel: Shipment) -> ReturnCard:
    """What the desk shows of a parcel; three queries."""
    order = parcel.order
    notes = order.returns.exclude(state=ReturnState.VOIDED).order_by("-pk")
    note = notes.prefetch_related("lines").first()
    lines = list(order.lines.select_related("product"))
    parcels = order.shipments.filter(state__in=LEFT_THE_HOUSE).count()
    return ReturnCard(parcel, note, lines, parcels)


def visible_parcel(user: User, shipment_id: int) -> Shipment | None:
    """A parcel by its key, of an order this person may see and whose returns they may register."""
    orders = Order.objects.visible_to(user).filter(shop_id__in=shop_ids_where(user, Action.RETURN))
    related = ("order__shop", "order__customer", "order__shipping_address")
    return Shipment.objects.filter(pk=shipment_id, order__in=orders).select_related(*related).first()


ANNOUNCE = {"refused": ReturnKind.REFUSED, "unclaimed": ReturnKind.UNCLAIMED}
