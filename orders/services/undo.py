"""Undoing a person's move: its steps are reverted, last first, and what they did is taken back."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import TooLateToUndo
from orders.events import OrderReverted
from orders.models import Order, OrderEvent
from orders.models.history import EventKind
from orders.search import refresh_order_terms
from orders.services.access import lock_order
from orders.services.calls import take_back_call
from orders.services.effects import compensate
from orders.services.recording import record
from orders.services.rest import compensate_rest
from shops.actors import Actor
from shops.bus import publish
from shops.errors import NotPermitted
from shops.permissions import Action, is_permitted

# What a person can undo: changes of the status, of what is sent after a shipped order, and calls.
CHANGES = Q(kind=EventKind.STATUS) | Q(kind__in=[EventKind.SHIPMENT, EventKind.STOCK], move_id__isnull=False)
MOVES = CHANGES | Q(kind=EventKind.CALL)


@transaction.atomic
def revert_move(*, move_id: uuid.UUID, actor: Actor) -> int:
    """Revert every change of a move (of the status, of what is sent after it, a call) and return the order's key.

    Only the order's latest move, only until `undo_until`, only by who made it (or who may take orders over).
    Raises TooLateToUndo, also when a message of the move has already left; then nothing is undone.
    """
    first = OrderEvent.objects.filter(MOVES, move_id=move_id).values("order_id").first()
    if first is None:
        raise TooLateToUndo(_("There is nothing to undo."), code="nothing_to_undo")
    order = lock_order(order_id=first["order_id"], actor=actor, action=Action.MOVE_DEAL)
    events = list(order.events.filter(MOVES, move_id=move_id, reverted_at=None).order_by("-id"))
    _require_undoable(order, events, actor)
    for event in events:
        _revert(order, event, actor)
    refresh_order_terms(order.pk)
    return order.pk


def _require_undoable(order: Order, events: list[OrderEvent], actor: Actor) -> None:
    if not events:
        raise TooLateToUndo(_("This move was already undone."), code="already_undone")
    # A call that was noted after a change is no reason to keep the change.
    changes = [event for event in events if event.kind != EventKind.CALL]
    latest = order.events.filter(CHANGES if changes else MOVES, reverted_at=None).latest("id")
    if latest.pk != (changes or events)[0].pk:
        raise TooLateToUndo(
            _("Order %(number)s has moved on since.") % {"number": order.number}, code="moved_on"
        )
    deadline = events[0].undo_until
    if deadline is None or timezone.now() > deadline:
        raise TooLateToUndo(
            _("The time to undo is over; order %(number)s stays as it is.") % {"number": order.number},
            code="too_late",
        )
    theirs = actor.is_person and events[0].actor_user_id == actor.user_id
    if not theirs and not is_permitted(actor, shop_id=order.shop_id, action=Action.TAKE_OVER):
        raise NotPermitted(
            _("Only %(name)s can undo this move.") % {"name": events[0].actor_label}, code="not_yours"
        )


def _revert(order: Order, event: OrderEvent, actor: Actor) -> None:
    now = timezone.now()
    before = order.status
    OrderEvent.objects.filter(pk=event.pk).update(reverted_at=now)
    if event.kind == EventKind.STATUS:
        order.revert(to=event.from_status)
        order.status_changed_at = now
        order.save(update_fields=["status", "status_changed_at", "updated_at"])
        compensate(order, event, actor)
    elif event.kind == EventKind.CALL:
        take_back_call(order, event, actor)
    else:
        compensate_rest(order, event, actor)
    row = record(
        order,
        kind=EventKind.REVERTED,
        actor=actor,
        from_status=before,
        to_status=order.status,
        notify=False,
        move_id=event.move_id,
    )
    publish(
        OrderReverted(
            uid=row.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=False,
            move_id=event.move_id,
            from_status=before,
            to_status=order.status,
            reverted_uid=event.uid,
            event_id=row.pk,
        )
    )
