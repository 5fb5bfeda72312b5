"""Reminders on deals: setting, changing, putting off, ticking off, and telling people when theirs are due.

A person is told of each moment once, however many workers look at the same time. Open boards hear of every change,
also of those that only time makes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import projection
from crm.models import BoardChange, Deal, Reminder, StageKind
from crm.selectors.reminders import GRACE
from crm.services.reminder_words import due_note
from notifications.services import queue_note
from shops.actors import Actor, actor_columns
from shops.errors import DomainError
from shops.locks import lock_one
from shops.models import User
from shops.permissions import Action, require
from shops.selectors import role_in_shop

FURTHEST = timedelta(days=5 * 366)
NOTE_LENGTH = 300
AT_ONCE = 200
# How far back a look goes for cards that turned red: as long as workers may have been away.
LOOK_BACK = timedelta(hours=1)


@transaction.atomic
def set_reminder(
    *, deal_id: int, actor: Actor, due_at: datetime, person_id: int | None = None, note: str = ""
) -> Reminder:
    """Let a deal come up again at a moment, for its author or a colleague who sees it.

    Raises DomainError when the moment has passed or the person does not see the deal, NotPermitted.
    """
    deal = Deal.objects.select_related("funnel").get(pk=deal_id)
    require(actor, shop_id=deal.funnel.shop_id, action=Action.COMMENT)
    moment = _future(due_at)
    reminder = Reminder.objects.create(
        deal=deal,
        person=_person_of(deal, person_id if person_id is not None else actor.user_id),
        due_at=moment,
        note=_words(note),
        **actor_columns(actor),
    )
    projection.touch(deal)
    return reminder


@transaction.atomic
def edit_reminder(*, reminder_id: int, actor: Actor, due_at: datetime, person_id: int, note: str) -> Reminder:
    """Change when, for whom and what about. A moment that stays may have passed; a new one may not.

    Raises DomainError as `set_reminder` does, and when it is done already; NotPermitted.
    """
    reminder = _lock_open(reminder_id, actor)
    if _whole_minute(due_at) != reminder.due_at:
        reminder.due_at, reminder.told_at = _future(due_at), None
    if person_id != reminder.person_id:
        reminder.person, reminder.told_at = _person_of(reminder.deal, person_id), None
    reminder.note = _words(note)
    reminder.save(update_fields=["due_at", "person", "note", "told_at"])
    projection.touch(reminder.deal)
    return reminder


@transaction.atomic
def snooze_reminder(*, reminder_id: int, actor: Actor, due_at: datetime) -> Reminder:
    """Put it off to a later moment; the person is told again then. Raises DomainError, NotPermitted."""
    reminder = _lock_open(reminder_id, actor)
    reminder.due_at, reminder.told_at = _future(due_at), None
    reminder.save(update_fields=["due_at", "told_at"])
    projection.touch(reminder.deal)
    return reminder


@transaction.atomic
def finish_reminder(*, reminder_id: int, actor: Actor) -> bool:
    """Tick it off. Returns whether it was open. Raises NotPermitted."""
    reminder = _lock(reminder_id, actor)
    if reminder.done_at is not None:
        return False
    reminder.done_at = timezone.now()
    reminder.save(update_fields=["done_at"])
    projection.touch(reminder.deal)
    return True


@transaction.atomic
def remove_reminder(*, reminder_id: int, actor: Actor) -> None:
    """Take away one that was set by mistake. Raises NotPermitted."""
    reminder = _lock(reminder_id, actor)
    projection.touch(reminder.deal)
    reminder.delete()


def tell_due_reminders(*, should_stop: Callable[[], bool] = lambda: False) -> int:
    """E-mail people whose reminders are due, and show boards what turned yellow or red; returns how many were due.

    Who has no address, left the shop or no longer sees the deal is not written to, nor is anybody about a closed
    deal; these count as told.
    """
    now = timezone.now()
    due = Reminder.objects.filter(done_at=None, told_at=None, due_at__lte=now).order_by("due_at")
    told = 0
    for reminder_id in list(due.values_list("pk", flat=True)[:AT_ONCE]):
        if should_stop():
            return told
        told += _tell(reminder_id, now)
    _show_red(now)
    return told


@transaction.atomic
def _tell(reminder_id: int, now: datetime) -> bool:
    mine = Reminder.objects.filter(pk=reminder_id, done_at=None, told_at=None, due_at__lte=now)
    if not mine.update(told_at=now):
        return False
    reminder = Reminder.objects.select_related(
        "person", "deal__stage", "deal__funnel__shop", "deal__order", "deal__customer"
    ).get(pk=reminder_id)
    deal, person = reminder.deal, reminder.person
    projection.touch(deal)
    if person.email and deal.stage.kind == StageKind.OPEN and _sees(person, deal):
        shop = deal.funnel.shop
        language = person.language or shop.language
        words = due_note(reminder, language=language)
        queue_note(
            shop_id=shop.pk,
            order_id=deal.order_id,
            recipients=[person.email],
            subject=words.subject,
            text=words.text,
            key=f"reminder:{reminder.pk}:{reminder.due_at.isoformat()}",
            actor=Actor.system(),
            language=language,
        )
    return True


def _show_red(now: datetime) -> None:
    """Touch the cards whose grace ended since anything was last heard of them; told twice does no harm."""
    ended = Reminder.objects.filter(
        done_at=None, due_at__lte=now - GRACE, due_at__gt=now - GRACE - LOOK_BACK
    ).order_by("-due_at")
    red_since: dict[Deal, datetime] = {}
    for reminder in ended.select_related("deal")[:AT_ONCE]:
        red_since.setdefault(reminder.deal, reminder.due_at + GRACE)
    heard = dict(
        BoardChange.objects.filter(deal__in=[deal.pk for deal in red_since])
        .order_by()
        .values_list("deal_id")
        .annotate(latest=Max("at"))
    )
    for deal, moment in red_since.items():
        if deal.pk not in heard or heard[deal.pk] < moment:
            projection.touch(deal)


# --- What every change looks at first


def _lock(reminder_id: int, actor: Actor) -> Reminder:
    reminder = lock_one(Reminder.objects.select_related("deal__funnel"), reminder_id)
    require(actor, shop_id=reminder.deal.funnel.shop_id, action=Action.COMMENT)
    return reminder


def _lock_open(reminder_id: int, actor: Actor) -> Reminder:
    reminder = _lock(reminder_id, actor)
    if reminder.done_at is not None:
        raise DomainError(_("This reminder is done already. Set a new one."), code="done")
    return reminder


def _person_of(deal: Deal, person_id: int | None) -> User:
    person = User.objects.filter(pk=person_id, is_active=True).first() if person_id is not None else None
    if person is None or role_in_shop(user_id=person.pk, shop_id=deal.funnel.shop_id) is None:
        raise DomainError(
            _("Only people who work in this shop can be reminded. Choose one of them."),
            code="not_a_member",
            field="person",
        )
    if not _sees(person, deal):
        raise DomainError(
            _("%(name)s does not see this deal, so they cannot be reminded of it.")
            % {"name": person.get_full_name() or person.username},
            code="not_visible",
            field="person",
        )
    return person


def _sees(person: User, deal: Deal) -> bool:
    return Deal.objects.visible_to(person).filter(pk=deal.pk).exists()


def _future(moment: datetime) -> datetime:
    now, moment = timezone.now(), _whole_minute(moment)
    if moment <= now:
        raise DomainError(_("That moment has passed. Choose a later one."), code="past", field="due_at")
    if moment > now + FURTHEST:
        raise DomainError(_("Choose a day within the next five years."), code="too_far", field="due_at")
    return moment


def _whole_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _words(note: str) -> str:
    return " ".join(note.replace("\0", " ").split())[:NOTE_LENGTH]
