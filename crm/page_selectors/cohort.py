"""The funnel view: the deals that entered a board within a period, by the furthest stage each reached.

The stages of the main line are the steps; side stages and lost ones are none, for they lead nowhere further. A deal
that went on to another board, as one that became an order does, still counts on the board it came from. The cost
follows the shop's deals of the period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest

from crm.models import Deal, DealMove, Funnel, Stage, StageKind
from crm.page_selectors.narrowing import start_of
from shops.keyset import Page, newest_key_first
from shops.models import User
from shops.money import quantise

NOWHERE = -1
LONGEST_DAYS = 366


@dataclass
class Step:
    """One stage of the main line: how many came at least this far, and how many no further.

    `share` is of those that entered, `kept` of those on the step before, in whole percent; `lost` of those that
    stopped here are on a lost stage of this board now.
    """

    stage: Stage
    reached: int = 0
    stopped: int = 0
    lost: int = 0
    share: int = 0
    kept: int = 100
    sums: dict[str, Decimal] = field(default_factory=dict)

    @property
    def money(self) -> list[tuple[str, Decimal]]:
        return sorted(self.sums.items())


@dataclass(frozen=True)
class Cohort:
    """The steps in order; `entered` deals came in, `nowhere` of them to no step at all."""

    entered: int
    nowhere: int
    steps: list[Step]


def steps_of(funnel: Funnel) -> list[Stage]:
    """The main line of a board."""
    return [stage for stage in funnel.stages.all() if not stage.is_side and stage.kind != StageKind.LOST]


def cohort(user: User, funnel: Funnel, first: date, last: date) -> Cohort:
    """How far the deals came that entered the board on these days, by the shop's clock; those this person sees."""
    steps = [Step(stage) for stage in steps_of(funnel)]
    at = {step.stage.position: index for index, step in enumerate(steps)}
    entered, nowhere = 0, 0
    rows = _with_furthest(_entered(user, funnel, first, last), funnel).order_by()
    lost_here = Q(funnel=funnel, stage__kind=StageKind.LOST)
    for furthest, currency, count, lost, amount in rows.values_list("furthest", "currency").annotate(
        n=Count("pk"), lost=Count("pk", filter=lost_here), amount=Sum("amount")
    ):
        entered += count
        if furthest not in at:
            nowhere += count
            continue
        steps[at[furthest]].stopped += count
        steps[at[furthest]].lost += lost
        for step in steps[: at[furthest] + 1]:
            step.reached += count
            step.sums[currency] = step.sums.get(currency, Decimal(0)) + quantise(amount, currency)
    _shares(steps, entered)
    return Cohort(entered, nowhere, steps)


def deals_of_cohort(
    user: User, funnel: Funnel, first: date, last: date, stage: Stage, *, only_stopped: bool, after: str = ""
) -> Page[Deal]:
    """One page of the deals behind a number: those that came at least as far as the stage, or stopped on it."""
    deals = _with_furthest(_entered(user, funnel, first, last), funnel)
    reached = Q(("furthest" if only_stopped else "furthest__gte", stage.position))
    return newest_key_first(deals.filter(reached).select_related("stage", "order", "customer"), after)


def _entered(user: User, funnel: Funnel, first: date, last: date) -> QuerySet[Deal]:
    zone = funnel.shop.zone
    start, end = start_of(first, zone), start_of(last + timedelta(days=1), zone)
    deals = Deal.objects.filter(created_at__gte=start, created_at__lt=end)
    # Each board is named, so that the index of boards and days finds the deals of the period. Those that went on are a
    # query of their own: with the condition on moves beside an OR, PostgreSQL reads all moves there ever were.
    boards = Funnel.objects.filter(shop=funnel.shop_id)
    elsewhere = deals.filter(funnel__in=boards.exclude(pk=funnel.pk).values("pk"))
    went_on = elsewhere.filter(Exists(_moves_within(funnel))).values("pk")
    return deals.visible_to(user).filter(Q(funnel=funnel) | Q(pk__in=went_on), funnel__in=boards.values("pk"))


def _moves_within(funnel: Funnel) -> QuerySet[DealMove]:
    """The moves of a deal to stages of this board, but for those that were undone."""
    return DealMove.objects.filter(deal=OuterRef("pk"), undone_at=None, to_stage__funnel=funnel)


def _with_furthest(deals: QuerySet[Deal], funnel: Funnel) -> QuerySet[Any]:
    """Each deal with the position of the board's furthest step it stood on, by its moves and where it stands."""
    line = Q(to_stage__is_side=False) & ~Q(to_stage__kind=StageKind.LOST)
    moves = _moves_within(funnel).filter(line)
    furthest = moves.order_by().values("deal").annotate(far=Max("to_stage__position")).values("far")
    own = Stage.objects.filter(pk=OuterRef("stage"), funnel=funnel, is_side=False).exclude(
        kind=StageKind.LOST
    )
    here = own.values("position")[:1]
    return deals.annotate(
        furthest=Greatest(Coalesce(Subquery(furthest), NOWHERE), Coalesce(Subquery(here), NOWHERE))
    )


def _shares(steps: Sequence[Step], entered: int) -> None:
    before = entered
    for step in steps:
        step.share = round(100 * step.reached / entered) if entered else 0
        step.kept = round(100 * step.reached / before) if before else 0
        before = step.reached
