"""The texts and switches a new shop starts with: an e-mail for each moment, seven SMS, in four languages."""

from __future__ import annotations

from collections.abc import Iterator

from notifications.presets import english, polish, romanian, ukrainian
from notifications.statuses import TEMPLATE_EVENTS, Channel, MessageEvent

LANGUAGES = {"en": english, "ro": romanian, "pl": polish, "uk": ukrainian}
# (subject, text) by language and moment
EMAILS: dict[str, dict[str, tuple[str, str]]] = {code: words.EMAILS for code, words in LANGUAGES.items()}
SMS: dict[str, dict[str, str]] = {code: words.SMS for code, words in LANGUAGES.items()}

SMS_ON = frozenset({MessageEvent.CONFIRMED, MessageEvent.SHIPPED, MessageEvent.CANCELLED})
# Online shops and payment providers write the one themselves; the other is for shops that want it.
EMAIL_OFF = frozenset({MessageEvent.PAID, MessageEvent.NO_ANSWER})


def default_texts() -> Iterator[tuple[str, str, str, str, str]]:
    """Every default template: event, channel, language, subject, text."""
    for language, emails in EMAILS.items():
        for event, (subject, body) in emails.items():
            yield event, Channel.EMAIL, language, subject, body
    for language, texts in SMS.items():
        for event, text in texts.items():
            yield event, Channel.SMS, language, "", text


def default_switches() -> Iterator[tuple[str, str, bool]]:
    """Every default switch: event, channel, on. E-mails are on but where others write them; SMS where couriers do not write already."""
    for event, _label in TEMPLATE_EVENTS:
        yield event, Channel.EMAIL, event not in EMAIL_OFF
        yield event, Channel.SMS, event in SMS_ON
