"""What happens to orders. Every event carries the order, its shop, the actor's label and whether people hear of it.

`notify` is false for intermediate steps, reverts, file imports and seeds; `move_id` is shared by the steps of one
move; `reference` is opaque to orders.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from shops.actors import Actor
from shops.bus import Event


@dataclass(frozen=True, kw_only=True)
class OrderEventBase(Event):
    order_id: int
    shop_id: int
    actor: Actor
    notify: bool = True
    move_id: uuid.UUID | None = None
    undo_until: datetime | None = None
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(OrderEventBase):
    """An order came to be, in status new."""

    topic: ClassVar[str] = "order.placed"


@dataclass(frozen=True, kw_only=True)
class OrderAcknowledged(OrderEventBase):
    """An order that arrived silently (its checkout was unfinished) turned out to be a real one."""

    topic: ClassVar[str] = "order.acknowledged"


@dataclass(frozen=True, kw_only=True)
class OrderStatusChanged(OrderEventBase):
    """The status changed; `event_id` is the key of its `OrderEvent` row."""

    topic: ClassVar[str] = "order.status_changed"
    from_status: str
    to_status: str
    event_id: int


@dataclass(frozen=True, kw_only=True)
class OrderReverted(OrderEventBase):
    """A status change was undone. `reverted_uid` is the uid of the event it undoes."""

    topic: ClassVar[str] = "order.reverted"
    from_status: str
    to_status: str
    reverted_uid: uuid.UUID
    event_id: int


@dataclass(frozen=True, kw_only=True)
class OrderEdited(OrderEventBase):
    """Facts of the order changed without a change of status; `changes` names the fields."""

    topic: ClassVar[str] = "order.edited"
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OrderClaimed(OrderEventBase):
    """A person took the order, got it from a colleague (`is_handed_over`), or it was released (`manager_id` is None)."""

    topic: ClassVar[str] = "order.claimed"
    manager_id: int | None
    is_handed_over: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class PaymentRecorded(OrderEventBase):
    """The payment state changed."""

    topic: ClassVar[str] = "order.payment_recorded"
    from_payment_status: str
    to_payment_status: str


@dataclass(frozen=True, kw_only=True)
class ShipmentDispatched(OrderEventBase):
    """A parcel was handed over; not the first one when it follows an order that was shipped already."""

    topic: ClassVar[str] = "shipment.dispatched"
    shipment_id: int
    is_first: bool = True


@dataclass(frozen=True, kw_only=True)
class ShipmentAtPickup(OrderEventBase):
    """A parcel waits at a locker or pick-up point."""

    topic: ClassVar[str] = "shipment.at_pickup"
    shipment_id: int


@dataclass(frozen=True, kw_only=True)
class ReturnReceived(OrderEventBase):
    """A return arrived and was looked at."""

    topic: ClassVar[str] = "return.received"
    return_id: int


@dataclass(frozen=True, kw_only=True)
class OrderBecameShippable(OrderEventBase):
    """The last goods an order waited for arrived. `lines` says what can be sent now, as "2 × Mug".

    `manager_id` is who claimed the order (None: nobody), `event_id` the key of its `OrderEvent` row.
    """

    topic: ClassVar[str] = "order.shippable"
    number: str
    status: str
    manager_id: int | None
    lines: tuple[str, ...]
    event_id: int


@dataclass(frozen=True, kw_only=True)
class CallLogged(OrderEventBase):
    """Somebody called the customer. `attempt` counts the calls in a row that nobody answered; 0 when one was answered.

    `next_try_at` is when to call again (None: not planned).
    """

    topic: ClassVar[str] = "order.call_logged"
    answered: bool
    attempt: int
    next_try_at: datetime | None = None
