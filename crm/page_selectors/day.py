"""The day sheet of one shop: what one day brought, by the shop's clock, each figure with the orders behind it.

Every figure counts what `crm.selectors.day_events` says happened, so the list behind a figure shows the same rows.
The cost follows the day's rows: one query for each kind of thing, whatever the shop has sold before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from crm.models import Stage
from crm.page_selectors.narrowing import start_of
from crm.selectors.day_events import (
    HAPPENED,
    MESSAGES,
    OPEN_IS_KNOWN_FOR,
    events_between,
    is_first_parcel,
    messages_between,
    open_at,
    parcels_arrived,
    parcels_sent,
    stage_then,
)
from orders.models import Order, Shipment
from orders.models.history import EventKind
from orders.models.orders import order_scope
from orders.statuses import PaymentMethod
from shops.models import Shop, User
from shops.money import quantise
from shops.permissions import Action, role_allows
from shops.selectors import role_of

MACHINE = "0"
COUNTED = (EventKind.STATUS, EventKind.CALL, EventKind.PAYMENT, EventKind.RETURN)
OF_PEOPLE = ("called", "answered", "confirmed", "cancelled", "shipped", "delivered", "returned")


@dataclass
class Figure:
    """A count with its sums by currency, and the address of the rows behind it."""

    query: str = ""
    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)

    def add(self, count: int, currency: str = "", amount: Decimal | None = None) -> None:
        self.count += count
        if currency and amount:
            self.sums[currency] = self.sums.get(currency, Decimal(0)) + quantise(amount, currency)

    @property
    def money(self) -> list[tuple[str, Decimal]]:
        """The sums by currency, in a fixed order."""
        return sorted(self.sums.items())


@dataclass
class Courier:
    """What one courier took along and brought: parcels, those with an AWB, and the money to be collected and collected."""

    code: str
    sent: Figure
    arrived: Figure
    numbered: int = 0


@dataclass
class Person:
    """What one person did on the day; machines are one row together."""

    key: str
    name: str
    figures: dict[str, Figure]

    @property
    def cells(self) -> list[Figure]:
        return [self.figures[name] for name in OF_PEOPLE]


@dataclass
class Sheet:
    """One day of one shop. Without `has_money` only parcels are there. `opening` is None for days long past.

    opening + received + reopened − cancelled − shipped + other = closing; `other` are orders dated after their own
    first change, and normally none.
    """

    shop: Shop
    day: date
    has_money: bool
    is_over: bool
    happened: dict[str, Figure] = field(default_factory=dict)
    received: Figure = field(default_factory=Figure)
    sources: dict[str, Figure] = field(default_factory=dict)
    reasons: dict[str, Figure] = field(default_factory=dict)
    kinds: dict[str, Figure] = field(default_factory=dict)
    couriers: list[Courier] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    told: dict[str, dict[str, Figure]] = field(default_factory=dict)
    opening: Figure | None = None
    closing: Figure | None = None
    stages: list[tuple[str, str, Figure]] = field(default_factory=list)
    other: int = 0

    @property
    def sent(self) -> Figure:
        """All parcels handed over, with the money couriers are to collect for them."""
        return _sum(courier.sent for courier in self.couriers)

    @property
    def arrived(self) -> Figure:
        """All parcels delivered, with the money collected for them."""
        return _sum(courier.arrived for courier in self.couriers)


def day_sheet(user: User, shop: Shop, day: date) -> Sheet:
    """The sheet as this person may see it; warehouse people get the parcels only. A fixed number of queries."""
    has_money = role_allows(role_of(user, shop.pk), Action.VIEW_REVENUE)
    start, end = start_of(day, shop.zone), start_of(day + timedelta(days=1), shop.zone)
    sheet = Sheet(shop, day, has_money, is_over=end <= timezone.now())
    link = _Links(shop, day)
    sheet.happened = {name: Figure(link(name)) for name in HAPPENED}
    _count_events(sheet, user, link, start, end)
    _count_parcels(sheet, user, link, start, end)
    if has_money:
        orders = Order.objects.visible_to(user).filter(shop=shop)
        _count_received(sheet, orders, link, start, end)
        _count_messages(sheet, user, link, start, end)
        if timezone.now() - start < OPEN_IS_KNOWN_FOR:
            _count_open(sheet, orders, link, start, end)
    return sheet


class _Links:
    """Addresses of the order list for the figures of one sheet."""

    def __init__(self, shop: Shop, day: date) -> None:
        self._base = {"shop": shop.slug}
        self._day = {"on": day.isoformat()}

    def __call__(self, did: str, **more: str) -> str:
        return urlencode({**self._base, "did": did, **self._day, **more})


def _sum(figures: Iterable[Figure]) -> Figure:
    found = Figure()
    for figure in figures:
        found.add(figure.count)
        for currency, amount in figure.sums.items():
            found.sums[currency] = found.sums.get(currency, Decimal(0)) + amount
    return found


def _count_received(
    sheet: Sheet, orders: QuerySet[Order], link: _Links, start: datetime, end: datetime
) -> None:
    sheet.received = Figure(link("received"))
    rows = orders.filter(placed_at__gte=start, placed_at__lt=end).order_by("source", "currency")
    for source, currency, count, amount in rows.values_list("source", "currency").annotate(
        n=Count("pk"), amount=Sum("total")
    ):
        sheet.received.add(count, currency, amount)
        query = link("received", source=source)
        sheet.sources.setdefault(source, Figure(query)).add(count, currency, amount)


def _count_events(sheet: Sheet, user: User, link: _Links, start: datetime, end: datetime) -> None:
    """Everything that is an event, in one query: counts and sums by what, why and who."""
    events = events_between(start, end).filter(
        order_scope(user, "order__"), kind__in=COUNTED, order__shop=sheet.shop
    )
    counts = {f"n_{name}": Count("pk", filter=where) for name, where in HAPPENED.items()}
    sums = {f"sum_{name}": Sum("order__total", filter=where) for name, where in HAPPENED.items()}
    groups = ("reason_code", "order__currency", *_PERSON)
    people: dict[str, Person] = {}
    for row in events.order_by().values(*groups).annotate(**counts, **sums):
        for name in HAPPENED:
            if row[f"n_{name}"]:
                _put(sheet, people, link, name, row)
    ordered = sorted(people.values(), key=lambda person: (person.key == MACHINE, person.name.casefold()))
    sheet.people = ordered if sheet.has_money else []


_PERSON = ("actor_user", "actor_user__first_name", "actor_user__last_name", "actor_user__username")


def _put(sheet: Sheet, people: dict[str, Person], link: _Links, name: str, row: Mapping[str, Any]) -> None:
    added = row[f"n_{name}"], row["order__currency"], row[f"sum_{name}"]
    sheet.happened[name].add(*added)
    why = row["reason_code"]
    parts = {"cancelled": sheet.reasons, "returned": sheet.kinds}.get(name)
    if parts is not None:
        query = link(name, why=why) if why else ""
        parts.setdefault(why, Figure(query)).add(*added)
    if name in OF_PEOPLE:
        key = str(row["actor_user"] or MACHINE)
        if key not in people:
            full = f"{row['actor_user__first_name'] or ''} {row['actor_user__last_name'] or ''}".strip()
            figures = {each: Figure(link(each, by=key)) for each in OF_PEOPLE}
            people[key] = Person(key, full or row["actor_user__username"] or "", figures)
        people[key].figures[name].add(*added)


def _count_parcels(sheet: Sheet, user: User, link: _Links, start: datetime, end: datetime) -> None:
    found: dict[str, Courier] = {}
    for code, currency, count, numbered, cod in _parcels(sheet.shop, user, parcels_sent(start, end)):
        courier = _courier(found, link, code)
        courier.sent.add(count, currency, cod)
        courier.numbered += numbered
    for code, currency, count, _numbered, cod in _parcels(sheet.shop, user, parcels_arrived(start, end)):
        _courier(found, link, code).arrived.add(count, currency, cod)
    sheet.couriers = [found[code] for code in sorted(found)]


def _courier(found: dict[str, Courier], link: _Links, code: str) -> Courier:
    links = (Figure(link("sent", **{"with": code})), Figure(link("arrived", **{"with": code})))
    return found.setdefault(code, Courier(code, *links))


def _parcels(shop: Shop, user: User, parcels: QuerySet[Shipment]) -> Iterable[tuple[Any, ...]]:
    """Per courier and currency: parcels, those with a number, and the money to be collected with them.

    An order's money is collected with its first parcel, unless it was paid before that left.
    """
    unpaid = Q(order__paid_at=None) | Q(order__paid_at__gte=F("handed_over_at"))
    cod = Q(order__payment_method=PaymentMethod.COD, is_first=True) & unpaid
    mine = parcels.filter(order_scope(user, "order__"), order__shop=shop).annotate(is_first=is_first_parcel())
    rows = mine.order_by("carrier", "order__currency").values_list("carrier", "order__currency")
    return rows.annotate(
        n=Count("pk"),
        numbered=Count("pk", filter=~Q(tracking_number="")),
        cod=Sum("order__total", filter=cod),
    )


def _count_messages(sheet: Sheet, user: User, link: _Links, start: datetime, end: datetime) -> None:
    """By channel: what left and what did not, as it stands now; counted by message, linked to their orders."""
    mine = messages_between(start, end).filter(order_scope(user, "order__"), shop=sheet.shop)
    counts = {name: Count("pk", filter=where) for name, where in MESSAGES.items()}
    rows = mine.order_by("channel").values("channel").annotate(all=Count("pk"), **counts)
    for row in map(dict[str, Any], rows):
        figures = {name: Figure(link(name)) for name in MESSAGES}
        for name, figure in figures.items():
            figure.add(row[name])
        rest = Figure()
        rest.add(row["all"] - sum(figure.count for figure in figures.values()))
        sheet.told[row["channel"]] = figures | {"other": rest}


def _count_open(sheet: Sheet, orders: QuerySet[Order], link: _Links, start: datetime, end: datetime) -> None:
    sheet.opening, sheet.closing = Figure(link("opening")), Figure(link("closing"))
    for currency, count, amount in _by_currency(open_at(orders, start)):
        sheet.opening.add(count, currency, amount)
    by_stage: dict[int | None, Figure] = defaultdict(Figure)
    then = open_at(orders, end).annotate(stage_was=stage_then(end)).order_by()
    for stage_id, currency, count, amount in then.values_list("stage_was", "currency").annotate(
        n=Count("pk"), amount=Sum("total")
    ):
        sheet.closing.add(count, currency, amount)
        by_stage[stage_id].add(count, currency, amount)
    stages = Stage.objects.filter(pk__in=[key for key in by_stage if key]).select_related("funnel")
    for stage in sorted(stages, key=lambda stage: (stage.funnel.position, stage.funnel_id, stage.position)):
        figure = by_stage.pop(stage.pk)
        figure.query = link("closing", then=str(stage.pk))
        sheet.stages.append((stage.name, stage.colour, figure))
    if by_stage:
        rest = _sum(by_stage.values())
        rest.query = link("closing", then=MACHINE)
        sheet.stages.append(("", "", rest))
    happened = {name: figure.count for name, figure in sheet.happened.items()}
    came = sheet.received.count + happened["reopened"]
    left = happened["cancelled"] + happened["shipped"]
    sheet.other = sheet.closing.count - (sheet.opening.count + came - left)


def _by_currency(orders: QuerySet[Order]) -> Iterable[tuple[str, int, Decimal]]:
    rows = orders.order_by().values_list("currency").annotate(n=Count("pk"), amount=Sum("total"))
    return list(rows)
