"""Back-dating: what was just written by the services is told as if it had happened over days and weeks.

Only invented data may be back-dated. The services run now, in the real order of things; each step of an order's
story is marked with the moment it is told to have happened at, and at the end every moment stored for that order is
moved to the told moment of the step that wrote it. What follows from moments (the ranks of cards, the time left to
undo, when a message left) is moved along, so that nothing contradicts anything.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from crm.models import BoardChange, Deal, DealComment, DealMove
from crm.projection import GAP
from inventory.models import Reservation, StockMovement
from notifications.models import Message
from orders.models import Customer, Order, OrderEvent, OrderNote, Return, Shipment
from orders.models.history import EventKind
from orders.selectors import missed_calls
from orders.services.calls import next_try

SENDING_TIME = timedelta(seconds=2)


@dataclass
class Timeline:
    """Which told moment each stretch of real time stands for; the first begins now, each is marked as it ends."""

    began: datetime = field(default_factory=timezone.now)
    real: list[datetime] = field(default_factory=list)
    told: list[datetime] = field(default_factory=list)

    def mark(self, told: datetime) -> None:
        """Everything since the last mark happened, as it is told, at this moment."""
        self.real.append(timezone.now())
        self.told.append(told)

    def moved(self, real: datetime) -> datetime:
        """The told moment of a real one; what lies before the beginning or after the last mark is left as it is."""
        position = bisect_left(self.real, real)
        return self.told[position] if self.began <= real and position < len(self.real) else real


def rank_at(moment: datetime) -> int:
    """The rank a card gets that is placed at this moment (see `crm.projection.fresh_rank`)."""
    return int(moment.timestamp() * 1000) * GAP


def back_date(order: Order, timeline: Timeline) -> None:
    """Move every moment stored for an order to where the timeline tells it."""
    deal = Deal.objects.get(order=order)
    stamps = ("created_at", "updated_at", "status_changed_at", "claimed_at", "acknowledged_at", "paid_at")
    _move(Order.objects.filter(pk=order.pk), timeline, *stamps)
    _move_events(OrderEvent.objects.filter(order=order), timeline)
    _move(
        Shipment.objects.filter(order=order),
        timeline,
        "created_at",
        "handed_over_at",
        "delivered_at",
        "at_pickup_at",
    )
    _move(Return.objects.filter(order=order), timeline, "created_at", "received_at")
    _move(OrderNote.objects.filter(order=order), timeline, "at")
    _move(Reservation.objects.filter(reference=order.stock_reference), timeline, "created_at")
    _move(StockMovement.objects.filter(reference=order.stock_reference), timeline, "at")
    _move(DealComment.objects.filter(deal=deal), timeline, "at")
    _move(BoardChange.objects.filter(deal=deal), timeline, "at")
    _move(Deal.objects.filter(pk=deal.pk), timeline, "created_at", "stage_entered_at")
    _move(Customer.objects.filter(pk=order.customer_id), timeline, "created_at")
    _move_messages(Message.objects.filter(order=order), timeline)
    _move_card(deal, timeline)
    _plan_calls(order, deal)


def _move(rows: models.QuerySet[Any], timeline: Timeline, *columns: str) -> None:
    for pk, *moments in rows.values_list("pk", *columns):
        stored = {name: at for name, at in zip(columns, moments, strict=True) if at is not None}
        moved = {name: timeline.moved(at) for name, at in stored.items()}
        if moved != stored:
            rows.model._default_manager.filter(pk=pk).update(**moved)


def _move_events(rows: models.QuerySet[OrderEvent], timeline: Timeline) -> None:
    for event in rows:
        at = timeline.moved(event.at)
        undo_until = event.undo_until and at + (event.undo_until - event.at)
        reverted_at = event.reverted_at and timeline.moved(event.reverted_at)
        OrderEvent.objects.filter(pk=event.pk).update(at=at, undo_until=undo_until, reverted_at=reverted_at)


def _plan_calls(order: Order, deal: Deal) -> None:
    """The next try follows the call: two of the shop's working hours after the moment it is told to have been made."""
    for event in OrderEvent.objects.filter(order=order, kind=EventKind.CALL):
        if event.details["next_try_at"]:
            event.details["next_try_at"] = next_try(order.shop.calendar, event.at).isoformat()
            OrderEvent.objects.filter(pk=event.pk).update(details=event.details)
    if deal.retry_at:
        Deal.objects.filter(pk=deal.pk).update(retry_at=missed_calls(order.pk).next_try_at)


def _move_messages(rows: models.QuerySet[Message], timeline: Timeline) -> None:
    for message in rows:
        created_at = timeline.moved(message.created_at)
        due_at = created_at + (message.due_at - message.created_at)
        sent_at = message.sent_at and due_at + SENDING_TIME
        ended_at = message.ended_at and due_at + SENDING_TIME
        Message.objects.filter(pk=message.pk).update(
            created_at=created_at, due_at=due_at, sent_at=sent_at, ended_at=ended_at
        )


def _move_card(deal: Deal, timeline: Timeline) -> None:
    """Moves keep their order; ranks follow the clock, so each move starts at the rank where the one before ended."""
    rank, entered = None, None
    for move in deal.moves.order_by("pk"):
        at = timeline.moved(move.at)
        values = {"at": at, "from_rank": rank, "to_rank": rank_at(at), "from_entered_at": entered}
        values["undo_until"] = move.undo_until and at + (move.undo_until - move.at)
        values["undone_at"] = move.undone_at and timeline.moved(move.undone_at)
        DealMove.objects.filter(pk=move.pk).update(**values)
        rank, entered = rank_at(at), at
    Deal.objects.filter(pk=deal.pk).update(rank=rank)
