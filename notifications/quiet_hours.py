"""Quiet hours: when a customer's phone is not to ring.

They are two clock times of a shop and may pass midnight. Everything is worked out in instants, so that an hour that
a change of clocks leaves out or repeats neither sends early nor waits for ever. Knows clocks only: no row, no message.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def end_of_quiet(now: datetime, *, begins: time, ends: time, time_zone: str) -> datetime | None:
    """The instant at which the quiet hours around `now` end, or None when `now` is not in any.

    Two equal clock times are no quiet hours. Where the clocks are changed the quiet hours are the longer ones.
    """
    if begins == ends:
        return None
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        last_day = day if begins < ends else day + timedelta(days=1)
        end = max(_instants(last_day, ends, zone))
        if min(_instants(day, begins, zone)) <= now < end:
            return end
    return None


def _instants(day: date, clock: time, zone: ZoneInfo) -> list[datetime]:
    """When a clock shows this time: twice in the hour that is repeated, else the same instant twice."""
    shown = datetime.combine(day, clock, tzinfo=zone)
    return [shown.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
