"""What the order list can be narrowed by: the words of its address as conditions, and as chips people read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.models import CustomerTag, Deal, Stage, Tag
from crm.page_selectors.narrowing import Address, Words, among, start_of, within_days
from crm.selectors.day_events import (
    HAPPENED,
    MESSAGES,
    OPEN_IS_KNOWN_FOR,
    events_between,
    messages_between,
    open_at,
    parcels_arrived,
    parcels_sent,
    stage_was,
)
from inventory.models import Product
from inventory.search import search_products
from notifications.statuses import MARKETPLACES
from orders.carriers import CARRIERS
from orders.models import Order, OrderLine, Shipment
from orders.search import search_orders
from orders.statuses import (
    CancelReason,
    DeliveryKind,
    PaymentMethod,
    PaymentStatus,
    ReturnKind,
    ShipmentState,
    Status,
)
from shops.models import Shop, User

SOURCES = ("manual", "woocommerce", "shopify", "api", "csv", "file", *sorted(MARKETPLACES))
WHOSE = ("mine", "none")
AWB = {
    "with": pgettext_lazy("orders", "With an AWB"),
    "without": pgettext_lazy("orders", "Without an AWB"),
}
DAY_WORDS = {
    "received": gettext_lazy("Received"),
    "confirmed": gettext_lazy("Confirmed"),
    "cancelled": gettext_lazy("Cancelled"),
    "reopened": gettext_lazy("Reopened"),
    "shipped": gettext_lazy("Shipped"),
    "sent": gettext_lazy("Parcel handed over"),
    "arrived": gettext_lazy("Parcel delivered"),
    "delivered": gettext_lazy("Delivered"),
    "returned": gettext_lazy("Returned or refused"),
    "came_back": gettext_lazy("Return received"),
    "called": gettext_lazy("Called"),
    "answered": gettext_lazy("Called, answered"),
    "unanswered": gettext_lazy("Called, no answer"),
    "paid": gettext_lazy("Paid"),
    "refunded": gettext_lazy("Refunded"),
    "told": gettext_lazy("A message left"),
    "untold": gettext_lazy("A message did not arrive"),
    "opening": gettext_lazy("Open when the day began"),
    "closing": gettext_lazy("Open when the day ended"),
}
MACHINE = "0"
LIVE = ~Q(state=ShipmentState.VOIDED)


@dataclass(frozen=True)
class OrderFilter:
    """The filters in force, read and valid; empty ones narrow nothing. `problems` say what was not understood.

    `did` and `on` are a happening of the day sheet and its day; `by` (a person's key, or 0 for machines), `why` and
    `with_courier` narrow it further. Amounts are gross, in each order's own currency.
    """

    address: Address = field(default_factory=Address)
    problems: tuple[str, ...] = ()
    q: str = ""
    shop: str = ""
    status: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    pay: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    courier: tuple[str, ...] = ()
    delivery: tuple[str, ...] = ()
    manager: str = ""
    since: date | None = None
    until: date | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    tag: str = ""
    awb: str = ""
    product: str = ""
    did: str = ""
    on: date | None = None
    by: str = ""
    why: str = ""
    with_courier: str = ""
    then: str = ""

    @property
    def is_narrowed(self) -> bool:
        return bool(self.address.pairs)


def read_order_filter(params: Mapping[str, Sequence[str]]) -> OrderFilter:
    """The filter of an address. Never raises: what is not understood is named in `problems`."""
    words = Words(params)
    found = OrderFilter(
        q=words.text("q", 200),
        shop=words.text("shop", 50),
        status=words.several("status", Status.values, _("a status")),
        stage=words.several("stage", Digits(), _("a stage")),
        pay=words.several("pay", PaymentStatus.values, _("a payment state")),
        method=words.several("method", PaymentMethod.values, _("a payment method")),
        source=words.several("source", Short(30), _("a source")),
        courier=words.several("courier", CARRIERS, _("a courier")),
        delivery=words.several("delivery", DeliveryKind.values, _("a kind of delivery")),
        manager=words.one("manager", Digits(WHOSE), _("a manager")),
        since=words.day("from", _("the first day")),
        until=words.day("to", _("the last day")),
        low=words.amount("min", _("the lowest amount")),
        high=words.amount("max", _("the highest amount")),
        tag=words.text("tag", 40),
        awb=words.one("awb", AWB, _("a choice of AWB")),
        product=words.text("product", 100),
        did=words.one("did", DAY_WORDS, _("a line of the day sheet")),
        on=words.day("on", _("the day")),
        by=words.one("by", Digits(), _("a person")),
        why=words.one("why", {*CancelReason.values, *ReturnKind.values}, _("a reason")),
        with_courier=words.one("with", CARRIERS, _("a courier")),
        then=words.one("then", Digits(), _("a stage")),
    )
    words.need_order(found.since, found.until, _("The first day is after the last: no order can match."))
    words.need_order(found.low, found.high, _("The lowest amount is above the highest: no order can match."))
    object.__setattr__(found, "address", Address(tuple(words.pairs)))
    object.__setattr__(found, "problems", tuple(words.problems))
    return found


class Digits(set[str]):
    """Every key of a row there could be, and some words."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        super().__init__(words)

    def __contains__(self, value: object) -> bool:
        text = str(value)
        return super().__contains__(value) or (text.isascii() and text.isdecimal() and len(text) <= 18)


class Short(set[str]):
    """Every word up to a length: sources are what shops call them."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self._longest = longest

    def __contains__(self, value: object) -> bool:
        return "\0" not in str(value) and len(str(value)) <= self._longest


def orders_wanted(user: User, wanted: OrderFilter, shops: Sequence[Shop]) -> QuerySet[Order]:
    """The orders of these shops that this person may see and that have all of it.

    Costs a query for each of stage, tag, product, courier and happening that is asked for: each is looked up once.
    """
    orders = search_orders(Order.objects.visible_to(user), wanted.q).filter(_plain(user, wanted))
    orders = orders.filter(within_days("placed_at", shops, wanted.since, wanted.until))
    if wanted.stage:
        orders = orders.filter(
            among(Deal.objects.filter(stage__in=[int(key) for key in wanted.stage]), "order_id")
        )
    if wanted.courier:
        parcels = Shipment.objects.filter(LIVE, carrier__in=wanted.courier)
        orders = orders.filter(Q(courier__in=wanted.courier) | among(parcels, "order_id"))
    if wanted.awb:
        numbered = Exists(Shipment.objects.filter(LIVE, order=OuterRef("pk")).exclude(tracking_number=""))
        orders = orders.filter(numbered if wanted.awb == "with" else ~numbered)
    if wanted.tag:
        orders = orders.filter(_has_tag(wanted.tag, shops))
    if wanted.product:
        orders = orders.filter(_has_product(wanted.product, shops))
    if wanted.did and wanted.on:
        orders = _of_the_day(orders, wanted, wanted.on, shops)
    return orders


def _plain(user: User, wanted: OrderFilter) -> Q:
    found = Q()
    for column, values in (
        ("status", wanted.status),
        ("payment_status", wanted.pay),
        ("payment_method", wanted.method),
        ("source", wanted.source),
        ("delivery_kind", wanted.delivery),
    ):
        if values:
            found &= Q(**{f"{column}__in": values})
    if wanted.low is not None:
        found &= Q(total__gte=wanted.low)
    if wanted.high is not None:
        found &= Q(total__lte=wanted.high)
    if wanted.manager:
        people = {"mine": user.pk, "none": None}
        found &= Q(manager=people.get(wanted.manager, wanted.manager))
    return found


def _has_tag(name: str, shops: Sequence[Shop]) -> Q:
    """Orders whose deal wears the tag, or whose customer does."""
    tags = Tag.objects.filter(shop__in=[shop.pk for shop in shops], name=name).values("pk")
    deals = Deal.objects.filter(tags__in=tags, order__isnull=False)
    return among(deals, "order_id") | among(
        CustomerTag.objects.filter(tag__in=tags), "customer_id", "customer_id"
    )


def _has_product(question: str, shops: Sequence[Shop]) -> Q:
    """Orders with a line whose product the words find, by name, SKU or barcode."""
    products = search_products(Product.objects.filter(shop__in=[shop.pk for shop in shops]), question)
    return among(OrderLine.objects.filter(product__in=products.values("pk")), "order_id")


def _of_the_day(
    orders: QuerySet[Order], wanted: OrderFilter, day: date, shops: Sequence[Shop]
) -> QuerySet[Order]:
    """The orders behind one figure of the day sheet, by the clock of the first shop shown."""
    zone = shops[0].zone if shops else None
    if zone is None:
        return orders.none()
    start, end = start_of(day, zone), start_of(day + timedelta(days=1), zone)
    if wanted.did == "received":
        return orders.filter(placed_at__gte=start, placed_at__lt=end)
    if wanted.did in ("opening", "closing"):
        moment = start if wanted.did == "opening" else end
        if timezone.now() - start > OPEN_IS_KNOWN_FOR:
            return orders.none()
        found = open_at(orders, moment)
        return found.filter(stage_was(wanted.then, moment)) if wanted.then else found
    if wanted.did in ("sent", "arrived"):
        parcels = parcels_sent(start, end) if wanted.did == "sent" else parcels_arrived(start, end)
        if wanted.with_courier:
            parcels = parcels.filter(carrier=wanted.with_courier)
        return orders.filter(among(parcels, "order_id"))
    if wanted.did in ("told", "untold"):
        sent = messages_between(start, end).filter(shop__in=[shop.pk for shop in shops])
        return orders.filter(among(sent.filter(MESSAGES[wanted.did]), "order_id"))
    events = events_between(start, end).filter(HAPPENED[wanted.did])
    if wanted.by:
        events = events.filter(actor_user=None if wanted.by == MACHINE else int(wanted.by))
    if wanted.why:
        events = events.filter(reason_code=wanted.why)
    return orders.filter(among(events, "order_id"))


def stages_of(shops: Iterable[Shop]) -> QuerySet[Stage]:
    """The stages of the shops' boards, board by board."""
    found = Stage.objects.filter(funnel__shop__in=[shop.pk for shop in shops], funnel__is_active=True)
    return found.select_related("funnel", "funnel__shop").order_by("funnel__shop__name", "funnel", "position")
