"""What “Work through” shows of one order while somebody calls its customer, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from crm.models import Deal, Stage
from crm.page_selectors.customer_panel import parcels_not_taken
from crm.page_selectors.history import who_did
from crm.page_selectors.order_page import LineRow, line_rows
from crm.selectors.board import Filters
from crm.selectors.calls import Queue, queue_of
from crm.selectors.cards import CLOSED
from notifications.selectors import channels_on, switch_rows
from notifications.statuses import Channel, MessageEvent
from orders.contacts import written_phone
from orders.guards import check
from orders.models import Order, OrderEvent, OrderNote
from orders.models.customers import ContactKind
from orders.models.history import EventKind
from orders.selectors import facts_of, units_of
from orders.services.calls import next_try
from orders.statuses import BEFORE_HANDOVER, CancelReason, Status, Transition
from shops.models import User
from shops.permissions import Action, role_allows
from shops.selectors import role_of

# The first few say enough; the customer's page has them all.
OTHERS_SHOWN = 3
NOTES_SHOWN = 5


@dataclass(frozen=True)
class LastCall:
    """The latest call: by whom, when, and whether somebody answered."""

    who: str
    at: datetime
    answered: bool
    note: str


@dataclass(frozen=True)
class Phone:
    """A number to call: `dial` for the link, `text` for the eye."""

    dial: str
    text: str


@dataclass(frozen=True)
class CallPage:
    """One order, as somebody who is on the phone with its customer needs it."""

    deal: Deal
    order: Order
    phones: list[Phone]
    lines: list[LineRow]
    notes: list[OrderNote]
    others: list[Order]
    came_back: int
    last_call: LastCall | None
    why_not: str
    next_try_at: datetime
    told_by: list[str]
    may_confirm: bool
    may_cancel: bool
    may_edit: bool

    @property
    def age(self) -> timedelta:
        """How long ago the order was placed."""
        return timezone.now() - self.order.placed_at

    @property
    def is_new(self) -> bool:
        return self.order.status == Status.NEW

    @property
    def name(self) -> str:
        address = self.order.shipping_address
        return address.name or address.company or str(self.order.customer)

    @property
    def is_to_be_paid(self) -> bool:
        return self.order.is_cod and not self.order.is_paid

    @property
    def reasons(self) -> list[tuple[int, str, str]]:
        """Why an order is cancelled, each with the digit that chooses it."""
        return [(digit, value, str(label)) for digit, (value, label) in enumerate(CancelReason.choices, 1)]


def call_page(user: User, deal: Deal) -> CallPage:
    """Everything about the order a person was given. Its key comes from `crm.services.take_next`."""
    found = Deal.objects.select_related("stage").get(pk=deal.pk)
    order = _order(found.order_id)
    role = role_of(user, order.shop_id)
    facts = facts_of(order.pk)
    refusal = check(Transition.CONFIRM, facts) if order.status == Status.NEW else None
    return CallPage(
        deal=found,
        order=order,
        phones=_phones(order),
        lines=line_rows(order, units_of(order), facts),
        notes=list(OrderNote.objects.filter(order=order).order_by("-pk")[:NOTES_SHOWN]),
        others=_other_open_orders(user, order),
        came_back=parcels_not_taken(order.customer_id, except_order=order.pk),
        last_call=_last_call(order),
        why_not=refusal.sentence if refusal else "",
        next_try_at=next_try(order.shop.calendar, timezone.now()),
        told_by=_channels(order),
        may_confirm=role_allows(role, Action.CONFIRM),
        may_cancel=role_allows(role, Action.CANCEL) and order.status in BEFORE_HANDOVER,
        may_edit=role_allows(role, Action.EDIT_ORDER) and order.status in BEFORE_HANDOVER,
    )


def queue_page(user: User, stage: Stage, filters: Filters, skipped: Collection[int]) -> Queue:
    """How far the column is worked through. One query."""
    return queue_of(user, stage, filters, timezone.now(), skipped)


def _order(order_id: int | None) -> Order:
    assert order_id is not None  # only deals of orders are given out
    orders = Order.objects.select_related("shop", "customer", "manager", "shipping_address")
    return orders.prefetch_related("lines__product", "customer__contacts").get(pk=order_id)


def _phones(order: Order) -> list[Phone]:
    """The number on the order first, then the customer's others; each once."""
    country = order.shipping_address.country or order.shop.country
    contacts = (
        contact.value for contact in order.customer.contacts.all() if contact.kind == ContactKind.PHONE
    )
    found: dict[str, Phone] = {}
    for raw in (order.shipping_address.phone, *contacts):
        text = written_phone(raw, country)
        dial = "".join(letter for letter in text if letter in "+0123456789")
        if dial:
            found.setdefault(dial, Phone(dial, text))
    return list(found.values())


def _other_open_orders(user: User, order: Order) -> list[Order]:
    others = Order.objects.visible_to(user).filter(customer=order.customer_id).exclude(pk=order.pk)
    return list(others.exclude(status__in=CLOSED).order_by("-placed_at")[:OTHERS_SHOWN])


def _last_call(order: Order) -> LastCall | None:
    calls = OrderEvent.objects.filter(order=order, kind=EventKind.CALL, reverted_at=None)
    last = calls.order_by("-id").first()
    return LastCall(who_did(last), last.at, last.details["answered"], last.reason) if last else None


def _channels(order: Order) -> list[str]:
    """On which channels the shop tells such a customer that nobody answered, in words; none where it is switched off."""
    rows = switch_rows(order.shop_id, MessageEvent.NO_ANSWER)
    found = channels_on(rows, payment_method=order.payment_method, source=order.source)
    return [str(Channel(channel).label) for channel in found]
