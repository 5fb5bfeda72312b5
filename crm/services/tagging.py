"""Tags: words of a shop on its deals and customers, made as they are first used."""

from __future__ import annotations

import re

from django.db import transaction
from django.utils.translation import gettext as _

from crm import projection
from crm.models import BoardChange, CustomerTag, Deal, Tag
from crm.services.deals import lock_deal_for
from orders.models import Customer
from shops.actors import Actor
from shops.errors import DomainError
from shops.permissions import Action, require
from shops.search_text import fold

LONGEST = 40
MOST_ON_ONE = 20
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


@transaction.atomic
def tag_deal(*, deal_id: int, actor: Actor, name: str, colour: str = "") -> tuple[Tag, bool]:
    """Put a tag on a deal, making it where the shop has none of this name; a second time changes nothing.

    Returns the tag and whether the deal did not wear it before.
    Upper and lower case and accents tell no two tags apart. Raises DomainError for a name that cannot be one, or a
    colleague's claim; NotPermitted.
    """
    deal = lock_deal_for(deal_id=deal_id, actor=actor, action=Action.COMMENT)
    tag = _tag(deal.funnel.shop_id, name, colour)
    if deal.tags.filter(pk=tag.pk).exists():
        return tag, False
    _require_room(deal.tags.count())
    deal.tags.add(tag)
    projection.touch(deal)
    return tag, True


@transaction.atomic
def untag_deal(*, deal_id: int, tag_id: int, actor: Actor) -> bool:
    """Take a tag off a deal; returns whether it was there. Raises NotPermitted."""
    deal = lock_deal_for(deal_id=deal_id, actor=actor, action=Action.COMMENT)
    if not deal.tags.filter(pk=tag_id).exists():
        return False
    deal.tags.remove(tag_id)
    projection.touch(deal)
    return True


@transaction.atomic
def tag_customer(*, customer_id: int, actor: Actor, name: str, colour: str = "") -> tuple[Tag, bool]:
    """Put a tag on a customer, where it shows on all their deals; as `tag_deal`."""
    shop_id = _require_customer(customer_id, actor)
    tag = _tag(shop_id, name, colour)
    worn = CustomerTag.objects.filter(customer_id=customer_id)
    if worn.filter(tag=tag).exists():
        return tag, False
    _require_room(worn.count())
    CustomerTag.objects.bulk_create([CustomerTag(customer_id=customer_id, tag=tag)], ignore_conflicts=True)
    _touch_open_deals(customer_id)
    return tag, True


@transaction.atomic
def untag_customer(*, customer_id: int, tag_id: int, actor: Actor) -> bool:
    """Take a tag off a customer; returns whether it was there. Raises NotPermitted."""
    _require_customer(customer_id, actor)
    deleted, _by_model = CustomerTag.objects.filter(customer_id=customer_id, tag_id=tag_id).delete()
    if deleted:
        _touch_open_deals(customer_id)
    return bool(deleted)


@transaction.atomic
def remove_unused_tags(*, shop_id: int, actor: Actor) -> int:
    """Delete the shop's tags that nothing wears; returns how many. Raises NotPermitted."""
    require(actor, shop_id=shop_id, action=Action.MANAGE_FUNNELS)
    unused = Tag.objects.filter(shop_id=shop_id, deals=None, customers=None).values_list("pk", flat=True)
    found = list(unused)
    Tag.objects.filter(pk__in=found, deals=None, customers=None).delete()
    return len(found)


def _require_customer(customer_id: int, actor: Actor) -> int:
    shop_id = Customer.objects.values_list("shop_id", flat=True).get(pk=customer_id)
    require(actor, shop_id=shop_id, action=Action.EDIT_ORDER)
    return shop_id


def _tag(shop_id: int, name: str, colour: str) -> Tag:
    words = " ".join(name.replace("\x00", "").split())
    if not words or len(words) > LONGEST:
        raise DomainError(
            _("A tag is a word or a few, at most %(count)d characters.") % {"count": LONGEST},
            code="invalid",
            field="name",
        )
    if colour and not COLOUR.fullmatch(colour):
        raise DomainError(_("Write a colour like #2563EB."), code="invalid", field="colour")
    same = fold(words)
    for known in Tag.objects.filter(shop_id=shop_id):
        if fold(known.name) == same:
            return known
    # Two people may make the same tag at once: the constraint lets one row be, and both use it.
    values = {"shop_id": shop_id, "name": words} | ({"colour": colour} if colour else {})
    Tag.objects.bulk_create([Tag(**values)], ignore_conflicts=True)
    return Tag.objects.get(shop_id=shop_id, name=words)


def _require_room(count: int) -> None:
    if count >= MOST_ON_ONE:
        raise DomainError(
            _("%(count)d tags are enough; take one off first.") % {"count": MOST_ON_ONE},
            code="too_many",
            field="name",
        )


def _touch_open_deals(customer_id: int) -> None:
    # As `projection.touch` for each, in one write. The cards only look different, so nobody need wait for them.
    open_deals = Deal.objects.filter(customer_id=customer_id, is_open=True)
    BoardChange.objects.bulk_create(
        BoardChange(funnel_id=funnel_id, deal_id=deal_id)
        for deal_id, funnel_id in open_deals.values_list("pk", "funnel_id")[:200]
    )
