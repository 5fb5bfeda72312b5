"""Reminders as cards and lists read them: their colour now, and which deals have one of a colour.

A card wears the colour of its most urgent open reminder, whoever it is for; the filter finds what the card shows.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Exists, OuterRef, Q, QuerySet

from crm.models import Reminder

GRACE = timedelta(minutes=30)
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
