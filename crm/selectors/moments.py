"""The moments one click away, for reminders and for calls that are put off, by a shop's working hours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from shops.working_hours import Calendar

HOUR, HALF_HOUR = timedelta(hours=1), timedelta(minutes=30)
AFTERNOON, MORNING = time(15), time(9)


@dataclass(frozen=True)
class QuickChoice:
    """A moment one click away: what a form posts, what its button says, and when it is."""

    code: str
    label: str
    at: datetime


def quick_choices(calendar: Calendar, now: datetime) -> list[QuickChoice]:
    """The moments people mostly want, by the shop's working hours; those that fall together are offered once.

    An hour counts only while the shop is open, so that an evening's “in 1 hour” is tomorrow morning.
    """
    here = now.astimezone(calendar.zone)
    today = here.date()
    hour = calendar.after_open(now, HOUR)
    is_plain = hour - now <= HOUR
    choices = [QuickChoice("hour", _("In 1 hour") if is_plain else _("In 1 working hour"), hour)]
    afternoon = datetime.combine(today, AFTERNOON, calendar.zone)
    if now + HALF_HOUR < afternoon and calendar.open_between(afternoon, afternoon + HALF_HOUR):
        choices.append(QuickChoice("afternoon", _("This afternoon"), afternoon))
    tomorrow = _opening(calendar, today + timedelta(days=1))
    is_next_day = tomorrow.astimezone(calendar.zone).date() == today + timedelta(days=1)
    choices.append(
        QuickChoice("tomorrow", _("Tomorrow") if is_next_day else _weekday(tomorrow, calendar), tomorrow)
    )
    monday = _opening(calendar, today + timedelta(days=7 - today.weekday()))
    if monday > tomorrow:
        choices.append(QuickChoice("monday", _weekday(monday, calendar), monday))
    return [replace(choice, at=_whole_minute(choice.at)) for choice in choices]


def _opening(calendar: Calendar, day: date) -> datetime:
    midnight = datetime.combine(day, time(), calendar.zone)
    opening = calendar.after_open(midnight, timedelta())
    # A shop without working hours is taken to begin its days at nine.
    return opening if opening != midnight else datetime.combine(day, MORNING, calendar.zone)


def _weekday(moment: datetime, calendar: Calendar) -> str:
    return str(WEEKDAYS[moment.astimezone(calendar.zone).weekday()])


def _whole_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
