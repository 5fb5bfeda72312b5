"""What a message looks like: the e-mail's frame around an admin's words, and an SMS's few characters.

It takes a template, plain facts, a shop's look and a link; it reads no database. Labels are in the template's language.

The logo is an absolute address rather than an attached picture: an attachment would make every message ten times as
big and show a paper clip; where pictures are not loaded, the shop's name stands in its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Any

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import override

from notifications.looks import Look
from notifications.models import MessageTemplate
from notifications.rendering import render_line, render_paragraphs, render_text
from notifications.segments import plain_letters
from notifications.statuses import Channel, MessageEvent
from orders.contacts import safe_link

LONGEST_SUBJECT = 300
LONGEST_PREHEADER = 120
_ADDRESS = re.compile(r"https?://\S+")
EMPTY_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
# What could turn the words around it, or end them: control characters and marks of writing direction.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True)
class Button:
    """Where a press leads, and what stands on it."""

    label: str
    address: str


@dataclass(frozen=True)
class Written:
    """A message in words. SMS have a text only."""

    text: str
    subject: str = ""
    html: str = ""


def write(template: MessageTemplate, facts: Mapping[str, Any], *, look: Look, link: str) -> Written:
    """Render a template into a whole message, with `link` as the address of the order's tracking page.

    Raises TemplateError.
    """
    full = _one_line_each(facts) | {"order_url": link}
    if template.channel == Channel.SMS:
        return Written(text=_sms(template, full))
    with override(template.language):
        return _email(template, full, look)


def _sms(template: MessageTemplate, facts: Mapping[str, Any]) -> str:
    text = re.sub(r"[ \t]+", " ", render_text(template.body, facts)).strip()
    return plain_letters(text, template.language) if template.plain_letters else text


def words_of_template(template: MessageTemplate, facts: Mapping[str, Any], *, link: str) -> tuple[str, str]:
    """The subject and the bare words of a template on these facts, for a person to go on writing.

    Raises TemplateError.
    """
    full = _one_line_each(facts) | {"order_url": link}
    if template.channel == Channel.SMS:
        return "", _sms(template, full)
    words = EMPTY_LINES.sub("\n\n", render_text(template.body, full).replace("\r\n", "\n"))
    return render_line(template.subject, full)[:LONGEST_SUBJECT], words.strip()


def write_words(*, subject: str, text: str, look: Look, link: str, language: str) -> Written:
    """An e-mail in words a person wrote, in the shop's frame. They are taken as they stand, never as a template."""
    plain = text.replace("\r\n", "\n").strip()
    parts = (_as_paragraph(part) for part in re.split(r"\n\s*\n", plain))
    with override(language):
        return _framed(
            subject=" ".join(subject.split())[:LONGEST_SUBJECT],
            paragraphs=[part for part in parts if part],
            words=plain,
            facts={"order_url": link},
            look=look,
            language=language,
        )


def _as_paragraph(paragraph: str) -> SafeString:
    """One paragraph of plain text as HTML."""
    return mark_safe(escape(paragraph.strip()).replace("\n", "<br>"))  # noqa: S308 - escaped before


def _email(template: MessageTemplate, facts: Mapping[str, Any], look: Look) -> Written:
    words = EMPTY_LINES.sub("\n\n", render_text(template.body, facts).replace("\r\n", "\n")).strip()
    return _framed(
        subject=render_line(template.subject, facts)[:LONGEST_SUBJECT],
        # Cleaned by nh3 with an allow-list; every value in it was escaped.
        paragraphs=[mark_safe(part) for part in render_paragraphs(template.body, facts)],  # noqa: S308
        words=words,
        facts=facts,
        look=look,
        language=template.language,
        pay=template.event == MessageEvent.PAYMENT_FAILED,
    )


def _framed(
    *,
    subject: str,
    paragraphs: list[SafeString],
    words: str,
    facts: Mapping[str, Any],
    look: Look,
    language: str,
    pay: bool = False,
) -> Written:
    button, also = _buttons(facts, pay=pay)
    context = {
        "facts": facts,
        "lines": facts.get("lines", []),
        "subject": subject,
        "language": language,
        "paragraphs": paragraphs,
        "preheader": _preheader(paragraphs),
        "button": button,
        "also": also,
        "summary": _summary(facts),
        "look": look,
    }
    html = css_inline.inline(render_to_string("notifications/email.html", context), keep_style_tags=True)
    text = render_to_string("notifications/email.txt", {**context, "words": mark_safe(words)})  # noqa: S308 — plain
    return Written(text=EMPTY_LINES.sub("\n\n", text).strip() + "\n", subject=subject, html=html)


def _buttons(facts: Mapping[str, Any], *, pay: bool) -> tuple[Button, Button | None]:
    """The one thing to do, and, where it is paying, the tracking page beside it."""
    follow = Button(_("Follow your order"), facts["order_url"])
    page = safe_link(str(facts.get("payment_url") or "")) if pay else ""
    return (Button(_("Pay now"), page), follow) if page else (follow, None)


def _preheader(paragraphs: list[SafeString]) -> str:
    """What a mailbox shows beside the subject: the words after the greeting, without addresses, which would be cut."""
    said = paragraphs[1:] or paragraphs
    words = _ADDRESS.sub("", unescape(strip_tags(" ".join(said).replace("<br>", " "))))
    shown = " ".join(_plain(words).split())
    return shown if len(shown) <= LONGEST_PREHEADER else f"{shown[: LONGEST_PREHEADER - 1].rstrip()}…"


def _one_line_each(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts without what a value must not bring: line ends, control characters, turned writing direction."""
    clean = {name: _plain(value) if isinstance(value, str) else value for name, value in facts.items()}
    return clean | {"lines": [_one_line_each(line) for line in facts["lines"]]} if "lines" in facts else clean


def _plain(value: Any) -> str:
    """A value on one line, without what cannot be seen."""
    return _UNSEEN.sub(" ", str(value)).strip()


def _summary(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = (
        (_("Delivery"), ", ".join(filter(None, (facts.get("delivery"), facts.get("pickup_point"))))),
        (_("Address"), facts.get("address")),
        (_("Payment"), facts.get("payment")),
        (_("To pay on delivery"), facts.get("due")),
    )
    return [(label, str(value)) for label, value in rows if value]


@lru_cache(maxsize=1)
def sample_link() -> str:
    """A link that looks like a tracking link, for previews."""
    return f"{settings.OMS_PUBLIC_URL}/t/…/"
