"""What a change of many orders would tell their customers, before it is made: who, on which channel, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from notifications.facts import OrderFacts
from notifications.selectors import channels_on, quiet_until, switch_rows
from notifications.statuses import EVENT_OF_STATUS, Channel
from orders.models import Order
from shops.models import Shop


@dataclass(frozen=True)
class Forecast:
    """How many customers would be written to, and by how many messages; SMS wait until `quiet_until` at night."""

    people: int = 0
    emails: int = 0
    texts: int = 0
    quiet_until: datetime | None = None

    @property
    def is_silence(self) -> bool:
        return not self.people


def forecast_of_change(shop: Shop, status: str, orders: Iterable[Order]) -> Forecast:
    """What bringing these orders of one shop to a status would tell. Two queries; the orders bring their addresses.

    An address that is not written to any more is counted all the same: that is found out when sending.
    """
    event = EVENT_OF_STATUS.get(status)
    matrix = switch_rows(shop.pk, event) if event else []
    reached: Counter[str] = Counter()
    people = 0
    for order in orders if matrix else ():
        facts = OrderFacts(order, (), None, "")
        on = channels_on(matrix, payment_method=order.payment_method, source=order.source)
        channels = [channel for channel in on if facts.recipient(channel)]
        reached.update(channels)
        people += bool(channels)
    texts = reached[Channel.SMS]
    quiet = quiet_until(shop, timezone.now()) if texts else None
    return Forecast(people, reached[Channel.EMAIL], texts, quiet)
