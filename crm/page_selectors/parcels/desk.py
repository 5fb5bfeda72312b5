"""The AWB desk's summary: which rows of a list would do something, which are done already, which are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orders.awb_files import OUTCOMES, AwbList
from orders.services.awb_lists import Verdict, look_through
from orders.services.awbs import NOTHING
from shops.models import User

SHOWN_AT_ONCE = 20
MOST_SHOWN = 500


@dataclass(frozen=True)
class BadRow:
    """A row that does nothing, as its line and its text, and why."""

    line: int
    text: str
    why_not: str


@dataclass(frozen=True)
class DeskSummary:
    """What a list would do, before anything is written."""

    kind: str
    notices: Sequence[str]
    good: list[Verdict]
    same: list[Verdict]
    bad: list[BadRow]

    @property
    def shown(self) -> list[Verdict]:
        return self.good[:SHOWN_AT_ONCE]

    @property
    def folded(self) -> list[Verdict]:
        return self.good[SHOWN_AT_ONCE:MOST_SHOWN]

    @property
    def unseen(self) -> int:
        """Good rows that are not even folded away: thousands would make the page slow."""
        return max(0, len(self.good) - MOST_SHOWN)

    @property
    def is_about_outcomes(self) -> bool:
        return self.kind == OUTCOMES


def summary_of(found: AwbList, user: User, carrier: str = "") -> DeskSummary:
    """Look a list through for this person; see `orders.services.awb_lists.look_through`."""
    verdicts = look_through(
        found.rows, kind=found.kind, user=user, carrier=carrier, may_turn=not found.is_headed
    )
    fine = [verdict for verdict in verdicts if not verdict.why_not]
    return DeskSummary(
        kind=found.kind,
        notices=found.notices,
        good=[verdict for verdict in fine if verdict.does != NOTHING],
        same=[verdict for verdict in fine if verdict.does == NOTHING],
        bad=[bad_row(verdict) for verdict in verdicts if verdict.why_not],
    )


def bad_row(verdict: Verdict, why_not: str = "") -> BadRow:
    """A refused row, as people find it again in their own list."""
    row = verdict.row
    cells = (row.order, row.number, row.carrier, row.outcome)
    return BadRow(row.line, "; ".join(filter(None, cells)), why_not or verdict.why_not)
