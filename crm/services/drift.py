"""Putting drift right: a card goes where its order says it belongs, an order gets the card it should have.

Orders are never moved. Each repair is recorded as a move of the person who asked for it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from crm import projection
from crm.errors import MoveNotAllowed
from crm.models import Deal, Funnel, MoveKind
from crm.selectors.drift import disagreeing, explained, look_at_cards, look_at_orders, stranded, unfit
from crm.services.stages import put
from orders.models import Order
from orders.services.access import lock_order
from shops.actors import Actor
from shops.permissions import Action, require

WINDOW = 2_000


@dataclass(frozen=True)
class RepairStep:
    """What one step of repairing all did, and behind which keys the next one goes on (None: that part is done)."""

    repaired: int
    left: int
    seen: int
    cards_before: int | None
    orders_before: int | None

    @property
    def is_done(self) -> bool:
        return self.cards_before is None and self.orders_before is None


@transaction.atomic
def repair_card(*, deal_id: int, actor: Actor) -> bool:
    """Put a card that drifted where it belongs; returns whether it was moved (False: it was right already).

    Raises NotPermitted, or MoveNotAllowed with the reason where no stage is chosen for it.
    """
    deal = _lock(deal_id, actor)
    rows = Deal.objects.filter(pk=deal_id)
    if not (disagreeing(rows) | unfit(rows)).exists() and not stranded(rows).exists():
        return False
    (drift,) = explained(deal.funnel, [deal])
    if drift.target is None:
        raise MoveNotAllowed(drift.sentence, code="no_home")
    if drift.target.funnel_id != deal.funnel_id:
        projection.change_funnel(deal, drift.target, actor=actor, kind=MoveKind.BY_HAND)
    elif drift.target.pk != deal.stage_id:
        put(deal, drift.target, actor, uuid.uuid4())
    return True


def _lock(deal_id: int, actor: Actor) -> Deal:
    order_id, shop_id = Deal.objects.values_list("order_id", "funnel__shop_id").get(pk=deal_id)
    require(actor, shop_id=shop_id, action=Action.MANAGE_FUNNELS)
    if order_id is not None:
        lock_order(order_id=order_id, actor=actor, action=Action.MANAGE_FUNNELS)
    default = Funnel.objects.filter(shop_id=shop_id, is_default=True).values_list("pk", flat=True).first()
    if default is not None:
        # A card of a board that is off goes there; both boards' rules are held before the card.
        projection.hold_rules(default)
    return projection.lock_deal(deal_id)


@transaction.atomic
def create_deal_for_order(*, order_id: int, actor: Actor, funnel_id: int | None = None) -> Deal:
    """Give an order without a card one, in the named funnel or else its shop's default one.

    Raises NotPermitted, or MoveNotAllowed: it has a card, the board is switched off, or has no stage for its status.
    """
    order = lock_order(order_id=order_id, actor=actor, action=Action.MOVE_DEAL)
    funnels = Funnel.objects.filter(shop_id=order.shop_id, is_active=True)
    wanted = funnels.filter(pk=funnel_id) if funnel_id is not None else funnels.filter(is_default=True)
    funnel = wanted.first()
    if funnel is None:
        raise MoveNotAllowed(_("The shop has no such board in use."), code="no_funnel")
    deal = projection.create_card(order_id=order_id, funnel_id=funnel.pk, actor=actor)
    if deal is None:
        raise MoveNotAllowed(_refusal(order, funnel), code="no_card")
    return deal


def _refusal(order: Order, funnel: Funnel) -> str:
    if Deal.objects.filter(order=order).exists():
        return _("Order %(number)s has a card already.") % {"number": order.number}
    return _("No stage of “%(board)s” is chosen for orders that are “%(status)s”.") % {
        "board": funnel.name,
        "status": order.get_status_display(),
    }


def repair_step(
    *,
    funnel_id: int,
    actor: Actor,
    cards_before: int | None = None,
    orders_before: int | None = None,
    with_cards: bool = True,
    with_orders: bool = True,
) -> RepairStep:
    """Repair what one window of cards and one of orders holds, one transaction each; to be called until it is done.

    Whatever cannot be repaired is counted as left. Raises NotPermitted.
    """
    funnel = Funnel.objects.get(pk=funnel_id)
    require(actor, shop_id=funnel.shop_id, action=Action.MANAGE_FUNNELS)
    repaired = left = seen = 0
    after_cards = after_orders = None
    if with_cards:
        look = look_at_cards(funnel, cards_before, window=WINDOW)
        seen, after_cards = seen + look.seen, look.after
        for row in look.rows:
            done = row.deal is not None and _try_card(row.deal.pk, actor)
            repaired, left = repaired + done, left + (not done)
    if with_orders:
        look = look_at_orders(funnel, orders_before, window=WINDOW)
        seen, after_orders = seen + look.seen, look.after
        for row in look.rows:
            done = row.order is not None and _try_order(row.order.pk, actor, funnel_id)
            repaired, left = repaired + done, left + (not done)
    return RepairStep(repaired, left, seen, after_cards, after_orders)


def _try_card(deal_id: int, actor: Actor) -> bool:
    try:
        repair_card(deal_id=deal_id, actor=actor)
    except MoveNotAllowed:
        return False
    return True


def _try_order(order_id: int, actor: Actor, funnel_id: int) -> bool:
    try:
        create_deal_for_order(order_id=order_id, actor=actor, funnel_id=funnel_id)
    except MoveNotAllowed:
        return False
    return True
