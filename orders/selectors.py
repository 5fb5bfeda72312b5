"""Reading orders: the facts guards judge by, the buttons a person gets, one order's page, the public token."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.errors import written_day
from inventory.selectors import Held, available_units, reservations_of
from orders.errors import OrderError
from orders.guards import (
    Arguments,
    OrderFacts,
    Refusal,
    RestFacts,
    ShipmentFact,
    ShortLine,
    check,
    missing_address_fields,
)
from orders.models import Order, OrderAddress, OrderEvent, OrderLine, ReturnLine, Shipment, ShipmentLine
from orders.models.history import EventKind
from orders.models.orders import stock_reference
from orders.statuses import ReturnState, ShipmentState, StockNews, Transition
from shops.models import StockMaster, User
from shops.permissions import Action, role_allows

ACTION_OF_TRANSITION: dict[str, Action] = {
    Transition.CONFIRM: Action.CONFIRM,
    Transition.START_PROCESSING: Action.PROCESS,
    Transition.SHIP: Action.SHIP,
    Transition.DELIVER: Action.DELIVER,
    Transition.CANCEL: Action.CANCEL,
    Transition.RETURN: Action.RETURN,
    Transition.REOPEN: Action.REOPEN,
}
FORM_OF_TRANSITION = {
    Transition.SHIP: "ship",
    Transition.CANCEL: "cancel",
    Transition.RETURN: "return",
    Transition.REOPEN: "reopen",
}
LIVE_SHIPMENTS = (ShipmentState.PREPARED, ShipmentState.HANDED_OVER, ShipmentState.DELIVERED)
# What arrived or is missing, and the later parcels that took it.
NEWS_OF_GOODS = Q(kind=EventKind.STOCK) | Q(kind=EventKind.SHIPMENT, move_id__isnull=False)
LEFT_THE_HOUSE = (ShipmentState.HANDED_OVER, ShipmentState.DELIVERED, ShipmentState.RETURNED)


@dataclass(frozen=True)
class ActionState:
    """A button: the transition, its label, the form it opens (or ""), and why it is off (or None)."""

    transition: str
    label: str
    form: str
    refusal: Refusal | None


def facts_for(order_ids: Collection[int]) -> dict[int, OrderFacts]:
    """The facts of these orders, by key, in five queries however many there are."""
    orders = Order.objects.filter(pk__in=order_ids).select_related("shop", "shipping_address")
    by_id = {order.pk: order for order in orders}
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order_id__in=by_id).select_related("product"):
        lines[line.order_id].append(line)
    shipments: dict[int, list[ShipmentFact]] = defaultdict(list)
    for parcel in Shipment.objects.filter(order_id__in=by_id, state__in=LIVE_SHIPMENTS).order_by("pk"):
        shipments[parcel.order_id].append(ShipmentFact(parcel.carrier, parcel.tracking_number, parcel.state))
    held = reservations_of([order.stock_reference for order in by_id.values()])
    free = available_units({line.product_id for rows in lines.values() for line in rows})
    return {
        pk: _facts(order, lines[pk], tuple(shipments[pk]), held.get(order.stock_reference, {}), free)
        for pk, order in by_id.items()
    }


def facts_of(order_id: int) -> OrderFacts:
    """The facts of one order; raises OrderError when it does not exist."""
    facts = facts_for([order_id]).get(order_id)
    if facts is None:
        raise OrderError(f"Order {order_id} does not exist.", code="not_found")
    return facts


def _facts(
    order: Order,
    lines: Iterable[OrderLine],
    shipments: tuple[ShipmentFact, ...],
    held: dict[int, Held],
    free: dict[int, int],
) -> OrderFacts:
    rows = list(lines)
    tracked = {line.product_id: line.product for line in rows if line.product.is_tracked}
    keeps_stock = order.shop.stock_master != StockMaster.NOBODY
    wanted: dict[int, int] = defaultdict(int)
    for line in rows:
        if line.product_id in tracked:
            wanted[line.product_id] += line.quantity
    today = timezone.localdate(timezone=order.shop.zone)
    short = []
    for product_id, units in wanted.items():
        mine = held.get(product_id)
        reachable = (mine.reserved if mine else 0) + max(0, free.get(product_id, 0))
        product = tracked[product_id]
        if reachable < units and not product.may_wait(today):
            short.append(ShortLine(product.sku or product.name, units, reachable, product.preorder_from))
    reserved = sum(mine.reserved for mine in held.values())
    return OrderFacts(
        order_id=order.pk,
        number=order.number,
        status=order.status,
        delivery_kind=order.delivery_kind,
        missing=missing_address_fields(
            order.delivery_kind, address_values(order.shipping_address, order.pickup_point)
        ),
        line_count=len(rows),
        payment_method=order.payment_method,
        payment_status=order.payment_status,
        confirm_unpaid=order.shop.confirm_unpaid,
        blocks_on_shortage=order.shop.blocks_on_shortage,
        partial_agreed=order.partial_agreed,
        short=tuple(sorted(short, key=lambda line: line.sku)) if keeps_stock else (),
        nothing_reserved=bool(wanted)
        and len(tracked) == len({line.product_id for line in rows})
        and reserved == 0,
        shipments=shipments,
    )


@dataclass(frozen=True)
class LineUnits:
    """What became of one line, in whole units. Lines of one product share what stock holds, the first line first.

    `reserved` can be sent now, `waiting` is not in the house yet, `shipped` left it (`returned` of it are on their
    way back or here again), and `dropped` will not be sent any more.
    """

    line: OrderLine
    reserved: int
    waiting: int
    shipped: int
    returned: int

    @property
    def dropped(self) -> int:
        return self.line.dropped

    @property
    def owed(self) -> int:
        """Units that were neither sent nor dropped."""
        return max(0, self.line.quantity - self.shipped - self.line.dropped)

    def ready(self, *, blocks_on_shortage: bool) -> int:
        """Units that can be sent now; a shop that does not keep the stock here sends everything at once."""
        return self.reserved if blocks_on_shortage and self.line.product.is_tracked else self.owed


def units_of_lines(order_ids: Collection[int]) -> dict[int, list[LineUnits]]:
    """What became of each line, by order key and in the order of the lines, in four queries."""
    lines: dict[int, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    found = OrderLine.objects.filter(order_id__in=order_ids).select_related("product")
    for line in found.order_by("order_id", "position"):
        lines[line.order_id].append(line)
    return _units_of(lines)


def units_of(order: Order) -> list[LineUnits]:
    """What became of each line of an order from `order_detail`, in three queries."""
    return _units_of({order.pk: list(order.lines.all())})[order.pk]


def _units_of(lines: dict[int, list[OrderLine]]) -> dict[int, list[LineUnits]]:
    order_ids = lines.keys()
    held = reservations_of([stock_reference(order_id) for order_id in order_ids])
    sent = ShipmentLine.objects.filter(shipment__state__in=LEFT_THE_HOUSE)
    shipped = _units_by_line(sent, order_ids)
    returned = _units_by_line(ReturnLine.objects.exclude(return_note__state=ReturnState.VOIDED), order_ids)
    return {
        order_id: _deal_out(rows, held[stock_reference(order_id)], shipped, returned)
        for order_id, rows in lines.items()
    }


def _units_by_line(rows: QuerySet[Any], order_ids: Collection[int]) -> dict[int, int]:
    mine = rows.filter(line__order_id__in=order_ids).order_by()
    return dict(mine.values_list("line_id").annotate(units=Sum("quantity")))


def _deal_out(
    lines: Iterable[OrderLine], held: dict[int, Held], shipped: dict[int, int], returned: dict[int, int]
) -> list[LineUnits]:
    left, rows = dict(held), []
    for line in lines:
        gone = shipped.get(line.pk, 0)
        owed = max(0, line.quantity - gone - line.dropped)
        mine = left.get(line.product_id, Held())
        reserved = min(owed, mine.reserved)
        waiting = min(owed - reserved, mine.backordered)
        left[line.product_id] = Held(mine.reserved - reserved, mine.backordered - waiting)
        rows.append(LineUnits(line, reserved, waiting, gone, returned.get(line.pk, 0)))
    return rows


def rest_facts(order: Order, units: Iterable[LineUnits]) -> RestFacts:
    """What of a shipped order is still to be sent, from `units_of_lines`; reads nothing more."""
    rows = list(units)
    here = order.shop.blocks_on_shortage
    awaited = [row for row in rows if row.owed > row.ready(blocks_on_shortage=here)]
    return RestFacts(
        status=order.status,
        owed=sum(row.owed for row in rows),
        ready=sum(row.ready(blocks_on_shortage=here) for row in rows),
        awaited=tuple(awaited_words(row, row.owed - row.ready(blocks_on_shortage=here)) for row in awaited),
    )


def awaited_words(row: LineUnits, units: int) -> str:
    """“2 × Mug, expected 3 Dec 2026”; without the day where nobody knows it."""
    words = {"units": units, "name": row.line.name}
    if row.line.product.expected_on is None:
        return _("%(units)d × %(name)s") % words
    return _("%(units)d × %(name)s, expected %(day)s") % {
        **words,
        "day": written_day(row.line.product.expected_on),
    }


def with_goods_arrived(orders: Iterable[Order]) -> set[int]:
    """The keys of those whose last goods arrived and that have not moved on since. One query."""
    by_key = {order.pk: order for order in orders}
    news = OrderEvent.objects.filter(NEWS_OF_GOODS, order_id__in=by_key, reverted_at=None)
    latest = {
        order_id: (reason_code, at)
        for order_id, reason_code, at in news.order_by("pk").values_list("order_id", "reason_code", "at")
    }
    return {
        pk
        for pk, (news_code, at) in latest.items()
        if news_code == StockNews.ARRIVED and at >= by_key[pk].status_changed_at
    }


def address_values(address: OrderAddress, pickup_point: str) -> dict[str, str]:
    """What the completeness rule looks at."""
    return {
        "name": address.name or address.company,
        "phone": address.phone,
        "street": address.street,
        "city": address.city,
        "country": address.country,
        "pickup_point": pickup_point,
    }


def actions_for(facts: OrderFacts, role: str | None) -> list[ActionState]:
    """The buttons of an order for a role, each with why it is off. A missing detail is no refusal: its form asks for it."""
    states = []
    for transition, action in ACTION_OF_TRANSITION.items():
        if not role_allows(role, action):
            continue
        refusal = check(transition, facts, Arguments())
        if refusal is not None and refusal.form:
            refusal = None
        label = str(Transition(transition).label)
        states.append(
            ActionState(transition, label, FORM_OF_TRANSITION.get(Transition(transition), ""), refusal)
        )
    return states


def order_detail(user: User, number: str) -> Order | None:
    """One order a person may see, with what its page shows, or None."""
    return (
        Order.objects.visible_to(user)
        .select_related("shop", "customer", "manager", "shipping_address", "billing_address")
        .prefetch_related(
            "lines__product", "shipments__lines__line", "returns__lines__line", "notes", "customer__contacts"
        )
        .filter(number=number)
        .first()
    )


@dataclass(frozen=True)
class MissedCalls:
    """Calls in a row that nobody answered, since the order has its status, and when to call again."""

    attempts: int = 0
    next_try_at: datetime | None = None


def missed_calls(order_id: int) -> MissedCalls:
    """How often nobody answered since the last answer or change of status; calls that were undone do not count."""
    told = Q(kind=EventKind.CALL) | Q(kind=EventKind.STATUS)
    last = OrderEvent.objects.filter(told, order_id=order_id, reverted_at=None).order_by("-id").first()
    if last is None or last.kind != EventKind.CALL or last.details["answered"]:
        return MissedCalls()
    planned = last.details["next_try_at"]
    return MissedCalls(last.details["attempt"], datetime.fromisoformat(planned) if planned else None)


def order_history(order_id: int) -> QuerySet[OrderEvent]:
    """Everything that happened to an order, newest first."""
    return OrderEvent.objects.filter(order_id=order_id).select_related("actor_user").order_by("-id")
