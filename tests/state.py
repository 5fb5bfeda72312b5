"""What the database says: every row a refusal must leave alone, and the invariants that hold after anything at all."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from crm.models import BoardChange, Deal, DealMove
from crm.projection import agrees
from inventory.models import Product, Reservation, StockItem, StockMovement
from inventory.selectors import stock_problems
from notifications.models import Message
from orders.models import (
    Customer,
    CustomerContact,
    Order,
    OrderAddress,
    OrderEvent,
    OrderLine,
    OrderNote,
    Return,
    ReturnLine,
    Shipment,
    ShipmentLine,
)
from orders.models.history import EventKind
from orders.statuses import Status

MODELS: tuple[type[Model], ...] = (
    *(Order, OrderLine, OrderAddress, OrderEvent, OrderNote, Shipment, ShipmentLine, Return, ReturnLine),
    *(Customer, CustomerContact, Product, StockItem, Reservation, StockMovement),
    *(Deal, DealMove, BoardChange, Message),
)


def everything() -> dict[str, list[Any]]:
    """All rows of orders, stock, board and messages, to compare before and after a refusal."""
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in MODELS}


def held_for(order: Order) -> tuple[int, int]:
    """(reserved, backordered) units of an order, over all products."""
    rows = Reservation.objects.filter(reference=order.stock_reference).values_list("reserved", "backordered")
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


def counters(product: Product) -> tuple[int, int]:
    """(on hand, reserved) units of a product, over all warehouses."""
    rows = StockItem.objects.filter(product=product).values_list("on_hand", "reserved")
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


def status_of(order: Order) -> str:
    return Order.objects.values_list("status", flat=True).get(pk=order.pk)


def status_events(order: Order) -> list[OrderEvent]:
    """The order's status changes, undone ones included, oldest first."""
    return list(OrderEvent.objects.filter(order=order, kind=EventKind.STATUS).order_by("id"))


def assert_sound() -> None:
    """Ledger, reservations, history, deals and orders tell the same story."""
    assert list(stock_problems()) == []
    for order in Order.objects.select_related("shop"):
        assert replayed_status(order) == order.status
        reserved, waiting = held_for(order)
        if order.status in (Status.CANCELLED, Status.RETURNED):
            assert (reserved, waiting) == (0, 0)
        wanted = sum(order.lines.values_list("quantity", flat=True))
        assert reserved + waiting <= wanted
    for deal in Deal.objects.select_related("stage", "order"):
        assert agrees(deal.stage, deal.order)
        assert deal.is_open is not deal.stage.is_terminal
        last = deal.moves.latest("id")
        assert (last.to_stage_id, last.to_rank) == (deal.stage_id, deal.rank)


def replayed_status(order: Order) -> str:
    """The status that the history leads to; each row starts where the one before ended."""
    status = Status.NEW.value
    changes = OrderEvent.objects.filter(order=order, kind__in=[EventKind.STATUS, EventKind.REVERTED])
    for event in changes.order_by("id"):
        assert event.from_status == status
        status = event.to_status
    return status
