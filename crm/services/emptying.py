"""Moving all cards out of a stage, a step at a time, and taking the stage away once it is empty.

Each card goes where it agrees with its order, as a move of the person; orders stay as they are.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from crm import projection
from crm.errors import MoveNotAllowed
from crm.models import Deal, DealMove, Stage
from crm.services.stages import lock_mapping, put, save_changes
from shops.actors import Actor
from shops.permissions import Action, require

STEP = 200
MOVES_FORGOTTEN = 5_000


@dataclass(frozen=True)
class Emptied:
    """A step of moving a stage's cards out: how many it moved, and whether the stage is empty or gone now."""

    moved: int
    is_empty: bool
    is_deleted: bool = False


@transaction.atomic
def empty_stage(
    *, stage_id: int, actor: Actor, to_stage_id: int | None = None, delete: bool = False, limit: int = STEP
) -> Emptied:
    """Move up to `limit` cards out of a stage, and with `delete` take the stage away once none is left.

    Without `to_stage_id` each card goes to the stage of its order's status. To be called until `is_empty`. With the
    stage its rules go, and where the target has its status, the target becomes the entry. Raises NotPermitted, or
    MoveNotAllowed (a stage of this board is gone, or does not suit a card); then this step did nothing.
    """
    stage = _seize_stage(stage_id, actor)
    target = _target(stage, to_stage_id)
    cards = Deal.objects.filter(stage=stage).order_by("pk").values_list("pk", flat=True)[: limit + 1]
    deal_ids, move_id = list(cards), uuid.uuid4()
    for deal_id in deal_ids[:limit]:
        deal = projection.lock_deal(deal_id)
        put(deal, _way_out(deal, stage, target), actor, move_id)
    moved = min(len(deal_ids), limit)
    if len(deal_ids) > limit:
        return Emptied(moved, is_empty=False)
    if not delete:
        return Emptied(moved, is_empty=True)
    return Emptied(moved, is_empty=True, is_deleted=_delete(stage, target))


def _seize_stage(stage_id: int, actor: Actor) -> Stage:
    funnel_id = Stage.objects.values_list("funnel_id", flat=True).filter(pk=stage_id).first()
    if funnel_id is None:
        raise MoveNotAllowed(_("This stage is gone already."), code="no_stage")
    funnel = lock_mapping(funnel_id)
    require(actor, shop_id=funnel.shop_id, action=Action.MANAGE_FUNNELS)
    stage = Stage.objects.select_related("funnel").filter(pk=stage_id).first()
    if stage is None:
        raise MoveNotAllowed(_("This stage is gone already."), code="no_stage")
    return stage


def _target(stage: Stage, to_stage_id: int | None) -> Stage | None:
    if to_stage_id is None:
        return None
    target = Stage.objects.filter(pk=to_stage_id, funnel_id=stage.funnel_id).exclude(pk=stage.pk).first()
    if target is None:
        raise MoveNotAllowed(_("Choose another stage of this board."), code="no_stage", field="to")
    return target


def _way_out(deal: Deal, stage: Stage, target: Stage | None) -> Stage:
    if target is not None:
        if not projection.may_stand(deal, target):
            raise MoveNotAllowed(
                _(
                    "%(title)s cannot stand on “%(stage)s”: its order has another status. Choose another stage."
                )
                % {"title": deal.title, "stage": target.name},
                code="disagrees",
                field="to",
            )
        return target
    home = projection.home_of(deal)
    if home is None or home.pk == stage.pk:
        raise MoveNotAllowed(
            _("No other stage is chosen for the status of %(title)s. Choose where the cards go.")
            % {"title": deal.title},
            code="no_home",
            field="to",
        )
    return home


def _delete(stage: Stage, target: Stage | None) -> bool:
    """Take the stage away, after the moves that name it have let go of it, some of them per step."""
    named = Q(from_stage=stage) | Q(to_stage=stage)
    rows = list(DealMove.objects.filter(named).order_by().values_list("pk", flat=True)[: MOVES_FORGOTTEN + 1])
    if len(rows) > MOVES_FORGOTTEN:
        for column in ("from_stage", "to_stage"):
            DealMove.objects.filter(pk__in=rows, **{column: stage}).update(**{column: None})
        return False
    was_entry, status = stage.is_entry, stage.status
    stage.delete()
    if was_entry and target is not None and target.status == status:
        save_changes(target, {"is_entry": True})
    return True
