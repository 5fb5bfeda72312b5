"""The filters of a board in words: a chip for each one in force with the address without it, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.templatetags.ui import source_name
from crm.views.addresses import BoardAddress


@dataclass(frozen=True)
class Chip:
    """One filter in force; `url` is the board without it."""

    label: str
    url: str


def reminder_words() -> dict[str, str]:
    return {"red": _("reminder overdue"), "yellow": _("reminder due now"), "green": _("reminder set")}


def payment_words() -> dict[str, str]:
    return {
        "cod": _("cash on delivery"),
        "paid": _("paid"),
        "unpaid": _("not paid"),
        "failed": _("payment failed"),
    }


def age_words(age: str) -> str:
    """“late”, “12h”, “3d” as people say it."""
    if age == "late":
        return _("past the time limit")
    number = int(age[:-1])
    if age.endswith("h"):
        return ngettext("in the stage over %(number)d hour", "in the stage over %(number)d hours", number) % {
            "number": number
        }
    return ngettext("in the stage over %(number)d day", "in the stage over %(number)d days", number) % {
        "number": number
    }


def chips(address: BoardAddress, colleague: str) -> list[Chip]:
    """What the board is narrowed to, beside the figure of Today and mine or unclaimed, which have links of their own."""
    words = address.words
    found = {
        "whose": (colleague or _("somebody who left")) if words.whose.isdecimal() else "",
        "reminder": reminder_words().get(words.reminder, ""),
        "pay": payment_words().get(words.pay, ""),
        "source": source_name(words.source) if words.source else "",
        "age": age_words(words.age) if words.age else "",
        "low": _("from %(amount)s") % {"amount": words.low} if words.low else "",
        "high": _("up to %(amount)s") % {"amount": words.high} if words.high else "",
        "tag": f"#{words.tag}" if words.tag else "",
        "product": f"“{words.product}”" if words.product else "",
    }
    return [Chip(label, address.url(**{name: ""})) for name, label in found.items() if label]


def unreadable(address: BoardAddress) -> str:
    """A sentence about filters of the address that nobody can read, or nothing."""
    names = {
        "age": _("time in the stage"),
        "low": _("amount from"),
        "high": _("amount up to"),
        "reminder": _("reminder"),
        "pay": _("payment"),
    }
    said = ", ".join(names[name] for name in address.unreadable)
    return (
        _("Not understood, and therefore not filtered by: %(filters)s.") % {"filters": said} if said else ""
    )
