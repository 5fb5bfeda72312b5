"""Narrower switches: a shop's exceptions by payment method and source, and putting its switches back."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from notifications.errors import MessageError
from notifications.models import MessageSwitch
from notifications.selectors import SwitchRow, switches_as_they_were
from notifications.statuses import MOST_SWITCHES
from shops.actors import Actor
from shops.locks import lock_one
from shops.models import Shop
from shops.permissions import Action, require


@transaction.atomic
def set_rules(*, shop_id: int, rules: Iterable[SwitchRow], actor: Actor) -> int:
    """Say that messages about such orders are on or off, and answer how many rules are new or changed.

    A rule that says the same already stays as it is. Raises NotPermitted, and MessageError for rules that narrow
    nothing or when a shop would have more than `MOST_SWITCHES`.
    """
    require(actor, shop_id=shop_id, action=Action.EDIT_MESSAGES)
    lock_one(Shop.objects.all(), shop_id)
    wanted = list(rules)
    if any(not (rule.payment_method or rule.source) for rule in wanted):
        raise MessageError(
            _("Choose a payment method or a source; what is for every order stands in the table."),
            code="not_narrower",
        )
    changed = sum(_store(shop_id, rule) for rule in wanted)
    if MessageSwitch.objects.filter(shop_id=shop_id).count() > MOST_SWITCHES:
        raise MessageError(
            _("A shop has at most %(limit)d switches.") % {"limit": MOST_SWITCHES}, code="too_many"
        )
    return changed


@transaction.atomic
def remove_rule(*, shop_id: int, switch_id: int, actor: Actor) -> None:
    """Take a narrower rule away, so that the wider one decides again; one that is gone already is no matter.

    Raises NotPermitted.
    """
    require(actor, shop_id=shop_id, action=Action.EDIT_MESSAGES)
    lock_one(Shop.objects.all(), shop_id)
    narrower = MessageSwitch.objects.filter(shop_id=shop_id, pk=switch_id)
    for switch in narrower.exclude(payment_method="", source=""):
        switch.delete()


@transaction.atomic
def restore_switches(*, shop_id: int, version: int, actor: Actor) -> int:
    """Put all switches of a shop back to how they were after that version, and answer how many changed.

    The way back is a version itself. Raises NotPermitted.
    """
    require(actor, shop_id=shop_id, action=Action.EDIT_MESSAGES)
    lock_one(Shop.objects.all(), shop_id)
    before = switches_as_they_were(shop_id, version=version)
    keys = {(row.event, row.channel, row.payment_method, row.source) for row in before}
    changed = 0
    for switch in MessageSwitch.objects.filter(shop_id=shop_id):
        if (switch.event, switch.channel, switch.payment_method, switch.source) not in keys:
            switch.delete()
            changed += 1
    return changed + sum(_store(shop_id, row) for row in before)


def _store(shop_id: int, rule: SwitchRow) -> bool:
    """Whether anything was written; each row is saved by itself, so that its history tells who changed it."""
    switch, is_new = MessageSwitch.objects.get_or_create(
        shop_id=shop_id,
        event=rule.event,
        channel=rule.channel,
        payment_method=rule.payment_method,
        source=rule.source,
        defaults={"is_on": rule.is_on},
    )
    if is_new or switch.is_on == rule.is_on:
        return is_new
    switch.is_on = rule.is_on
    switch.save(update_fields=["is_on"])
    return True
