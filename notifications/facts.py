"""The snapshot of one order that a message is written from: plain values, in the customer's language.

What customers must not read stays out: internal notes, and a reason in a colleague's own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from babel.dates import format_date
from django.utils import timezone
from django.utils.translation import override

from notifications.statuses import OFF_THE_PATH, Channel, MessageEvent
from orders.carriers import carrier_name
from orders.contacts import normalise_phone
from orders.models import Order, OrderEvent, OrderLine, Return, Shipment
from orders.statuses import CancelReason, ReturnKind, ReturnState, ShipmentState, Status
from shops.money import display, display_for_sms

REFUND_DUE = frozenset({MessageEvent.CANCELLED, MessageEvent.RETURNED, MessageEvent.RETURN_RECEIVED})
# Reasons a customer may be told; suspicion and housekeeping are nobody else's business.
TOLD_REASONS = frozenset(
    {CancelReason.CUSTOMER, CancelReason.NO_ANSWER, CancelReason.OUT_OF_STOCK, CancelReason.NOT_PAID}
)


@dataclass(frozen=True)
class OrderFacts:
    """One order read once, for messages on any channel."""

    order: Order
    lines: tuple[OrderLine, ...]
    shipment: Shipment | None
    reason: str

    def recipient(self, channel: str) -> str:
        """Where the customer is reached on this channel; empty when nowhere is known.

        A phone in E.164 where it is valid for the country it is used in, else as it was given.
        """
        addresses = [self.order.shipping_address, self.order.billing_address]
        if channel == Channel.EMAIL:
            return next(
                (address.email.strip() for address in addresses if address and address.email.strip()), ""
            )
        for address in addresses:
            if address and address.phone.strip():
                country = address.country or self.order.shop.country
                return normalise_phone(address.phone, country) or address.phone.strip()
        return ""

    def snapshot(self, channel: str, event: str, language: str = "") -> dict[str, Any]:
        """Every name of the vocabulary, in the customer's language unless another is named.

        The tracking link is empty: it is built when sending and never stored.
        """
        order, shop = self.order, self.order.shop
        language = language or order.language
        money = _money(order, channel, language)
        with override(language):
            return {
                **_person(order),
                **self._parcel(language),
                "number": order.number,
                "total": money(order.total),
                "goods": money(order.goods_total),
                "shipping": money(order.shipping_total),
                "fees": money(adjustments) if (adjustments := order.fees_total + order.rounding) else "",
                "due": money(order.total) if order.is_cod and not order.is_paid else "",
                "currency": order.currency,
                "lines": [_line(line, money) for line in self.lines],
                "order_url": "",
                "order_date": _day(order.placed_at.astimezone(shop.zone).date(), language),
                "domain": shop.domain,
                "shop_name": shop.name,
                "shop_phone": shop.phone,
                "shop_email": shop.sender_email,
                "status": str(Status(order.status).label),
                "reason": _told_reason(self.reason) if event in OFF_THE_PATH else "",
                "paid": order.is_paid,
                "cod": order.is_cod,
                "refund": order.is_paid and event in REFUND_DUE,
                "address": _address(order),
                "pickup_point": order.pickup_point,
                "delivery": order.delivery_title or str(order.get_delivery_kind_display()),
                "payment_url": order.payment_url,
                "payment": order.payment_title or str(order.get_payment_method_display()),
            }

    def _parcel(self, language: str) -> dict[str, str]:
        shipment, order = self.shipment, self.order
        if shipment is None:
            courier = carrier_name(order.courier) if order.courier else ""
            return {
                "carrier": courier,
                "awbNumber": "",
                "awbNumberWithTracking": "",
                "trackingUrl": "",
                "shipping_Date": "",
            }
        number, url = shipment.tracking_number, shipment.tracking_url
        left = (shipment.handed_over_at or timezone.now()).astimezone(order.shop.zone).date()
        return {
            "carrier": carrier_name(shipment.carrier),
            "awbNumber": number,
            "awbNumberWithTracking": f"{number} ({url})" if number and url else number,
            "trackingUrl": url,
            "shipping_Date": _day(left, language),
        }


def facts_of_order(order_id: int) -> OrderFacts:
    """Read an order for messages, in four queries; raises Order.DoesNotExist."""
    order = Order.objects.select_related("shop", "shipping_address", "billing_address").get(pk=order_id)
    shipments = Shipment.objects.filter(order_id=order_id).exclude(state=ShipmentState.VOIDED)
    return OrderFacts(
        order=order,
        lines=tuple(OrderLine.objects.filter(order_id=order_id).order_by("position")),
        shipment=shipments.order_by("pk").last(),
        reason=_reason_code(order) if order.status in OFF_THE_PATH else "",
    )


def _reason_code(order: Order) -> str:
    if order.status == Status.RETURNED:
        note = Return.objects.filter(order=order).exclude(state=ReturnState.VOIDED).order_by("pk").last()
        return note.kind if note else ""
    event = OrderEvent.objects.filter(order=order, to_status=Status.CANCELLED).order_by("pk").last()
    return event.reason_code if event else ""


def _told_reason(code: str) -> str:
    if code in TOLD_REASONS:
        return str(CancelReason(code).label)
    return str(ReturnKind(code).label) if code in ReturnKind.values else ""


def _money(order: Order, channel: str, language: str) -> Callable[[Decimal], str]:
    if channel == Channel.SMS:
        return partial(_money_for_sms, currency=order.currency, language=language)
    return partial(display, currency=order.currency, language=language)


def _money_for_sms(amount: Decimal, currency: str, language: str) -> str:
    text = display_for_sms(amount, currency, language)
    if language == "uk":  # 70 letters are few: thousands are not grouped and whole amounts have no kopecks
        text = re.sub(r"(?<=\d) (?=\d)", "", text).replace(",00 ", " ")
    return text


def _person(order: Order) -> dict[str, str]:
    address = order.shipping_address
    name = " ".join((address.name or address.company).split())
    first, _space, last = name.partition(" ")
    return {
        "firstname": first,
        "lastname": last,
        "name": name,
        "phone": address.phone,
        "email": address.email,
    }


def _line(line: OrderLine, money: Callable[[Decimal], str]) -> dict[str, Any]:
    name = f"{line.name}, {line.variant}" if line.variant else line.name
    return {
        "name": name,
        "sku": line.sku,
        "quantity": line.quantity,
        "price": money(line.unit_price),
        "total": money(line.total),
    }


def _address(order: Order) -> str:
    address = order.shipping_address
    town = " ".join(filter(None, (address.postcode, address.city)))
    parts = (address.street, address.street2, town, address.county if address.county != address.city else "")
    return ", ".join(part.strip() for part in parts if part.strip())


def _day(day: date, language: str) -> str:
    return format_date(day, format="medium", locale=language)
