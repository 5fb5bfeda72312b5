"""The board of one funnel: columns with counts, sums and the first cards, for a fixed number of queries.

Open columns are counted through a partial index; terminal ones state a window of 30 days. What a column shows is
found by key, so the cost follows what is shown and not what is stored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Deal, Funnel, Stage
from crm.rules import BoardFacts, check_move
from crm.selectors.cards import Card, cards_of, with_marks
from crm.selectors.united import united
from orders.guards import Refusal, plan
from orders.models.orders import order_scope
from orders.selectors import ACTION_OF_TRANSITION, facts_for
from shops.models import ClaimVisibility, User
from shops.permissions import Action, Role, role_allows
from shops.selectors import role_of

# Twice what a desk screen shows of a column; the rest comes as it is scrolled.
PAGE = 15
WINDOW = timedelta(days=30)


@dataclass(frozen=True)
class Filters:
    """What the URL narrows the board to; `where` is the condition of everything but the person.

    `whose` is "mine", "unclaimed" or a colleague's key as text.
    """

    whose: str = ""
    user_id: int | None = None
    where: Q = field(default_factory=Q)

    def apply(self, deals: QuerySet[Deal]) -> QuerySet[Deal]:
        if self.where:
            deals = deals.filter(self.where)
        if self.whose == "mine":
            return deals.filter(manager_id=self.user_id)
        if self.whose == "unclaimed":
            return deals.filter(manager=None)
        return deals.filter(manager_id=int(self.whose)) if self.whose else deals


NO_FILTERS = Filters()


@dataclass
class Column:
    """One stage with what it shows; `totals` are sums by currency, `has_more` that further cards exist."""

    stage: Stage
    cards: list[Card] = field(default_factory=list)
    count: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    has_more: bool = False


@dataclass(frozen=True)
class Board:
    funnel: Funnel
    columns: list[Column]


def deals_on(user: User, funnel: Funnel) -> QuerySet[Deal]:
    """The funnel's deals this person may see. Orders are joined only where the person's view depends on them."""
    # By stage and not by funnel: the funnel's index holds every deal there ever was, and SQLite prefers it.
    deals = Deal.objects.filter(stage__in=Stage.objects.filter(funnel=funnel).values("pk"))
    role = role_of(user, funnel.shop_id)
    if role is None:
        return deals.none()
    hides = funnel.shop.claim_visibility == ClaimVisibility.HIDDEN
    if role in (Role.ADMIN, Role.SUPERVISOR) or (role == Role.MANAGER and not hides):
        return deals
    seen = order_scope(user, "order__")
    if role == Role.MANAGER:
        # Without an order as `DealQuerySet.visible_to` has it: free ones and one's own, and none for the warehouse.
        seen |= Q(order=None) & (Q(manager=None) | Q(manager=user.pk))
    return deals.filter(seen)


def board(
    user: User,
    funnel: Funnel,
    filters: Filters = NO_FILTERS,
    *,
    unfolded: Collection[str] = (),
    with_side_stages: bool = False,
    page: int = PAGE,
) -> Board:
    """The whole board: every column with its count, and the cards of those that are open or named in `unfolded`.

    `with_side_stages` also opens the side stages that hold cards.

    Three queries, and one each for stages and the person's role unless these were kept.
    """
    stages = list(funnel.stages.all())
    deals = filters.apply(deals_on(user, funnel))
    columns = {stage.pk: Column(stage) for stage in stages}
    _count(columns, deals)
    shown = [
        stage
        for stage in stages
        if not stage.is_folded
        or stage.slug in unfolded
        or (with_side_stages and not stage.is_terminal and columns[stage.pk].count)
    ]
    ids = _first_ids(shown, deals, page)
    cards = load_cards(funnel, [deal_id for rows in ids.values() for deal_id in rows])
    for stage_id, deal_ids in ids.items():
        columns[stage_id].cards = [cards[deal_id] for deal_id in deal_ids[:page] if deal_id in cards]
        columns[stage_id].has_more = len(deal_ids) > page
    return Board(funnel, list(columns.values()))


def column_page(user: User, funnel: Funnel, stage: Stage, filters: Filters, after: Deal | None) -> Column:
    """More cards of one column, behind a card."""
    deals = column_order(stage, filters.apply(deals_on(user, funnel)))
    if after is not None:
        deals = _behind(stage, deals, after)
    ids = list(deals.values_list("pk", flat=True)[: PAGE + 1])
    cards = load_cards(funnel, ids[:PAGE])
    return Column(stage, [cards[pk] for pk in ids[:PAGE] if pk in cards], has_more=len(ids) > PAGE)


def column_order(stage: Stage, deals: QuerySet[Deal]) -> QuerySet[Deal]:
    """A column's cards as shown: by rank, oldest first; terminal columns newest first, within their window."""
    deals = deals.filter(stage=stage)
    if stage.is_terminal:
        return deals.filter(stage_entered_at__gte=timezone.now() - WINDOW).order_by(
            "-stage_entered_at", "-id"
        )
    return deals.order_by("rank", "id")


def _behind(stage: Stage, deals: QuerySet[Deal], after: Deal) -> QuerySet[Deal]:
    if stage.is_terminal:
        at = after.stage_entered_at
        return deals.filter(Q(stage_entered_at__lt=at) | Q(stage_entered_at=at, pk__lt=after.pk))
    return deals.filter(Q(rank__gt=after.rank) | Q(rank=after.rank, pk__gt=after.pk))


def counts_of(user: User, funnel: Funnel, filters: Filters = NO_FILTERS) -> list[Column]:
    """Every column with its count and sums, without cards."""
    return count_columns(funnel, filters.apply(deals_on(user, funnel)))


def count_columns(funnel: Funnel, deals: QuerySet[Deal]) -> list[Column]:
    """Every column with the count and the sums of these deals."""
    columns = {stage.pk: Column(stage) for stage in funnel.stages.all()}
    _count(columns, deals)
    return list(columns.values())


def _count(columns: dict[int, Column], deals: QuerySet[Deal]) -> None:
    window = timezone.now() - WINDOW
    open_ids = [pk for pk, column in columns.items() if not column.stage.is_terminal]
    closed_ids = [pk for pk, column in columns.items() if column.stage.is_terminal]
    # One query of two parts: a condition with OR would leave the partial index of the open ones.
    open_rows, closed_rows = (
        rows.order_by().values("stage_id", "currency").annotate(cards=Count("pk"), amount_sum=Sum("amount"))
        for rows in (
            deals.filter(is_open=True, stage_id__in=open_ids),
            deals.filter(stage_id__in=closed_ids, stage_entered_at__gte=window),
        )
    )
    for row in open_rows.union(closed_rows, all=True):
        column = columns[row["stage_id"]]
        column.count += row["cards"]
        column.totals[row["currency"]] = row["amount_sum"]


def _first_ids(stages: Sequence[Stage], deals: QuerySet[Deal], page: int) -> dict[int, list[int]]:
    """The keys of each column's first cards, one more than a page, in one query over all columns."""
    columns = [column_order(stage, deals).values_list("pk")[: page + 1] for stage in stages]
    return {
        stage.pk: [pk for (pk,) in rows] for stage, rows in zip(stages, united(columns), strict=True) if rows
    }


def load_cards(funnel: Funnel, deal_ids: Iterable[int]) -> dict[int, Card]:
    """Cards by key, in one query, also where the keys are a query themselves; none for no keys."""
    keys = deal_ids if isinstance(deal_ids, QuerySet) else list(deal_ids)
    deals = Deal.objects.filter(pk__in=keys, funnel=funnel).select_related(
        "stage", "order__shipping_address", "manager", "customer", "held_by"
    )
    return cards_of(with_marks(deals), funnel.shop.calendar)


def board_facts(funnel_id: int) -> BoardFacts:
    """What the board's rules look at."""
    stages = list(Stage.objects.filter(funnel_id=funnel_id))
    limited = [stage.pk for stage in stages if stage.wip_limit is not None]
    counts = {}
    if limited:
        rows = (
            Deal.objects.filter(stage_id__in=limited)
            .order_by()
            .values_list("stage_id")
            .annotate(cards=Count("pk"))
        )
        counts = dict(rows)
    return BoardFacts(stages, counts)


def why_not(deal: Deal, role: str | None) -> dict[int, Refusal | None]:
    """For each stage of the deal's board, why a person of this role cannot move its card there, or None.

    A form that would ask is no refusal.
    """
    facts = facts_for([deal.order_id]).get(deal.order_id) if deal.order_id else None
    facts_of_board = board_facts(deal.funnel_id)
    answers: dict[int, Refusal | None] = {}
    for stage in facts_of_board.stages:
        refusal = check_move(deal, stage, facts, facts_of_board)
        asks = refusal is not None and bool(refusal.form)
        answers[stage.pk] = role_refusal(deal, stage, role) if refusal is None or asks else refusal
    return answers


def role_refusal(deal: Deal, stage: Stage, role: str | None) -> Refusal | None:
    """Why a role may not move a card there, whatever the order allows. Reads nothing beyond the deal's order."""
    way = plan(deal.order.status, stage.status) if deal.order is not None and stage.status else ()
    needed = [Action.MOVE_DEAL, *(ACTION_OF_TRANSITION[step] for step in way or ())]
    missing = next((action for action in needed if not role_allows(role, action)), None)
    if missing is None or stage.pk == deal.stage_id:
        return None
    return Refusal(
        "not_permitted",
        _("Your role in this shop does not allow this: %(action)s. Ask an admin of the shop.")
        % {"action": missing.label},
    )
