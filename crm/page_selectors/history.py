"""An order's history in words: one sentence per event, who did it, and what exactly changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from orders.carriers import carrier_name
from orders.models import Order, OrderAddress, OrderEvent
from orders.models.history import EventKind
from orders.statuses import (
    CancelReason,
    DeliveryKind,
    PaymentMethod,
    PaymentStatus,
    ReturnKind,
    Status,
    StockNews,
)
from shops.actors import ActorKind
from shops.money import display

ICONS = {
    EventKind.PLACED: "shopping-bag",
    EventKind.STATUS: "arrow-right",
    EventKind.REVERTED: "rotate-ccw",
    EventKind.PAYMENT: "banknote",
    EventKind.EDITED: "pencil",
    EventKind.CLAIMED: "user-check",
    EventKind.SHIPMENT: "truck",
    EventKind.RETURN: "package-x",
    EventKind.REPORTED: "plug",
    EventKind.STOCK: "boxes",
    EventKind.CALL: "phone",
}
ADDRESSES = {"shipping": gettext_lazy("delivery address"), "billing": gettext_lazy("billing address")}
LINE = "line"
LONGEST = 80


@dataclass(frozen=True)
class Difference:
    """One value that changed, as people read it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """One line of the history."""

    kind: str
    icon: str
    sentence: str
    who: str
    at: datetime
    reason: str
    status: str
    is_undone: bool
    differences: list[Difference]


def history_in_words(events: Iterable[OrderEvent], currency: str = "") -> list[Entry]:
    """The events as entries, in the order given; amounts in `currency`, the order's. Reads nothing from the database."""
    return [
        Entry(
            kind=event.kind,
            icon=ICONS[EventKind(event.kind)],
            sentence=SENTENCES[EventKind(event.kind)](event),
            who=who_did(event),
            at=event.at,
            reason=_reason(event),
            status=event.to_status,
            is_undone=event.reverted_at is not None,
            differences=_differences(event, currency),
        )
        for event in events
    ]


def who_did(event: OrderEvent) -> str:
    """The author as people know them."""
    if event.actor_kind == ActorKind.SYSTEM and event.actor_label in ("", "system"):
        return str(ActorKind.SYSTEM.label)
    return event.actor_label or str(ActorKind(event.actor_kind).label)


def _label(choices: Any, value: str) -> str:
    return str(choices(value).label) if value in choices.values else value


def _placed(event: OrderEvent) -> str:
    return _("The order was placed")


def _status(event: OrderEvent) -> str:
    return _("%(from)s → %(to)s") % _ends(event)


def _reverted(event: OrderEvent) -> str:
    if event.from_status == event.to_status:
        return _("Undone: the order is as it was before")
    return _("Undone: back from %(from)s to %(to)s") % _ends(event)


def _ends(event: OrderEvent) -> dict[str, str]:
    return {"from": _label(Status, event.from_status), "to": _label(Status, event.to_status)}


def _payment(event: OrderEvent) -> str:
    before, after = event.details.get("from", ""), event.details.get("to", "")
    names = {"from": _label(PaymentStatus, before), "to": _label(PaymentStatus, after)}
    return _("Payment: %(from)s → %(to)s") % names


def _edited(event: OrderEvent) -> str:
    # In the order of the alphabet, for PostgreSQL keeps the keys of an object in an order of its own.
    names = sorted({str(_group_name(name)) for name in event.details})
    return _("Changed: %(fields)s") % {"fields": ", ".join(names)}


def _claimed(event: OrderEvent) -> str:
    if event.details.get("manager") is None:
        return _("The order was released")
    if event.details.get("name"):
        return _("The order was given to %(name)s") % {"name": event.details["name"]}
    return _("The order was taken")


def _shipment(event: OrderEvent) -> str:
    if event.details.get("voided"):
        return _("A parcel was removed")
    if event.details.get("at_pickup"):
        return _("The parcel can be collected")
    names = {
        "carrier": carrier_name(event.details.get("carrier", "")),
        "number": event.details.get("number", ""),
    }
    if event.details.get("delivered"):
        return (_("Parcel delivered: %(carrier)s %(number)s") % names).strip()
    if event.details.get("rest"):
        return (_("The rest was sent: %(carrier)s %(number)s") % names).strip()
    return (_("Parcel prepared: %(carrier)s %(number)s") % names).strip()


def _stock(event: OrderEvent) -> str:
    goods = ", ".join(event.details.get("goods", []))
    refund = _("a refund is due") if event.details.get("refund_due") else ""
    return " · ".join(part for part in (_label(StockNews, event.reason_code), goods, refund) if part)


def _call(event: OrderEvent) -> str:
    if event.details["answered"]:
        return _("Called: the customer answered")
    return _("Called: nobody answered (attempt %(attempt)d)") % {"attempt": event.details["attempt"]}


def _return(event: OrderEvent) -> str:
    return _("The return arrived; %(units)s put back in stock") % {"units": event.details.get("restocked", 0)}


def _reported(event: OrderEvent) -> str:
    return event.reason


SENTENCES: dict[EventKind, Callable[[OrderEvent], str]] = {
    EventKind.PLACED: _placed,
    EventKind.STATUS: _status,
    EventKind.REVERTED: _reverted,
    EventKind.PAYMENT: _payment,
    EventKind.EDITED: _edited,
    EventKind.CLAIMED: _claimed,
    EventKind.SHIPMENT: _shipment,
    EventKind.RETURN: _return,
    EventKind.REPORTED: _reported,
    EventKind.STOCK: _stock,
    EventKind.CALL: _call,
}


def _reason(event: OrderEvent) -> str:
    if event.kind == EventKind.REPORTED:
        return ""
    kinds = {Status.CANCELLED: CancelReason, Status.RETURNED: ReturnKind}
    # The steps of one move share what was given for it; a reason belongs to the step it explains.
    choices = kinds.get(Status(event.to_status)) if event.to_status in kinds else None
    code = _label(choices, event.reason_code) if choices and event.reason_code else ""
    return " · ".join(part for part in (code, event.reason) if part)


def _group_name(field: str) -> str:
    scope, dot, _rest = field.partition(".")
    if dot and scope == LINE:
        return _("lines")
    return str(ADDRESSES[scope]) if dot and scope in ADDRESSES else _field_name(field)


def _field_name(field: str) -> str:
    if field.startswith(f"{LINE}."):
        return _("line")
    model, name = (OrderAddress, field.partition(".")[2]) if "." in field else (Order, field)
    if name == "lines":
        return _("lines")
    known = {column.name: column for column in model._meta.get_fields() if hasattr(column, "verbose_name")}
    return str(known[name].verbose_name) if name in known else name


def _differences(event: OrderEvent, currency: str) -> list[Difference]:
    if event.kind != EventKind.EDITED:
        return []
    pairs = [
        (field, pair) for field, pair in event.details.items() if isinstance(pair, list) and len(pair) == 2
    ]
    found = [
        Difference(_field_name(field), *(_value(field, value, currency) for value in pair))
        for field, pair in pairs
    ]
    return sorted(found, key=lambda difference: (difference.name, difference.before))


def _value(field: str, value: Any, currency: str) -> str:
    text = str(value)
    if field == "delivery_kind":
        return _label(DeliveryKind, text)
    if field == "payment_method":
        return _label(PaymentMethod, text)
    if field == "courier":
        return carrier_name(text)
    if field == "total" and currency:
        return _money(text, currency)
    if text in ("True", "False"):
        return _("yes") if text == "True" else _("no")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _money(text: str, currency: str) -> str:
    try:
        return display(Decimal(text), currency, get_language() or "en")
    except InvalidOperation:  # a history row keeps what was written then
        return text
