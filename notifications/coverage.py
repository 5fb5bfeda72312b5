"""Which texts a shop has, in which languages, and what its customers get where one is missing.

For admin's pages; it reads templates and switches and renders nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from notifications.models import MessageTemplate
from notifications.presets import default_texts
from notifications.selectors import LAST_RESORT, switch_rows
from notifications.statuses import TEMPLATE_EVENTS, Channel
from shops.models import Shop


@dataclass(frozen=True)
class Text:
    """One moment, channel and language of a shop: its own text, the language of the one used instead, or neither."""

    language: str
    template_id: int | None = None
    instead: str = ""

    @property
    def is_missing(self) -> bool:
        return self.template_id is None and not self.instead


@dataclass(frozen=True)
class CoverageRow:
    """A moment by one channel, in every language; `is_on` where at least some orders' customers are told."""

    event: str
    label: str
    channel: str
    channel_label: str
    is_on: bool
    texts: list[Text]

    @property
    def will_fail(self) -> bool:
        return self.is_on and any(text.is_missing for text in self.texts)


def languages_of(shop: Shop) -> list[tuple[str, str]]:
    """The languages customers may have, the shop's own first."""
    languages = [(code, str(name)) for code, name in settings.LANGUAGES]
    return sorted(languages, key=lambda language: language[0] != shop.language)


def coverage_of(shop: Shop) -> list[CoverageRow]:
    """Every moment and channel of a shop with its texts by language; two queries."""
    columns = ("event", "channel", "language", "pk")
    templates = MessageTemplate.objects.filter(shop=shop).values_list(*columns)
    own = {(event, channel, language): pk for event, channel, language, pk in templates}
    on = {(row.event, row.channel) for row in switch_rows(shop.pk) if row.is_on}
    return [
        CoverageRow(
            event=event,
            label=str(label),
            channel=channel,
            channel_label=str(Channel(channel).label),
            is_on=(event, channel) in on,
            texts=[_text(own, event, channel, code, shop.language) for code, _name in languages_of(shop)],
        )
        for event, label in TEMPLATE_EVENTS
        for channel in Channel.values
    ]


def starting_text(*, shop: Shop, event: str, channel: str, language: str) -> tuple[str, str]:
    """Subject and text to start from: the default in that language, else what customers get there today."""
    defaults = {text[:3]: (text[3], text[4]) for text in default_texts() if text[:2] == (event, channel)}
    if (event, channel, language) in defaults:
        return defaults[event, channel, language]
    templates = MessageTemplate.objects.filter(shop=shop, event=event, channel=channel)
    own = {template.language: template for template in templates}
    for code in (language, shop.language, LAST_RESORT):
        if code in own:
            return own[code].subject, own[code].body
    return defaults.get((event, channel, LAST_RESORT), ("", ""))


def _text(
    own: dict[tuple[str, str, str], int], event: str, channel: str, language: str, shop_language: str
) -> Text:
    template_id = own.get((event, channel, language))
    if template_id is not None:
        return Text(language, template_id)
    instead = next((code for code in (shop_language, LAST_RESORT) if (event, channel, code) in own), "")
    return Text(language, instead=instead)
