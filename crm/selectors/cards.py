"""Cards as the board shows them: loaded by key, in one query however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, Exists, F, Max, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Concat, JSONObject
from django.utils import timezone

from crm.models import CustomerTag, Deal, Stage
from crm.selectors.reminders import GRACE, colour_of, next_reminder
from inventory.models import Reservation
from notifications.models import Message, SmsReply
from orders.carriers import carrier_name
from orders.guards import WITH_REST
from orders.models import Order, OrderEvent, OrderLine, Return, Shipment
from orders.models.history import EventKind
from orders.models.orders import stock_reference_at
from orders.selectors import NEWS_OF_GOODS
from orders.statuses import ReturnKind, ReturnState, ShipmentState, Status, StockNews
from shops.models import User
from shops.working_hours import Calendar

CLOSED = (Status.DELIVERED, Status.CANCELLED, Status.RETURNED)
NOT_TAKEN = (ReturnKind.REFUSED, ReturnKind.UNCLAIMED)
# How far ahead a card says when it will turn late: longer than a board stays open without a reload.
LOOKS_AHEAD = timedelta(hours=12)
COLOUR_LENGTH, BETWEEN_TAGS = 7, "\x1f"


@dataclass(frozen=True)
class CardTag:
    """A tag of the deal or of its customer."""

    name: str
    colour: str


@dataclass(frozen=True)
class Card:
    """One card, ready to show. `age` is the time in its stage; marks are set only when true.

    `expected_on` is the day from which nothing is short any more, where it is known. `call_at` is when to ring again,
    `refused_before` how many other parcels of the customer came back untaken. `looks_new_at` is the next moment at
    which the card looks different although nothing happens.
    """

    deal: Deal
    order: Order | None
    stage: Stage
    first_product: str
    more_products: int
    carrier: str
    tracking_number: str
    age: timedelta
    is_late: bool
    is_short: bool
    expected_on: date | None
    goods_arrived: bool
    has_other_open: bool
    without_awb: bool
    call_at: datetime | None = None
    is_call_due: bool = False
    refused_before: int = 0
    has_unread_reply: bool = False
    has_failed_message: bool = False
    reminder_at: datetime | None = None
    reminder_colour: str = ""
    put_off_until: datetime | None = None
    tags: tuple[CardTag, ...] = ()
    held_by: User | None = None
    looks_new_at: datetime | None = None

    @property
    def attempts(self) -> int:
        """How many calls nobody answered, while the customer is still to be called."""
        is_new = self.order is not None and self.order.status == Status.NEW
        return self.deal.attempts if is_new else 0

    @property
    def has_marks(self) -> bool:
        """Whether there is anything to say below the four lines."""
        return bool(
            self.is_short
            or self.goods_arrived
            or self.without_awb
            or self.has_other_open
            or self.call_at
            or self.attempts
            or self.refused_before
            or self.has_unread_reply
            or self.has_failed_message
            or self.reminder_at
            or self.put_off_until
            or self.tags
            or self.held_by
        )

    @property
    def awaits_rest(self) -> bool:
        """Whether what is short is the rest of an order that was shipped already."""
        return self.is_short and self.order is not None and self.order.status in WITH_REST

    @property
    def awb_tail(self) -> str:
        """The last four characters of the tracking number."""
        return self.tracking_number[-4:]


def with_marks(deals: QuerySet[Deal]) -> QuerySet[Deal, Any]:
    """The deals with what `cards_of` needs beside their own row: looked up per card, for no query of its own."""
    lines = OrderLine.objects.filter(order=OuterRef("order_id"))
    parcels = Shipment.objects.filter(order=OuterRef("order_id")).exclude(state=ShipmentState.VOIDED)
    last_parcel = JSONObject(carrier="carrier", number="tracking_number")
    return deals.annotate(
        first_product=Subquery(lines.order_by("position").values("name")[:1]),
        line_count=Subquery(lines.order_by().values("order").annotate(n=Count("pk")).values("n")),
        parcel=Subquery(parcels.order_by("-pk").values_list(last_parcel)[:1]),
        waiting=Subquery(_waiting_units()),
        goods_arrived=Exists(goods_arrived()),
        has_other_open=Exists(_other_open_orders()),
        refused_before=Subquery(_parcels_not_taken()),
        has_unread_reply=Exists(_unread_replies()),
        has_failed_message=Exists(failed_messages()),
        reminder_at=Subquery(next_reminder().values("due_at")[:1]),
        own_tags=Subquery(_own_tags()),
        customer_tags=Subquery(_customer_tags()),
    )


def cards_of(deals: Iterable[Any], calendar: Calendar) -> dict[int, Card]:
    """Cards by deal key. The deals come from `with_marks`, with stage, order, address, manager and holder."""
    now = timezone.now()
    clock = _Clock(calendar, now)
    return {deal.pk: _card(deal, clock) for deal in deals}


class _Clock:
    """What time says about cards, for one moment: since when is late is worked out once per time limit."""

    def __init__(self, calendar: Calendar, now: datetime) -> None:
        self.calendar, self.now = calendar, now
        self._late_since: dict[Any, datetime] = {}

    def is_late(self, deal: Any) -> bool:
        limit = deal.stage.time_limit_hours
        if limit is None:
            return False
        if limit not in self._late_since:
            self._late_since[limit] = self.calendar.before_open(self.now, timedelta(hours=float(limit)))
        return bool(deal.stage_entered_at < self._late_since[limit])

    def late_at(self, deal: Any) -> datetime | None:
        """When the card will turn late, where that is soon."""
        limit = deal.stage.time_limit_hours
        allowed = timedelta(hours=float(limit or 0))
        soon = deal.stage_entered_at + allowed < self.now + LOOKS_AHEAD
        if limit is None or not soon:
            return None
        return self.calendar.after_open(deal.stage_entered_at, allowed)

    def next_of(self, moments: Iterable[datetime | None]) -> datetime | None:
        """The first of these moments that is still to come."""
        return min((moment for moment in moments if moment is not None and moment > self.now), default=None)

    def is_ahead(self, moment: datetime | None) -> bool:
        return moment is not None and moment > self.now


def _card(deal: Any, clock: _Clock) -> Card:
    order = deal.order
    parcel = deal.parcel or {"carrier": "", "number": ""}
    is_short = deal.waiting is not None and order.status not in (Status.CANCELLED, Status.RETURNED)
    is_open = order is not None and order.status not in CLOSED
    call_at = deal.retry_at if order is not None and order.status == Status.NEW else None
    return Card(
        deal=deal,
        order=order,
        stage=deal.stage,
        first_product=deal.first_product or "",
        more_products=max(0, (deal.line_count or 0) - 1),
        carrier=carrier_name(parcel["carrier"] or (order.courier if order else "")),
        tracking_number=parcel["number"],
        age=clock.now - deal.stage_entered_at,
        is_late=clock.is_late(deal),
        is_short=is_short,
        expected_on=_expected_on(deal.waiting) if is_short else None,
        goods_arrived=deal.goods_arrived and not is_short,
        has_other_open=deal.has_other_open and is_open,
        without_awb=deal.stage.slug == "packed" and not parcel["number"],
        call_at=call_at,
        is_call_due=call_at is not None and call_at <= clock.now,
        refused_before=(deal.refused_before or 0) if is_open else 0,
        has_unread_reply=deal.has_unread_reply,
        has_failed_message=deal.has_failed_message,
        reminder_at=deal.reminder_at,
        reminder_colour=colour_of(deal.reminder_at, clock.now) if deal.reminder_at else "",
        put_off_until=deal.snoozed_until if clock.is_ahead(deal.snoozed_until) else None,
        tags=_tags(deal),
        held_by=deal.held_by if clock.is_ahead(deal.held_until) else None,
        looks_new_at=clock.next_of(_turning_points(deal, clock)),
    )


def _turning_points(deal: Any, clock: _Clock) -> Iterator[datetime | None]:
    yield from (deal.retry_at, deal.snoozed_until, deal.held_until, deal.reminder_at)
    yield deal.reminder_at + GRACE if deal.reminder_at else None
    yield clock.late_at(deal)


def _tags(deal: Any) -> tuple[CardTag, ...]:
    words = {
        word for text in (deal.own_tags, deal.customer_tags) if text for word in text.split(BETWEEN_TAGS)
    }
    tags = (CardTag(word[COLOUR_LENGTH:], word[:COLOUR_LENGTH]) for word in words)
    return tuple(sorted(tags, key=lambda tag: tag.name.casefold()))


def goods_arrived() -> QuerySet[OrderEvent]:
    """Of the deal around it: news that its goods are here, younger than the order's status, with no later news and
    no parcel that took them. The same rule as `orders.selectors.with_goods_arrived`, as a condition."""
    arrived = OrderEvent.objects.filter(
        order=OuterRef("order_id"),
        kind=EventKind.STOCK,
        reason_code=StockNews.ARRIVED,
        reverted_at=None,
        at__gte=OuterRef("order__status_changed_at"),
    )
    later = OrderEvent.objects.filter(
        NEWS_OF_GOODS, order=OuterRef("order"), pk__gt=OuterRef("pk"), reverted_at=None
    )
    # Last, for SQLite asks in the order written: few events are news, and only these look for later ones.
    return arrived.filter(~Exists(later))


def _waiting_units() -> QuerySet[Reservation, Any]:
    """What the deal's order waits for: how many products, of how many the day is known, and the last of these days."""
    waiting = Reservation.objects.filter(
        reference=stock_reference_at(OuterRef("order_id")), backordered__gt=0
    )
    day = "stock_item__product__expected_on"
    found = JSONObject(products=Count("pk"), known=Count(day), last=Max(day))
    return waiting.order_by().values("reference").annotate(found=found).values("found")


def _expected_on(waiting: dict[str, Any]) -> date | None:
    return date.fromisoformat(waiting["last"]) if waiting["known"] == waiting["products"] else None


def _other_open_orders() -> QuerySet[Order]:
    same_customer = Order.objects.filter(customer=OuterRef("order__customer_id"))
    return same_customer.exclude(pk=OuterRef("order_id")).exclude(status__in=CLOSED)


def failed_messages() -> QuerySet[Message]:
    """Of the deal around it: messages to its customer that need a person."""
    return Message.objects.filter(order=OuterRef("order_id")).needing_a_person()


def _unread_replies() -> QuerySet[SmsReply]:
    return SmsReply.objects.filter(order=OuterRef("order_id"), read_at=None)


def _parcels_not_taken() -> QuerySet[Return, Any]:
    """How many other orders of the deal's customer came back because nobody took them."""
    back = Return.objects.filter(order__customer=OuterRef("order__customer_id"), kind__in=NOT_TAKEN)
    others = back.exclude(order=OuterRef("order_id")).exclude(state=ReturnState.VOIDED).order_by()
    found = others.values("order__customer").annotate(n=Count("order", distinct=True))
    return found.values("n")


class _Joined(Aggregate):
    """The texts of a group in one, parted by a character nobody types."""

    function = "STRING_AGG"
    name = "Joined"
    output_field = TextField()

    def __init__(self, expression: Any) -> None:
        super().__init__(expression, Value(BETWEEN_TAGS, output_field=TextField()))

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return super().as_sql(compiler, connection, function="GROUP_CONCAT", **extra)


def _own_tags() -> QuerySet[Any, Any]:
    return _joined(Deal.tags.through.objects.filter(deal=OuterRef("pk")), "deal")


def _customer_tags() -> QuerySet[Any, Any]:
    return _joined(CustomerTag.objects.filter(customer=OuterRef("customer_id")), "customer")


def _joined(worn: QuerySet[Any, Any], owner: str) -> QuerySet[Any, Any]:
    word = Concat(F("tag__colour"), F("tag__name"), output_field=TextField())
    return worn.order_by().values(owner).annotate(words=_Joined(word)).values("words")
