"""Where cards stand: the only place that writes a deal's stage and rank.

The order is the truth. After its change the card goes to the entry stage of the new status, unless it already
stands on a stage that agrees. "Agree" means: the stage has no status, or the order's. No limit is checked here.
"""

from __future__ import annotations

import time
import uuid
from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.errors import StaleBoard
from crm.models import BoardChange, Deal, DealMove, Funnel, Happening, MoveKind, Stage, StageCondition
from crm.rules import meets_condition
from orders.models import Order
from orders.statuses import Status
from shops.actors import Actor, actor_columns
from shops.locks import lock_free, lock_name, lock_name_shared, lock_one

# Room for twenty cards dropped one after another into one place; ranks fit a bigint until the year 2248.
GAP = 1 << 20
RULES = "rules of a funnel"


class Disagreement(ValueError):
    """A card was sent to a stage that contradicts its order: a mistake in the code, never in the input."""


def agrees(stage: Stage, order: Order | None) -> bool:
    """Whether a card may stand on the stage: it has no status, or the order's."""
    return not stage.status or (order is not None and stage.status == order.status)


def may_stand(deal: Deal, stage: Stage) -> bool:
    """Whether a deal's card may stand on a stage: it agrees with its order, or its funnel does not follow orders."""
    return not deal.funnel.follows_orders or agrees(stage, deal.order)


def fresh_rank() -> int:
    """A rank behind every card placed so far: the clock in milliseconds, with room between two."""
    return time.time_ns() // 1_000_000 * GAP


def rank_after(stage: Stage, after: Deal | None) -> int:
    """A rank right behind `after` in the stage (None: before the first card). Makes room where there is none."""
    cards = Deal.objects.filter(stage=stage)
    if after is None:
        first = cards.order_by("rank", "id").values_list("rank", flat=True).first()
        return first - GAP if first is not None else fresh_rank()
    behind = cards.filter(Q(rank__gt=after.rank) | Q(rank=after.rank, pk__gt=after.pk)).order_by("rank", "id")
    following = behind.values_list("rank", flat=True).first()
    if following is None:
        return max(fresh_rank(), after.rank + GAP)
    if following - after.rank < 2:
        behind.order_by().update(rank=F("rank") + GAP)
        following += GAP
    return (after.rank + following) // 2


def first_stage(funnel_id: int, order: Order) -> Stage | None:
    """Where a new order's card starts: a stage of its status whose condition the order meets, else the entry."""
    stages = list(Stage.objects.filter(funnel_id=funnel_id, status=order.status))
    if not order.shop.confirm_unpaid:
        for stage in stages:
            if stage.condition == StageCondition.UNPAID and meets_condition(stage, order):
                return stage
    return next((stage for stage in stages if stage.is_entry), None)


def entry_stage(funnel_id: int, status: str) -> Stage | None:
    """The stage a status enters by, or None where the funnel has none."""
    return Stage.objects.filter(funnel_id=funnel_id, status=status, is_entry=True).first()


def hold_rules(funnel_id: int) -> None:
    """Keep the funnel's stages and rules as they are until the transaction ends; many can at once."""
    lock_name_shared(RULES, funnel_id)


def seize_rules(funnel_id: int) -> None:
    """Keep everybody from placing cards in the funnel until the transaction ends, to change its stages and rules."""
    lock_name(RULES, funnel_id)


def lock_deal(deal_id: int) -> Deal:
    """Lock a deal, and the rules of its funnel against a change, and return it with its stage and order."""
    funnel_id = Deal.objects.values_list("funnel_id", flat=True).filter(pk=deal_id).first()
    if funnel_id is not None:
        hold_rules(funnel_id)
    # Locked first and joined after: a join of the locking query would see the stage from before it had to wait.
    lock_one(Deal.objects.all(), deal_id)
    return _with_relations(deal_id)


def order_of(deal_id: int) -> int | None:
    """The key of the deal's order at this moment: an order is locked before its deal."""
    return Deal.objects.values_list("order_id", flat=True).get(pk=deal_id)


def lock_deal_without_order(deal_id: int) -> Deal:
    """Like `lock_deal`, for a deal that was just seen to have no order; raises StaleBoard if it has one by now.

    The order then decides, and would have to be locked before the deal.
    """
    deal = lock_deal(deal_id)
    if deal.order_id is not None:
        raise StaleBoard(_("This deal has become an order meanwhile; look again."), code="stale")
    return deal


def lock_deal_if_free(deal_id: int) -> Deal | None:
    """Like `lock_deal`, but never waits for the card: None where somebody else holds it."""
    funnel_id = Deal.objects.values_list("funnel_id", flat=True).get(pk=deal_id)
    hold_rules(funnel_id)
    free = lock_free(Deal.objects.filter(pk=deal_id), limit=1)
    return _with_relations(deal_id) if free else None


def _with_relations(deal_id: int) -> Deal:
    return Deal.objects.select_related("stage", "order__shop", "funnel").get(pk=deal_id)


def place(
    deal: Deal,
    stage: Stage,
    rank: int,
    *,
    actor: Actor,
    kind: str,
    move_id: uuid.UUID | None = None,
    undo_until: datetime | None = None,
    entered_at: datetime | None = None,
) -> None:
    """Put a locked card somewhere, with its one history row and its line in the feed of open boards.

    The steps of one move (same `move_id`) make one row: it is widened, for nobody has seen it yet.
    Raises `Disagreement` when the stage contradicts the order.
    """
    if stage.funnel_id != deal.funnel_id or not may_stand(deal, stage):
        raise Disagreement(f"deal {deal.pk} cannot stand on {stage.slug}")
    before = (deal.stage_id, deal.rank, deal.stage_entered_at)
    if deal.stage_id != stage.pk:
        deal.stage_entered_at = entered_at or timezone.now()
    deal.stage, deal.rank, deal.is_open = stage, rank, not stage.is_terminal
    deal.save(update_fields=["stage", "rank", "is_open", "stage_entered_at"])
    same_move = Q(deal=deal, move_id=move_id, undone_at=None) & ~Q(kind=MoveKind.UNDONE)
    values = {"to_stage": stage, "to_rank": rank, "kind": kind, "undo_until": undo_until}
    if move_id and kind != MoveKind.UNDONE and DealMove.objects.filter(same_move).update(**values):
        return
    DealMove.objects.create(
        deal=deal,
        move_id=move_id or uuid.uuid4(),
        from_stage_id=before[0],
        from_rank=before[1],
        from_entered_at=before[2],
        **values,
        **actor_columns(actor),
    )
    touch(deal)


def change_funnel(deal: Deal, stage: Stage, *, actor: Actor, kind: str) -> None:
    """Put a locked card on a stage of another funnel, whose rules are held, too; the old board sees it leave."""
    touch(deal)
    deal.funnel = Funnel.objects.get(pk=stage.funnel_id)
    deal.save(update_fields=["funnel"])
    place(deal, stage, fresh_rank(), actor=actor, kind=kind)


def restore(deal: Deal, move: DealMove, actor: Actor) -> None:
    """Put a locked card back to where a move took it from, and mark the move as undone."""
    if move.from_stage is None or move.from_rank is None:
        raise Disagreement(f"move {move.pk} does not say where the card came from")
    DealMove.objects.filter(pk=move.pk).update(undone_at=timezone.now())
    stage, rank = move.from_stage, move.from_rank
    if not meets_condition(stage, deal.order):
        # Paid meanwhile, say: the old place would no longer be true.
        stage, rank = entry_stage(deal.funnel_id, stage.status) or stage, fresh_rank()
    place(
        deal,
        stage,
        rank,
        actor=actor,
        kind=MoveKind.UNDONE,
        move_id=move.move_id,
        entered_at=move.from_entered_at,
    )


def follow(
    deal: Deal, *, actor: Actor, move_id: uuid.UUID | None = None, undo_until: datetime | None = None
) -> bool:
    """Bring a locked card to its order's status; returns whether it may stand where it stands afterwards.

    Where the funnel has no stage for the status the card stays and is listed as drift.
    """
    if may_stand(deal, deal.stage):
        touch(deal)
        return True
    stage = home_of(deal)
    if stage is None:
        touch(deal)
        return False
    place(
        deal, stage, fresh_rank(), actor=actor, kind=MoveKind.FOLLOWED, move_id=move_id, undo_until=undo_until
    )
    return True


def home_of(deal: Deal) -> Stage | None:
    """The stage the status of the deal's order enters by, or None where the funnel has none."""
    return _home(deal.funnel_id, deal.order) if deal.order is not None else None


def _home(funnel_id: int, order: Order) -> Stage | None:
    if order.status == Status.NEW:
        return first_stage(funnel_id, order)
    return entry_stage(funnel_id, order.status)


def place_by_rule(
    deal: Deal,
    happening: str,
    *,
    actor: Actor,
    move_id: uuid.UUID | None = None,
    undo_until: datetime | None = None,
) -> bool:
    """Put a locked card where its funnel's rule wants it after something happened; returns whether it was moved.

    Nothing happens where the funnel does not follow orders or has no such rule, where the rule's stage contradicts
    the order or its condition is not met, and where the card stands there already.
    """
    stage = rule_stage(deal, happening)
    if stage is None or stage.pk == deal.stage_id:
        return False
    place(
        deal, stage, fresh_rank(), actor=actor, kind=MoveKind.FOLLOWED, move_id=move_id, undo_until=undo_until
    )
    return True


def rule_stage(deal: Deal, happening: str) -> Stage | None:
    """Where the funnel's rule for a happening puts the deal's card, or None where it does nothing."""
    return _stage_by_rule(deal.funnel, deal.order, happening) if deal.order is not None else None


def _stage_by_rule(funnel: Funnel, order: Order, happening: str) -> Stage | None:
    if not funnel.follows_orders:
        return None
    stage = Stage.objects.filter(funnel=funnel, rules__funnel=funnel, rules__happening=happening).first()
    if stage is None or not agrees(stage, order) or not meets_condition(stage, order):
        return None
    return stage


def count_as_open(stage: Stage) -> None:
    """Let the cards of a stage count as open or closed again, after it began or ceased to be where deals end."""
    Deal.objects.filter(stage=stage).update(is_open=not stage.is_terminal)


def touch(deal: Deal) -> None:
    """Tell open boards that this card looks different."""
    BoardChange.objects.create(funnel_id=deal.funnel_id, deal_id=deal.pk)


def create_card(*, order_id: int, funnel_id: int, actor: Actor) -> Deal | None:
    """Give a locked or brand-new order its card; None where it has one, or the funnel has no stage for it."""
    hold_rules(funnel_id)
    if Deal.objects.filter(order_id=order_id).exists():
        return None
    order = Order.objects.select_related("shop", "customer").get(pk=order_id)
    funnel = Funnel.objects.get(pk=funnel_id)
    deal = Deal(
        funnel=funnel,
        rank=fresh_rank(),
        title=order.number,
        order=order,
        customer=order.customer,
        manager_id=order.manager_id,
        amount=order.total,
        currency=order.currency,
    )
    stage = first_place(funnel, order)
    if stage is None:
        return None
    deal.stage, deal.is_open = stage, not stage.is_terminal
    deal.save()
    record_creation(deal, actor)
    return deal


def first_place(funnel: Funnel, order: Order) -> Stage | None:
    """By the rule for placed orders, else the home of the order's status, else the first column if orders may differ."""
    if order.status == Status.NEW and (stage := _stage_by_rule(funnel, order, Happening.PLACED)):
        return stage
    stage = _home(funnel.pk, order)
    if stage is None and not funnel.follows_orders:
        return Stage.objects.filter(funnel=funnel).order_by("position", "pk").first()
    return stage


def record_creation(deal: Deal, actor: Actor) -> None:
    """The first history row of a new card."""
    DealMove.objects.create(
        deal=deal, kind=MoveKind.CREATED, to_stage=deal.stage, to_rank=deal.rank, **actor_columns(actor)
    )
    touch(deal)
