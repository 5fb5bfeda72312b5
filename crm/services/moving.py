"""Moving a card by hand: the order moves first, then the card is placed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from crm import projection
from crm.errors import MoveNotAllowed, StaleBoard
from crm.models import Deal, DealMove, MoveKind, Stage, StageKind
from crm.rules import check_move
from crm.selectors.board import board_facts
from crm.services.deals import respect_claim
from orders import services as orders
from orders.errors import NeedsInput
from orders.guards import NOTHING, Arguments
from orders.selectors import facts_of
from orders.services.access import lock_order
from orders.services.transitions import hold_until
from shops.actors import Actor
from shops.locks import lock
from shops.models import Shop
from shops.permissions import Action, require


@dataclass(frozen=True)
class MoveResult:
    """A move that happened. `status_changed` tells whether the order moved, too (and people will hear of it)."""

    deal_id: int
    move_id: uuid.UUID
    undo_until: datetime | None
    from_stage: Stage
    to_stage: Stage
    status_changed: bool


@transaction.atomic
def move_deal(
    *,
    deal_id: int,
    to_stage_id: int,
    actor: Actor,
    seen_stage_id: int | None = None,
    after_deal_id: int | None = None,
    arguments: Arguments = NOTHING,
    undo_until: datetime | None = None,
) -> MoveResult:
    """Move a card to a stage, behind `after_deal_id` (or to the end), and its order with it.

    Raises StaleBoard when the card is no longer where the person saw it, or becomes an order meanwhile, NeedsInput
    when the order's change needs data, MoveNotAllowed or an order's refusal; then nothing was written. `undo_until`
    asks for a later end of the time to undo, as moves do that belong together.
    """
    deal = _lock(deal_id, to_stage_id, actor)
    stage = Stage.objects.filter(pk=to_stage_id, funnel_id=deal.funnel_id).first()
    if stage is None:
        raise MoveNotAllowed(_("This stage is not on this board any more; reload the page."), code="no_stage")
    if seen_stage_id is not None and seen_stage_id != deal.stage_id:
        raise StaleBoard(
            _("%(title)s was moved meanwhile: it is in “%(stage)s” now.")
            % {"title": deal.title, "stage": deal.stage.name},
            code="stale",
        )
    _require_allowed(deal, stage, arguments)
    from_stage, move_id = deal.stage, uuid.uuid4()
    changes = []
    if deal.order is not None and not projection.may_stand(deal, stage):
        changes = orders.advance_order(
            order_id=deal.order.pk,
            to=stage.status,
            actor=actor,
            arguments=arguments,
            move_id=move_id,
            undo_until=undo_until,
        )
    deal = _lock_card(deal_id, stage)
    undo_until = changes[-1].undo_until if changes else _deadline(deal, actor, undo_until)
    rank = _rank(deal, stage, after_deal_id)
    projection.place(
        deal, stage, rank, actor=actor, kind=MoveKind.BY_HAND, move_id=move_id, undo_until=undo_until
    )
    if deal.order is None and stage.kind == StageKind.LOST and stage.pk != from_stage.pk:
        _note_why_lost(deal, move_id, arguments)
    return MoveResult(deal.pk, move_id, undo_until, from_stage, stage, bool(changes))


def _note_why_lost(deal: Deal, move_id: uuid.UUID, arguments: Arguments) -> None:
    why = {"reason_code": arguments.reason_code, "reason": arguments.reason.strip()[:500]}
    Deal.objects.filter(pk=deal.pk).update(lost_reason=arguments.reason_code)
    DealMove.objects.filter(deal=deal, move_id=move_id).update(**why)


def _lock(deal_id: int, to_stage_id: int, actor: Actor) -> Deal:
    """The deal, protected by its order's lock, or by its own where there is no order yet.

    The two columns of a drag are locked before any card: limits are counted, and room is made between cards,
    by one drag at a time. Changes that come from the order's side wait for neither.
    """
    order_id = projection.order_of(deal_id)
    if order_id is not None:
        lock_order(order_id=order_id, actor=actor, action=Action.MOVE_DEAL)
    stage_id = Deal.objects.values_list("stage_id", flat=True).get(pk=deal_id)
    lock(Stage.objects.all(), [stage_id, to_stage_id])
    if order_id is not None:
        return Deal.objects.select_related("stage", "order__shop", "funnel").get(pk=deal_id)
    deal = projection.lock_deal_without_order(deal_id)
    require(actor, shop_id=deal.funnel.shop_id, action=Action.MOVE_DEAL)
    respect_claim(deal, actor)
    return deal


def _lock_card(deal_id: int, stage: Stage) -> Deal:
    deal = projection.lock_deal(deal_id)
    if not projection.may_stand(deal, stage):
        raise StaleBoard(
            _("The rules of this board were changed meanwhile; reload the page and try again."), code="stale"
        )
    return deal


def _rank(deal: Deal, stage: Stage, after_deal_id: int | None) -> int:
    """Behind the card it was dropped behind. Terminal columns are sorted by time, so no room is made there."""
    if after_deal_id is None or stage.is_terminal:
        return projection.fresh_rank()
    after = Deal.objects.filter(pk=after_deal_id, stage=stage).exclude(pk=deal.pk).first()
    if after is None and after_deal_id != 0:
        return projection.fresh_rank()
    return projection.rank_after(stage, after)


def _require_allowed(deal: Deal, stage: Stage, arguments: Arguments) -> None:
    facts = facts_of(deal.order_id) if deal.order_id and stage.status else None
    refusal = check_move(deal, stage, facts, board_facts(deal.funnel_id), arguments)
    if refusal is None:
        return
    if refusal.form:
        raise NeedsInput(refusal.sentence, form=refusal.form)
    raise MoveNotAllowed(refusal.sentence, code=refusal.code)


def _deadline(deal: Deal, actor: Actor, wanted: datetime | None) -> datetime | None:
    seconds = Shop.objects.values_list("undo_seconds", flat=True).get(pk=deal.funnel.shop_id)
    return hold_until(actor, seconds, wanted)
