"""Claiming an order: one person works on it; the first click wins, and who has it may give it to a colleague."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import AlreadyDone, OrderError
from orders.events import OrderClaimed
from orders.models import Order
from orders.models.history import EventKind
from orders.services.access import manager_name
from orders.services.recording import record
from orders.statuses import Status
from shops.actors import Actor
from shops.bus import publish
from shops.locks import lock_one
from shops.models import User
from shops.permissions import Action, Role, is_permitted, require, role_allows
from shops.selectors import role_in_shop


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


@transaction.atomic
def hand_over_order(*, order_id: int, to_user_id: int, actor: Actor, note: str = "") -> bool:
    """Give an order to a colleague of the shop; returns whether anything changed. They are told, with the `note`.

    One's own order and a free one by whoever may claim, a colleague's by whoever may take orders over. Raises
    NotPermitted, or OrderError when the receiver could not work on it.
    """
    order = lock_one(Order.objects.select_related("shop"), order_id)
    require(actor, shop_id=order.shop_id, action=Action.CLAIM)
    if not actor.is_person:
        raise OrderError(_("Only people can hand orders over."), code="not_a_person")
    if order.manager_id not in (None, actor.user_id) and not is_permitted(
        actor, shop_id=order.shop_id, action=Action.TAKE_OVER
    ):
        raise OrderError(
            _("%(name)s works on order %(number)s; only they or a supervisor can hand it over.")
            % {"name": manager_name(order), "number": order.number},
            code="not_yours",
        )
    if order.manager_id == to_user_id:
        return False
    receiver = who_may_claim(shop_id=order.shop_id, user_id=to_user_id, status=order.status)
    set_manager(order, actor, receiver.pk, is_handed_over=True, note=note.strip()[:500])
    return True


def who_may_claim(*, shop_id: int, user_id: int, status: str = "") -> User:
    """The active member of the shop who can work on an order in this status. Raises OrderError for anybody else."""
    person = User.objects.filter(pk=user_id, is_active=True).first()
    role = role_in_shop(user_id=user_id, shop_id=shop_id) if person else None
    if person is None or not role_allows(role, Action.CLAIM):
        raise OrderError(
            _("Choose a colleague who works on orders in this shop."), code="not_a_colleague", field="to"
        )
    if role == Role.WAREHOUSE and status in (Status.NEW, Status.CANCELLED):
        raise OrderError(
            _("%(name)s works in the warehouse and sees orders once they are confirmed.")
            % {"name": person.get_full_name() or person.username},
            code="cannot_see",
            field="to",
        )
    return person


def set_manager(
    order: Order, actor: Actor, manager_id: int | None, *, is_handed_over: bool = False, note: str = ""
) -> None:
    """Write who works on a locked order (None: nobody), with its history row and event."""
    before = order.manager_id
    order.manager_id = manager_id
    order.claimed_at = timezone.now() if manager_id else None
    order.save(update_fields=["manager", "claimed_at", "updated_at"])
    details: dict[str, Any] = {"manager": manager_id}
    if manager_id is not None and manager_id != actor.user_id:
        details |= {"name": _name_of(manager_id), "from": before}
    event = record(order, kind=EventKind.CLAIMED, actor=actor, details=details, reason=note, notify=False)
    publish(
        OrderClaimed(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=False,
            manager_id=manager_id,
            is_handed_over=is_handed_over,
            note=note,
        )
    )


def _name_of(user_id: int) -> str:
    person = User.objects.get(pk=user_id)
    return person.get_full_name() or person.username
