"""What a text looks like on a real order before anybody gets it: for the editor in admin.

It reads and renders, and sends and stores nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.errors import TemplateError
from notifications.facts import facts_of_order
from notifications.layout import Written, sample_link, write
from notifications.models import MessageTemplate
from notifications.rendering import left_blank
from notifications.segments import Length, length_of, letters_outside
from notifications.selectors import look_of
from notifications.statuses import Channel
from notifications.vocabulary import ALIASES, LINE_NAMES, NAMES, WHY_EMPTY, Name, sample
from orders.models import Order

LATEST_ORDERS = 20
MOST_LETTERS_NAMED = 5
PARCEL_NAMES = frozenset({"awbNumber", "awbNumberWithTracking", "trackingUrl"})


@dataclass(frozen=True)
class NameShown:
    """A name of the vocabulary and what it gives for one order; `why` says why it gives nothing."""

    name: Name
    value: str
    why: str = ""
    owner: str = ""

    @property
    def spelling(self) -> str:
        return f"{self.owner}.{self.name.name}" if self.owner else self.name.name

    @property
    def insert(self) -> str:
        """What a click puts into the text."""
        if isinstance(self.name.example, list):
            return (
                "{% for line in " + self.name.name + " %}{{ line.quantity }} x {{ line.name }}\n{% endfor %}"
            )
        if isinstance(self.name.example, bool):
            return "{% if " + self.name.name + " %}{% endif %}"
        return "{{" + self.spelling + "}}"


@dataclass(frozen=True)
class SmsLook:
    """An SMS as the gateway will count it, and the letters that make it a dearer one."""

    length: Length
    letters: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    """A text on an order: in words, or the problems that keep it from being sent; and what to look at twice."""

    names: list[NameShown]
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    written: Written | None = None
    sms: SmsLook | None = None

    @property
    def frame(self) -> str:
        """The e-mail for a sandboxed frame, in which its links lead nowhere."""
        html = self.written.html if self.written else ""
        return html.replace("<head>", '<head><base target="_blank">', 1)


def preview_of(template: MessageTemplate, order: Order | None) -> Preview:
    """The text, saved or not, on this order of its shop, or on an invented example; nothing where nothing is written yet.

    Four queries at most.
    """
    facts = preview_facts(template, order)
    names = names_shown(facts)
    if not template.body.strip():
        return Preview(names)
    try:
        template.clean_fields(exclude=["shop", "subject", "body"])
        template.clean()
        written = write(template, facts, look=look_of(template.shop), link=sample_link())
        warnings = _warnings(template, facts, names, order)
    except ValidationError as error:
        return Preview(names, problems=_problems(error))
    except TemplateError as error:
        return Preview(names, problems=error.sentences)
    if not written.text.strip():
        return Preview(names, problems=[_("The text comes out empty for this order.")])
    sms = None
    if template.channel == Channel.SMS:
        letters = letters_outside(written.text)[:MOST_LETTERS_NAMED]
        sms = SmsLook(length_of(written.text), [_letter(letter) for letter in letters])
    return Preview(names, warnings=warnings, written=written, sms=sms)


def preview_facts(template: MessageTemplate, order: Order | None) -> dict[str, Any]:
    """The facts a message of this kind about this order would be written from; an example's without an order."""
    facts = sample()
    if order is not None:
        # A language nobody speaks here is refused with the text; until then the customer's own does.
        language = template.language if template.language in dict(settings.LANGUAGES) else ""
        facts = facts_of_order(order.pk).snapshot(template.channel, template.event, language)
    return {**facts, "order_url": sample_link()}


def names_shown(facts: Mapping[str, Any]) -> list[NameShown]:
    """Every name and, for products in a loop, every field, with what it gives here."""
    shown = [NameShown(name, _words(facts.get(name.name)), _why(name, facts)) for name in NAMES]
    lines = facts.get("lines") or [{}]
    return shown + [NameShown(name, _words(lines[0].get(name.name)), owner="line") for name in LINE_NAMES]


def latest_orders(shop_id: int, beginning: str = "") -> list[Order]:
    """The shop's newest orders, or those whose number begins so."""
    orders = Order.objects.filter(shop_id=shop_id).select_related("customer")
    if beginning:
        return list(orders.filter(number__startswith=beginning.upper()).order_by("number")[:LATEST_ORDERS])
    return list(orders.order_by("-placed_at", "-id")[:LATEST_ORDERS])


def _problems(error: ValidationError) -> list[str]:
    """The sentences of a refusal; those that name no line say which field they are about."""
    said: list[str] = []
    for name, sentences in error.message_dict.items():
        label = str(MessageTemplate._meta.get_field(name).verbose_name).capitalize()  # type: ignore[union-attr]
        said += [text if name == "body" else f"{label}: {text}" for text in sentences]
    return said


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ngettext("%(count)d product", "%(count)d products", len(value)) % {"count": len(value)}
    return "" if value is None else str(value)


def _why(name: Name, facts: Mapping[str, Any]) -> str:
    if facts.get(name.name) not in ("", None):
        return ""
    if name.name in PARCEL_NAMES and facts.get("shipping_Date"):
        if name.name == "trackingUrl":
            return _("the courier has no tracking page for this parcel")
        return _("the parcel has no tracking number")
    return str(WHY_EMPTY.get(name.name, ""))


def _warnings(
    template: MessageTemplate, facts: Mapping[str, Any], names: list[NameShown], order: Order | None
) -> list[str]:
    source = template.body
    blanks = left_blank(source, facts)
    if template.channel == Channel.EMAIL:
        blanks = left_blank(template.subject, facts) | blanks
    reasons = {shown.spelling: shown.why for shown in names}
    where = order.number if order else _("the example")
    return [_warning(name, where, reasons.get(ALIASES.get(name, name), "")) for name in blanks]


def _warning(name: str, where: str, why: str) -> str:
    values = {"name": name, "order": where, "why": why}
    if why:
        return _("%(name)s is empty for %(order)s: %(why)s.") % values
    return _("%(name)s is empty for %(order)s.") % values


def _letter(letter: str) -> str:
    return f"{letter} ({unicodedata.name(letter, f'U+{ord(letter):04X}').lower()})"
