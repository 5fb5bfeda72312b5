"""Who works on a deal, and what people write on it: claiming, handing over, commenting; calls that are not made again.

A deal with an order has its order's manager; only one without keeps its own.
"""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from crm import projection
from crm.models import Deal, DealComment
from crm.rules import claim_refusal
from notifications.services import queue_note
from orders import services as orders
from orders.errors import AlreadyDone
from orders.services.access import lock_order
from orders.services.customers import who_may_confirm
from shops.actors import Actor, actor_columns
from shops.errors import DomainError
from shops.models import User
from shops.permissions import Action, is_permitted, require
from shops.selectors import role_in_shop


def lock_deal_for(*, deal_id: int, actor: Actor, action: Action) -> Deal:
    """Lock a deal for a change that leaves its order alone, after its order, and return it.

    Raises NotPermitted, StaleBoard when it becomes an order meanwhile, or an error that names the colleague whose
    claim keeps others out.
    """
    order_id = projection.order_of(deal_id)
    if order_id is not None:
        lock_order(order_id=order_id, actor=actor, action=action)
        deal = projection.lock_deal(deal_id)
    else:
        deal = projection.lock_deal_without_order(deal_id)
    require(actor, shop_id=deal.funnel.shop_id, action=action)
    if order_id is None:
        respect_claim(deal, actor)
    return deal


def respect_claim(deal: Deal, actor: Actor) -> None:
    """Raise DomainError where a colleague's claim keeps this person from a deal without an order."""
    if not actor.is_person or deal.manager_id in (None, actor.user_id):
        return
    role = role_in_shop(user_id=actor.user_id, shop_id=deal.funnel.shop_id)
    refusal = claim_refusal(deal, user_id=actor.user_id or 0, role=role)
    if refusal:
        raise DomainError(refusal, code="claimed")


def _manager_name(deal: Deal) -> str:
    return (deal.manager.get_full_name() or deal.manager.username) if deal.manager else ""


@transaction.atomic
def claim_deal(*, deal_id: int, actor: Actor) -> bool:
    """Take a deal and its order; the first click wins. Returns whether anything changed.

    Raises AlreadyDone naming who has it, StaleBoard when it becomes an order meanwhile, or NotPermitted.
    """
    return _set_manager(deal_id, actor, claim=True)


@transaction.atomic
def release_deal(*, deal_id: int, actor: Actor) -> bool:
    """Let go of a deal and its order. Returns whether anything changed. Raises OrderError when it is not theirs."""
    return _set_manager(deal_id, actor, claim=False)


def _set_manager(deal_id: int, actor: Actor, *, claim: bool) -> bool:
    order_id = projection.order_of(deal_id)
    if order_id is not None:
        return (orders.claim_order if claim else orders.release_order)(order_id=order_id, actor=actor)
    deal = projection.lock_deal_without_order(deal_id)
    require(actor, shop_id=deal.funnel.shop_id, action=Action.CLAIM)
    if not actor.is_person:
        raise DomainError(_("Only people can claim deals."), code="not_a_person")
    wanted = actor.user_id if claim else None
    if deal.manager_id == wanted:
        return False
    _require_own(deal, actor)
    Deal.objects.filter(pk=deal_id).update(manager_id=wanted)
    projection.touch(deal)
    return True


def _require_own(deal: Deal, actor: Actor) -> None:
    theirs = deal.manager is not None and deal.manager_id != actor.user_id
    if theirs and not is_permitted(actor, shop_id=deal.funnel.shop_id, action=Action.TAKE_OVER):
        raise AlreadyDone(
            _("%(name)s already works on this deal.") % {"name": _manager_name(deal)}, code="claimed"
        )


@transaction.atomic
def hand_over_deal(*, deal_id: int, to_user_id: int, actor: Actor, note: str = "") -> bool:
    """Give a deal, and its order, to a colleague of the shop, who is told; returns whether anything changed.

    Raises StaleBoard when it becomes an order meanwhile; NotPermitted, AlreadyDone or OrderError as
    `orders.services.hand_over_order` does.
    """
    order_id = projection.order_of(deal_id)
    if order_id is not None:
        return orders.hand_over_order(order_id=order_id, to_user_id=to_user_id, actor=actor, note=note)
    deal = projection.lock_deal_without_order(deal_id)
    require(actor, shop_id=deal.funnel.shop_id, action=Action.CLAIM)
    if not actor.is_person:
        raise DomainError(_("Only people can claim deals."), code="not_a_person")
    _require_own(deal, actor)
    if deal.manager_id == to_user_id:
        return False
    receiver = who_may_confirm(shop_id=deal.funnel.shop_id, user_id=to_user_id)
    Deal.objects.filter(pk=deal_id).update(manager=receiver)
    comment = DealComment.objects.create(deal=deal, text=_handed_over(receiver, note), **actor_columns(actor))
    _tell(deal, receiver, comment, actor)
    projection.touch(deal)
    return True


def _handed_over(receiver: User, note: str) -> str:
    said = _("Handed over to %(name)s.") % {"name": receiver.get_full_name() or receiver.username}
    return f"{said} {note.strip()[:500]}".strip()


def _tell(deal: Deal, receiver: User, comment: DealComment, actor: Actor) -> None:
    if receiver.pk == actor.user_id:
        return
    queue_note(
        shop_id=deal.funnel.shop_id,
        recipients=[receiver.email],
        subject=_("%(title)s is yours now") % {"title": deal.title},
        text=f"{actor.label}: {comment.text}",
        key=f"handed-over:deal:{comment.pk}",
        actor=actor,
        language=receiver.language or deal.funnel.shop.language,
    )


@transaction.atomic
def add_comment(*, deal_id: int, actor: Actor, text: str) -> DealComment:
    """Add a comment to a deal's timeline. Raises DomainError when it is empty, NotPermitted."""
    deal = lock_deal_for(deal_id=deal_id, actor=actor, action=Action.COMMENT)
    if not text.strip():
        raise DomainError(_("Write something first."), code="empty", field="text")
    comment = DealComment.objects.create(deal=deal, text=text.strip()[:10_000], **actor_columns(actor))
    projection.touch(deal)
    return comment


@transaction.atomic
def cancel_retry(*, deal_id: int, actor: Actor) -> bool:
    """Plan no further call to this customer; returns whether one was planned. Raises NotPermitted."""
    deal = lock_deal_for(deal_id=deal_id, actor=actor, action=Action.CLAIM)
    if deal.retry_at is None:
        return False
    Deal.objects.filter(pk=deal_id).update(retry_at=None)
    projection.touch(deal)
    return True
