"""The words of the e-mail about a due reminder. Plain text, in the person's language and the shop's time."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm.models import Reminder
from inventory.errors import written_day


@dataclass(frozen=True)
class DueNote:
    """Subject and text."""

    subject: str
    text: str


def due_note(reminder: Reminder, *, language: str) -> DueNote:
    """What is to be done, on which deal, for whom, since when, and where; the reminder with its deal and shop."""
    deal, shop = reminder.deal, reminder.deal.funnel.shop
    due = reminder.due_at.astimezone(shop.zone)
    with override(language):
        subject = _("Reminder: %(deal)s") % {"deal": deal.title}
        if reminder.note:
            subject += f" · {reminder.note}"
        lines = [reminder.note or _("You wanted to be reminded of this deal."), ""]
        who = str(deal.customer) if deal.customer else ""
        lines.append(" · ".join(filter(None, (deal.title, who, shop.name))))
        lines.append(_("Due: %(moment)s") % {"moment": f"{written_day(due.date())}, {due:%H:%M}"})
        lines.append(_("Open it: %(address)s") % {"address": f"{settings.OMS_PUBLIC_URL}/deals/{deal.pk}/"})
    return DueNote(subject[:500], "\n".join(lines))
