"""The first two steps of every change: lock the order's row, then ask whether this actor may touch it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from orders.errors import OrderError
from orders.models import Order
from shops.actors import Actor
from shops.locks import lock_one
from shops.models import ClaimVisibility
from shops.permissions import Action, is_permitted, require


def lock_order(*, order_id: int, actor: Actor, action: Action) -> Order:
    """Lock one order for a change and return it with its shop.

    Raises `Order.DoesNotExist`, `NotPermitted`, or OrderError when a colleague's claim keeps others out.
    """
    order = lock_one(Order.objects.select_related("shop"), order_id)
    require(actor, shop_id=order.shop_id, action=action)
    _respect_claim(order, actor)
    return order


def _respect_claim(order: Order, actor: Actor) -> None:
    claimed_by_other = actor.is_person and order.manager_id not in (None, actor.user_id)
    if not claimed_by_other or order.shop.claim_visibility == ClaimVisibility.VISIBLE:
        return
    if is_permitted(actor, shop_id=order.shop_id, action=Action.TAKE_OVER) or _works_in_warehouse(
        order, actor
    ):
        return
    raise OrderError(
        _("%(name)s works on order %(number)s; ask them or a supervisor to hand it over.")
        % {"name": manager_name(order), "number": order.number},
        code="claimed",
    )


def manager_name(order: Order) -> str:
    """The name of who claimed the order, or an empty text."""
    return (order.manager.get_full_name() or order.manager.username) if order.manager else ""


def _works_in_warehouse(order: Order, actor: Actor) -> bool:
    # The warehouse never confirms: whoever may not, but got this far, picks and packs, claimed or not.
    return not is_permitted(actor, shop_id=order.shop_id, action=Action.CONFIRM)
