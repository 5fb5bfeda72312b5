"""The event bus: one table of handlers, run in order inside the publisher's transaction.

It knows nothing of the events it carries. Handlers write to the database only and let exceptions
propagate, so an order, its stock, its deal and its messages commit or roll back together.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone

from shops.errors import NotInTransaction

Handler = Callable[[Any], None]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened. `uid` names this happening for ever; `topic` names its kind for the outside."""

    topic: ClassVar[str] = "event"
    uid: uuid.UUID = field(default_factory=uuid.uuid4)
    occurred_at: datetime = field(default_factory=timezone.now)

    def payload(self) -> dict[str, Any]:
        """The event as plain values, ready for JSON."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    return value


_handlers: dict[type[Event], tuple[Handler, ...]] = {}


def subscribe(table: Mapping[type[Event], Iterable[Handler]]) -> None:
    """Install the one table of handlers, replacing the previous one."""
    _handlers.clear()
    _handlers.update({event: tuple(handlers) for event, handlers in table.items()})


def handlers_of(event: type[Event]) -> tuple[Handler, ...]:
    """The handlers of an event type, in the order they run."""
    return _handlers.get(event, ())


def publish(event: Event) -> None:
    """Run every handler of the event now, in this transaction; raises `NotInTransaction` outside of one."""
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction(f"{type(event).__name__} was published outside a transaction")
    for handler in handlers_of(type(event)):
        handler(event)
