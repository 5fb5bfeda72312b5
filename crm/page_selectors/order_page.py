"""One order's page: its lines with what stock holds for them, its buttons, its parcels, its history in words."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from crm.models import Deal
from crm.page_selectors.history import Entry, history_in_words
from inventory.selectors import Held, reservations_of
from notifications.models import Message
from notifications.selectors import messages_of_order
from orders.models import Order, OrderEvent, OrderLine, Return
from orders.models.history import EventKind
from orders.selectors import ActionState, actions_for, facts_of, order_history
from orders.statuses import BEFORE_HANDOVER, TARGETS, ReturnState, ShipmentState, Status
from orders.tracking import token_for
from shops.permissions import Action, role_allows
from shops.selectors import role_in_shop

if TYPE_CHECKING:
    from shops.models import User


@dataclass(frozen=True)
class LineRow:
    """A line and the units stock holds for it (`reserved`) or still waits for (`backordered`)."""

    line: OrderLine
    reserved: int
    backordered: int
    shows_stock: bool

    @property
    def is_untracked(self) -> bool:
        return not self.line.product.is_tracked

    @property
    def is_short(self) -> bool:
        return self.shows_stock and self.reserved + self.backordered < self.line.quantity


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
    to_status: str

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
    messages: list[Message]

    @property
    def awaited_return(self) -> Return | None:
        """The return that is on its way back, for who may receive it."""
        announced = (note for note in self.order.returns.all() if note.state == ReturnState.ANNOUNCED)
        return next(announced, None) if self.allowed.receive else None

    @property
    def offers_partial(self) -> bool:
        """Whether to ask about partial delivery: something is missing, or it was agreed before."""
        is_short = any(row.is_short or row.backordered for row in self.lines)
        return self.allowed.edit_delivery and (is_short or self.order.partial_agreed)

    @property
    def tracking_path(self) -> str:
        """The path of the customer's own page, as it stands in their messages."""
        return f"/t/{token_for(self.order.uuid, self.order.tracking_version)}/"


def order_page(user: User, order: Order) -> OrderPage:
    """Everything the page of an order shows, in a fixed number of queries; `order` comes from `order_detail`."""
    role = role_in_shop(user_id=user.pk, shop_id=order.shop_id)
    allowed = _allowed(order, role)
    events = list(order_history(order.pk))
    history = history_in_words(events)
    return OrderPage(
        order=order,
        lines=_line_rows(order),
        buttons=buttons_of(order, actions_for(facts_of(order.pk), role)),
        history=history,
        reports=[entry for entry in history if entry.kind == EventKind.REPORTED],
        allowed=allowed,
        messages=list(messages_of_order(order.pk)) if allowed.see_messages else [],
        undo=_undoable(user, events),
        deal_id=Deal.objects.filter(order=order).values_list("pk", flat=True).first(),
    )


def number_of_move(user: User, move_id: uuid.UUID) -> str | None:
    """The number of the order a move changed, if this person may see it."""
    found = Order.objects.visible_to(user).filter(events__move_id=move_id)
    return found.values_list("number", flat=True).first()


def buttons_of(order: Order, actions: list[ActionState]) -> list[Button]:
    """The possible actions first, the way forward in front; then the impossible ones with their reason.

    Actions that never fit the status (delivering a new order) are left out, or the page would be mostly grey.
    """
    shown = [action for action in actions if action.refusal is None or action.refusal.code != "wrong_status"]
    buttons = [
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
    return sorted(buttons, key=lambda button: (not button.is_next, bool(button.why_not)))


def slug_of(transition: str) -> str:
    """How a transition is spelled in an address: `return_` is `return`, `start_processing` is `start-processing`."""
    return transition.rstrip("_").replace("_", "-")


def _line_rows(order: Order) -> list[LineRow]:
    """Same-product lines share one reservation, which is dealt out to them from the top."""
    left = dict(reservations_of([order.stock_reference])[order.stock_reference])
    shows_stock = order.status in BEFORE_HANDOVER
    rows = []
    for line in order.lines.all():
        held = left.get(line.product_id, Held())
        reserved = min(line.quantity, held.reserved)
        backordered = min(line.quantity - reserved, held.backordered)
        left[line.product_id] = Held(held.reserved - reserved, held.backordered - backordered)
        rows.append(LineRow(line, reserved, backordered, shows_stock and line.product.is_tracked))
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
        receive=role_allows(role, Action.RETURN),
        pay=role_allows(role, Action.RECORD_PAYMENT),
        comment=role_allows(role, Action.COMMENT),
        claim=role_allows(role, Action.CLAIM),
        take_over=role_allows(role, Action.TAKE_OVER),
        see_customer=role_allows(role, Action.VIEW_CUSTOMERS),
        see_messages=role_allows(role, Action.VIEW_MESSAGES),
    )


def _undoable(user: User, events: list[OrderEvent]) -> UndoableMove | None:
    """The order's latest status change, where this person made it and its time is not up."""
    changes = (event for event in events if event.kind == EventKind.STATUS and event.reverted_at is None)
    latest = next(changes, None)
    if latest is None or latest.move_id is None or latest.actor_user_id != user.pk:
        return None
    if latest.undo_until is None or latest.undo_until <= timezone.now():
        return None
    return UndoableMove(latest.move_id, latest.undo_until, latest.to_status)
