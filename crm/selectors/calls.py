"""Which cards of a column are to be worked through now, in which order, and what keeps the others away.

Knows nothing of who is given which: that is decided by a conditional update in `crm.services.working`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import BooleanField, Case, Count, F, Min, Q, QuerySet, Value, When

from crm.models import Deal, Stage
from crm.selectors.board import Filters, deals_on
from shops.models import User


@dataclass(frozen=True)
class Queue:
    """How much is left of a column for one person: to do now, and set aside with the reason.

    `next_at` is when the first of those set aside for later is due (None: none is).
    """

    to_go: int
    later: int
    snoozed: int
    claimed: int
    held: int
    next_retry: datetime | None
    next_awake: datetime | None

    @property
    def next_at(self) -> datetime | None:
        return min((at for at in (self.next_retry, self.next_awake) if at), default=None)


def free_for(user_id: int, now: datetime) -> Q:
    """Deals that nobody else has open at this moment."""
    return Q(held_by=None) | Q(held_by=user_id) | Q(held_until=None) | Q(held_until__lte=now)


def unclaimed_for(user_id: int) -> Q:
    """Deals that no colleague has taken."""
    return Q(manager=None) | Q(manager=user_id)


def column_of(user: User, stage: Stage, filters: Filters) -> QuerySet[Deal]:
    """The column's deals that stand for orders, as far as this person sees them and the filters let through."""
    return filters.apply(deals_on(user, stage.funnel)).filter(stage=stage, order__isnull=False)


def to_work_through(user: User, stage: Stage, filters: Filters, now: datetime) -> QuerySet[Deal]:
    """What this person can be given now: first what they have open, then tries that are due, then oldest first."""
    mine = Case(
        When(held_by=user.pk, held_until__gt=now, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    found = column_of(user, stage, filters).filter(
        _awake(now), _due(now), unclaimed_for(user.pk), free_for(user.pk, now)
    )
    return found.alias(is_mine=mine).order_by("-is_mine", F("retry_at").asc(nulls_last=True), "rank", "id")


def queue_of(
    user: User, stage: Stage, filters: Filters, now: datetime, skipped: Collection[int] = ()
) -> Queue:
    """The figures of the column for this person, in one query. What they skipped does not count as to do."""
    ours = unclaimed_for(user.pk)
    can_now = ours & _awake(now) & _due(now)
    # SQLite reads "not in an empty list" well enough, but an empty Q says it shorter.
    kept = ~Q(pk__in=list(skipped)) if skipped else Q()
    figures = column_of(user, stage, filters).aggregate(
        to_go=Count("pk", filter=can_now & free_for(user.pk, now) & kept),
        later=Count("pk", filter=ours & ~_due(now)),
        snoozed=Count("pk", filter=ours & _due(now) & ~_awake(now)),
        claimed=Count("pk", filter=~ours),
        held=Count("pk", filter=can_now & ~free_for(user.pk, now)),
        next_retry=Min("retry_at", filter=ours & Q(retry_at__gt=now)),
        next_awake=Min("snoozed_until", filter=ours & Q(snoozed_until__gt=now)),
    )
    return Queue(**figures)


def _awake(now: datetime) -> Q:
    return Q(snoozed_until=None) | Q(snoozed_until__lte=now)


def _due(now: datetime) -> Q:
    return Q(retry_at=None) | Q(retry_at__lte=now)
