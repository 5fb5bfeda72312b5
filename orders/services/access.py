"""The first two steps of every change: lock the order's row, then ask whether this actor may touch it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from orders.errors import OrderError
from orders.models import Order
from shops.actors import Actor
from shops.locks import lock_one
from shops.models import ClaimVisibility
from shops.permissions import Action, is_permitted, require, role_allows


def lock_order(*, order_id: int, actor: Actor, action: Action) -> Order:
    """Lock one order for a change and return it with its shop.

    Raises `Order.DoesNotExist`, `NotPermitted`, or OrderError when a colleague's claim keeps others out.
    """
    order = lock_one(Order.objects.select_related("shop"), order_id)
    require(actor, shop_id=order.shop_id, action=action)
    _respect_claim(order, actor)
    return order


def _respect_claim(order: Order, actor: Actor) -> None:
    if not _is_kept_by_claim(order, actor.user_id if actor.is_person else None):
        return
    if is_permitted(actor, shop_id=order.shop_id, action=Action.TAKE_OVER) or _works_in_warehouse(
        order, actor
    ):
        return
    raise OrderError(_claim_sentence(order), code="claimed")


def claim_refusal(order: Order, *, user_id: int, role: str | None) -> str:
    """Why a colleague's claim keeps this person out, as `lock_order` would say it; empty where it does not."""
    if not _is_kept_by_claim(order, user_id) or role_allows(role, Action.TAKE_OVER):
        return ""
    return _claim_sentence(order) if role_allows(role, Action.CONFIRM) else ""


def _is_kept_by_claim(order: Order, user_id: int | None) -> bool:
    claimed_by_other = user_id is not None and order.manager_id not in (None, user_id)
    return claimed_by_other and order.shop.claim_visibility != ClaimVisibility.VISIBLE


def _claim_sentence(order: Order) -> str:
    return _("%(name)s works on order %(number)s; ask them or a supervisor to hand it over.") % {
        "name": manager_name(order),
        "number": order.number,
    }


def manager_name(order: Order) -> str:
    """The name of who claimed the order, or an empty text."""
    return (order.manager.get_full_name() or order.manager.username) if order.manager else ""


def _works_in_warehouse(order: Order, actor: Actor) -> bool:
    # The warehouse never confirms: whoever may not, but got this far, picks and packs, claimed or not.
    return not is_permitted(actor, shop_id=order.shop_id, action=Action.CONFIRM)
