"""Claiming an order: one person works on it; the first click wins."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import AlreadyDone, OrderError
from orders.events import OrderClaimed
from orders.models import Order
from orders.models.history import EventKind
from orders.services.access import manager_name
from orders.services.recording import record
from shops.actors import Actor
from shops.bus import publish
from shops.locks import lock_one
from shops.permissions import Action, is_permitted, require


@transaction.atomic
def claim_order(*, order_id: int, actor: Actor) -> bool:
    """Take a free order; returns whether anything changed. Who may take orders over takes a colleague's, too.

    Raises AlreadyDone naming who has it, NotPermitted, or OrderError for actors that are not people.
    """
    order = lock_one(Order.objects.select_related("shop"), order_id)
    require(actor, shop_id=order.shop_id, action=Action.CLAIM)
    if not actor.is_person:
        raise OrderError(_("Only people can claim orders."), code="not_a_person")
    if order.manager_id == actor.user_id:
        return False
    if order.manager_id and not is_permitted(actor, shop_id=order.shop_id, action=Action.TAKE_OVER):
        raise AlreadyDone(
            _("%(name)s already works on order %(number)s.")
            % {"name": manager_name(order), "number": order.number},
            code="claimed",
        )
    set_manager(order, actor, actor.user_id)
    return True


@transaction.atomic
def release_order(*, order_id: int, actor: Actor) -> bool:
    """Let go of an order; returns whether anything changed. Raises OrderError when it is somebody else's."""
    order = lock_one(Order.objects.select_related("shop"), order_id)
    require(actor, shop_id=order.shop_id, action=Action.CLAIM)
    if order.manager_id is None:
        return False
    if order.manager_id != actor.user_id and not is_permitted(
        actor, shop_id=order.shop_id, action=Action.TAKE_OVER
    ):
        raise OrderError(_("Only who claimed the order, or a supervisor, can release it."), code="not_yours")
    set_manager(order, actor, None)
    return True


def set_manager(order: Order, actor: Actor, manager_id: int | None) -> None:
    """Write who works on a locked order (None: nobody), with its history row and event."""
    order.manager_id = manager_id
    order.claimed_at = timezone.now() if manager_id else None
    order.save(update_fields=["manager", "claimed_at", "updated_at"])
    event = record(order, kind=EventKind.CLAIMED, actor=actor, details={"manager": manager_id}, notify=False)
    publish(
        OrderClaimed(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=False,
            manager_id=manager_id,
        )
    )
