"""How much to order, and when. Whole units; demand is a fraction of units a day, exact until it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil

TENTH = Decimal("0.1")
HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True)
class Need:
    """What is known of one product: units shipped in so many days, how long an order takes, and what is there.

    `free` is what is on hand less what is reserved, `waiting` the units somebody waits for.
    """

    shipped: int
    days: int
    lead_days: int
    safety: int
    free: int
    waiting: int
    pack: int = 1

    @property
    def sold(self) -> int:
        """Net units shipped; none where more shipments were undone than made."""
        return max(0, self.shipped)

    @property
    def per_day(self) -> Fraction:
        """Demand: net units shipped a day."""
        return Fraction(self.sold, max(1, self.days))

    @property
    def during_lead_time(self) -> Fraction:
        return self.per_day * self.lead_days

    @property
    def reorder_point(self) -> Fraction:
        """Demand during the lead time plus safety stock: the standard reorder-point formula.

        (E. A. Silver, D. F. Pyke, D. J. Thomas, “Inventory and Production Management in Supply Chains”, continuous
        review, order point s = expected demand over the lead time + safety stock.)
        """
        return self.during_lead_time + self.safety

    @property
    def order_up_to(self) -> Fraction:
        """The level an order aims at: the reorder point and one more lead time's demand, so that it lasts a while."""
        return self.reorder_point + self.during_lead_time

    @property
    def position(self) -> int:
        """What is left when everybody who waits is served."""
        return self.free - self.waiting

    @property
    def is_due(self) -> bool:
        """Whether what is left is below the reorder point."""
        return self.position < self.reorder_point

    @property
    def quantity(self) -> int:
        """Units to order now: up to `order_up_to`, in whole packs; 0 while there is enough."""
        if not self.is_due:
            return 0
        pack = max(1, self.pack)
        return ceil((self.order_up_to - self.position) / pack) * pack


def rounded(value: Fraction, step: Decimal = TENTH) -> Decimal:
    """The fraction as a decimal for people, half up; whole numbers without a decimal point."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    shown = exact.quantize(step, ROUND_HALF_UP)
    return shown.to_integral_value() if shown == shown.to_integral_value() else shown
