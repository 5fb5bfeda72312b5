"""Many orders of the parcel pages on their way: to the picking, the packed or the shipped stage of their boards.

Orders with a card move as cards do, by `crm.services.bulk`, one move for each board; those without one (or on a board
that does not follow its orders) go through the orders' own verbs, a few at once.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from crm.models import Deal, Stage
from crm.services.bulk import require_some, start_bulk_move
from orders import services as orders
from orders.models import Order
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import DomainError
from shops.models import User

PICK, PACK, SHIP = "pick", "pack", "ship"
STATUS_OF_GOAL = {PICK: Status.PROCESSING, PACK: Status.PROCESSING, SHIP: Status.SHIPPED}
MOST_WITHOUT_CARD = 50


@dataclass
class ParcelMoves:
    """What was begun: the moves of many cards, by key; how many orders without a card are done; and who stays, why."""

    bulk_ids: list[uuid.UUID] = field(default_factory=list)
    done: int = 0
    refusals: list[tuple[str, str]] = field(default_factory=list)


def goal_stages(funnel_ids: Sequence[int], goal: str) -> dict[int, Stage]:
    """The stage of each board that a goal means: the entry of its status; for packing, the step inside it. One query."""
    stages = Stage.objects.filter(funnel_id__in=funnel_ids, status=STATUS_OF_GOAL[goal])
    found: dict[int, Stage] = {}
    for stage in stages.filter(is_entry=goal != PACK, is_side=False).order_by("funnel_id", "position"):
        found.setdefault(stage.funnel_id, stage)
    return found


def start_parcel_moves(*, order_ids: Sequence[int], goal: str, actor: Actor, user: User) -> ParcelMoves:
    """Begin to bring these orders to a goal; none with a card has moved yet (see `bulk.continue_bulk_move`).

    Orders the person may not see are left out. Raises DomainError when none or too many are chosen.
    """
    require_some(order_ids)
    mine = list(Order.objects.visible_to(user).filter(pk__in=order_ids))
    deals = Deal.objects.filter(order__in=mine, funnel__follows_orders=True).select_related("funnel")
    by_order = {deal.order_id: deal for deal in deals}
    stages = goal_stages([deal.funnel_id for deal in by_order.values()], goal)
    begun = ParcelMoves()
    moving: dict[int, list[int]] = defaultdict(list)
    plain: list[Order] = []
    place = {pk: n for n, pk in enumerate(order_ids)}
    for order in sorted(mine, key=lambda order: place[order.pk]):
        deal = by_order.get(order.pk)
        if deal is not None and deal.funnel_id in stages:
            moving[deal.funnel_id].append(deal.pk)
        else:
            plain.append(order)
    for funnel_id, deal_ids in moving.items():
        stage = stages[funnel_id]
        try:
            bulk = start_bulk_move(funnel_id=funnel_id, to_stage_id=stage.pk, deal_ids=deal_ids, actor=actor)
        except DomainError as error:
            begun.refusals.append((stage.funnel.name, error.sentence))
        else:
            begun.bulk_ids.append(bulk.pk)
    _without_card(plain, goal, actor, begun)
    return begun


def _without_card(plain: Sequence[Order], goal: str, actor: Actor, begun: ParcelMoves) -> None:
    for order in plain[MOST_WITHOUT_CARD:]:
        begun.refusals.append((order.number, _("it is not done yet: choose it again")))
    for order in plain[:MOST_WITHOUT_CARD]:
        if goal == PACK:
            begun.refusals.append((order.number, _("its board has no stage for packed orders")))
            continue
        try:
            changes = orders.advance_order(order_id=order.pk, to=STATUS_OF_GOAL[goal], actor=actor)
            begun.done += bool(changes)
        except DomainError as error:
            begun.refusals.append((order.number, error.sentence))
