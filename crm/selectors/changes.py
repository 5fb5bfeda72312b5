"""What changed on an open board since it last asked.

Keys commit out of order, so the client sends its cursor and the keys it saw in the last 30 seconds: rows of that
window it has not seen yet are answered too. Nothing new costs one small query.

Of more keys than fit an address the newest are kept. What is older than all of these then counts as seen: after
such a storm a commit that is late by more than MOST_SEEN changes is not told, and is seen on the next page load.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone

from crm.models import BoardChange, Deal, Funnel
from crm.selectors.board import NO_FILTERS, Column, Filters, count_columns, deals_on, load_cards
from crm.selectors.cards import Card
from crm.selectors.united import united
from shops.models import User

OVERLAP = timedelta(seconds=30)
MOST_CHANGES = 200
# The keys seen travel in the address of every question, and addresses have an end.
MOST_SEEN = 500
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True)
class Changes:
    """New cursor, keys seen in the overlap, cards that look different, deals to take away, and all counts.

    `overflow` tells that too much happened to send: the page reloads.
    """

    cursor: int
    seen: list[int]
    cards: list[Card]
    removed: list[int]
    columns: list[Column]
    overflow: bool = False


class Start(NamedTuple):
    """Where a freshly loaded board starts: the newest key, the keys of the overlap, and the newest deal there is."""

    cursor: int
    seen: list[int]
    newest_deal: int


def latest_change(funnel: Funnel) -> Start:
    """Where a board starts that is loaded now. One query."""
    newest = BoardChange.objects.filter(funnel=funnel).order_by("-pk").values_list("pk")[:1]
    recent = _recent(funnel).reverse().values_list("pk")[:MOST_SEEN]
    deals = Deal.objects.order_by("-pk").values_list("pk")[:1]
    newest_rows, recent_rows, deal_rows = united([newest, recent, deals])
    return Start(
        cursor=newest_rows[0][0] if newest_rows else 0,
        seen=[pk for (pk,) in recent_rows][::-1],
        newest_deal=deal_rows[0][0] if deal_rows else 0,
    )


def _recent(funnel: Funnel) -> QuerySet[BoardChange]:
    return BoardChange.objects.filter(funnel=funnel, at__gte=timezone.now() - OVERLAP).order_by("pk")


def changes_since(
    user: User,
    funnel: Funnel,
    *,
    cursor: int,
    seen: Collection[int],
    filters: Filters = NO_FILTERS,
    look: Collection[int] = (),
) -> Changes | None:
    """What is new since the cursor, or None when nothing is. A deal the person no longer sees is answered as removed.

    `look` names deals to answer in any case: time passed, and their cards look different now.
    """
    seen = {pk for pk in seen if 0 < pk <= LARGEST_KEY}
    forgotten = min(seen) if len(seen) >= MOST_SEEN else 0
    window = Q(pk__gt=cursor) | Q(at__gte=timezone.now() - OVERLAP, pk__gt=forgotten)
    rows = list(
        BoardChange.objects.filter(window, funnel=funnel)
        .exclude(pk__in=seen)
        .order_by("pk")
        .values_list("pk", "deal_id")[: MOST_CHANGES + 1]
    )
    fresh = [row for row in rows if row[0] > cursor or row[0] not in seen]
    deal_ids = {deal_id for _pk, deal_id in fresh} | {pk for pk in look if 0 < pk <= LARGEST_KEY}
    if not deal_ids:
        return None
    visible = filters.apply(deals_on(user, funnel))
    cards = load_cards(funnel, visible.filter(pk__in=deal_ids).values_list("pk", flat=True))
    # A key that was committed since the first query has not been answered: the client must not call it seen.
    told = {*seen, *(pk for pk, _deal in fresh)}
    return Changes(
        cursor=max([cursor, *(pk for pk, _deal in fresh)]),
        seen=[pk for pk in _recent(funnel).values_list("pk", flat=True) if pk in told][-MOST_SEEN:],
        cards=list(cards.values()),
        removed=sorted(deal_ids - set(cards)),
        columns=count_columns(funnel, visible),
        overflow=sum(pk > cursor for pk, _deal in rows) > MOST_CHANGES,
    )


def visible_deal(user: User, deal_id: int) -> Deal | None:
    """One deal a person may see, with what its page shows, or None."""
    return (
        Deal.objects.visible_to(user)
        .select_related(
            "stage", "funnel__shop", "manager", "customer", "order__shop", "order__shipping_address"
        )
        .select_related("order__billing_address", "order__customer")
        .filter(pk=deal_id)
        .first()
    )
