"""A shop's account at an SMS provider, its quiet hours, and trying the account out.

Whenever the way out of a shop's SMS changes, what waits moves to the new lane in the same transaction. Credentials are
written and never read out again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.errors import MessageError
from notifications.models import Message, SmsAccount
from notifications.selectors import is_suppressed, lanes_of
from notifications.statuses import Channel, Hold, MessageEvent, MessageState
from notifications.transports.sms_accounts import HOOK_SECRET, PROVIDERS, credentials_of, stored
from notifications.wakeups import wake_workers
from orders.contacts import normalise_phone
from shops.actors import Actor, actor_columns
from shops.locks import lock_one
from shops.models import Shop
from shops.permissions import Action, require
from shops.secrets import make_secret

LONGEST_TEST = 1000


@transaction.atomic
def change_sms_account(
    *, shop_id: int, provider: str, is_on: bool, changes: Mapping[str, str], actor: Actor
) -> int:
    """Set up or change a shop's account, and answer how many waiting SMS moved to another lane.

    `changes` holds only the credentials that are to be replaced; those not named stay, unless the provider is another
    one, which starts anew. Raises NotPermitted, and MessageError when a required one is missing.
    """
    shop = lock_one(Shop.objects.all(), shop_id)
    require(actor, shop_id=shop_id, action=Action.VIEW_SECRETS)
    account = SmsAccount.objects.filter(shop=shop).first() or SmsAccount(shop=shop, provider=provider)
    kept = _readable(account)
    if account.provider != provider:
        kept = {HOOK_SECRET: kept.get(HOOK_SECRET, "")}
    known = {field.name for field in PROVIDERS[provider].fields}
    wanted = kept | {name: value for name, value in changes.items() if name in known}
    missing = [
        str(field.label)
        for field in PROVIDERS[provider].fields
        if field.is_required and not wanted.get(field.name)
    ]
    if missing and is_on:
        raise MessageError(
            _("Still missing: %(fields)s.") % {"fields": ", ".join(missing)}, code="missing", field="provider"
        )
    account.provider, account.is_on = provider, is_on
    _store(account, wanted)
    return move_waiting_sms(shop_id=shop_id)


@transaction.atomic
def rotate_hook_secret(*, shop_id: int, actor: Actor) -> None:
    """Give a shop's report and reply addresses a new secret; the old addresses answer 404 from now on."""
    lock_one(Shop.objects.all(), shop_id)
    require(actor, shop_id=shop_id, action=Action.VIEW_SECRETS)
    account = SmsAccount.objects.filter(shop_id=shop_id).first()
    if account is None:
        raise MessageError(_("This shop has no SMS account."), code="not_found")
    _store(account, _readable(account) | {HOOK_SECRET: ""})


def _store(account: SmsAccount, credentials: Mapping[str, str]) -> None:
    secret = credentials.get(HOOK_SECRET) or make_secret()
    account.credentials = stored({**credentials, HOOK_SECRET: secret})
    account.hook_secret = hashlib.sha256(secret.encode()).hexdigest()
    account.save()


def _readable(account: SmsAccount) -> dict[str, str]:
    """The credentials; none where they were stored under another SECRET_KEY and have to be typed anew."""
    try:
        return credentials_of(account)
    except ValueError:
        return {}


def move_waiting_sms(*, shop_id: int) -> int:
    """Put the shop's waiting SMS into the lane they would be put in now, and answer how many moved."""
    lane = lanes_of(shop_id)[Channel.SMS]
    waiting = Message.objects.filter(shop_id=shop_id, channel=Channel.SMS, state=MessageState.QUEUED)
    moved = waiting.exclude(lane=lane).update(lane=lane)
    if moved:
        wake_workers()
    return moved


def leave_closed_lane(lane: str) -> int:
    """Move what waits in the lane of an account that was switched off to the shop's present way; answer how many.

    Only what was being sent, or queued, at that very moment is left there: the switch itself moves all others.
    """
    key = lane.removeprefix(f"{Channel.SMS}:")
    if not key.isdecimal():
        return 0
    closed = SmsAccount.objects.filter(pk=key, is_on=False).values_list("shop_id", flat=True).first()
    return move_waiting_sms(shop_id=closed) if closed is not None else 0


@transaction.atomic
def release_quiet(*, shop_id: int) -> int:
    """Make due what waits for the end of quiet hours, because they were changed; answer how many.

    The worker judges each of them anew, so what falls into the new hours waits for their end.
    """
    held = Message.objects.filter(
        shop_id=shop_id, channel=Channel.SMS, state=MessageState.QUEUED, hold=Hold.QUIET
    )
    released = held.update(due_at=timezone.now(), hold="")
    if released:
        wake_workers()
    return released


@transaction.atomic
def send_test_sms(*, shop_id: int, to: str, text: str, actor: Actor) -> uuid.UUID:
    """Queue an SMS to a number a colleague typed, at once and through the shop's own way out; answer its key.

    Raises NotPermitted, and MessageError for no number, no text, or a number that asked not to be written to.
    """
    shop = Shop.objects.get(pk=shop_id)
    require(actor, shop_id=shop_id, action=Action.VIEW_SECRETS)
    number = _number(shop, to)
    if not text.strip():
        raise MessageError(_("Write something first."), code="empty", field="text")
    message = _test(shop, number, text.strip()[:LONGEST_TEST], timezone.now(), actor)
    message.save(force_insert=True)
    wake_workers()
    return message.pk


def _number(shop: Shop, to: str) -> str:
    number = normalise_phone(to, shop.country)
    if not number:
        raise MessageError(_("This is not a phone number."), code="no_number", field="to")
    if is_suppressed(shop_id=shop.pk, channel=Channel.SMS, address=number):
        raise MessageError(_("This number is not written to any more."), code="suppressed", field="to")
    return number


def _test(shop: Shop, number: str, text: str, now: datetime, actor: Actor) -> Message:
    key = uuid.uuid4()
    return Message(
        id=key,
        shop=shop,
        event=MessageEvent.STAFF,
        channel=Channel.SMS,
        lane=lanes_of(shop.pk)[Channel.SMS],
        recipient=number,
        language=shop.language,
        written_in=shop.language,
        body=text,
        at_once=True,
        dedupe_key=f"test:{key}:{Channel.SMS}:{number}",
        event_uid=uuid.uuid4(),
        due_at=now,
        created_at=now,
        **actor_columns(actor),
    )
