"""What a message looks like: the e-mail's frame around an admin's words, and an SMS's few characters.

It takes a template, plain facts and a link; it reads no database. Labels are in the template's language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import override

from notifications.models import MessageTemplate
from notifications.rendering import render_line, render_paragraphs, render_text
from notifications.segments import plain_letters
from notifications.statuses import Channel
from shops.models import Shop

LONGEST_SUBJECT = 300
EMPTY_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


@dataclass(frozen=True)
class Written:
    """A message in words. SMS have a text only."""

    text: str
    subject: str = ""
    html: str = ""


def write(template: MessageTemplate, facts: Mapping[str, Any], *, shop: Shop, link: str) -> Written:
    """Render a template into a whole message, with `link` as the address of the order's tracking page.

    Raises TemplateError.
    """
    full = {**facts, "order_url": link}
    if template.channel == Channel.SMS:
        return Written(text=_sms(template, full))
    with override(template.language):
        return _email(template, full, shop)


def _sms(template: MessageTemplate, facts: Mapping[str, Any]) -> str:
    text = re.sub(r"[ \t]+", " ", render_text(template.body, facts)).strip()
    return plain_letters(text, template.language) if template.plain_letters else text


def _email(template: MessageTemplate, facts: Mapping[str, Any], shop: Shop) -> Written:
    subject = render_line(template.subject, facts)[:LONGEST_SUBJECT]
    context = {
        "facts": facts,
        "subject": subject,
        "language": template.language,
        # Cleaned by nh3 with an allow-list; every value in it was escaped.
        "paragraphs": [mark_safe(part) for part in render_paragraphs(template.body, facts)],  # noqa: S308
        "summary": _summary(facts),
        "shop": shop,
        "logo": f"{settings.OMS_PUBLIC_URL}{shop.logo.url}" if shop.logo else "",
    }
    html = css_inline.inline(render_to_string("notifications/email.html", context), keep_style_tags=True)
    words = EMPTY_LINES.sub("\n\n", render_text(template.body, facts).replace("\r\n", "\n")).strip()
    text = render_to_string("notifications/email.txt", {**context, "words": mark_safe(words)})  # noqa: S308 — plain
    return Written(text=EMPTY_LINES.sub("\n\n", text).strip() + "\n", subject=subject, html=html)


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
