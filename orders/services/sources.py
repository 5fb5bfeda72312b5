"""What the sales channel says later about an order we already have."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.contacts import safe_link
from orders.drafts import PARTS, LineDraft, OrderDraft
from orders.events import OrderAcknowledged, OrderEdited
from orders.models import Order, OrderEvent
from orders.models.history import EventKind
from orders.search import refresh_order_terms
from orders.services.access import lock_order
from orders.services.editing import set_fields, write_address
from orders.services.effects import follow_lines, wanted_units
from orders.services.placing import cents, set_totals, validate_draft, write_lines
from orders.services.recording import record
from orders.statuses import BEFORE_HANDOVER, Status
from shops.actors import Actor
from shops.bus import publish
from shops.permissions import Action


@transaction.atomic
def acknowledge_order(*, order_id: int, actor: Actor, notify: bool = True) -> bool:
    """Note that an order that arrived silently is a real one; only the first time does anything. Returns whether it did."""
    order = lock_order(order_id=order_id, actor=actor, action=Action.PLACE_ORDER)
    if order.acknowledged_at is not None:
        return False
    order.acknowledged_at = timezone.now()
    order.save(update_fields=["acknowledged_at", "updated_at"])
    publish(OrderAcknowledged(order_id=order.pk, shop_id=order.shop_id, actor=actor, notify=notify))
    return True


@transaction.atomic
def report_from_source(*, order_id: int, actor: Actor, sentence: str) -> OrderEvent:
    """Write on the order's history what the source says and we did not follow; the same words are not repeated."""
    order = lock_order(order_id=order_id, actor=actor, action=Action.EDIT_ORDER)
    last = order.events.filter(kind=EventKind.REPORTED).order_by("id").last()
    if last is not None and last.reason == sentence[:500]:
        return last
    event = record(order, kind=EventKind.REPORTED, actor=actor, reason=sentence[:500], notify=False)
    publish(
        OrderEdited(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=False,
            changes=("reported",),
        )
    )
    return event


@transaction.atomic
def update_from_source(
    *, order_id: int, draft: OrderDraft, actor: Actor, only: Collection[str] = PARTS.keys()
) -> tuple[str, ...]:
    """Take over what the source changed and return the names of the fields.

    `only` names the parts (`orders.drafts.PARTS`) that changed there; what a person corrected in the others stays.
    Addresses, delivery and notes follow until the parcel is handed over, lines until picking starts; what comes
    later is reported on the order instead. Raises OrderError naming a field that cannot be stored.
    """
    validate_draft(draft)
    order = lock_order(order_id=order_id, actor=actor, action=Action.EDIT_ORDER)
    if draft.source_modified_at:
        order.source_modified_at = draft.source_modified_at
        order.save(update_fields=["source_modified_at", "updated_at"])
    if order.status not in BEFORE_HANDOVER:
        return ()
    changed: tuple[str, ...] = ()
    if "shipping" in only:
        changed += write_address(order, "shipping", draft.shipping, actor)
    if "billing" in only and draft.billing is not None:
        changed += write_address(order, "billing", draft.billing, actor)
    changed += set_fields(order, _plain_fields(draft, only), actor)
    if "lines" in only and (_lines_differ(order, draft.lines) or _totals_differ(order, draft)):
        changed += _follow_lines(order, draft, actor)
    return changed


def _plain_fields(draft: OrderDraft, parts: Collection[str]) -> dict[str, str]:
    values = {
        "delivery_kind": draft.delivery_kind,
        "delivery_title": draft.delivery_title[:200],
        "pickup_point": draft.pickup_point[:100],
        "courier": draft.courier,
        "payment_method": draft.payment_method,
        "payment_title": draft.payment_title[:200],
        "payment_url": safe_link(draft.payment_url),
        "customer_note": draft.customer_note,
    }
    return {name: value for part in parts for name, value in values.items() if name in PARTS[part]}


def _lines_differ(order: Order, lines: tuple[LineDraft, ...]) -> bool:
    ours = [(line.sku, line.name, line.quantity, line.total) for line in order.lines.all()]
    theirs = [(line.sku[:100], line.name[:255], line.quantity, cents(line.total)) for line in lines]
    return ours != theirs


def _totals_differ(order: Order, draft: OrderDraft) -> bool:
    theirs = Order(currency=order.currency)
    set_totals(theirs, draft)
    names = ("goods_total", "shipping_total", "fees_total", "total", "vat_total")
    return any(getattr(theirs, name) != getattr(order, name) for name in names)


def _follow_lines(order: Order, draft: OrderDraft, actor: Actor) -> tuple[str, ...]:
    if order.status not in (Status.NEW, Status.CONFIRMED):
        report_from_source(
            order_id=order.pk,
            actor=actor,
            sentence=_("The lines were changed at the source, but the order is already being picked."),
        )
        return ()
    details = {
        "total": [str(order.total), str(draft.total)],
        "lines": [order.lines.count(), len(draft.lines)],
    }
    wanted_before = wanted_units(order)
    order.lines.all().delete()
    write_lines(order, draft.lines)
    set_totals(order, draft)
    order.save()
    follow_lines(order, wanted_before, actor, on_shortage="backorder")
    refresh_order_terms(order.pk)
    event = record(order, kind=EventKind.EDITED, actor=actor, details=details, notify=False)
    publish(
        OrderEdited(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=False,
            changes=("lines",),
        )
    )
    return ("lines",)
