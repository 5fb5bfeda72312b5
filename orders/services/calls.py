"""Calls to customers: who called, whether somebody answered, how often nobody did, and when to try again."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import OrderError
from orders.events import CallLogged
from orders.models import Order, OrderEvent
from orders.models.history import EventKind
from orders.selectors import missed_calls
from orders.services.access import lock_order
from orders.services.claims import set_manager
from orders.services.recording import record
from orders.services.transitions import undo_deadline
from shops.actors import Actor
from shops.bus import publish
from shops.permissions import Action
from shops.working_hours import Calendar

# Who did not pick up is seldom free five minutes later, and by the evening the order is cold: two working hours give
# two or three tries a day, and never one outside the shop's hours.
RETRY_AFTER = timedelta(hours=2)
LATEST_RETRY = timedelta(days=60)


def next_try(calendar: Calendar, now: datetime) -> datetime:
    """When to call again if nothing else was agreed: `RETRY_AFTER` of the shop's working time from now."""
    return calendar.after_open(now, RETRY_AFTER).replace(second=0, microsecond=0)


@transaction.atomic
def log_call(
    *,
    order_id: int,
    actor: Actor,
    answered: bool,
    next_try_at: datetime | None = None,
    note: str = "",
    notify: bool = False,
    move_id: uuid.UUID | None = None,
) -> OrderEvent:
    """Note a call to the customer, and return its history row; it takes an unclaimed order for the person.

    Without an answer the attempt is counted, and the next try planned (in two working hours unless said otherwise);
    `notify` lets the customer hear of it where the shop writes at this moment. It can be undone like a move, under
    `move_id`. Raises NotPermitted, or OrderError when a colleague has the order or the next try is not ahead.
    """
    order = lock_order(order_id=order_id, actor=actor, action=Action.CALL)
    now = timezone.now()
    if not answered:
        next_try_at = next_try_at or next_try(order.shop.calendar, now)
        _require_ahead(next_try_at, now)
    attempt = 0 if answered else missed_calls(order.pk).attempts + 1
    claimed = actor.is_person and order.manager_id is None
    event = record(
        order,
        kind=EventKind.CALL,
        actor=actor,
        reason=note.strip()[:500],
        details={
            "answered": answered,
            "attempt": attempt,
            "next_try_at": None if answered or next_try_at is None else next_try_at.isoformat(),
            "claimed": claimed,
        },
        notify=notify,
        move_id=move_id or uuid.uuid4(),
        undo_until=undo_deadline(order, actor),
    )
    if claimed:
        set_manager(order, actor, actor.user_id)
    _publish(order, actor, event, next_try_at)
    return event


def take_back_call(order: Order, event: OrderEvent, actor: Actor) -> None:
    """What undoing a call of a locked order takes back beside its row: the claim that came with it."""
    if event.details.get("claimed") and order.manager_id == event.actor_user_id:
        set_manager(order, actor, None)


def _require_ahead(next_try_at: datetime, now: datetime) -> None:
    if not now < next_try_at <= now + LATEST_RETRY:
        raise OrderError(
            _("Choose a time for the next call that is still ahead, within %(days)d days.")
            % {"days": LATEST_RETRY.days},
            code="invalid",
            field="next_try_at",
        )


def _publish(order: Order, actor: Actor, event: OrderEvent, next_try_at: datetime | None) -> None:
    publish(
        CallLogged(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=event.notify,
            move_id=event.move_id,
            undo_until=event.undo_until,
            occurred_at=event.at,
            answered=event.details["answered"],
            attempt=event.details["attempt"],
            next_try_at=None if event.details["answered"] else next_try_at,
        )
    )
