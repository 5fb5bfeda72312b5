"""The status changes: lock, permission, guard, transition, history, stock, event; all or nothing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from orders.errors import AlreadyDone, NeedsInput, TransitionRefused
from orders.events import OrderStatusChanged, ShipmentDispatched
from orders.guards import NOTHING, Arguments, Refusal, check, plan
from orders.models import Order, OrderEvent
from orders.models.history import EventKind
from orders.search import refresh_order_terms
from orders.selectors import ACTION_OF_TRANSITION, facts_of
from orders.services.access import lock_order
from orders.services.effects import EFFECTS, Change, parcels_left_behind
from orders.services.recording import record
from orders.statuses import TARGETS, PaymentStatus, ShipmentState, Status, Transition
from shops.actors import Actor
from shops.bus import publish

LONGEST_HOLD = timedelta(minutes=5)


@dataclass(frozen=True)
class StatusChange:
    """A status change that happened; until `undo_until` the move can be undone (None: never)."""

    order_id: int
    event_id: int
    move_id: uuid.UUID
    from_status: str
    to_status: str
    undo_until: datetime | None


@transaction.atomic
def change_status(
    *,
    order_id: int,
    transition: str,
    actor: Actor,
    arguments: Arguments = NOTHING,
    move_id: uuid.UUID | None = None,
    notify: bool = True,
) -> StatusChange:
    """Run one transition of the workflow, with its effects and its one history row.

    Raises NotPermitted, AlreadyDone (somebody made this very change first), NeedsInput (data is missing; `form`
    names what to ask) or TransitionRefused; then nothing was written.
    """
    order = lock_order(order_id=order_id, actor=actor, action=ACTION_OF_TRANSITION[transition])
    move = move_id or uuid.uuid4()
    return _run(order, transition, Change(order, actor, arguments, move), notify, undo_deadline(order, actor))


def confirm_order(*, order_id: int, actor: Actor, **options: Any) -> StatusChange:
    """new → confirmed: reserves stock if placing did not. See `change_status`."""
    return change_status(order_id=order_id, transition=Transition.CONFIRM, actor=actor, **options)


def start_processing(*, order_id: int, actor: Actor, **options: Any) -> StatusChange:
    """confirmed → processing. See `change_status`."""
    return change_status(order_id=order_id, transition=Transition.START_PROCESSING, actor=actor, **options)


def ship_order(
    *, order_id: int, actor: Actor, carrier: str = "", tracking_number: str = "", **options: Any
) -> StatusChange:
    """processing → shipped: hands over the prepared parcel, or the one named here. See `change_status`."""
    arguments = Arguments(carrier=carrier, tracking_number=tracking_number)
    return change_status(
        order_id=order_id, transition=Transition.SHIP, actor=actor, arguments=arguments, **options
    )


def deliver_order(*, order_id: int, actor: Actor, **options: Any) -> StatusChange:
    """shipped → delivered. See `change_status`."""
    return change_status(order_id=order_id, transition=Transition.DELIVER, actor=actor, **options)


def cancel_order(
    *, order_id: int, actor: Actor, reason_code: str, reason: str = "", **options: Any
) -> StatusChange:
    """new, confirmed or processing → cancelled: releases stock; a refund is due if paid. See `change_status`."""
    arguments = Arguments(reason_code=reason_code, reason=reason)
    return change_status(
        order_id=order_id, transition=Transition.CANCEL, actor=actor, arguments=arguments, **options
    )


def return_order(
    *, order_id: int, actor: Actor, return_kind: str, reason: str = "", **options: Any
) -> StatusChange:
    """shipped or delivered → returned: all units are announced back; stock follows on receipt. See `change_status`."""
    arguments = Arguments(return_kind=return_kind, reason=reason)
    return change_status(
        order_id=order_id, transition=Transition.RETURN, actor=actor, arguments=arguments, **options
    )


def reopen_order(*, order_id: int, actor: Actor, reason: str, **options: Any) -> StatusChange:
    """cancelled → new: stock is reserved again. See `change_status`."""
    arguments = Arguments(reason=reason)
    return change_status(
        order_id=order_id, transition=Transition.REOPEN, actor=actor, arguments=arguments, **options
    )


@transaction.atomic
def advance_order(
    *,
    order_id: int,
    to: str,
    actor: Actor,
    arguments: Arguments = NOTHING,
    move_id: uuid.UUID | None = None,
    notify: bool = True,
    undo_until: datetime | None = None,
) -> list[StatusChange]:
    """Bring an order to a status by the workflow's own steps, each recorded; only the last one notifies, if any.

    All or nothing; raises what `change_status` raises. An order already there yields an empty list. `undo_until`
    asks for a later end of the time to undo, as `hold_until` allows it.
    """
    move = move_id or uuid.uuid4()
    way = plan(Order.objects.values_list("status", flat=True).get(pk=order_id), to)
    first = ACTION_OF_TRANSITION[way[0]] if way else ACTION_OF_TRANSITION[_nearest(to)]
    order = lock_order(order_id=order_id, actor=actor, action=first)
    way = plan(order.status, to)
    if way is None:
        raise TransitionRefused(
            _("An order that is “%(from)s” cannot become “%(to)s”.")
            % {"from": Status(order.status).label, "to": Status(to).label},
            code="no_way",
        )
    deadline = undo_deadline(order, actor, undo_until)
    changes = []
    for step in way:
        order = lock_order(order_id=order_id, actor=actor, action=ACTION_OF_TRANSITION[step])
        change = Change(order, actor, arguments, move)
        changes.append(_run(order, step, change, notify and step == way[-1], deadline))
    return changes


def _nearest(to: str) -> str:
    return next(transition for transition, target in TARGETS.items() if target == to)


def undo_deadline(order: Order, actor: Actor, wanted: datetime | None = None) -> datetime | None:
    """Until when a person's change can be undone (the shop's setting); a machine's cannot."""
    return hold_until(actor, order.shop.undo_seconds, wanted)


def hold_until(actor: Actor, seconds: int, wanted: datetime | None = None) -> datetime | None:
    """The end of a time to undo of so many seconds; None for a machine, and where the shop allows none.

    A later `wanted` end is taken, for moves that shall be undone together, but never more than LONGEST_HOLD from now:
    customers wait for their messages as long.
    """
    if not actor.is_person or not seconds:
        return None
    now = timezone.now()
    own = now + timedelta(seconds=seconds)
    return own if wanted is None else max(own, min(wanted, now + LONGEST_HOLD))


def _run(
    order: Order, transition: str, change: Change, notify: bool, undo_until: datetime | None
) -> StatusChange:
    refusal = check(transition, facts_of(order.pk), change.arguments)
    if refusal is not None:
        raise _as_error(refusal, order, transition)
    from_status = order.status
    details = _details(order, transition, change)
    getattr(order, transition)()
    order.status_changed_at = timezone.now()
    order.save(update_fields=["status", "status_changed_at", "updated_at"])
    event = record(
        order,
        kind=EventKind.STATUS,
        actor=change.actor,
        from_status=from_status,
        to_status=order.status,
        reason_code=change.arguments.reason_code[:20] or change.arguments.return_kind,
        reason=change.arguments.reason[:500],
        details=details,
        notify=notify,
        move_id=change.move_id,
        undo_until=undo_until,
    )
    EFFECTS[transition](change)
    _publish(order, change, event)
    return StatusChange(order.pk, event.pk, change.move_id, from_status, order.status, undo_until)


def _publish(order: Order, change: Change, event: OrderEvent) -> None:
    common: dict[str, Any] = {
        "order_id": order.pk,
        "shop_id": order.shop_id,
        "actor": change.actor,
        "notify": event.notify,
        "move_id": change.move_id,
        "undo_until": event.undo_until,
        "occurred_at": event.at,
    }
    if event.to_status == Status.SHIPPED:
        refresh_order_terms(order.pk)
        parcel = order.shipments.filter(state=ShipmentState.HANDED_OVER).latest("pk")
        publish(ShipmentDispatched(shipment_id=parcel.pk, **common))
    publish(
        OrderStatusChanged(
            uid=event.uid,
            from_status=event.from_status,
            to_status=event.to_status,
            event_id=event.pk,
            **common,
        )
    )


def _details(order: Order, transition: str, change: Change) -> dict[str, Any]:
    """What undoing will need to know, and what the history shows beside the statuses."""
    if transition == Transition.CONFIRM:
        return {"claimed": change.actor.is_person and order.manager_id is None}
    if transition == Transition.SHIP:
        return {"voided_shipments": parcels_left_behind(order, change.arguments)}
    if transition == Transition.CANCEL:
        prepared = order.shipments.filter(state=ShipmentState.PREPARED).values_list("pk", flat=True)
        return {"refund_due": order.payment_status == PaymentStatus.PAID, "voided_shipments": list(prepared)}
    if transition in (Transition.DELIVER, Transition.RETURN):
        on_the_way = order.shipments.filter(state=ShipmentState.HANDED_OVER).values_list("pk", flat=True)
        return {"on_the_way": list(on_the_way)}
    return {}


def _as_error(refusal: Refusal, order: Order, transition: str) -> TransitionRefused | NeedsInput:
    if refusal.form or refusal.code == "reason_missing":
        return NeedsInput(refusal.sentence, form=refusal.form)
    if refusal.code == "wrong_status" and order.status == TARGETS[transition]:
        last = order.events.filter(kind=EventKind.STATUS, to_status=order.status, reverted_at=None).last()
        if last is not None:
            return AlreadyDone(
                _("%(name)s already did this at %(time)s: order %(number)s is “%(status)s”.")
                % {
                    "name": last.actor_label,
                    "time": date_format(last.at.astimezone(order.shop.zone), "TIME_FORMAT"),
                    "number": order.number,
                    "status": Status(order.status).label,
                },
                code="already_done",
            )
    return TransitionRefused(refusal.sentence, code=refusal.code)
