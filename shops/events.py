"""What happens on the ground floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shops.bus import Event


@dataclass(frozen=True, kw_only=True)
class ShopCreated(Event):
    """A shop came to be; funnels, templates and a warehouse follow in the same transaction."""

    topic: ClassVar[str] = "shop.created"
    shop_id: int
    country: str
