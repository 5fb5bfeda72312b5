"""One deal's page: its order, who buys, what happened told in one timeline, what can be done, what will be sent."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Deal, DealComment, DealMove, MoveKind, Stage
from crm.page_selectors.order_page import OrderPage, order_page
from notifications.page_selectors import Promise, Step, promise_of
from notifications.statuses import Channel, MessageState
from orders.models import Order, OrderEvent
from orders.selectors import actions_for, facts_of, order_detail
from orders.statuses import TARGETS, Status
from shops.permissions import Action, role_allows
from shops.selectors import role_in_shop

if TYPE_CHECKING:
    from shops.models import User

OTHER_ORDERS = 8


@dataclass(frozen=True)
class TimelineEntry:
    """One line of the timeline. `state` and `steps` are a message's; `due_at` when a waiting one leaves."""

    kind: str
    icon: str
    sentence: str
    who: str
    at: datetime
    text: str = ""
    status: str = ""
    state: str = ""
    state_label: str = ""
    steps: list[Step] = field(default_factory=list)
    url: str = ""
    due_at: datetime | None = None
    is_undone: bool = False
    is_bad: bool = False


@dataclass(frozen=True)
class DealAction:
    """A change of the order as a move of its card: the stage it goes to, or why it cannot be done."""

    label: str
    stage: str
    why_not: str
    asks: bool
    is_next: bool
    is_danger: bool


@dataclass(frozen=True)
class DealPage:
    """What the page shows; `order` and `order_page` are None for a deal without an order."""

    timeline: list[TimelineEntry]
    actions: list[DealAction] = field(default_factory=list)
    order: Order | None = None
    order_page: OrderPage | None = None
    other_orders: list[Order] = field(default_factory=list)
    undo_move_id: uuid.UUID | None = None
    undo_until: datetime | None = None
    promise: Promise | None = None
    may_claim: bool = False
    may_take_over: bool = False
    may_comment: bool = False

    @property
    def undo_seconds(self) -> int:
        """Whole seconds left to undo, at least one."""
        return max(1, round((self.undo_until - timezone.now()).total_seconds())) if self.undo_until else 0


def deal_page(user: User, deal: Deal) -> DealPage:
    """Everything the deal's page shows, in a fixed number of queries."""
    role = role_in_shop(user_id=user.pk, shop_id=deal.funnel.shop_id)
    order = order_detail(user, deal.order.number) if deal.order is not None else None
    shown = order_page(user, order) if order is not None else None
    moves = list(
        DealMove.objects.filter(deal=deal).select_related("from_stage", "to_stage").order_by("-pk")[:200]
    )
    undo = _undoable(user, moves)
    told = _told_by_history(order)
    return DealPage(
        timeline=_timeline(deal, moves, order, shown, told),
        actions=_actions(deal, order, role) if order is not None else [],
        order=order,
        order_page=shown,
        other_orders=_other_orders(user, order) if order is not None else [],
        undo_move_id=undo.move_id if undo else None,
        undo_until=undo.undo_until if undo else None,
        promise=promise_of(shown.messages.of_move(undo.move_id))
        if undo and shown and shown.allowed.see_messages and undo.move_id in told
        else None,
        may_claim=role_allows(role, Action.CLAIM),
        may_take_over=role_allows(role, Action.TAKE_OVER),
        may_comment=role_allows(role, Action.COMMENT),
    )


def deal_of_move(move_id: uuid.UUID) -> int | None:
    """The key of the deal a move belongs to, whether its card moved or only its order."""
    found = DealMove.objects.filter(move_id=move_id).values_list("deal_id", flat=True).first()
    if found is None:
        order_id = OrderEvent.objects.filter(move_id=move_id).values_list("order_id", flat=True).first()
        found = (
            Deal.objects.filter(order_id=order_id).values_list("pk", flat=True).first() if order_id else None
        )
    return found


def _actions(deal: Deal, order: Order, role: str | None) -> list[DealAction]:
    entries = dict(
        Stage.objects.filter(funnel_id=deal.funnel_id, is_entry=True).values_list("status", "slug")
    )
    actions = []
    for state in actions_for(facts_of(order.pk), role):
        target = TARGETS[state.transition]
        if target not in entries or (state.refusal is not None and state.refusal.code == "wrong_status"):
            continue
        is_back = target in (Status.CANCELLED, Status.RETURNED)
        why_not = state.refusal.sentence if state.refusal else ""
        actions.append(
            DealAction(
                state.label,
                entries[target],
                why_not,
                bool(state.form),
                not is_back,
                target == Status.CANCELLED,
            )
        )
    return sorted(actions, key=lambda action: (not action.is_next, bool(action.why_not)))


def _other_orders(user: User, order: Order) -> list[Order]:
    others = Order.objects.visible_to(user).filter(customer_id=order.customer_id).exclude(pk=order.pk)
    return list(others.order_by("-placed_at", "-pk")[:OTHER_ORDERS])


def _undoable(user: User, moves: list[DealMove]) -> DealMove | None:
    latest = moves[0] if moves else None
    if latest is None or latest.kind in (MoveKind.UNDONE, MoveKind.CREATED) or latest.undone_at is not None:
        return None
    if latest.actor_user_id != user.pk or latest.undo_until is None or latest.undo_until <= timezone.now():
        return None
    return latest


def _told_by_history(order: Order | None) -> set[uuid.UUID | None]:
    """The moves that changed the order, so that its history tells of them."""
    if order is None:
        return set()
    return set(
        OrderEvent.objects.filter(order=order, move_id__isnull=False).values_list("move_id", flat=True)
    )


def _timeline(
    deal: Deal,
    moves: list[DealMove],
    order: Order | None,
    shown: OrderPage | None,
    told: set[uuid.UUID | None],
) -> list[TimelineEntry]:
    entries = [*_comments(deal)]
    if order is not None and shown is not None:
        entries += [*_history(shown), *_notes(order), *_messages(shown)]
    entries += _moves(moves, told)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _moves(moves: list[DealMove], told: set[uuid.UUID | None]) -> Iterator[TimelineEntry]:
    """Moves the order's history does not tell already: from step to step, and back."""
    for move in moves:
        if move.kind not in (MoveKind.BY_HAND, MoveKind.UNDONE) or move.move_id in told:
            continue
        if move.from_stage_id == move.to_stage_id or move.from_stage is None or move.to_stage is None:
            continue
        yield TimelineEntry(
            kind="move",
            icon="undo-2" if move.kind == MoveKind.UNDONE else "square-kanban",
            sentence=_("%(from)s → %(to)s") % {"from": move.from_stage.name, "to": move.to_stage.name},
            who=move.actor_label,
            at=move.at,
            is_undone=move.undone_at is not None,
        )


def _history(shown: OrderPage) -> Iterator[TimelineEntry]:
    for row in shown.history:
        yield TimelineEntry(
            row.kind,
            row.icon,
            row.sentence,
            row.who,
            row.at,
            text=row.reason,
            status=row.status,
            is_undone=row.is_undone,
        )


def _comments(deal: Deal) -> Iterator[TimelineEntry]:
    for row in DealComment.objects.filter(deal=deal).order_by("-pk")[:200]:
        yield TimelineEntry("comment", "message-circle", _("Comment"), row.actor_label, row.at, text=row.text)


def _notes(order: Order) -> Iterator[TimelineEntry]:
    for row in order.notes.all():
        yield TimelineEntry("note", "sticky-note", _("Internal note"), row.actor_label, row.at, text=row.text)


def _messages(shown: OrderPage) -> Iterator[TimelineEntry]:
    for row in shown.messages.rows:
        message = row.message
        yield TimelineEntry(
            kind="message",
            icon="mail" if message.channel == Channel.EMAIL else "smartphone",
            sentence=f"{message.get_channel_display()}: {message.get_event_display()}",
            who=message.recipient,
            at=message.created_at,
            state=message.state,
            state_label=message.get_state_display(),
            steps=row.steps,
            url=reverse("notifications:message", args=[message.pk]),
            due_at=row.leaves_at if row.may_be_held and not row.is_due else None,
            is_bad=row.is_bad,
            is_undone=message.state == MessageState.DISCARDED,
        )
