"""Classes by revenue. It knows amounts and keys; where they come from is not its concern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

A, B, C = "A", "B", "C"
HUNDRED = Decimal(100)
SHARE = Decimal("0.0001")


@dataclass(frozen=True)
class Ranked:
    """One product among the others, best first. Shares are percent of the whole revenue, to four places."""

    key: int
    revenue: Decimal
    share: Decimal
    cumulated: Decimal
    abc_class: str


def classify(revenues: Iterable[tuple[int, Decimal]], *, a_percent: int, b_percent: int) -> Iterator[Ranked]:
    """Each (key, revenue) with its class, largest revenue first, equal ones by key.

    ABC analysis after Pareto's principle (H. F. Dickie, “ABC Inventory Analysis Shoots for Dollars, not Pennies”,
    Factory Management and Maintenance, 1951): a product is A while those *before* it have less than `a_percent` of
    the revenue, B while they have less than `a_percent + b_percent`, C after that. So the one that crosses a
    threshold still belongs to the better class, and the best product is always A. Without revenue it is C.
    """
    ranked = sorted(revenues, key=lambda row: (-row[1], row[0]))
    whole = sum((max(revenue, Decimal(0)) for _key, revenue in ranked), Decimal(0))
    before = Decimal(0)
    for key, revenue in ranked:
        earned = max(revenue, Decimal(0))
        yield Ranked(
            key,
            revenue,
            _percent(earned, whole),
            _percent(before + earned, whole),
            _class_of(earned, before, whole, a_percent, b_percent),
        )
        before += earned


def _class_of(earned: Decimal, before: Decimal, whole: Decimal, a_percent: int, b_percent: int) -> str:
    if not earned:
        return C
    if before * 100 < whole * a_percent:
        return A
    return B if before * 100 < whole * (a_percent + b_percent) else C


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    return (part * HUNDRED / whole).quantize(SHARE, ROUND_HALF_UP) if whole else Decimal(0)
