"""The payment state of an order, as a person or the source reports it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import OrderError
from orders.events import PaymentRecorded
from orders.models.history import EventKind
from orders.services.access import lock_order
from orders.services.recording import record
from orders.statuses import PaymentStatus
from shops.actors import Actor
from shops.bus import publish
from shops.permissions import Action


@transaction.atomic
def record_payment(
    *,
    order_id: int,
    actor: Actor,
    payment_status: str,
    paid_at: datetime | None = None,
    reason: str = "",
    notify: bool = True,
) -> bool:
    """Set the payment state; returns whether it changed. A repeat does nothing. Raises NotPermitted or OrderError."""
    order = lock_order(order_id=order_id, actor=actor, action=Action.RECORD_PAYMENT)
    if payment_status not in PaymentStatus.values:
        raise OrderError(_("Choose a payment state."), code="invalid", field="payment_status")
    if order.payment_status == payment_status:
        return False
    before = order.payment_status
    order.payment_status = payment_status
    if payment_status == PaymentStatus.PAID:
        order.paid_at = paid_at or timezone.now()
    order.save(update_fields=["payment_status", "paid_at", "updated_at"])
    event = record(
        order,
        kind=EventKind.PAYMENT,
        actor=actor,
        reason=reason[:500],
        details={"from": before, "to": payment_status},
        notify=notify,
    )
    publish(
        PaymentRecorded(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=notify,
            from_payment_status=before,
            to_payment_status=payment_status,
        )
    )
    return True
