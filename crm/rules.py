"""The board's own rules for moves made by hand, as pure functions; the order's rules are in `orders.guards`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from crm.models import Deal, LostReason, Stage, StageCondition, StageKind
from orders.guards import NOTHING, Arguments, OrderFacts, Refusal, check_way
from orders.models import Order, Shipment
from orders.statuses import PaymentStatus, ShipmentState
from shops.models import ClaimVisibility
from shops.permissions import Action, role_allows


@dataclass(frozen=True)
class BoardFacts:
    """What the rules look at: the funnel's stages in order, and how many cards stand on those with a limit."""

    stages: Sequence[Stage]
    counts: dict[int, int]


def claim_refusal(deal: Deal, *, user_id: int, role: str | None) -> str:
    """Why a colleague's claim keeps this person from a deal without an order; empty where it does not.

    The claim of an order is `orders.services.access.claim_refusal`'s.
    """
    is_theirs = deal.manager_id in (None, user_id) or role_allows(role, Action.TAKE_OVER)
    if deal.manager is None or is_theirs or deal.funnel.shop.claim_visibility == ClaimVisibility.VISIBLE:
        return ""
    return _("%(name)s works on this deal; ask them or a supervisor to hand it over.") % {
        "name": deal.manager.get_full_name() or deal.manager.username
    }


def meets_condition(stage: Stage, order: Order | None) -> bool:
    """Whether the order meets the stage's condition on its payment or its parcels.

    Parcels are read once per order unless they were prefetched (`shipments`), as for many orders they should be.
    """
    if stage.condition == StageCondition.NONE:
        return True
    return order is not None and CONDITIONS[StageCondition(stage.condition)](order)


def _is_unpaid(order: Order) -> bool:
    return order.payment_status in (PaymentStatus.PENDING, PaymentStatus.FAILED) and not order.is_cod


def _is_numbered(order: Order) -> bool:
    gone = (ShipmentState.VOIDED, ShipmentState.RETURNED)
    return any(parcel.tracking_number and parcel.state not in gone for parcel in _parcels(order))


def _waits_at_pickup(order: Order) -> bool:
    return any(
        parcel.at_pickup_at is not None and parcel.state == ShipmentState.HANDED_OVER
        for parcel in _parcels(order)
    )


def _parcels(order: Order) -> list[Shipment]:
    prefetch_related_objects([order], "shipments")
    return list(order.shipments.all())


CONDITIONS: dict[StageCondition, Callable[[Order], bool]] = {
    StageCondition.PAID: lambda order: order.is_paid,
    StageCondition.UNPAID: _is_unpaid,
    StageCondition.NUMBERED: _is_numbered,
    StageCondition.AT_PICKUP: _waits_at_pickup,
}


def check_move(
    deal: Deal, stage: Stage, facts: OrderFacts | None, board: BoardFacts, arguments: Arguments = NOTHING
) -> Refusal | None:
    """Why a card cannot go to a stage by hand, or nothing."""
    if stage.pk == deal.stage_id:
        return None
    return (
        _condition_refusal(deal, stage, facts, arguments)
        or _previous_refusal(deal, stage, board)
        or _limit_refusal(stage, board)
        or _order_refusal(deal, stage, facts, arguments)
        or _end_refusal(deal, stage, arguments)
    )


def _condition_refusal(
    deal: Deal, stage: Stage, facts: OrderFacts | None, arguments: Arguments
) -> Refusal | None:
    if meets_condition(stage, deal.order):
        return None
    if stage.condition == StageCondition.NUMBERED and facts is not None and stage.status:
        # The move itself may bring the number: its form is asked for, and what it gives counts.
        on_the_way = check_way(facts, stage.status, arguments)
        if arguments.tracking_number.strip() or (on_the_way is not None and on_the_way.form == "ship"):
            return on_the_way
    sentences = {
        StageCondition.PAID: _("“%(stage)s” is only for paid orders. Record the payment on the order first."),
        StageCondition.UNPAID: _(
            "“%(stage)s” is only for orders that are not paid and not cash on delivery."
        ),
        StageCondition.NUMBERED: _(
            "“%(stage)s” is only for orders with a tracking number (AWB). Add it on the order first."
        ),
        StageCondition.AT_PICKUP: _(
            "“%(stage)s” is only for orders whose parcel waits at a locker or pick-up point."
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
    if stage.wip_limit is None or not stage.wip_is_hard or board.counts.get(stage.pk, 0) < stage.wip_limit:
        return None
    return Refusal(
        "wip_limit",
        _("“%(stage)s” already holds %(limit)d cards, its limit.")
        % {"stage": stage.name, "limit": stage.wip_limit},
    )


def _order_refusal(
    deal: Deal, stage: Stage, facts: OrderFacts | None, arguments: Arguments
) -> Refusal | None:
    if not stage.status or not deal.funnel.follows_orders:
        return None
    if facts is None:
        return Refusal("no_order", _("This deal has no order yet; create one first."))
    return check_way(facts, stage.status, arguments)


def _end_refusal(deal: Deal, stage: Stage, arguments: Arguments) -> Refusal | None:
    """A deal without an order is won by creating its order, and lost for a reason."""
    if deal.order_id is not None:
        return None
    if stage.kind == StageKind.WON:
        return Refusal(
            "no_order", _("It is won when its order is there: create the order."), form="create_order"
        )
    if stage.kind == StageKind.LOST and arguments.reason_code not in LostReason.values:
        return Refusal("reason_missing", _("Say why the deal was lost."), form="lose")
    return None
