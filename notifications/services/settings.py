"""A shop's switches and its default texts."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from simple_history.utils import bulk_create_with_history

from notifications.models import MessageSwitch, MessageTemplate
from notifications.presets import default_switches, default_texts
from notifications.selectors import switches_of
from notifications.statuses import TEMPLATE_EVENTS
from shops.locks import lock_one
from shops.models import Shop


@transaction.atomic
def set_switches(*, shop_id: int, switches: Mapping[tuple[str, str], bool]) -> int:
    """Turn a shop's messages on and off, by (event, channel), and answer how many changed."""
    lock_one(Shop.objects.all(), shop_id)
    current = switches_of(shop_id)
    changed = [(key, is_on) for key, is_on in switches.items() if current.get(key) != is_on]
    for (event, channel), is_on in changed:
        MessageSwitch.objects.update_or_create(
            shop_id=shop_id,
            event=event,
            channel=channel,
            payment_method="",
            source="",
            defaults={"is_on": is_on},
        )
    return len(changed)


def add_new_moments() -> int:
    """Give every shop the texts of the moments that came with a later release, and answer how many shops lacked some.

    They come switched off: nobody's customers get a new kind of message because the system was updated. A text that
    somebody deleted does not come back.
    """
    every = {event for event, _label in TEMPLATE_EVENTS}
    known: dict[int, set[str]] = {shop_id: set() for shop_id in Shop.objects.values_list("pk", flat=True)}
    for shop_id, event in MessageSwitch.objects.values_list("shop_id", "event").distinct().order_by():
        known[shop_id].add(event)
    lacking = {shop_id: every - events for shop_id, events in known.items() if every - events}
    for shop_id, events in lacking.items():
        _add_moments(shop_id, events)
    return len(lacking)


@transaction.atomic
def _add_moments(shop_id: int, events: set[str]) -> None:
    lock_one(Shop.objects.all(), shop_id)
    _add_texts(shop_id, events)
    switches = [
        MessageSwitch(shop_id=shop_id, event=event, channel=channel, is_on=False)
        for event, channel, _is_on in default_switches()
        if event in events
    ]
    MessageSwitch.objects.bulk_create(switches, ignore_conflicts=True)


@transaction.atomic
def add_default_templates(*, shop_id: int) -> None:
    """Give a shop the default texts and switches it does not have yet; what it has is left as it is."""
    lock_one(Shop.objects.all(), shop_id)
    _add_texts(shop_id, {event for event, _label in TEMPLATE_EVENTS})
    switches = [
        MessageSwitch(shop_id=shop_id, event=event, channel=channel, is_on=is_on)
        for event, channel, is_on in default_switches()
    ]
    MessageSwitch.objects.bulk_create(switches, ignore_conflicts=True)


def _add_texts(shop_id: int, events: set[str]) -> None:
    owned = set(MessageTemplate.objects.filter(shop_id=shop_id).values_list("event", "channel", "language"))
    templates = [
        MessageTemplate(
            shop_id=shop_id, event=event, channel=channel, language=language, subject=subject, body=body
        )
        for event, channel, language, subject, body in default_texts()
        if event in events and (event, channel, language) not in owned
    ]
    bulk_create_with_history(templates, MessageTemplate)
