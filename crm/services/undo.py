"""Undo: the order's steps are reverted, and the card goes back to the very place it came from."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import projection
from crm.models import Deal, DealMove, MoveKind
from orders import services as orders
from orders.errors import TooLateToUndo
from orders.models import OrderEvent
from orders.models.history import EventKind
from orders.services.access import lock_order
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.permissions import Action, is_permitted, require


@transaction.atomic
def undo_move(*, move_id: uuid.UUID, actor: Actor) -> int | None:
    """Undo a move, whether or not the order moved with it, and return the deal's key (None for an order without one).

    Raises TooLateToUndo (time is up, something came after, a message has left) or NotPermitted; then all stays.
    """
    order_id = (
        OrderEvent.objects.filter(move_id=move_id)
        .exclude(kind=EventKind.REVERTED)
        .values_list("order_id", flat=True)
        .first()
    )
    if order_id is not None:
        orders.revert_move(move_id=move_id, actor=actor)
        return Deal.objects.filter(order_id=order_id).values_list("pk", flat=True).first()
    return _undo_placement(move_id, actor)


def _undo_placement(move_id: uuid.UUID, actor: Actor) -> int:
    move = DealMove.objects.filter(move_id=move_id, kind=MoveKind.BY_HAND).select_related("deal").first()
    if move is None:
        raise TooLateToUndo(_("There is nothing to undo."), code="nothing_to_undo")
    if move.deal.order_id is not None:
        lock_order(order_id=move.deal.order_id, actor=actor, action=Action.MOVE_DEAL)
    deal = projection.lock_deal(move.deal_id)
    require(actor, shop_id=deal.funnel.shop_id, action=Action.MOVE_DEAL)
    move = DealMove.objects.select_related("from_stage").get(pk=move.pk)
    _require_undoable(deal, move, actor)
    projection.restore(deal, move, actor)
    return deal.pk


def _require_undoable(deal: Deal, move: DealMove, actor: Actor) -> None:
    if move.undone_at is not None:
        raise TooLateToUndo(_("This move was already undone."), code="already_undone")
    if move.undo_until is None or timezone.now() > move.undo_until or move.from_stage is None:
        raise TooLateToUndo(_("The time to undo is over; the card stays where it is."), code="too_late")
    # An order that moved on without moving the card leaves no row: the old stage may contradict it all the same.
    if deal.moves.latest("id").pk != move.pk or not projection.may_stand(deal, move.from_stage):
        raise TooLateToUndo(_("The card has moved on since."), code="moved_on")
    if move.actor_user_id != actor.user_id and not is_permitted(
        actor, shop_id=deal.funnel.shop_id, action=Action.TAKE_OVER
    ):
        raise NotPermitted(
            _("Only %(name)s can undo this move.") % {"name": move.actor_label}, code="not_yours"
        )
