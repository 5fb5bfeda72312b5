"""What the pages of funnels show: the boards of a shop, one board's mapping, a stage to empty, and drift."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models import Count, IntegerField, QuerySet, Value

from crm.models import Deal, Funnel, Happening, Stage
from crm.selectors.drift import Drift, Look, look_at_cards, look_at_orders
from crm.selectors.mapping import Mapping, Remark, mapping_of, version_of, warnings_of
from crm.selectors.united import united
from orders.models import Order
from orders.statuses import Status
from shops.models import Shop
from shops.permissions import Action, role_allows
from shops.selectors import role_in_shop

if TYPE_CHECKING:
    from shops.models import User

# How far the cards of a stage are counted before the page says "more than".
BOUND = 10_000


@dataclass(frozen=True)
class FunnelList:
    """The boards of a shop, in the order of the menu."""

    shop: Shop
    funnels: list[Funnel]
    may_change: bool


@dataclass(frozen=True)
class FunnelPage:
    """One board's mapping with its remarks and the version a save must still meet."""

    mapping: Mapping
    remarks: list[Remark]
    version: str
    may_change: bool

    @property
    def funnel(self) -> Funnel:
        return self.mapping.funnel


@dataclass(frozen=True)
class StagePage:
    """A stage that is to be emptied or deleted: its cards, where they may go, and which rules go with it.

    `count` stops behind `BOUND`. `by_status` tells whether each card can go to the stage of its order's status.
    """

    stage: Stage
    count: int
    targets: list[Stage]
    by_status: bool
    rules: list[str]

    @property
    def is_more(self) -> bool:
        return self.count > BOUND

    @property
    def bound(self) -> int:
        return BOUND


@dataclass(frozen=True)
class DriftPage:
    """What disagrees on a board, as far back as was looked; `has_more` tells that older rows were not looked at."""

    funnel: Funnel
    cards: Look
    orders: Look
    may_change: bool

    @property
    def found(self) -> int:
        return len(self.cards.rows) + len(self.orders.rows)

    @property
    def seen(self) -> int:
        return self.cards.seen + self.orders.seen

    @property
    def has_more(self) -> bool:
        return self.cards.after is not None or self.orders.after is not None


def funnel_list(user: User, shop_slug: str) -> FunnelList | None:
    """The boards of a shop this person belongs to, or None for any other. Three queries."""
    shop = Shop.objects.visible_to(user).filter(slug=shop_slug).first()
    if shop is None:
        return None
    funnels = (
        Funnel.objects.filter(shop=shop).annotate(stage_count=Count("stages")).order_by("position", "pk")
    )
    return FunnelList(shop, list(funnels), _may_change(user, shop.pk))


def visible_funnel(user: User, slug: str) -> Funnel | None:
    """A board of a shop this person belongs to, in use or not, or None."""
    return Funnel.objects.visible_to(user).select_related("shop").filter(slug=slug).first()


def funnel_page(user: User, funnel: Funnel) -> FunnelPage:
    """One board's mapping and what is odd about it. Six queries."""
    mapping = mapping_of(funnel)
    return FunnelPage(mapping, warnings_of(mapping), version_of(funnel.pk), _may_change(user, funnel.shop_id))


def stage_page(funnel: Funnel, stage_id: int) -> StagePage | None:
    """A stage of the board with what can become of its cards, or None. Five queries, however many cards there are."""
    mapping = mapping_of(funnel)
    stage = next((row for row in mapping.stages if row.pk == stage_id), None)
    if stage is None:
        return None
    cards = Deal.objects.filter(stage=stage)
    statuses, with_orderless = _statuses_on(funnel, stage, cards)
    return StagePage(
        stage=stage,
        count=cards.order_by()[: BOUND + 1].count(),
        targets=[
            row
            for row in mapping.stages
            if row.pk != stage.pk and _suits(row, funnel, statuses, with_orderless)
        ],
        by_status=_has_homes(mapping, stage, statuses, with_orderless),
        rules=[str(Happening(what).label) for what, pk in mapping.rules.items() if pk == stage.pk],
    )


def _statuses_on(funnel: Funnel, stage: Stage, cards: QuerySet[Deal]) -> tuple[set[str], bool]:
    """The statuses of the orders behind a stage's cards, and whether some have no order. One query."""
    one = Value(1, output_field=IntegerField())
    parts = [cards.filter(order__status=status) for status in Status.values] + [cards.filter(order=None)]
    found = united([rows.order_by().values_list(one)[:1] for rows in parts])
    return {status for status, rows in zip(Status.values, found, strict=False) if rows}, bool(found[-1])


def _suits(row: Stage, funnel: Funnel, statuses: set[str], with_orderless: bool) -> bool:
    if not row.status or not funnel.follows_orders:
        return True
    return not with_orderless and statuses <= {row.status}


def _has_homes(mapping: Mapping, stage: Stage, statuses: set[str], with_orderless: bool) -> bool:
    homes = {status for status, entry in mapping.entries.items() if entry.pk != stage.pk}
    return bool(statuses) and not with_orderless and statuses <= homes


def drift_page(user: User, funnel: Funnel, cards_before: int | None, orders_before: int | None) -> DriftPage:
    """What disagrees among the newest cards and orders before two keys, as far as the person sees them.

    Ten queries at most.
    """
    cards, orders = look_at_cards(funnel, cards_before), look_at_orders(funnel, orders_before)
    deal_ids = [row.deal.pk for row in cards.rows if row.deal is not None]
    order_ids = [row.order.pk for row in orders.rows if row.order is not None]
    return DriftPage(
        funnel,
        replace(cards, rows=_seen_rows(cards, Deal.objects.visible_to(user).filter(pk__in=deal_ids), "deal")),
        replace(
            orders, rows=_seen_rows(orders, Order.objects.visible_to(user).filter(pk__in=order_ids), "order")
        ),
        _may_change(user, funnel.shop_id),
    )


def _seen_rows(look: Look, visible: QuerySet[Any], of: str) -> list[Drift]:
    """The rows whose card or order is among the visible ones. One query, none where the look found nothing."""
    seen = set(visible.values_list("pk", flat=True)) if look.rows else set()
    return [row for row in look.rows if getattr(row, of).pk in seen]


def _may_change(user: User, shop_id: int) -> bool:
    return role_allows(role_in_shop(user_id=user.pk, shop_id=shop_id), Action.MANAGE_FUNNELS)
