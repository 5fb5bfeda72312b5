"""Changing an order's facts without changing its status, while the parcel is still here."""

from __future__ import annotations

from typing import Any, Literal

from django.db import transaction
from django.utils.translation import gettext as _

from orders.carriers import CARRIERS
from orders.drafts import AddressDraft
from orders.errors import OrderError
from orders.events import OrderEdited
from orders.models import Order, OrderAddress, OrderEvent, OrderNote
from orders.models.history import EventKind
from orders.search import refresh_order_terms
from orders.services.access import lock_order
from orders.services.placing import check_address
from orders.services.recording import record
from orders.statuses import BEFORE_HANDOVER, DeliveryKind, PaymentMethod
from shops.actors import Actor, actor_columns
from shops.bus import publish
from shops.permissions import Action


@transaction.atomic
def edit_address(
    *, order_id: int, actor: Actor, which: Literal["shipping", "billing"], values: AddressDraft
) -> tuple[str, ...]:
    """Replace one of the order's addresses; returns the names of the fields that changed.

    The delivery address is editable until the parcel is handed over. Raises NotPermitted or OrderError.
    """
    order = lock_order(order_id=order_id, actor=actor, action=Action.EDIT_ORDER)
    if which == "shipping":
        _require_editable(order)
    return write_address(order, which, values, actor)


def write_address(
    order: Order, which: Literal["shipping", "billing"], values: AddressDraft, actor: Actor
) -> tuple[str, ...]:
    """Write an address of a locked order and record what changed. Raises OrderError naming a field that is too long."""
    check_address(which, values)
    address = order.shipping_address if which == "shipping" else order.billing_address
    if address is None:
        address = OrderAddress.objects.create()
        order.billing_address = address
        order.save(update_fields=["billing_address", "updated_at"])
    changes = {
        name: [getattr(address, name), value]
        for name, value in values.__dict__.items()
        if getattr(address, name) != value
    }
    if not changes:
        return ()
    for name, (_before, after) in changes.items():
        setattr(address, name, after)
    address.save()
    return _edited(order, actor, {f"{which}.{name}": pair for name, pair in changes.items()})


@transaction.atomic
def edit_delivery(
    *, order_id: int, actor: Actor, delivery_kind: str, pickup_point: str = "", courier: str = ""
) -> tuple[str, ...]:
    """Change how the order travels, until the parcel is handed over. Raises NotPermitted or OrderError."""
    order = lock_order(order_id=order_id, actor=actor, action=Action.EDIT_ORDER)
    _require_editable(order)
    if delivery_kind not in DeliveryKind.values:
        raise OrderError(_("Choose how the order is delivered."), code="invalid", field="delivery_kind")
    if courier and courier not in CARRIERS:
        raise OrderError(_("Choose a courier from the list."), code="invalid", field="courier")
    values = {"delivery_kind": delivery_kind, "pickup_point": pickup_point.strip()[:100], "courier": courier}
    return set_fields(order, values, actor)


@transaction.atomic
def edit_payment_method(*, order_id: int, actor: Actor, payment_method: str) -> tuple[str, ...]:
    """Change how the order is paid, until the parcel is handed over. Raises NotPermitted or OrderError."""
    order = lock_order(order_id=order_id, actor=actor, action=Action.EDIT_ORDER)
    _require_editable(order)
    if payment_method not in PaymentMethod.values:
        raise OrderError(_("Choose how the order is paid."), code="invalid", field="payment_method")
    if order.payment_method == payment_method:
        return ()
    # What the customer chose in the shop's own words is no longer true.
    return set_fields(order, {"payment_method": payment_method, "payment_title": ""}, actor)


@transaction.atomic
def set_partial_agreed(*, order_id: int, actor: Actor, agreed: bool) -> tuple[str, ...]:
    """Note whether the customer agreed to get what is in stock first. Raises NotPermitted or OrderError."""
    order = lock_order(order_id=order_id, actor=actor, action=Action.EDIT_ORDER)
    _require_editable(order)
    return set_fields(order, {"partial_agreed": agreed}, actor)


def set_fields(order: Order, values: dict[str, Any], actor: Actor) -> tuple[str, ...]:
    """Set plain columns of a locked order and record those that changed."""
    changes = {
        name: [getattr(order, name), value] for name, value in values.items() if getattr(order, name) != value
    }
    if not changes:
        return ()
    for name, (_before, after) in changes.items():
        setattr(order, name, after)
    order.save(update_fields=[*changes, "updated_at"])
    return _edited(
        order, actor, {name: [str(before), str(after)] for name, (before, after) in changes.items()}
    )


def _edited(order: Order, actor: Actor, details: dict[str, Any]) -> tuple[str, ...]:
    refresh_order_terms(order.pk)
    event: OrderEvent = record(order, kind=EventKind.EDITED, actor=actor, details=details, notify=False)
    publish(
        OrderEdited(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=False,
            changes=tuple(details),
        )
    )
    return tuple(details)


def _require_editable(order: Order) -> None:
    if order.status not in BEFORE_HANDOVER:
        raise OrderError(
            _("Order %(number)s was handed over or closed; its delivery can no longer be changed.")
            % {"number": order.number},
            code="handed_over",
        )


@transaction.atomic
def add_note(*, order_id: int, actor: Actor, text: str) -> OrderNote:
    """Add an internal note. Raises OrderError when it is empty, NotPermitted."""
    order = lock_order(order_id=order_id, actor=actor, action=Action.COMMENT)
    if not text.strip():
        raise OrderError(_("Write something first."), code="empty", field="text")
    return OrderNote.objects.create(order=order, text=text.strip()[:10_000], **actor_columns(actor))
