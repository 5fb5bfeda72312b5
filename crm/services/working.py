"""Working through a column: one order at a time, never the same one to two people, and what a call came to.

An order is given out by one conditional update (`held_by` until `held_until`); a page that is open renews it, and one
that died lets it run out. Every outcome asks first whether the person still has the order open, so that a second tab
or a second click does nothing twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import projection
from crm.errors import StaleBoard
from crm.models import Deal, Stage
from crm.selectors.board import Filters
from crm.selectors.calls import free_for, to_work_through, unclaimed_for
from crm.services.deals import lock_deal_for
from orders import services as orders
from orders.drafts import AddressDraft
from orders.models import Order
from orders.models.history import EventKind
from orders.services.access import lock_order
from orders.statuses import CancelReason, Status
from shops.actors import Actor
from shops.errors import DomainError
from shops.locks import lock
from shops.models import User
from shops.permissions import Action, require

# As long as a long call; a page that is open renews it every minute, so it only runs out behind a browser that died.
LEASE = timedelta(minutes=5)
# So many people may be given their next order at the very same moment before one of them has to look again.
CANDIDATES = 20
LOOKS = 5
LONGEST_SNOOZE = timedelta(days=60)
# What these reasons tell about the call before; the others can be seen without one.
ANSWERED_BY_REASON = {CancelReason.CUSTOMER: True, CancelReason.NO_ANSWER: False}


@dataclass(frozen=True)
class Outcome:
    """What a call came to; until `undo_until` it can be taken back by its `move_id` (None: not like a move)."""

    deal_id: int
    title: str
    move_id: uuid.UUID | None = None
    undo_until: datetime | None = None
    again_at: datetime | None = None
    tells: bool = False


# --- Giving out


def take_next(*, user: User, stage: Stage, filters: Filters, skipped: Collection[int] = ()) -> Deal | None:
    """Give the person the next order of the column, open for them alone during `LEASE`; None when none is left.

    Whoever has one of the column open gets that one again. Raises NotPermitted.
    """
    require(Actor.person(user), shop_id=stage.funnel.shop_id, action=Action.CALL)
    for _look in range(LOOKS):
        now = timezone.now()
        queue = to_work_through(user, stage, filters, now).exclude(pk__in=list(skipped))
        for deal in queue.only("pk", "funnel_id", "held_by_id", "held_until")[:CANDIDATES]:
            if _hold(deal, stage, user, now):
                return deal
    return None


@transaction.atomic
def take_again(*, deal_id: int, user: User) -> bool:
    """Give the person one order again, after they took back what they did with it, and let go of the others.

    Returns whether nobody else has it open meanwhile. Raises NotPermitted.
    """
    deal = Deal.objects.select_related("stage__funnel").get(pk=deal_id)
    require(Actor.person(user), shop_id=deal.stage.funnel.shop_id, action=Action.CALL)
    _free_others(deal, user)
    return _hold(deal, deal.stage, user, timezone.now())


def _free_others(deal: Deal, user: User) -> None:
    held = Deal.objects.filter(stage=deal.stage_id, held_by=user.pk)
    # The deal itself is locked with them: it is written next, and two tabs that wait for each other's would hang.
    locked = lock(Deal.objects.all(), [deal.pk, *held.values_list("pk", flat=True)])
    others = [other for other in locked if other.pk != deal.pk and other.held_by_id == user.pk]
    Deal.objects.filter(pk__in=[other.pk for other in others]).update(held_by=None, held_until=None)
    for other in others:
        projection.touch(other)


def _hold(deal: Deal, stage: Stage, user: User, now: datetime) -> bool:
    had_it = deal.held_by_id == user.pk and deal.held_until is not None and deal.held_until > now
    free = Deal.objects.filter(free_for(user.pk, now), unclaimed_for(user.pk), pk=deal.pk, stage=stage)
    # One row changed, or somebody was faster: nothing read before this moment decides.
    if not free.update(held_by=user.pk, held_until=now + LEASE):
        return False
    deal.held_by_id, deal.held_until = user.pk, now + LEASE
    if not had_it:
        projection.touch(deal)
    return True


def keep_open(*, deal_id: int, user: User) -> datetime | None:
    """Renew the person's hold on an order, and return until when; None where they have it open no more."""
    until = timezone.now() + LEASE
    mine = Deal.objects.filter(pk=deal_id, held_by=user.pk)
    return until if mine.update(held_until=until) else None


def let_go(*, deal_id: int, user: User, until: datetime | None = None) -> bool:
    """Give an order back, unless the hold was renewed after `until`: a page that closes late takes nothing away."""
    mine = Deal.objects.filter(pk=deal_id, held_by=user.pk)
    if until is not None:
        mine = mine.filter(held_until=until)
    if not mine.update(held_by=None, held_until=None):
        return False
    projection.touch(Deal.objects.only("pk", "funnel_id").get(pk=deal_id))
    return True


# --- Outcomes


@transaction.atomic
def confirm_called(*, deal_id: int, actor: Actor) -> Outcome:
    """The customer answered and wants it: the call is noted and the order confirmed, as one move.

    Raises StaleBoard when the person has the order open no more, or what confirming raises; then nothing is written.
    """
    order, move_id = _open_order(deal_id, actor), uuid.uuid4()
    orders.log_call(order_id=order.pk, actor=actor, answered=True, move_id=move_id)
    change = orders.confirm_order(order_id=order.pk, actor=actor, move_id=move_id)
    _close(deal_id, actor)
    return Outcome(deal_id, order.number, move_id, change.undo_until, tells=True)


@transaction.atomic
def reach_customer(*, deal_id: int, actor: Actor, note: str = "") -> Outcome:
    """The customer answered, and the order stays as it is. Raises like `confirm_called`."""
    order = _open_order(deal_id, actor)
    event = orders.log_call(order_id=order.pk, actor=actor, answered=True, note=note)
    _close(deal_id, actor)
    return Outcome(deal_id, order.number, event.move_id, event.undo_until)


@transaction.atomic
def miss_call(
    *,
    deal_id: int,
    actor: Actor,
    next_try_at: datetime | None = None,
    notify: bool = False,
    note: str = "",
) -> Outcome:
    """Nobody answered: the attempt is counted and the next try planned, in two working hours unless said otherwise.

    With `notify` the customer hears of it where the shop writes then. Raises like `confirm_called`.
    """
    order = _open_order(deal_id, actor)
    event = orders.log_call(
        order_id=order.pk,
        actor=actor,
        answered=False,
        next_try_at=next_try_at,
        notify=notify,
        note=note,
    )
    _close(deal_id, actor)
    again_at = datetime.fromisoformat(event.details["next_try_at"])
    return Outcome(deal_id, order.number, event.move_id, event.undo_until, again_at, notify)


@transaction.atomic
def cancel_called(*, deal_id: int, actor: Actor, reason_code: str, reason: str = "") -> Outcome:
    """The order is cancelled; a reason that tells of a call notes that call, too, in the same move.

    Raises like `confirm_called`, or NeedsInput without a reason.
    """
    order, move_id = _open_order(deal_id, actor), uuid.uuid4()
    if reason_code in ANSWERED_BY_REASON:
        answered = ANSWERED_BY_REASON[CancelReason(reason_code)]
        orders.log_call(order_id=order.pk, actor=actor, answered=answered, move_id=move_id)
    change = orders.cancel_order(
        order_id=order.pk, actor=actor, reason_code=reason_code, reason=reason, move_id=move_id
    )
    _close(deal_id, actor)
    return Outcome(deal_id, order.number, move_id, change.undo_until, tells=True)


@transaction.atomic
def snooze_deal(*, deal_id: int, actor: Actor, until: datetime) -> Outcome:
    """Put an order off until a moment ahead. Raises like `confirm_called`, or DomainError when it is not ahead."""
    order, now = _open_order(deal_id, actor), timezone.now()
    if not now < until <= now + LONGEST_SNOOZE:
        raise DomainError(
            _("Choose a time that is still ahead, within %(days)d days.") % {"days": LONGEST_SNOOZE.days},
            code="invalid",
            field="until",
        )
    Deal.objects.filter(pk=deal_id).update(snoozed_until=until)
    _close(deal_id, actor)
    return Outcome(deal_id, order.number, again_at=until)


@transaction.atomic
def wake_deal(*, deal_id: int, actor: Actor) -> None:
    """Let an order that was put off come again at once. Raises NotPermitted, or names the colleague who has it."""
    deal = lock_deal_for(deal_id=deal_id, actor=actor, action=Action.CALL)
    Deal.objects.filter(pk=deal_id).update(snoozed_until=None)
    projection.touch(deal)


@transaction.atomic
def correct_address(
    *, deal_id: int, actor: Actor, values: AddressDraft, pickup_point: str | None = None
) -> bool:
    """Write down the address as the customer says it, with the locker or pick-up point where there is one.

    The order stays open; returns whether anything changed. Raises like `confirm_called`, or OrderError naming a field.
    """
    order = _open_order(deal_id, actor)
    changed = orders.edit_address(order_id=order.pk, actor=actor, which="shipping", values=values)
    if pickup_point is not None:
        changed += orders.edit_delivery(
            order_id=order.pk,
            actor=actor,
            delivery_kind=order.delivery_kind,
            courier=order.courier,
            pickup_point=pickup_point,
        )
    return bool(changed)


def _open_order(deal_id: int, actor: Actor) -> Order:
    """The locked order of a deal this person has open. The deal is only read: its lock comes after those of stock."""
    deal = Deal.objects.get(pk=deal_id)
    if deal.order_id is None:
        raise DomainError(_("This deal has no order yet; create one first."), code="no_order")
    order = lock_order(order_id=deal.order_id, actor=actor, action=Action.CALL)
    if Deal.objects.values_list("held_by_id", flat=True).get(pk=deal_id) == actor.user_id:
        return order
    raise StaleBoard(_not_open(order), code="not_open")


def _not_open(order: Order) -> str:
    words = {"number": order.number}
    last = order.events.filter(kind__in=[EventKind.CALL, EventKind.STATUS], reverted_at=None).last()
    if last is None:
        return _("You do not have order %(number)s open any more; here is the next one.") % words
    words |= {"name": last.actor_label, "status": str(Status(order.status).label)}
    return (
        _("You do not have order %(number)s open any more (%(name)s worked on it last: “%(status)s”).")
        % words
    )


def _close(deal_id: int, actor: Actor) -> None:
    Deal.objects.filter(pk=deal_id, held_by=actor.user_id).update(held_by=None, held_until=None)
    projection.touch(Deal.objects.only("pk", "funnel_id").get(pk=deal_id))
