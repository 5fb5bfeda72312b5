"""Claiming, releasing and commenting a deal."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from crm import projection
from crm.models import Deal, DealComment
from orders import services as orders
from orders.errors import AlreadyDone
from shops.actors import Actor, actor_columns
from shops.errors import DomainError
from shops.permissions import Action, is_permitted, require


@transaction.atomic
def claim_deal(*, deal_id: int, actor: Actor) -> bool:
    """Take a deal and its order; the first click wins. Returns whether anything changed.

    Raises AlreadyDone naming who has it, or NotPermitted.
    """
    return _set_manager(deal_id, actor, claim=True)


@transaction.atomic
def release_deal(*, deal_id: int, actor: Actor) -> bool:
    """Let go of a deal and its order. Returns whether anything changed. Raises OrderError when it is not theirs."""
    return _set_manager(deal_id, actor, claim=False)


def _set_manager(deal_id: int, actor: Actor, *, claim: bool) -> bool:
    order_id = Deal.objects.values_list("order_id", flat=True).get(pk=deal_id)
    if order_id is not None:
        return (orders.claim_order if claim else orders.release_order)(order_id=order_id, actor=actor)
    deal = projection.lock_deal(deal_id)
    require(actor, shop_id=deal.funnel.shop_id, action=Action.CLAIM)
    if not actor.is_person:
        raise DomainError(_("Only people can claim deals."), code="not_a_person")
    wanted = actor.user_id if claim else None
    if deal.manager_id == wanted:
        return False
    theirs = deal.manager is not None and deal.manager_id != actor.user_id
    if theirs and not is_permitted(actor, shop_id=deal.funnel.shop_id, action=Action.TAKE_OVER):
        name = deal.manager.get_full_name() or deal.manager.username
        raise AlreadyDone(_("%(name)s already works on this deal.") % {"name": name}, code="claimed")
    Deal.objects.filter(pk=deal_id).update(manager_id=wanted)
    projection.touch(deal)
    return True


@transaction.atomic
def add_comment(*, deal_id: int, actor: Actor, text: str) -> DealComment:
    """Add a comment to a deal's timeline. Raises DomainError when it is empty, NotPermitted."""
    deal = Deal.objects.select_related("funnel").get(pk=deal_id)
    require(actor, shop_id=deal.funnel.shop_id, action=Action.COMMENT)
    if not text.strip():
        raise DomainError(_("Write something first."), code="empty", field="text")
    return DealComment.objects.create(deal=deal, text=text.strip()[:10_000], **actor_columns(actor))
