"""Drift: cards that disagree with their orders, and orders without the card they should have.

Looked for from the newest card backwards, a window at a time, so that a page costs what it shows however many cards
there are. `manage.py verify` asks the same conditions of all rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from crm.models import Deal, Funnel, Stage, StageCondition
from crm.rules import meets_condition
from orders.models import Order, Shipment
from orders.statuses import PaymentMethod, PaymentStatus, ShipmentState, Status

# How many cards one look goes through, and how many it shows at most.
WINDOW = 5_000
SHOWN = 50


@dataclass(frozen=True)
class Drift:
    """One disagreement in words. `target` is where a repair puts the card (None: a person must decide first)."""

    sentence: str
    deal: Deal | None = None
    order: Order | None = None
    target: Stage | None = None


@dataclass(frozen=True)
class Look:
    """What a window held. `after` continues behind it (None: everything was looked at), `seen` counts its rows."""

    rows: list[Drift]
    seen: int
    after: int | None


def disagreeing(deals: QuerySet[Deal]) -> QuerySet[Deal]:
    """Of these deals, those that stand on a stage of another status than their order's, where cards follow orders."""
    return deals.filter(~Q(stage__status=""), funnel__follows_orders=True).filter(
        Q(order=None) | ~Q(stage__status=F("order__status"))
    )


def unfit(deals: QuerySet[Deal]) -> QuerySet[Deal]:
    """Of these deals, those whose order does not meet the condition of the stage; entry stages take every order."""
    parcels = Shipment.objects.filter(order=OuterRef("order_id"))
    numbered = parcels.exclude(tracking_number="").exclude(
        state__in=[ShipmentState.VOIDED, ShipmentState.RETURNED]
    )
    waiting = parcels.filter(at_pickup_at__isnull=False, state=ShipmentState.HANDED_OVER)
    unpaid = Q(order__payment_status__in=[PaymentStatus.PENDING, PaymentStatus.FAILED]) & ~Q(
        order__payment_method=PaymentMethod.COD
    )
    paid = Q(order__payment_status__in=[PaymentStatus.PAID, PaymentStatus.PARTLY_REFUNDED])
    met = (
        Q(stage__condition=StageCondition.NONE)
        | (Q(stage__condition=StageCondition.PAID) & paid)
        | (Q(stage__condition=StageCondition.UNPAID) & unpaid)
        | (Q(stage__condition=StageCondition.NUMBERED) & Exists(numbered))
        | (Q(stage__condition=StageCondition.AT_PICKUP) & Exists(waiting))
    )
    agreeing = Q(stage__status="") | Q(stage__status=F("order__status"))
    return deals.filter(
        ~met, agreeing, funnel__follows_orders=True, stage__is_entry=False, order__isnull=False
    )


def without_card(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Of these orders, those without a card in a shop whose default funnel gives every order one."""
    funnel = Funnel.objects.filter(
        shop=OuterRef("shop_id"), is_default=True, is_active=True, creates_deals=True
    )
    card = Deal.objects.filter(order=OuterRef("pk"))
    return orders.filter(Exists(funnel), ~Exists(card))


def stranded(deals: QuerySet[Deal]) -> QuerySet[Deal]:
    """Of these deals, the open ones with an order on a board that is switched off."""
    return deals.filter(is_open=True, order__isnull=False, funnel__is_active=False)


def look_at_cards(funnel: Funnel, before: int | None = None, *, window: int | None = None) -> Look:
    """Cards of the funnel that drifted, newest first, among the `window` cards before a key. Four queries at most."""
    deals: QuerySet[Deal] = Deal.objects.filter(funnel=funnel)
    low, seen = _window(deals, before, window or WINDOW)
    if low is None:
        return Look([], 0, None)
    deals = _between(deals, low, before)
    wanted = disagreeing(deals) | unfit(deals)
    if not funnel.is_active:
        wanted = stranded(deals)
    found = list(wanted.select_related("stage", "funnel", "order__shop").order_by("-pk")[: SHOWN + 1])
    rows = explained(funnel, found[:SHOWN])
    if len(found) > SHOWN:
        return Look(rows, seen, found[SHOWN - 1].pk)
    return Look(rows, seen, low if seen == (window or WINDOW) else None)


def look_at_orders(funnel: Funnel, before: int | None = None, *, window: int | None = None) -> Look:
    """Orders of the funnel's shop that should have a card here and have none, newest first. Two queries at most."""
    if not (funnel.is_default and funnel.is_active and funnel.creates_deals):
        return Look([], 0, None)
    orders: QuerySet[Order] = Order.objects.filter(shop_id=funnel.shop_id)
    low, seen = _window(orders, before, window or WINDOW)
    if low is None:
        return Look([], 0, None)
    orders = _between(orders, low, before)
    found = list(without_card(orders).order_by("-pk")[: SHOWN + 1])
    entries = (
        {stage.status: stage for stage in Stage.objects.filter(funnel=funnel, is_entry=True)} if found else {}
    )
    rows = [_missing(order, entries.get(order.status)) for order in found[:SHOWN]]
    if len(found) > SHOWN:
        return Look(rows, seen, found[SHOWN - 1].pk)
    return Look(rows, seen, low if seen == (window or WINDOW) else None)


def _window(rows: QuerySet, before: int | None, size: int) -> tuple[int | None, int]:
    if before is not None:
        rows = rows.filter(pk__lt=before)
    edge = rows.order_by("-pk").values("pk")[:size].aggregate(low=Min("pk"), seen=Count("pk"))
    return edge["low"], edge["seen"]


def _between(rows: QuerySet, low: int, before: int | None) -> QuerySet:
    rows = rows.filter(pk__gte=low)
    return rows if before is None else rows.filter(pk__lt=before)


def explained(funnel: Funnel, deals: Iterable[Deal]) -> list[Drift]:
    """Why each of these cards of one funnel is listed, and where it belongs. Two queries at most."""
    deals = list(deals)
    if not deals:
        return []
    home = funnel
    if not funnel.is_active:
        home = (
            Funnel.objects.filter(shop_id=funnel.shop_id, is_default=True, is_active=True).first() or funnel
        )
    stages = list(Stage.objects.filter(funnel=home))
    return [_explain(deal, funnel, home, stages) for deal in deals]


def _explain(deal: Deal, funnel: Funnel, home: Funnel, stages: list[Stage]) -> Drift:
    order = deal.order
    words: dict[str, object] = {"title": deal.title, "stage": deal.stage.name}
    if order is None:
        target = next((stage for stage in stages if not stage.status), None)
        sentence = _("%(title)s has no order, but stands in “%(stage)s”, where every card has one.") % words
        return Drift(sentence, deal, None, target)
    words |= {"status": Status(order.status).label, "board": funnel.name, "other": home.name}
    target = next((stage for stage in stages if stage.is_entry and stage.status == order.status), None)
    if not funnel.is_active:
        if home.pk == funnel.pk:
            sentence = _(
                "%(title)s is still open, but its board is switched off and the shop has no other for orders."
            )
            return Drift(sentence % words, deal, order, None)
        return Drift(
            _(
                "%(title)s is still open, but its board “%(board)s” is switched off; “%(other)s” takes the orders now."
            )
            % words,
            deal,
            order,
            target,
        )
    if deal.stage.status and deal.stage.status != order.status:
        sentence = _("Order %(title)s is “%(status)s”, but its card stands in “%(stage)s”.") % words
    elif not meets_condition(deal.stage, order):
        sentence = (
            _("%(title)s stands in “%(stage)s”, but does not meet the condition of this stage.") % words
        )
    else:
        sentence = _("%(title)s was put right meanwhile.") % words
    if target is None:
        sentence += " " + _("No stage of this board is chosen for “%(status)s”; choose one first.") % words
    return Drift(sentence, deal, order, target)


def _missing(order: Order, target: Stage | None) -> Drift:
    words: dict[str, object] = {"number": order.number, "status": Status(order.status).label}
    sentence = _("Order %(number)s (%(status)s) has no card.") % words
    if target is None:
        sentence += " " + _("No stage of this board is chosen for “%(status)s”; choose one first.") % words
    return Drift(sentence, None, order, target)
