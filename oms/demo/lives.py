"""The lives of orders in mass: where each stands and when it got there, drawn at random but never impossible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from orders.statuses import HAPPY_PATH, PaymentMethod, PaymentStatus, Status

OPEN_SHARE, FEWEST_OPEN = 0.025, 120
# Of the orders that are through; the rest was delivered. Card shops return less, cash on delivery more.
RETURNED_SHARE, CANCELLED_SHARE, OWED_SHARE = 0.035, 0.02, 0.04
OPEN_STATUSES = (Status.NEW, Status.CONFIRMED, Status.PROCESSING, Status.SHIPPED)
OPEN_WEIGHTS = (14, 18, 24, 44)
YOUNGEST_CLOSED, OLDEST = timedelta(days=9), timedelta(days=730)
# From placed: confirmed, picked, shipped, delivered or sent back, paid out; hours from and to.
GAPS = {
    Status.CONFIRMED: (0.3, 14),
    Status.PROCESSING: (0.5, 8),
    Status.SHIPPED: (1, 20),
    Status.DELIVERED: (18, 70),
    Status.RETURNED: (30, 90),
    Status.CANCELLED: (2, 40),
}
PAID_OUT_GAP = (12, 60)


@dataclass(frozen=True)
class Life:
    """One order: when it was placed, its status changes with their moments, and how it is paid."""

    placed_at: datetime
    changes: tuple[tuple[Status, datetime], ...]
    payment_method: str
    payment_status: str
    paid_out_at: datetime | None = None

    @property
    def status(self) -> Status:
        return self.changes[-1][0] if self.changes else Status.NEW

    @property
    def changed_at(self) -> datetime:
        return self.changes[-1][1] if self.changes else self.placed_at

    def at(self, status: Status) -> datetime | None:
        """When the order got this status, if it did."""
        return next((moment for reached, moment in self.changes if reached == status), None)


def draw_life(random: Random, now: datetime, *, open_share: float) -> Life:
    """A life that ends before now. An open order is hours old, a closed one between nine days and two years."""
    if random.random() < open_share:
        status = random.choices(OPEN_STATUSES, OPEN_WEIGHTS)[0]
        return _live(random, _way_to(status), now - timedelta(hours=random.uniform(0.05, 9)), ends=True)
    age = YOUNGEST_CLOSED + (OLDEST - YOUNGEST_CLOSED) * random.random()
    fate = random.random()
    if fate < RETURNED_SHARE:
        way = (*_way_to(Status.SHIPPED), Status.RETURNED)
    elif fate < RETURNED_SHARE + CANCELLED_SHARE:
        way = (Status.CANCELLED,)
    else:
        way = _way_to(Status.DELIVERED)
    return _live(random, way, now - age, ends=False)


def _way_to(status: Status) -> tuple[Status, ...]:
    return HAPPY_PATH[1 : HAPPY_PATH.index(status) + 1]


def _live(random: Random, way: tuple[Status, ...], moment: datetime, *, ends: bool) -> Life:
    """A life along this way that begins, or ends, at a moment."""
    gaps = [timedelta(hours=random.uniform(*GAPS[status])) for status in way]
    placed_at = moment - sum(gaps, timedelta()) if ends else moment
    changes, at = [], placed_at
    for status, gap in zip(way, gaps, strict=True):
        at += gap
        changes.append((status, at))
    method = PaymentMethod.COD if random.random() < 0.72 else PaymentMethod.CARD
    is_delivered = bool(way) and way[-1] == Status.DELIVERED
    is_paid_out = is_delivered and random.random() >= OWED_SHARE
    is_paid = method == PaymentMethod.CARD or is_paid_out
    return Life(
        placed_at=placed_at,
        changes=tuple(changes),
        payment_method=method,
        payment_status=PaymentStatus.PAID if is_paid else PaymentStatus.PENDING,
        paid_out_at=at + timedelta(hours=random.uniform(*PAID_OUT_GAP)) if is_paid_out else None,
    )
