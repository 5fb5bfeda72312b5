"""A shop's switches and its default texts."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from simple_history.utils import bulk_create_with_history

from notifications.models import MessageSwitch, MessageTemplate
from notifications.presets import default_switches, default_texts
from notifications.selectors import switches_of
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


@transaction.atomic
def add_default_templates(*, shop_id: int) -> None:
    """Give a shop the default texts and switches it does not have yet; what it has is left as it is."""
    lock_one(Shop.objects.all(), shop_id)
    owned = set(MessageTemplate.objects.filter(shop_id=shop_id).values_list("event", "channel", "language"))
    templates = [
        MessageTemplate(
            shop_id=shop_id, event=event, channel=channel, language=language, subject=subject, body=body
        )
        for event, channel, language, subject, body in default_texts()
        if (event, channel, language) not in owned
    ]
    bulk_create_with_history(templates, MessageTemplate)
    switches = [
        MessageSwitch(shop_id=shop_id, event=event, channel=channel, is_on=is_on)
        for event, channel, is_on in default_switches()
    ]
    MessageSwitch.objects.bulk_create(switches, ignore_conflicts=True)
