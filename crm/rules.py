"""The board's own rules for moves made by hand, as pure functions; the order's rules are in `orders.guards`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.models import Deal, Stage, StageCondition
from orders.guards import NOTHING, Arguments, OrderFacts, Refusal, check_way
from orders.models import Order
from orders.statuses import PaymentStatus


@dataclass(frozen=True)
class BoardFacts:
    """What the rules look at: the funnel's stages in order, and how many cards stand on those with a limit."""

    stages: Sequence[Stage]
    counts: dict[int, int]


def meets_condition(stage: Stage, order: Order | None) -> bool:
    """Whether the order meets the stage's condition on its payment."""
    if stage.condition == StageCondition.NONE:
        return True
    if order is None:
        return False
    if stage.condition == StageCondition.PAID:
        return order.is_paid
    unpaid = order.payment_status in (PaymentStatus.PENDING, PaymentStatus.FAILED)
    return unpaid and not order.is_cod


def check_move(
    deal: Deal, stage: Stage, facts: OrderFacts | None, board: BoardFacts, arguments: Arguments = NOTHING
) -> Refusal | None:
    """Why a card cannot go to a stage by hand, or nothing."""
    if stage.pk == deal.stage_id:
        return None
    return (
        _condition_refusal(deal, stage)
        or _previous_refusal(deal, stage, board)
        or _limit_refusal(stage, board)
        or _order_refusal(stage, facts, arguments)
    )


def _condition_refusal(deal: Deal, stage: Stage) -> Refusal | None:
    if meets_condition(stage, deal.order):
        return None
    sentences = {
        StageCondition.PAID: _("“%(stage)s” is only for paid orders. Record the payment on the order first."),
        StageCondition.UNPAID: _(
            "“%(stage)s” is only for orders that are not paid and not cash on delivery."
        ),
    }
    return Refusal("condition", sentences[StageCondition(stage.condition)] % {"stage": stage.name})


def _previous_refusal(deal: Deal, stage: Stage, board: BoardFacts) -> Refusal | None:
    if not stage.requires_previous:
        return None
    main_line = [row for row in board.stages if not row.is_side and row.position < stage.position]
    if not main_line or main_line[-1].pk == deal.stage_id:
        return None
    return Refusal(
        "requires_previous",
        _("“%(stage)s” can only be reached from “%(previous)s”.")
        % {"stage": stage.name, "previous": main_line[-1].name},
    )


def _limit_refusal(stage: Stage, board: BoardFacts) -> Refusal | None:
    if stage.wip_limit is None or board.counts.get(stage.pk, 0) < stage.wip_limit:
        return None
    return Refusal(
        "wip_limit",
        _("“%(stage)s” already holds %(limit)d cards, its limit.")
        % {"stage": stage.name, "limit": stage.wip_limit},
    )


def _order_refusal(stage: Stage, facts: OrderFacts | None, arguments: Arguments) -> Refusal | None:
    if not stage.status:
        return None
    if facts is None:
        return Refusal("no_order", _("This deal has no order yet; create one first."))
    return check_way(facts, stage.status, arguments)
