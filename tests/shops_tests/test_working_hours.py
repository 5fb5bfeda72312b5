"""Open hours between two moments, and when a number of them has passed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shops.working_hours import Calendar

BUCHAREST = ZoneInfo("Europe/Bucharest")
WEEK = {day: ["09:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


def calendar(hours=WEEK, holidays=()):
    return Calendar(hours, frozenset(holidays), BUCHAREST)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BUCHAREST)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-16 10:00", "2026-11-16 12:30", 2.5),
        ("2026-11-16 07:00", "2026-11-16 23:00", 9),
        ("2026-11-16 17:00", "2026-11-17 10:00", 2),
        ("2026-11-20 17:00", "2026-11-23 10:00", 2),
        ("2026-11-21 10:00", "2026-11-22 10:00", 0),
        ("2026-11-16 12:00", "2026-11-16 11:00", 0),
    ],
)
def test_it_counts_open_hours_only(start, end, hours):
    assert calendar().open_between(at(start), at(end)) == timedelta(hours=hours)


def test_it_counts_moments_of_any_zone():
    start, end = datetime(2026, 11, 16, 8, 0, tzinfo=UTC), datetime(2026, 11, 16, 9, 0, tzinfo=UTC)

    assert calendar().open_between(start, end) == timedelta(hours=1)


def test_it_leaves_holidays_out():
    closed = calendar(holidays=["2026-11-30", "2026-12-01"])

    assert closed.open_between(at("2026-11-27 17:00"), at("2026-12-02 10:00")) == timedelta(hours=2)


@pytest.mark.parametrize(
    ("start", "hours", "moment"),
    [
        ("2026-11-16 10:00", 4, "2026-11-16 14:00"),
        ("2026-11-16 16:00", 4, "2026-11-17 11:00"),
        ("2026-11-20 17:00", 4, "2026-11-23 12:00"),
        ("2026-11-21 03:00", 1, "2026-11-23 10:00"),
        ("2026-11-16 09:00", 9, "2026-11-16 18:00"),
    ],
)
def test_it_finds_when_open_hours_have_passed(start, hours, moment):
    assert calendar().after_open(at(start), timedelta(hours=hours)) == at(moment)


@pytest.mark.parametrize(
    ("start", "hours"), [("2026-11-16 10:00", 4), ("2026-11-20 17:00", 20), ("2026-11-21 03:00", 1)]
)
def test_it_agrees_with_itself(start, hours):
    moment = calendar().after_open(at(start), timedelta(hours=hours))

    assert calendar().open_between(at(start), moment) == timedelta(hours=hours)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 5), ("2026-10-25", 7), ("2026-11-01", 6)])
def test_it_counts_the_night_the_clock_changes_as_long_as_it_was(day, hours):
    sundays = calendar({"sun": ["00:00", "06:00"]})

    assert sundays.open_between(at(f"{day} 00:00"), at(f"{day} 12:00")) == timedelta(hours=hours)
    assert sundays.after_open(at(f"{day} 00:00"), timedelta(hours=hours)) == at(f"{day} 06:00")


def test_it_counts_plain_time_in_a_shop_that_never_opens():
    never = calendar({})

    assert never.after_open(at("2026-11-16 10:00"), timedelta(hours=4)) == at("2026-11-16 14:00")
    assert never.open_between(at("2026-11-16 10:00"), at("2026-11-17 10:00")) == timedelta()


@pytest.mark.parametrize(
    ("end", "hours", "moment"),
    [
        ("2026-11-16 14:00", 4, "2026-11-16 10:00"),
        ("2026-11-17 11:00", 4, "2026-11-16 16:00"),
        ("2026-11-23 12:00", 4, "2026-11-20 17:00"),
    ],
)
def test_it_looks_back_over_open_hours(end, hours, moment):
    assert calendar().before_open(at(end), timedelta(hours=hours)) == at(moment)
