"""What happened to messages that others want to know; published where it is written down, in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shops.bus import Event


@dataclass(frozen=True, kw_only=True)
class CorrespondenceChanged(Event):
    """Messages about an order began or ceased to need a person, or its customer answered or was read."""

    topic: ClassVar[str] = "correspondence.changed"
    order_id: int
