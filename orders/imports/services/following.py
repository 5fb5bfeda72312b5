"""What an arrived order makes happen here: placing it, or bringing a known one up to date with its source.

Called inside the transaction of one order, its row locked. Every refusal of ours becomes a report on the order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from orders import services as orders
from orders.drafts import OrderDraft
from orders.guards import plan
from orders.imports.mapping import REPLACEABLE, is_real
from orders.imports.statuses import Intent
from orders.models import Order
from orders.selectors import facts_of
from orders.statuses import BEFORE_HANDOVER, CancelReason, PaymentStatus, Status
from shops.actors import Actor
from shops.errors import DomainError
from shops.models import Shop


@dataclass
class Arrival:
    """One order's news on its way in, and what was done about it in words."""

    shop: Shop
    draft: OrderDraft
    intent: str
    payment: str | None
    source_status: str
    actor: Actor
    notify: bool
    changed_parts: Collection[str] = ()
    changes: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)

    def report(self, order_id: int, sentence: str) -> None:
        """Write on the order's history what the source says and we do not follow."""
        orders.report_from_source(order_id=order_id, actor=self.actor, sentence=sentence)
        self.reports.append(sentence)


def place(arrival: Arrival) -> Order:
    """Place a new order as its status and payment ask; only a finished checkout is told to the buyer."""
    real = is_real(arrival.intent)
    loud = arrival.notify and real
    order = orders.place_order(shop_id=arrival.shop.pk, draft=arrival.draft, actor=arrival.actor, notify=loud)
    if real and not loud:
        orders.acknowledge_order(order_id=order.pk, actor=arrival.actor, notify=False)
    if arrival.intent == Intent.FAILED:
        _record_payment(order, arrival)
    elif arrival.intent == Intent.CANCELLED:
        _cancel(order, arrival)
    elif arrival.intent == Intent.COMPLETED:
        arrival.report(order.pk, _completed_without_parcel())
    elif arrival.intent == Intent.UNKNOWN:
        arrival.report(order.pk, _unknown_status(arrival.source_status))
    confirm_if_paid(order.pk, arrival)
    return order


def follow(order: Order, arrival: Arrival) -> None:
    """Bring a known order up to date; `arrival.changes` names what changed, `arrival.reports` what was only noted."""
    if arrival.changed_parts:
        _update(order, arrival)
    _record_payment(order, arrival)
    _FOLLOW.get(arrival.intent, _nothing)(order, arrival)
    confirm_if_paid(order.pk, arrival)


def confirm_if_paid(order_id: int, arrival: Arrival) -> None:
    """In a shop that asks for it, confirm a new and paid order by the system; a refusal leaves it to a person."""
    if is_real(arrival.intent) and orders.confirm_by_itself(order_id=order_id, notify=arrival.notify):
        arrival.changes.append(_("confirmed automatically"))


def _update(order: Order, arrival: Arrival) -> None:
    if order.status not in BEFORE_HANDOVER:
        arrival.report(
            order.pk, _("The order was edited in the online shop after it was handed over or closed here.")
        )
        return
    changed = orders.update_from_source(
        order_id=order.pk, draft=arrival.draft, actor=arrival.actor, only=arrival.changed_parts
    )
    words = {_word_for(name): None for name in changed}
    arrival.changes.extend(words)


def _word_for(name: str) -> str:
    part = name.split(".")[0]
    words = {
        "shipping": _("delivery address"),
        "billing": _("billing address"),
        "lines": _("lines"),
        "customer_note": _("customer's note"),
        "payment_method": _("payment method"),
        "payment_title": _("payment method"),
    }
    return words.get(part, _("delivery"))


def _record_payment(order: Order, arrival: Arrival) -> None:
    news = arrival.payment
    if news is None or order.payment_status not in REPLACEABLE[news]:
        return
    orders.record_payment(
        order_id=order.pk,
        actor=arrival.actor,
        payment_status=news,
        paid_at=arrival.draft.paid_at,
        reason=_("As the online shop says."),
        notify=arrival.notify,
    )
    arrival.changes.append(str(PaymentStatus(news).label))


def _acknowledge(order: Order, arrival: Arrival) -> None:
    if order.status == Status.CANCELLED:
        arrival.report(
            order.pk,
            _("In the online shop this order is “%(status)s”; here it is cancelled.")
            % {"status": arrival.source_status},
        )
        return
    # Somebody may have confirmed it here before it was paid there: "we have your order" would come too late.
    loud = arrival.notify and order.status == Status.NEW
    if orders.acknowledge_order(order_id=order.pk, actor=arrival.actor, notify=loud):
        arrival.changes.append(_("the order is a real one now"))


def _complete(order: Order, arrival: Arrival) -> None:
    """Completed at the source means sent off: followed only where we know the parcel."""
    _acknowledge(order, arrival)
    if order.status not in BEFORE_HANDOVER:
        return
    if facts_of(order.pk).ready_shipment is None:
        arrival.report(order.pk, _completed_without_parcel())
        return
    _try(
        order,
        arrival,
        lambda: _advance(order, Status.SHIPPED, arrival),
        _("In the online shop this order is completed; here it could not be shipped: %(why)s"),
    )


def _advance(order: Order, to: str, arrival: Arrival) -> None:
    steps = plan(order.status, to) or ()
    move_id = None
    for step in steps:
        loud = arrival.notify and step == steps[-1]
        change = orders.change_status(
            order_id=order.pk, transition=step, actor=arrival.actor, move_id=move_id, notify=loud
        )
        move_id = change.move_id
    arrival.changes.append(str(Status(to).label))


def _cancel(order: Order, arrival: Arrival) -> None:
    """Cancelled at the source; the buyer hears of it only if they heard of the order."""
    if order.status == Status.CANCELLED:
        return

    def cancel() -> None:
        loud = arrival.notify and order.acknowledged_at is not None
        orders.cancel_order(
            order_id=order.pk, actor=arrival.actor, reason_code=CancelReason.SOURCE, notify=loud
        )
        arrival.changes.append(str(Status.CANCELLED.label))

    _try(
        order, arrival, cancel, _("In the online shop this order is cancelled; here it could not be: %(why)s")
    )


def _try(order: Order, arrival: Arrival, step: Callable[[], None], sentence: str) -> None:
    try:
        with transaction.atomic():
            step()
    except DomainError as refusal:
        arrival.report(order.pk, sentence % {"why": refusal.sentence})


def _report_unknown(order: Order, arrival: Arrival) -> None:
    arrival.report(order.pk, _unknown_status(arrival.source_status))


def _nothing(order: Order, arrival: Arrival) -> None:
    """Pending, failed and refunded speak of money only, and that is recorded already."""


_FOLLOW: dict[Any, Callable[[Order, Arrival], None]] = {
    Intent.NEW: _acknowledge,
    Intent.COMPLETED: _complete,
    Intent.CANCELLED: _cancel,
    Intent.UNKNOWN: _report_unknown,
}


def _completed_without_parcel() -> str:
    return _("In the online shop this order is completed, but no parcel is known here.")


def _unknown_status(status: str) -> str:
    return _(
        "In the online shop this order is “%(status)s”, which is not in the connection's mapping table."
    ) % {"status": status}
