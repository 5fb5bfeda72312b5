"""Whether the board agrees: deals with their orders, moves with each other, funnels with the statuses there are."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Exists, OuterRef, Q

from crm.models import Deal, DealMove, Funnel, Stage
from crm.selectors.drift import disagreeing, without_card
from oms.verification.scope import of_shop
from orders.models import Order
from orders.statuses import Status


def agreement(shop_id: int | None) -> Iterator[str]:
    """A deal stands on a stage of its own funnel and mirrors amount, manager and shop; where its funnel follows orders,
    the stage agrees with its order. The condition is the one the drift list asks."""
    deals = of_shop(Deal.objects.all(), shop_id, "funnel__shop_id").order_by("pk")
    for deal in deals.select_related("stage", "funnel", "order").iterator():
        if deal.stage.funnel_id != deal.funnel_id:
            yield f"deal {deal.pk} ({deal.title}) stands on a stage of another funnel"
        if deal.is_open == deal.stage.is_terminal:
            yield f"deal {deal.pk} ({deal.title}) is counted as {'open' if deal.is_open else 'closed'} wrongly"
        if deal.order is not None:
            yield from _differences(deal, deal.order)
    for deal in disagreeing(deals).select_related("stage", "order").iterator():
        yield _drift(deal)


def _drift(deal: Deal) -> str:
    if deal.order is None:
        return f"deal {deal.pk} ({deal.title}) has no order, but its card stands in {deal.stage.slug} (drift)"
    return (
        f"order {deal.order.number} is {deal.order.status}, but its card stands in {deal.stage.slug} (drift)"
    )


def _differences(deal: Deal, order: Order) -> Iterator[str]:
    if (deal.amount, deal.currency) != (order.total, order.currency):
        yield (
            f"order {order.number} costs {order.total} {order.currency}, "
            f"but its card says {deal.amount} {deal.currency}"
        )
    if deal.manager_id != order.manager_id:
        yield f"order {order.number} and its card name different managers"
    if deal.funnel.shop_id != order.shop_id:
        yield f"order {order.number} has its card in a funnel of another shop"


def missing_cards(shop_id: int | None) -> Iterator[str]:
    """In a shop whose default funnel is in use and gives every order a card, every order has one."""
    lost = of_shop(without_card(Order.objects.all()), shop_id).order_by("pk")
    for number in lost.values_list("number", flat=True).iterator():
        yield f"order {number} has no card on the board"


def moves(shop_id: int | None) -> Iterator[str]:
    """Each move starts where the one before ended, and the last one ends where the card stands.

    A stage that was deleted since leaves a gap in the record, which is passed over.
    """
    rows = of_shop(DealMove.objects.all(), shop_id, "deal__funnel__shop_id").order_by("deal_id", "id")
    columns = ("deal_id", "deal__title", "deal__stage_id", "from_stage_id", "to_stage_id")
    last: tuple[int, str, int, int | None] | None = None
    for deal_id, title, stands_on, from_stage, to_stage in rows.values_list(*columns).iterator():
        if last is not None and last[0] != deal_id:
            yield from _end_problem(last)
        elif last is not None and None not in (last[3], from_stage) and last[3] != from_stage:
            yield f"deal {deal_id} ({title}): a move starts where the one before did not end"
        last = (deal_id, title, stands_on, to_stage)
    if last is not None:
        yield from _end_problem(last)
    yield from _without_moves(shop_id)


def _end_problem(last: tuple[int, str, int, int | None]) -> Iterator[str]:
    deal_id, title, stands_on, to_stage = last
    if to_stage is not None and to_stage != stands_on:
        yield f"deal {deal_id} ({title}): its last move does not end where it stands"


def _without_moves(shop_id: int | None) -> Iterator[str]:
    recorded = DealMove.objects.filter(deal=OuterRef("pk"))
    silent = of_shop(Deal.objects.filter(~Exists(recorded)), shop_id, "funnel__shop_id").order_by("pk")
    for pk, title in silent.values_list("pk", "title").iterator():
        yield f"deal {pk} ({title}): nothing records how it came here"


def entries(shop_id: int | None) -> Iterator[str]:
    """In the funnel that takes a shop's orders and follows them, each status has exactly one entry stage."""
    taking = Funnel.objects.filter(is_default=True, is_active=True, follows_orders=True)
    for funnel in of_shop(taking, shop_id).order_by("pk"):
        rows = Stage.objects.filter(funnel=funnel).exclude(status="").order_by().values_list("status")
        counted = dict(rows.annotate(entries=Count("pk", filter=Q(is_entry=True))))
        for status in Status.values:
            if counted.get(status, 0) != 1:
                yield f"funnel {funnel.slug}: {counted.get(status, 0)} entry stages for {status}, not one"
