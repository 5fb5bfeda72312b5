"""What is going to happen to a deal by itself, each with when, and with the address that stops it where one may.

Messages that wait have a panel of their own (`notifications`); here is the rest. Reads nothing from the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm.models import Deal
from crm.page_selectors.reminders import ReminderRow
from orders.models import Order
from orders.statuses import Status


@dataclass(frozen=True)
class Coming:
    """One thing that will happen: `at` may be unknown, then `sentence` says what it waits for."""

    icon: str
    sentence: str
    at: datetime | None
    detail: str = ""
    skip_url: str = ""
    skip_label: str = ""
    is_past: bool = False


def coming_of(deal: Deal, reminders: list[ReminderRow], *, may_skip: bool) -> list[Coming]:
    """What comes, soonest first, what waits for something last; `deal` brings stage, order, funnel and shop."""
    now = timezone.now()
    found = [*_calls(deal, now, may_skip), *_reminders(reminders), *_limit(deal, now), *_auto(deal.order)]
    return sorted(found, key=lambda row: (row.at is None, row.at or now))


def _calls(deal: Deal, now: datetime, may_skip: bool) -> Iterator[Coming]:
    if not deal.is_open:
        return
    if deal.retry_at is not None:
        yield Coming(
            icon="phone",
            sentence=_("Call again (nobody answered %(times)d ×)") % {"times": deal.attempts},
            at=deal.retry_at,
            skip_url=reverse("crm:deal-skip", args=[deal.pk, "retry"]) if may_skip else "",
            skip_label=pgettext("what comes by itself", "Skip"),
            is_past=deal.retry_at <= now,
        )
    if deal.snoozed_until is not None and deal.snoozed_until > now:
        yield Coming(
            icon="clock",
            sentence=_("Comes back to those who call"),
            at=deal.snoozed_until,
            skip_url=reverse("crm:deal-skip", args=[deal.pk, "snooze"]) if may_skip else "",
            skip_label=_("Now"),
        )


def _reminders(reminders: list[ReminderRow]) -> Iterator[Coming]:
    for row in reminders:
        reminder = row.reminder
        yield Coming(
            icon="bell",
            sentence=_("%(name)s is reminded")
            % {"name": reminder.person.get_full_name() or reminder.person.username},
            at=reminder.due_at,
            detail=reminder.note,
            skip_url=reverse("crm:reminder-done", args=[reminder.pk]) if row.may_change else "",
            skip_label=pgettext("what comes by itself", "Skip"),
            is_past=reminder.due_at <= row.now,
        )


def _limit(deal: Deal, now: datetime) -> Iterator[Coming]:
    hours = deal.stage.time_limit_hours
    if hours is None or not deal.is_open:
        return
    at = deal.funnel.shop.calendar.after_open(deal.stage_entered_at, timedelta(hours=float(hours)))
    words = {"stage": deal.stage.name}
    is_past = at <= now
    sentence = _("Late in “%(stage)s”") if is_past else _("Counts as late in “%(stage)s”")
    yield Coming(icon="hourglass", sentence=sentence % words, at=at, is_past=is_past)


def _auto(order: Order | None) -> Iterator[Coming]:
    if order is None or order.status != Status.NEW or not order.shop.auto_confirm_paid or order.is_paid:
        return
    if not order.is_cod:
        yield Coming(
            icon="circle-check",
            sentence=_("Confirms itself once it is paid, if the address is complete and the goods are here"),
            at=None,
        )
