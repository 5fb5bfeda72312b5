"""Writing the order's history."""

from __future__ import annotations

from typing import Any

from orders.models import Order, OrderEvent
from shops.actors import Actor, actor_columns


def record(order: Order, *, kind: str, actor: Actor, **columns: Any) -> OrderEvent:
    """Append one row to the order's history."""
    return OrderEvent.objects.create(order=order, kind=kind, **actor_columns(actor), **columns)
