"""One deal's page: its order, who buys, what happened told in one timeline, what can be done, what comes by itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from crm.models import BoardChange, Deal, DealComment, DealMove, MoveKind, Reminder, Stage, Tag
from crm.page_selectors.coming import Coming, coming_of
from crm.page_selectors.customer_panel import CustomerPanel, customer_panel
from crm.page_selectors.order_page import OrderPage, order_page, slug_of
from crm.page_selectors.reminders import RemindersOfDeal, reminders_of_deal
from crm.page_selectors.timeline import Timeline, timeline_of
from notifications.models import Message, MessageReport, SmsReply
from notifications.page_selectors import Promise, promise_of
from orders.models import Order, OrderEvent, OrderNote
from orders.models.history import EventKind
from orders.selectors import order_detail
from orders.services import is_mastered_elsewhere
from orders.statuses import BEFORE_HANDOVER, TARGETS
from shops.models import ClaimVisibility
from shops.permissions import Action, role_allows
from shops.selectors import role_of

if TYPE_CHECKING:
    from shops.models import User


@dataclass(frozen=True)
class DealAction:
    """A change of the order: the stage its card goes to, or the address of its form; or why it cannot be done."""

    label: str
    stage: str
    why_not: str
    asks: bool
    is_next: bool
    is_danger: bool
    form_url: str = ""

    @property
    def key(self) -> str:
        """What tells the action apart from the others on the page."""
        return self.stage or self.form_url.strip("/").rpartition("/")[2]


@dataclass(frozen=True)
class Undo:
    """The latest move while its author can take it back; `name` is what happened."""

    move_id: uuid.UUID
    until: datetime
    name: str
    promise: Promise | None = None

    @property
    def seconds(self) -> int:
        """Whole seconds left, at least one."""
        return max(1, round((self.until - timezone.now()).total_seconds()))


@dataclass(frozen=True)
class DealAllowed:
    """What this person may do here; `locked_by` names the colleague whose claim keeps them out."""

    claim: bool
    take_over: bool
    comment: bool
    call: bool
    edit_order: bool
    place_order: bool
    see_messages: bool
    locked_by: str = ""


@dataclass(frozen=True)
class DealPage:
    """What the page shows; `order` and `order_page` are None for a deal without an order."""

    timeline: Timeline
    allowed: DealAllowed
    mark: str
    reminders: RemindersOfDeal
    coming: list[Coming]
    tags: list[Tag]
    actions: list[DealAction] = field(default_factory=list)
    order: Order | None = None
    order_page: OrderPage | None = None
    customer: CustomerPanel | None = None
    undo: Undo | None = None
    given_by: OrderEvent | None = None

    @property
    def edits_lines(self) -> bool:
        """Whether the lines can still be changed by this person."""
        return self._edits_order and self.order is not None and self.order.status in BEFORE_HANDOVER

    @property
    def _edits_order(self) -> bool:
        return self.allowed.edit_order and not self.allowed.locked_by

    @property
    def is_kept_elsewhere(self) -> bool:
        """Whether a sales channel keeps the order, too."""
        return self.order is not None and is_mastered_elsewhere(self.order)

    @property
    def may_write(self) -> bool:
        return self.allowed.comment and not self.allowed.locked_by


def deal_page(user: User, deal: Deal, *, kind: str = "", after: str = "") -> DealPage:
    """Everything the deal's page shows, in a fixed number of queries; `deal` comes from `visible_deal`."""
    role = role_of(user, deal.funnel.shop_id)
    mark = mark_of(deal)
    order = order_detail(user, deal.order.number) if deal.order is not None else None
    shown = order_page(user, order) if order is not None else None
    allowed = _allowed(user, deal, role)
    reminders = reminders_of_deal(user, deal)
    customer_id = order.customer_id if order is not None else deal.customer_id
    return DealPage(
        timeline=timeline_of(deal, sees_messages=allowed.see_messages, kind=kind, after=after),
        allowed=allowed,
        mark=mark,
        reminders=reminders,
        coming=coming_of(deal, reminders.rows, may_skip=allowed.call and not allowed.locked_by),
        tags=list(deal.tags.all()),
        actions=_actions(deal, shown) if shown is not None else [],
        order=order,
        order_page=shown,
        customer=customer_panel(user, customer_id, role, without=deal) if customer_id is not None else None,
        undo=_undo(user, deal, shown),
        given_by=_given_by(user, deal),
    )


def mark_of(deal: Deal) -> str:
    """Changes whenever something the deal's page shows does. Two queries."""
    order = OuterRef("order")
    found = Deal.objects.filter(pk=deal.pk).annotate(
        last_change=_newest(BoardChange.objects.filter(deal=OuterRef("pk"))),
        last_move=_newest(DealMove.objects.filter(deal=OuterRef("pk"))),
        last_comment=_newest(DealComment.objects.filter(deal=OuterRef("pk"))),
        last_event=_newest(OrderEvent.objects.filter(order=order)),
        last_note=_newest(OrderNote.objects.filter(order=order)),
        last_report=_newest(MessageReport.objects.filter(message__order=order)),
        last_reply=_newest(SmsReply.objects.filter(order=order)),
        last_unread=_newest(SmsReply.objects.filter(order=order, read_at=None)),
        last_done=Subquery(_latest_done()),
    )
    columns = (
        "last_change",
        "last_move",
        "last_comment",
        "last_event",
        "last_note",
        "last_report",
        "last_reply",
        "last_unread",
        "last_done",
    )
    facts = found.values_list(
        *columns, "stage", "manager", "customer__manager", "customer__note", "order__updated_at"
    ).first()
    messages = Message.objects.filter(order_id=deal.order_id or 0).order_by("pk")
    states = list(messages.values_list("pk", "state", "attempts", "due_at"))
    return sha256(repr((facts, states)).encode()).hexdigest()[:20]


def _newest(rows: QuerySet[Any]) -> Subquery:
    return Subquery(rows.order_by("-pk").values("pk")[:1])


def _latest_done() -> QuerySet[Any, Any]:
    of_deal = Reminder.objects.filter(deal=OuterRef("pk")).order_by()
    return of_deal.values("deal").annotate(last=Max("done_at")).values("last")


def deal_of_move(move_id: uuid.UUID) -> int | None:
    """The key of the deal a move belongs to, whether its card moved or only its order."""
    found = DealMove.objects.filter(move_id=move_id).values_list("deal_id", flat=True).first()
    if found is None:
        order_id = OrderEvent.objects.filter(move_id=move_id).values_list("order_id", flat=True).first()
        found = (
            Deal.objects.filter(order_id=order_id).values_list("pk", flat=True).first() if order_id else None
        )
    return found


def _allowed(user: User, deal: Deal, role: str | None) -> DealAllowed:
    return DealAllowed(
        claim=role_allows(role, Action.CLAIM),
        take_over=role_allows(role, Action.TAKE_OVER),
        comment=role_allows(role, Action.COMMENT),
        call=role_allows(role, Action.CALL),
        edit_order=role_allows(role, Action.EDIT_ORDER),
        place_order=role_allows(role, Action.PLACE_ORDER),
        see_messages=role_allows(role, Action.VIEW_MESSAGES),
        locked_by=_locked_by(user, deal, role),
    )


def _locked_by(user: User, deal: Deal, role: str | None) -> str:
    """The colleague whose claim keeps this person's hands off, as the services judge it; the warehouse packs anyway."""
    if deal.funnel.shop.claim_visibility == ClaimVisibility.VISIBLE or deal.manager is None:
        return ""
    keeps_out = role_allows(role, Action.CONFIRM) and not role_allows(role, Action.TAKE_OVER)
    if deal.manager_id == user.pk or not keeps_out:
        return ""
    return deal.manager.get_full_name() or deal.manager.username


def _actions(deal: Deal, shown: OrderPage) -> list[DealAction]:
    """The order's buttons as moves of the card where a stage stands for them, else as forms of their own."""
    entries: dict[str, str] = {}
    if deal.funnel.follows_orders:
        stages = Stage.objects.filter(funnel_id=deal.funnel_id, is_entry=True)
        entries = dict(stages.values_list("status", "slug"))
    targets = {slug_of(transition): target for transition, target in TARGETS.items()}
    actions = []
    for button in shown.buttons:
        stage = entries.get(targets.get(button.slug, ""), "")
        actions.append(
            DealAction(
                button.label,
                stage,
                button.why_not,
                asks=button.asks,
                is_next=button.is_next,
                is_danger=button.is_danger,
                form_url="" if stage else reverse("crm:deal-edit", args=[deal.pk, button.slug]),
            )
        )
    return actions


def _undo(user: User, deal: Deal, shown: OrderPage | None) -> Undo | None:
    """The card's latest move or the order's, whichever can be undone the longest."""
    latest = DealMove.objects.filter(deal=deal).select_related("to_stage").order_by("-pk").first()
    found: list[Undo] = []
    if latest is not None and _is_undoable(user, latest):
        assert latest.undo_until is not None
        name = latest.to_stage.name if latest.to_stage else ""
        promise = _promise(deal, shown, latest.move_id)
        found.append(Undo(latest.move_id, latest.undo_until, name, promise))
    if (
        shown is not None
        and shown.undo is not None
        and all(row.move_id != shown.undo.move_id for row in found)
    ):
        found.append(Undo(shown.undo.move_id, shown.undo.until, shown.undo.name, shown.promise))
    return max(found, key=lambda row: row.until, default=None)


def _is_undoable(user: User, move: DealMove) -> bool:
    if move.kind in (MoveKind.UNDONE, MoveKind.CREATED) or move.undone_at is not None:
        return False
    return move.actor_user_id == user.pk and move.undo_until is not None and move.undo_until > timezone.now()


def _promise(deal: Deal, shown: OrderPage | None, move_id: uuid.UUID) -> Promise | None:
    """What the move is going to tell the customer, where it changed the order and this person may know."""
    if shown is None or not shown.allowed.see_messages:
        return None
    if not OrderEvent.objects.filter(order_id=shown.order.pk, move_id=move_id).exists():
        return None
    return promise_of(shown.messages.of_move(move_id))


def _given_by(user: User, deal: Deal) -> OrderEvent | None:
    """The hand-over this person has not worked on yet: the mark that a colleague gave them the deal."""
    if deal.order_id is None or deal.manager_id != user.pk:
        return None
    latest = OrderEvent.objects.filter(order_id=deal.order_id).order_by("-id")[:1]
    return next(
        (
            event
            for event in latest
            if event.kind == EventKind.CLAIMED
            and event.actor_user_id not in (None, user.pk)
            and event.details.get("manager") == user.pk
        ),
        None,
    )
