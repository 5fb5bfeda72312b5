"""Reminders as cards and lists read them: their colour now, which deals have one of a colour, and handy moments.

A card wears the colour of its most urgent open reminder, whoever it is for; the filter finds what the card shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from crm.models import Reminder
from shops.working_hours import Calendar

GRACE = timedelta(minutes=30)
HOUR = timedelta(hours=1)
AFTERNOON, MORNING = time(15), time(9)
Colour = Literal["green", "yellow", "red"]
COLOURS: tuple[Colour, ...] = ("red", "yellow", "green")


def colour_of(due_at: datetime, now: datetime) -> Colour:
    """Green: set and not yet due. Yellow: due, for a grace of `GRACE`. Red: after that."""
    if now < due_at:
        return "green"
    return "yellow" if now < due_at + GRACE else "red"


def due_in(colour: str, now: datetime) -> Q:
    """The condition on reminders that have this colour now; no other word has any."""
    if colour == "green":
        return Q(due_at__gt=now)
    if colour == "yellow":
        return Q(due_at__gt=now - GRACE, due_at__lte=now)
    if colour == "red":
        return Q(due_at__lte=now - GRACE)
    return Q(pk__in=[])


def has_reminder(colour: str, now: datetime) -> Q:
    """The condition on deals whose card shows this colour: the most urgent of their open reminders has it."""
    wanted = Q(Exists(_of_deal().filter(due_in(colour, now))))
    if colour == "green":
        return wanted & ~Q(Exists(_of_deal().filter(due_at__lte=now)))
    if colour == "yellow":
        return wanted & ~Q(Exists(_of_deal().filter(due_in("red", now))))
    return wanted


def next_reminder() -> QuerySet[Reminder]:
    """Of the deal around it, the open reminders, most urgent first: for a `Subquery` of the first one's column."""
    return _of_deal().order_by("due_at", "pk")


def _of_deal() -> QuerySet[Reminder]:
    return Reminder.objects.filter(deal=OuterRef("pk"), done_at=None)


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
    if now + GRACE < afternoon and calendar.open_between(afternoon, afternoon + GRACE):
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
