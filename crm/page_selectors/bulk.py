"""What a move of many cards would do, and how far one has come. Reads only; the moving is `crm.services.bulk`.

The summary is a forecast: each card is judged again, by the same rules, when its turn comes.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import rules
from crm.models import BulkMove, BulkMoveCard, BulkState, Deal, Funnel, Stage
from crm.selectors.board import Filters, board_facts, column_order, deals_on, role_refusal
from notifications.page_selectors import Forecast, forecast_of_change
from orders.guards import Refusal
from orders.models import Order
from orders.selectors import facts_for
from orders.services.access import claim_refusal
from shops.models import User
from shops.selectors import role_of

MOST_CARDS = 500
# What all cards of a move may share; a parcel is each card's own.
SHARED_FORMS = frozenset({"cancel", "return", "reopen"})
SHOWN_NUMBERS = 12


@dataclass(frozen=True)
class Staying:
    """Cards that will not move, for one and the same reason."""

    sentence: str
    deals: list[Deal]

    @property
    def shown(self) -> list[Deal]:
        return self.deals[:SHOWN_NUMBERS]

    @property
    def others(self) -> int:
        return len(self.deals) - len(self.shown)


@dataclass(frozen=True)
class BulkSummary:
    """What would happen: who moves, who stays and why, what is still to be asked, and who is told.

    `form` names the one form all moving cards share; `missing` counts cards that are gone or not this person's to see.
    """

    to_stage: Stage
    moving: list[Deal]
    staying: list[Staying]
    form: str
    missing: int
    forecast: Forecast

    @property
    def deals(self) -> list[Deal]:
        """All that were found, moving or not, in the order they were chosen."""
        return [*self.moving, *(deal for reason in self.staying for deal in reason.deals)]

    @property
    def staying_count(self) -> int:
        return sum(len(reason.deals) for reason in self.staying)


def selected_deals(user: User, *, deal_ids: Sequence[int], order_ids: Sequence[int] = ()) -> list[Deal]:
    """The chosen cards this person may see, once each, in the order they were chosen. One query."""
    chosen = Q(pk__in=deal_ids) | Q(order_id__in=order_ids) if order_ids else Q(pk__in=deal_ids)
    found = list(
        Deal.objects.visible_to(user)
        .filter(chosen)
        .select_related("stage", "funnel__shop", "manager", "order__shop", "order__manager")
        .select_related("order__shipping_address", "order__billing_address")
    )
    place = {pk: n for n, pk in enumerate(deal_ids)}
    place_of_order = {pk: len(place) + n for n, pk in enumerate(order_ids)}
    return sorted(found, key=lambda deal: place.get(deal.pk, place_of_order.get(deal.order_id or 0, 0)))


def preview_bulk_move(
    user: User, funnel: Funnel, to_stage: Stage, *, deal_ids: Sequence[int], order_ids: Sequence[int] = ()
) -> BulkSummary:
    """What moving these cards to the stage would do, judged as if one moved after the other.

    A fixed number of queries however many cards are chosen. A limit is counted over the whole set; goods that two
    of the cards want are not.
    """
    deals = selected_deals(user, deal_ids=deal_ids, order_ids=order_ids)
    facts = facts_for([deal.order_id for deal in deals if deal.order_id])
    board = board_facts(funnel.pk)
    # The counts rise with every card that is let in, so that the limit holds for all of them together.
    board = replace(board, counts=dict(board.counts))
    role = role_of(user, funnel.shop_id)
    moving: list[Deal] = []
    staying: dict[str, list[Deal]] = defaultdict(list)
    forms = set()
    for deal in deals:
        refusal = _outside_refusal(deal, funnel, to_stage) or (
            rules.check_move(deal, to_stage, facts.get(deal.order_id or 0), board)
        )
        asks = refusal.form if refusal is not None and refusal.form in SHARED_FORMS else ""
        sentence = sentence_of(refusal) if refusal is not None and not asks else ""
        sentence = sentence or _person_refusal(user, deal, to_stage, role)
        if sentence:
            staying[sentence].append(deal)
            continue
        moving.append(deal)
        forms |= {asks} - {""}
        board.counts[to_stage.pk] = board.counts.get(to_stage.pk, 0) + 1
    return BulkSummary(
        to_stage,
        moving,
        [Staying(sentence, rows) for sentence, rows in staying.items()],
        min(forms, default=""),
        len(deal_ids) + len(order_ids) - len(deals),
        forecast_of_change(funnel.shop, to_stage.status, list(_changing(moving, to_stage))),
    )


def sentence_of(refusal: Refusal) -> str:
    """The refusal as a list of many cards says it: what one card's form would ask for is said where to give it."""
    if refusal.form == "ship":
        return _("no parcel with a tracking number (AWB) yet; give it on the order or at the AWB desk")
    return refusal.sentence


def _outside_refusal(deal: Deal, funnel: Funnel, to_stage: Stage) -> Refusal | None:
    if deal.funnel_id != funnel.pk:
        return Refusal(
            "other_board", _("its card is on another board, “%(board)s”") % {"board": deal.funnel.name}
        )
    if deal.stage_id == to_stage.pk:
        return Refusal("already_there", already_there(to_stage))
    return None


def already_there(stage: Stage) -> str:
    """Why a card need not move."""
    return _("in “%(stage)s” already") % {"stage": stage.name}


def _person_refusal(user: User, deal: Deal, to_stage: Stage, role: str | None) -> str:
    refusal = role_refusal(deal, to_stage, role)
    if refusal is not None:
        return refusal.sentence
    if deal.order is None:
        return rules.claim_refusal(deal, user_id=user.pk, role=role)
    return claim_refusal(deal.order, user_id=user.pk, role=role)


def _changing(deals: Iterable[Deal], to_stage: Stage) -> Iterable[Order]:
    """The orders whose status the move changes; only of these customers hear."""
    return (deal.order for deal in deals if deal.order is not None and deal.order.status != to_stage.status)


# --- One move of many, as it goes


@dataclass(frozen=True)
class BulkProgress:
    """How far a move of many has come. `stuck` are moved cards that could not be moved back."""

    bulk: BulkMove
    waiting: int = 0
    moved: int = 0
    refused: int = 0
    undone: int = 0
    stuck: int = 0

    @property
    def total(self) -> int:
        return self.waiting + self.moved + self.refused + self.undone + self.stuck

    @property
    def done(self) -> int:
        return self.total - self.waiting

    @property
    def is_going_back(self) -> bool:
        """Whether moving back was begun."""
        return bool(self.undone or self.stuck)

    @property
    def can_be_undone(self) -> bool:
        """Whether at least one card can go back yet, by the clock."""
        return bool(self.moved and self.bulk.undo_until and self.bulk.undo_until > timezone.now())


def bulk_progress(bulk: BulkMove) -> BulkProgress:
    """How far it has come, in one query."""
    spoken = ~Q(sentence="")
    rows = (
        bulk.cards.order_by().values_list("state").annotate(n=Count("pk"), spoken=Count("pk", filter=spoken))
    )
    counts = {state: (n, with_words) for state, n, with_words in rows}
    moved, stuck = counts.get(BulkState.MOVED, (0, 0))
    return BulkProgress(
        bulk,
        waiting=counts.get(BulkState.WAITING, (0, 0))[0],
        moved=moved - stuck,
        refused=counts.get(BulkState.REFUSED, (0, 0))[0],
        undone=counts.get(BulkState.UNDONE, (0, 0))[0],
        stuck=stuck,
    )


def bulk_of(user: User, bulk_id: uuid.UUID) -> BulkMove | None:
    """A move of many this person began, while they may still see its board."""
    return (
        BulkMove.objects.visible_to(user)
        .select_related("funnel__shop", "to_stage")
        .filter(pk=bulk_id, actor_user=user)
        .first()
    )


def open_bulk_of(user: User, funnel: Funnel) -> BulkMove | None:
    """What an opened board reminds of: the person's last move of many here, while it can be continued or undone."""
    latest = BulkMove.objects.filter(funnel=funnel, actor_user=user).select_related(
        "to_stage", "funnel__shop"
    )
    bulk = latest.order_by("-created_at").first()
    if bulk is None:
        return None
    undoable = bulk.undo_until is not None and bulk.undo_until > timezone.now()
    return bulk if bulk.finished_at is None or undoable else None


def cards_with_words(bulk: BulkMove) -> QuerySet[BulkMoveCard]:
    """The cards that did not go where they were to go, with the reason of each."""
    return bulk.cards.exclude(sentence="").select_related("deal__stage", "deal__order")


@dataclass(frozen=True)
class ColumnKeys:
    """The cards of one column by key and title; `more` where it holds more than can be moved at once."""

    rows: list[tuple[int, str]] = field(default_factory=list)
    more: bool = False


def column_keys(user: User, funnel: Funnel, stage: Stage, filters: Filters) -> ColumnKeys:
    """All cards of a column as filtered, up to what can be moved at once. One query."""
    deals = column_order(stage, filters.apply(deals_on(user, funnel)))
    rows = list(deals.values_list("pk", "title")[: MOST_CARDS + 1])
    return ColumnKeys(rows[:MOST_CARDS], len(rows) > MOST_CARDS)


def seconds_left(until: datetime | None) -> int:
    """Whole seconds until a moment, 0 when it has passed or there is none."""
    return max(0, round((until - timezone.now()).total_seconds())) if until else 0
