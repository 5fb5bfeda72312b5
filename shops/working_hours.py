"""Working hours: how much of a stretch of time a shop was open, and when a number of open hours has passed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_SEARCH = timedelta(days=400)


@dataclass(frozen=True)
class Calendar:
    """Opening hours by weekday (`{"mon": ["09:00", "18:00"]}`), in a time zone, less the holidays (ISO dates)."""

    hours: Mapping[str, Sequence[str]]
    holidays: frozenset[str]
    zone: ZoneInfo

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """The open time between two moments; zero when `end` is not after `start`."""
        total = timedelta()
        for opens, closes in self._openings(start, end):
            total += max(timedelta(), min(closes, end) - max(opens, start))
        return total

    def after_open(self, start: datetime, amount: timedelta) -> datetime:
        """The moment when `amount` of open time has passed since `start`; with no open day ever, `start + amount`."""
        left = amount
        for opens, closes in self._openings(start, start + LONGEST_SEARCH):
            begin = max(opens, start)
            if closes - begin >= left:
                return begin + left
            left -= max(timedelta(), closes - begin)
        return start + amount

    def before_open(self, end: datetime, amount: timedelta) -> datetime:
        """The moment since which `amount` of open time has passed until `end`; with no open day ever, `end - amount`."""
        left, day = amount, end.astimezone(self.zone).date()
        for _number in range(LONGEST_SEARCH.days):
            opening = self._opening_of(day)
            day -= timedelta(days=1)
            if opening is None or opening[0] >= end:
                continue
            opens, closes = opening[0], min(opening[1], end)
            if closes - opens >= left:
                return closes - left
            left -= closes - opens
        return end - amount

    def _openings(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        day, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        while day <= last:
            span = self._opening_of(day)
            if span and span[1] > start:
                yield span
            day += timedelta(days=1)

    def _opening_of(self, day: date) -> tuple[datetime, datetime] | None:
        hours = self.hours.get(WEEKDAYS[day.weekday()])
        if not hours or day.isoformat() in self.holidays:
            return None
        local = (datetime.combine(day, time.fromisoformat(text), self.zone) for text in hours)
        # In UTC: the difference of two moments of one zone is wall-clock time, wrong on the night the clock changes.
        opens, closes = (moment.astimezone(UTC) for moment in local)
        return opens, closes
