"""Whose an AWB is: one tracking number names the parcel of one order, whoever writes it and wherever."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from django.utils.translation import gettext as _

from orders.carriers import is_numbered
from orders.errors import OrderError
from orders.models import Order, Shipment
from orders.statuses import ShipmentState
from shops.locks import lock_name


def require_free_awb(order: Order, *, carrier: str, number: str) -> None:
    """Raise OrderError when a parcel of another order has this number; hold it until the transaction ends."""
    lock_awbs([number])
    if is_taken(order, carrier=carrier, number=number):
        raise OrderError(taken_sentence(), code="awb_taken", field="tracking_number")


def lock_awbs(numbers: Iterable[str]) -> None:
    """Hold these numbers: whoever wants one of them at the same moment waits here, and finds it taken.

    By the order of locks this comes before stock; a change that may write a number later holds it from its start.
    """
    for key in sorted({crc32(number.encode()) for number in numbers if number}):
        lock_name("AWB", key)


def is_taken(order: Order, *, carrier: str, number: str) -> bool:
    """Whether a parcel of another order has this number: in the same shop, or anywhere with the same courier.

    What is written of an own delivery is no courier's number: one van or one round may have many orders.
    """
    if not number or not is_numbered(carrier):
        return False
    others = Shipment.objects.filter(tracking_number=number).exclude(state=ShipmentState.VOIDED)
    rows = others.exclude(order_id=order.pk).values_list("order__shop_id", "carrier")[:20]
    return any(shop_id == order.shop_id or code == carrier for shop_id, code in rows)


def taken_sentence(number: str = "") -> str:
    """What is said of an AWB that another order has; it is named where the person may see it."""
    if number:
        return _("Order %(number)s has this AWB.") % {"number": number}
    return _("Another order has this AWB.")
