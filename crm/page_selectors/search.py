"""Finding from every page: what a few words or digits name, with the answer a caller wants, for a fixed number of queries.

Orders come first, the one whose number or AWB was typed before all; then customers without an order, then products.
Everything is looked up by index and cut short: the cost does not follow what is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from crm.models import Deal
from crm.selectors.united import united
from inventory.models import Product, ProductTerm
from inventory.search import words_of_products
from inventory.selectors import with_counters
from notifications.models import Message
from notifications.statuses import Channel, MessageEvent, MessageState
from orders.carriers import carrier_name, tracking_url
from orders.models import Customer, CustomerContact, CustomerTerm, Order, OrderTerm, Shipment
from orders.models.customers import ContactKind
from orders.models.orders import order_scope
from orders.search import orders_called, words_of_question
from orders.statuses import ShipmentState
from shops.permissions import Action
from shops.search import MOST_CHARACTERS, PUNCTUATION, Terms, Word, lookups, narrow_by, rare_keys
from shops.selectors import keep_standings, shop_ids_where

if TYPE_CHECKING:
    from shops.models import User

MOST_ORDERS, MOST_OTHERS = 10, 4
SHORTEST = 2
# Where all words are common, so many terms of each are put side by side; the full list looks further.
MOST_TERMS = 20_000
BEGIN, WHOLE = Terms(OrderTerm, "order_id"), Terms(OrderTerm, "order_id", is_whole=True)
OF_CUSTOMERS, OF_PRODUCTS = Terms(CustomerTerm, "customer_id"), Terms(ProductTerm, "product_id")
Keys = dict[frozenset[str], list[int]]


@dataclass(frozen=True)
class FoundMessage:
    """The last message to the customer, in words."""

    channel: str
    about: str
    state: str
    state_label: str
    at: Any


@dataclass(frozen=True)
class FoundOrder:
    """An order with what a caller asks about; `is_exact` where its number or AWB was typed."""

    order: Order
    stage: str
    carrier: str
    awb: str
    awb_url: str
    message: FoundMessage | None
    is_exact: bool


@dataclass(frozen=True)
class SearchResults:
    """What was found for `q`; `is_too_short` where it was too little to look for."""

    q: str
    orders: list[FoundOrder] = field(default_factory=list)
    customers: list[Any] = field(default_factory=list)
    products: list[Any] = field(default_factory=list)
    is_too_short: bool = False

    @property
    def count(self) -> int:
        return len(self.orders) + len(self.customers) + len(self.products)


def readable(q: str) -> str:
    """The question as it is looked for and shown: one line, no longer than anybody types."""
    return " ".join(q[: 2 * MOST_CHARACTERS].replace("\0", " ").split())[:MOST_CHARACTERS]


def order_called(user: User, q: str) -> Order | None:
    """The one order this person may see whose number or AWB is the whole question, or None. Two queries."""
    shop_ids = [standing.shop_id for standing in keep_standings(user)]
    called = [rows.filter(order_scope(user)).values_list("pk")[:2] for rows in orders_called(q, shop_ids)]
    for rows in united(called):
        if len(rows) == 1:
            return Order.objects.get(pk=rows[0][0])
    return None


def find(user: User, q: str) -> SearchResults:
    """Orders, customers without one, and products of which every word begins a term. Six queries at most."""
    q = readable(q)
    if len(q.strip(PUNCTUATION + " ")) < SHORTEST:
        return SearchResults(q, is_too_short=bool(q))
    asked = _Question(user, q)
    orders, customers, products = asked.keys()
    return SearchResults(q, _orders(user, *orders), _customers(customers), _products(products))


class _Question:
    """One person's question, and the keys of what it names: two queries, however many words it has."""

    def __init__(self, user: User, q: str) -> None:
        self.q = q
        self.shop_ids = [standing.shop_id for standing in keep_standings(user)]
        self.customer_shops = shop_ids_where(user, Action.VIEW_CUSTOMERS)
        self.stock_shops = shop_ids_where(user, Action.VIEW_STOCK)
        self.scope = order_scope(user)
        self.words, self.product_words = words_of_question(q), words_of_products(q)

    def keys(self) -> tuple[tuple[list[int], list[int], list[int]], list[int], list[int]]:
        """Orders called so, orders with the very words, orders with words that begin so; customers; products."""
        called = [rows.filter(self.scope)[:MOST_ORDERS] for rows in orders_called(self.q, self.shop_ids)]
        whole, begun = self._newest(WHOLE), self._newest(BEGIN)
        others = [self._customers(), self._products()]
        rows = united([part.values_list("pk") for part in (*called, *whole, *begun, *others)])
        found = iter([[pk for (pk,) in part] for part in rows])
        orders = tuple([pk for _part in parts for pk in next(found)] for parts in (called, whole, begun))
        return (orders[0], orders[1], orders[2]), next(found), next(found)

    @cached_property
    def found(self) -> dict[Terms, Keys]:
        """What each word finds in each table the person may search. One query."""
        words = {BEGIN: self.words, WHOLE: self.words}
        if self.customer_shops:
            words[OF_CUSTOMERS] = self.words
        if self.stock_shops:
            words[OF_PRODUCTS] = self.product_words
        asked = [(terms, beginnings) for terms in words for beginnings in lookups(words[terms])]
        rows = united([terms.keys(beginnings) for terms, beginnings in asked])
        found: dict[Terms, Keys] = {terms: {} for terms in words}
        for (terms, beginnings), keys in zip(asked, rows, strict=True):
            found[terms][beginnings] = [key for (key,) in keys]
        return found

    def _newest(self, terms: Terms) -> list[QuerySet[Order]]:
        """The newest matching orders of each shop, for no index holds the newest of several."""
        if not self.words:
            return []
        orders = narrow_by(Order.objects.filter(self.scope), terms, self.words, self.found[terms])
        common = self._common(self.words, terms)
        if len(common) == len(self.words) > 1:
            # Common words that seldom meet: walking the newest orders might look at all there are.
            for word in (word for word in common if not word.parts):
                orders = orders.filter(
                    pk__in=terms.matching(word.beginnings).values(terms.owner)[:MOST_TERMS]
                )
        newest = orders.order_by("-placed_at", "-pk")
        return [newest.filter(shop_id=shop_id)[:MOST_ORDERS] for shop_id in self.shop_ids]

    def _customers(self) -> QuerySet[Customer]:
        """Customers without an order: those with one are found by it. None by common words, which find orders."""
        if not self.words or not self.customer_shops or self._common(self.words, OF_CUSTOMERS):
            return Customer.objects.none()
        mine = Customer.objects.filter(shop_id__in=self.customer_shops)
        found = narrow_by(mine, OF_CUSTOMERS, self.words, self.found[OF_CUSTOMERS])
        without = ~Exists(Order.objects.filter(customer=OuterRef("pk")))
        return found.filter(without).order_by("-pk")[:MOST_OTHERS]

    def _products(self) -> QuerySet[Product]:
        if not self.product_words or not self.stock_shops:
            return Product.objects.none()
        mine = Product.objects.filter(shop_id__in=self.stock_shops)
        found = narrow_by(mine, OF_PRODUCTS, self.product_words, self.found[OF_PRODUCTS])
        return found.order_by("-pk")[:MOST_OTHERS]

    def _common(self, words: Iterable[Word], terms: Terms) -> list[Word]:
        return [word for word in words if rare_keys(word, self.found[terms]) is None]


# --- What a row shows


def _orders(
    user: User, called: Sequence[int], whole: Sequence[int], begun: Sequence[int]
) -> list[FoundOrder]:
    """The orders called so first, then those with the very words, then the rest, each newest first. One query."""
    rank = {pk: number for number, keys in enumerate((begun, whole, called)) for pk in keys}
    if not rank:
        return []
    reading = shop_ids_where(user, Action.VIEW_MESSAGES)
    rows = _with_answers(Order.objects.filter(pk__in=rank))
    newest = sorted(rows, key=lambda order: (rank[order.pk], order.placed_at, order.pk), reverse=True)
    return [
        _found(order, is_exact=rank[order.pk] == 2, reads_messages=order.shop_id in reading)
        for order in newest[:MOST_ORDERS]
    ]


def _with_answers(orders: QuerySet[Order]) -> QuerySet[Order, Any]:
    parcels = Shipment.objects.filter(order=OuterRef("pk")).exclude(state=ShipmentState.VOIDED)
    told = (
        Message.objects.filter(order=OuterRef("pk"))
        .exclude(Q(event=MessageEvent.STAFF) | Q(state=MessageState.DISCARDED))
        .order_by("-created_at", "-pk")
    )
    return orders.select_related("shop", "customer", "manager", "shipping_address").annotate(
        found_parcel=Subquery(
            parcels.order_by("-pk").values_list(JSONObject(carrier="carrier", number="tracking_number"))[:1]
        ),
        found_message=Subquery(
            told.values_list(JSONObject(channel="channel", about="event", state="state"))[:1]
        ),
        found_message_at=Subquery(told.values("created_at")[:1]),
        found_stage=Subquery(Deal.objects.filter(order=OuterRef("pk")).values("stage__name")[:1]),
    )


def _found(order: Any, *, is_exact: bool, reads_messages: bool) -> FoundOrder:
    parcel = order.found_parcel or {"carrier": "", "number": ""}
    message = order.found_message if reads_messages else None
    return FoundOrder(
        order=order,
        stage=order.found_stage or "",
        carrier=carrier_name(parcel["carrier"] or order.courier),
        awb=parcel["number"],
        awb_url=tracking_url(parcel["carrier"], parcel["number"]),
        message=_message(message, order.found_message_at) if message else None,
        is_exact=is_exact,
    )


def _message(found: dict[str, str], at: Any) -> FoundMessage:
    return FoundMessage(
        channel=str(Channel(found["channel"]).label),
        about=str(MessageEvent(found["about"]).label),
        state=found["state"],
        state_label=str(MessageState(found["state"]).label),
        at=at,
    )


def _customers(keys: Sequence[int]) -> list[Any]:
    """Customers with `phone` and `email`. One query, none without keys."""
    if not keys:
        return []
    contacts = CustomerContact.objects.filter(customer=OuterRef("pk")).order_by("-pk")
    return list(
        Customer.objects.filter(pk__in=keys)
        .select_related("shop")
        .annotate(
            phone=Subquery(contacts.filter(kind=ContactKind.PHONE).values("value")[:1]),
            email=Subquery(contacts.filter(kind=ContactKind.EMAIL).values("value")[:1]),
        )
        .order_by("-pk")
    )


def _products(keys: Sequence[int]) -> list[Any]:
    """Products with their counters. One query, none without keys."""
    if not keys:
        return []
    return list(with_counters(Product.objects.filter(pk__in=keys)).select_related("shop").order_by("-pk"))
