"""One order's page: its lines with what stock holds for them, its buttons, its parcels, its history in words."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Deal
from crm.page_selectors.history import Entry, history_in_words
from notifications.page_selectors import OrderMessages, Promise, no_messages, order_messages, promise_of
from orders.guards import WITH_REST, OrderFacts, RestFacts, can_have_rest, can_ship_rest
from orders.models import Order, OrderEvent, OrderLine, Return
from orders.models.history import EventKind
from orders.selectors import (
    ActionState,
    LineUnits,
    actions_for,
    facts_of,
    order_history,
    rest_facts,
    units_of,
    with_goods_arrived,
)
from orders.statuses import BEFORE_HANDOVER, TARGETS, PaymentStatus, ReturnState, ShipmentState, Status
from orders.tracking import token_for
from shops.models import StockMaster
from shops.money import ZERO, quantise
from shops.permissions import Action, role_allows
from shops.selectors import role_in_shop

if TYPE_CHECKING:
    from shops.models import User


@dataclass(frozen=True)
class LineRow:
    """A line and what became of its units; `shows_stock` where something of it is still to go.

    `is_short`: it cannot all go, because some of it is not in the house.
    """

    units: LineUnits
    shows_stock: bool
    is_short: bool

    @property
    def line(self) -> OrderLine:
        return self.units.line

    @property
    def reserved(self) -> int:
        return self.units.reserved

    @property
    def backordered(self) -> int:
        return self.units.waiting

    @property
    def is_untracked(self) -> bool:
        return not self.line.product.is_tracked

    @property
    def unreserved(self) -> int:
        """Units that are neither reserved nor awaited."""
        return self.units.owed - self.reserved - self.backordered if self.shows_stock else 0


@dataclass(frozen=True)
class Button:
    """An action of the workflow: its address, whether it asks for something, and why it is off."""

    slug: str
    label: str
    asks: bool
    why_not: str
    is_next: bool
    is_danger: bool

    @property
    def url_name(self) -> str:
        return f"crm:order-{self.slug}"


@dataclass(frozen=True)
class UndoableMove:
    move_id: uuid.UUID
    until: datetime
    name: str

    @property
    def seconds(self) -> int:
        """Whole seconds that are left, at least one."""
        return max(1, int((self.until - timezone.now()).total_seconds()))


@dataclass(frozen=True)
class Allowed:
    """What this person's role and the order's state let them edit on the page."""

    edit: bool
    edit_delivery: bool
    add_parcel: bool
    ship: bool
    deliver: bool
    receive: bool
    pay: bool
    comment: bool
    claim: bool
    take_over: bool
    see_customer: bool
    see_messages: bool


@dataclass(frozen=True)
class OrderPage:
    order: Order
    lines: list[LineRow]
    buttons: list[Button]
    history: list[Entry]
    reports: list[Entry]
    allowed: Allowed
    undo: UndoableMove | None
    deal_id: int | None
    messages: OrderMessages
    goods_arrived: bool

    @property
    def awaited_return(self) -> Return | None:
        """The return that is on its way back, for who may receive it."""
        announced = (note for note in self.order.returns.all() if note.state == ReturnState.ANNOUNCED)
        return next(announced, None) if self.allowed.receive else None

    @property
    def offers_partial(self) -> bool:
        """Whether to ask about partial delivery: something is missing, or it was agreed before."""
        is_short = any(row.is_short or row.unreserved for row in self.lines)
        return self.allowed.edit_delivery and (is_short or self.order.partial_agreed)

    @property
    def refund_due(self) -> Decimal:
        """What was paid for units that will not be sent, gross; zero once the payment says it was given back."""
        if self.order.payment_status != PaymentStatus.PAID:
            return ZERO
        dropped = (row.line.total * row.line.dropped / row.line.quantity for row in self.lines)
        return quantise(sum(dropped, ZERO), self.order.currency)

    @property
    def on_the_way(self) -> int:
        """Parcels that were handed over and have not arrived."""
        return sum(parcel.state == ShipmentState.HANDED_OVER for parcel in self.order.shipments.all())

    @property
    def marks_parcels(self) -> bool:
        """Whether a parcel can be marked as delivered by itself: the last one of a shipped order is the order's."""
        return self.allowed.deliver and (self.order.status == Status.DELIVERED or self.on_the_way > 1)

    @property
    def promise(self) -> Promise | None:
        """What the move that can be undone is going to tell the customer, for who may know it."""
        if self.undo is None or not self.allowed.see_messages:
            return None
        return promise_of(self.messages.of_move(self.undo.move_id))

    @property
    def tracking_path(self) -> str:
        """The path of the customer's own page, as it stands in their messages."""
        return f"/t/{token_for(self.order.uuid, self.order.tracking_version)}/"


def order_page(user: User, order: Order) -> OrderPage:
    """Everything the page of an order shows, in a fixed number of queries; `order` comes from `order_detail`."""
    role = role_in_shop(user_id=user.pk, shop_id=order.shop_id)
    allowed = _allowed(order, role)
    events = list(order_history(order.pk))
    history = history_in_words(events, order.currency)
    units, facts = units_of(order), facts_of(order.pk)
    return OrderPage(
        order=order,
        lines=line_rows(order, units, facts),
        buttons=_in_order(
            [
                *rest_buttons(rest_facts(order, units), role),
                *buttons_of(order, actions_for(facts, role)),
            ]
        ),
        history=history,
        reports=[entry for entry in history if entry.kind == EventKind.REPORTED],
        allowed=allowed,
        messages=order_messages(order, may_change=role_allows(role, Action.RESEND_MESSAGE))
        if allowed.see_messages
        else no_messages(order),
        undo=_undoable(user, events),
        deal_id=Deal.objects.filter(order=order).values_list("pk", flat=True).first(),
        goods_arrived=bool(with_goods_arrived([order])),
    )


def number_of_move(user: User, move_id: uuid.UUID) -> str | None:
    """The number of the order a move changed, if this person may see it."""
    found = Order.objects.visible_to(user).filter(events__move_id=move_id)
    return found.values_list("number", flat=True).first()


def buttons_of(order: Order, actions: list[ActionState]) -> list[Button]:
    """The actions of the workflow, the impossible ones with their reason.

    Actions that never fit the status (delivering a new order) are left out, or the page would be mostly grey.
    """
    shown = [action for action in actions if action.refusal is None or action.refusal.code != "wrong_status"]
    return [
        Button(
            slug=slug_of(action.transition),
            label=action.label,
            asks=bool(action.form),
            why_not=action.refusal.sentence if action.refusal else "",
            is_next=TARGETS[action.transition] not in (Status.CANCELLED, Status.RETURNED),
            is_danger=TARGETS[action.transition] == Status.CANCELLED,
        )
        for action in shown
    ]


def rest_buttons(facts: RestFacts, role: str | None) -> list[Button]:
    """Sending and dropping what a shipped order still owes; none where nothing is owed."""
    if can_have_rest(facts) is not None:
        return []
    refusal = can_ship_rest(facts)
    why_not = refusal.sentence if refusal and not refusal.form else ""
    buttons = []
    if role_allows(role, Action.SHIP):
        buttons.append(Button("ship-rest", _("Send the rest"), True, why_not, is_next=True, is_danger=False))
    if role_allows(role, Action.CANCEL):
        buttons.append(Button("drop-rest", _("Don't send the rest"), True, "", is_next=False, is_danger=True))
    return buttons


def _in_order(buttons: list[Button]) -> list[Button]:
    """The possible ones first, the way forward in front; then the impossible ones with their reason."""
    return sorted(buttons, key=lambda button: (not button.is_next, bool(button.why_not)))


def slug_of(transition: str) -> str:
    """How a transition is spelled in an address: `return_` is `return`, `start_processing` is `start-processing`."""
    return transition.rstrip("_").replace("_", "-")


def line_rows(order: Order, units: list[LineUnits], facts: OrderFacts) -> list[LineRow]:
    """The order's lines with what stock holds for them. Reads nothing more."""
    short, rows = {line.sku for line in facts.short}, []
    is_open = order.status in BEFORE_HANDOVER or order.status in WITH_REST
    is_kept = order.shop.stock_master != StockMaster.NOBODY
    for row in units:
        product = row.line.product
        shows_stock = is_open and is_kept and product.is_tracked and row.owed > 0
        lacks = order.status in BEFORE_HANDOVER and (product.sku or product.name) in short
        rows.append(LineRow(row, shows_stock, shows_stock and (row.waiting > 0 or lacks)))
    return rows


def _allowed(order: Order, role: str | None) -> Allowed:
    before_handover = order.status in BEFORE_HANDOVER
    prepared = any(parcel.state == ShipmentState.PREPARED for parcel in order.shipments.all())
    may_ship = role_allows(role, Action.SHIP)
    confirmed = order.status in (Status.CONFIRMED, Status.PROCESSING)
    return Allowed(
        edit=role_allows(role, Action.EDIT_ORDER),
        edit_delivery=role_allows(role, Action.EDIT_ORDER) and before_handover,
        add_parcel=may_ship and confirmed and not prepared,
        ship=may_ship,
        deliver=role_allows(role, Action.DELIVER),
        receive=role_allows(role, Action.RETURN),
        pay=role_allows(role, Action.RECORD_PAYMENT),
        comment=role_allows(role, Action.COMMENT),
        claim=role_allows(role, Action.CLAIM),
        take_over=role_allows(role, Action.TAKE_OVER),
        see_customer=role_allows(role, Action.VIEW_CUSTOMERS),
        see_messages=role_allows(role, Action.VIEW_MESSAGES),
    )


def _undoable(user: User, events: list[OrderEvent]) -> UndoableMove | None:
    """The order's latest move, where this person made it and its time is not up."""
    moves = (
        event
        for event in events
        if event.move_id and event.reverted_at is None and event.kind != EventKind.REVERTED
    )
    latest = next(moves, None)
    if latest is None or latest.move_id is None or latest.actor_user_id != user.pk:
        return None
    if latest.undo_until is None or latest.undo_until <= timezone.now():
        return None
    return UndoableMove(latest.move_id, latest.undo_until, _named_move(latest))


def _named_move(event: OrderEvent) -> str:
    if event.to_status:
        return str(Status(event.to_status).label)
    if event.kind == EventKind.CALL:
        return _("call")
    return _("the rest was sent") if event.kind == EventKind.SHIPMENT else _("the rest will not be sent")
