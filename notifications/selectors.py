"""Reading templates, switches and messages."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from notifications.errors import TemplateMissing
from notifications.looks import Look
from notifications.models import (
    Message,
    MessageSettings,
    MessageSwitch,
    MessageTemplate,
    SmsAccount,
    Suppression,
)
from notifications.models.messages import MessageQuerySet
from notifications.quiet_hours import end_of_quiet
from notifications.statuses import MARKETPLACES, TEMPLATE_EVENTS, Channel, Lane, MessageState
from orders.contacts import normalise_email, normalise_phone
from shops.models import Shop, User
from shops.permissions import Action
from shops.selectors import shop_ids_where

LAST_RESORT = "en"
TROUBLE = (MessageState.FAILED, MessageState.UNKNOWN)
LOOKED_UP_FOR = timedelta(days=3)


@dataclass(frozen=True)
class OutboxFigures:
    """How the outbox is doing, by lane. `oldest_due_seconds` is 0 where nothing waits longer than it should."""

    queued: dict[str, int]
    due: dict[str, int]
    in_trouble: dict[tuple[str, str], int]
    oldest_due_seconds: dict[str, float]


@dataclass(frozen=True)
class SwitchRow:
    """One row of a shop's matrix; an empty payment method or source stands for any."""

    event: str
    channel: str
    payment_method: str
    source: str
    is_on: bool

    def fits(self, *, payment_method: str, source: str) -> bool:
        """Whether it speaks about such an order. About a marketplace's, only a row that names it does."""
        if source in MARKETPLACES and self.source != source:
            return False
        return self.payment_method in ("", payment_method) and self.source in ("", source)


def switch_rows(shop_id: int, event: str = "") -> list[SwitchRow]:
    """The shop's matrix, or its rows for one moment, by event, channel, source and payment method. One query."""
    switches = MessageSwitch.objects.filter(shop_id=shop_id)
    if event:
        switches = switches.filter(event=event)
    columns = ("event", "channel", "payment_method", "source", "is_on")
    ordered = switches.order_by("event", "channel", "source", "payment_method")
    return [SwitchRow(*row) for row in ordered.values_list(*columns)]


def channels_on(rows: Iterable[SwitchRow], *, payment_method: str = "", source: str = "") -> list[str]:
    """The channels on which such an order's customer is written to, e-mail first, by the rows of one moment.

    The narrowest row that fits decides: one that names the source before one that names the payment method.
    """
    decided = deciding_rows(rows, payment_method=payment_method, source=source)
    return [channel for channel in Channel.values if channel in decided and decided[channel].is_on]


def deciding_rows(
    rows: Iterable[SwitchRow], *, payment_method: str = "", source: str = ""
) -> dict[str, SwitchRow]:
    """For each channel the row that decides about such an order; a channel that is absent is off by default.

    However the source is spelled: “eMAG” is no other marketplace than “emag”.
    """
    source = source.strip().casefold()
    decided: dict[str, SwitchRow] = {}
    for row in rows:
        if row.fits(payment_method=payment_method, source=source):
            other = decided.get(row.channel)
            if other is None or _narrowness(row) > _narrowness(other):
                decided[row.channel] = row
    return decided


def _narrowness(row: SwitchRow) -> tuple[bool, bool]:
    return bool(row.source), bool(row.payment_method)


def lanes_of(shop_id: int) -> dict[str, str]:
    """The lane a shop's messages wait in, by channel: its own SMS account's where it has one. One query."""
    account = SmsAccount.objects.filter(shop_id=shop_id, is_on=True).first()
    return {Channel.EMAIL: Lane.EMAIL, Channel.SMS: account.lane if account else Lane.SMS}


def normalised_address(channel: str, address: str) -> str:
    """An address as suppressions keep it: E.164 for a phone (as given where it is none), casefolded for an e-mail."""
    if channel == Channel.SMS:
        return normalise_phone(address, "") or address.strip()
    return normalise_email(address)


def is_suppressed(*, shop_id: int, channel: str, address: str) -> bool:
    """Whether the shop must not write to this address any more. One query."""
    kept = normalised_address(channel, address)
    return Suppression.objects.filter(
        shop_id=shop_id, channel=channel, address=kept, lifted_at__isnull=True
    ).exists()


def suppressed_among(messages: Iterable[Message]) -> set[uuid.UUID]:
    """Which of these messages would go to an address their shop must not write to. One query."""
    addresses = {
        message.pk: (message.shop_id, message.channel, normalised_address(message.channel, message.recipient))
        for message in messages
    }
    live = Suppression.objects.filter(
        shop_id__in={key[0] for key in addresses.values()},
        address__in={key[2] for key in addresses.values()},
        lifted_at__isnull=True,
    )
    closed = set(live.values_list("shop_id", "channel", "address"))
    return {pk for pk, address in addresses.items() if address in closed}


def look_of(shop: Shop) -> Look:
    """How the shop's e-mails look, as its settings say. One query."""
    chosen = MessageSettings.objects.filter(shop=shop).first() or MessageSettings()
    return Look(
        name=shop.name,
        phone=shop.phone,
        domain=shop.domain,
        logo=f"{settings.OMS_PUBLIC_URL}{shop.logo.url}" if shop.logo else "",
        accent=chosen.accent_colour,
        footer=chosen.footer.strip(),
    )


def quiet_until(shop: Shop, now: datetime) -> datetime | None:
    """The end of the quiet hours in which this moment falls, or None outside of them. One query."""
    hours = MessageSettings.objects.filter(shop=shop).values_list("quiet_from", "quiet_until").first()
    if hours is None or hours[0] is None or hours[1] is None:
        return None
    return end_of_quiet(now, begins=hours[0], ends=hours[1], time_zone=shop.time_zone)


def live_suppressions(shop_id: int, addresses: Iterable[tuple[str, str]]) -> list[Suppression]:
    """Which of these (channel, address) the shop must not write to, newest first. One query."""
    wanted = Q()
    for channel, address in addresses:
        wanted |= Q(channel=channel, address=normalised_address(channel, address))
    if not wanted:
        return []
    return list(Suppression.objects.filter(wanted, shop_id=shop_id, lifted_at=None).order_by("-pk"))


def template_for(
    *, shop_id: int, event: str, channel: str, language: str, shop_language: str
) -> MessageTemplate:
    """The template in the customer's language, else in the shop's, else in English.

    Raises `TemplateMissing` when the shop has none of them.
    """
    wanted = list(dict.fromkeys((language, shop_language, LAST_RESORT)))
    templates = MessageTemplate.objects.filter(
        shop_id=shop_id, event=event, channel=channel, language__in=wanted
    )
    by_language = {template.language: template for template in templates}
    for code in wanted:
        if code in by_language:
            return by_language[code]
    raise TemplateMissing(f"{event} · {channel} · {', '.join(wanted)}")


def messages_of_order(order_id: int) -> QuerySet[Message]:
    """The order's messages, oldest first, for timelines."""
    return Message.objects.filter(order_id=order_id).order_by("created_at", "id").defer("facts", "html")


def readable_messages(user: User) -> MessageQuerySet:
    """The messages of the orders this person may see, in shops where their role includes reading messages."""
    return Message.objects.visible_to(user).filter(shop_id__in=shop_ids_where(user, Action.VIEW_MESSAGES))


def has_due(lane: str) -> bool:
    """Whether anything in this lane could leave now."""
    due = Message.objects.filter(lane=lane, state=MessageState.QUEUED, due_at__lte=timezone.now())
    return due.exists()


def first_due() -> dict[str, datetime]:
    """The lanes in which messages wait, each with when its first one is or was due. One probe of an index a lane."""
    waiting = Message.objects.filter(state=MessageState.QUEUED).order_by("lane", "due_at")
    found: dict[str, datetime] = {}
    row = waiting.values_list("lane", "due_at").first()
    while row is not None:
        found[row[0]] = row[1]
        row = waiting.filter(lane__gt=row[0]).values_list("lane", "due_at").first()
    return found


def lanes_due() -> list[str]:
    """The lanes in which something could leave now, longest due first."""
    now = timezone.now()
    return [lane for at, lane in sorted((at, lane) for lane, at in first_due().items()) if at <= now]


def own_lanes_due() -> list[str]:
    """Those of them that belong to shops' own SMS accounts."""
    return [lane for lane in lanes_due() if lane not in Lane.values]


def oldest_due_seconds() -> float:
    """How long the message that is due longest has waited; 0 when none is due."""
    return max(seconds_late().values(), default=0.0)


def seconds_late() -> dict[str, float]:
    """How long the message that is due longest has waited, for each lane in which any waits."""
    now = timezone.now()
    return {lane: max(0.0, (now - at).total_seconds()) for lane, at in first_due().items()}


def outbox_is_late() -> bool:
    """Whether a message has been due for longer than `OMS_OLDEST_DUE_MINUTES`: nobody sends, or nobody accepts."""
    return oldest_due_seconds() > settings.OMS_OLDEST_DUE_MINUTES * 60


def outbox_figures() -> OutboxFigures:
    """The numbers for /metrics, by lane, each from a partial index: what waits, what is due, what is in trouble."""
    now = timezone.now()
    queued = Message.objects.filter(state=MessageState.QUEUED)
    trouble = Message.objects.filter(state__in=TROUBLE, created_at__gte=now - timedelta(days=1))
    counted = trouble.values_list("lane", "state").annotate(count=Count("id")).order_by()
    late = {lane: max(0.0, (now - at).total_seconds()) for lane, at in first_due().items()}
    return OutboxFigures(
        queued=_by_lane(queued),
        due=_by_lane(queued.filter(due_at__lte=now)),
        in_trouble={(lane, state): count for lane, state, count in counted},
        oldest_due_seconds={lane: late.get(lane, 0.0) for lane in {*Lane.values, *late}},
    )


def _by_lane(messages: QuerySet[Message]) -> dict[str, int]:
    counted = dict(messages.values_list("lane").annotate(count=Count("id")).order_by())
    return {lane: counted.get(lane, 0) for lane in sorted({*Lane.values, *counted})}


def unknown_to_look_up(*, now: datetime, limit: int) -> list[Message]:
    """SMS of the last days of which nobody knows whether they left, and that are to be asked about now."""
    cut_off = Message.objects.filter(
        state=MessageState.UNKNOWN,
        channel=Channel.SMS,
        due_at__lte=now,
        created_at__gte=now - LOOKED_UP_FOR,
    )
    return list(cut_off.order_by("lane", "due_at")[:limit])


def switches_of(shop_id: int) -> dict[tuple[str, str], bool]:
    """What holds where no narrower rule does: (event, channel) → on."""
    general = MessageSwitch.objects.filter(shop_id=shop_id, payment_method="", source="")
    stored = general.values_list("event", "channel", "is_on")
    matrix = {(event, channel): False for event, _label in TEMPLATE_EVENTS for channel in Channel.values}
    return matrix | {(event, channel): is_on for event, channel, is_on in stored}


def switches_as_they_were(shop_id: int, *, version: int) -> list[SwitchRow]:
    """The shop's whole matrix as it stood when the history of switches had come to this number.

    Worked out from today's rows by taking back what changed since; two queries.
    """
    history = MessageSwitch.history.filter(shop_id=shop_id, history_id__gt=version)
    columns = ("event", "channel", "payment_method", "source", "is_on")
    rows = {(row.event, row.channel, row.source, row.payment_method): row for row in switch_rows(shop_id)}
    for kind, *values in history.order_by("-history_id").values_list("history_type", *columns):
        changed = SwitchRow(*values)
        key = (changed.event, changed.channel, changed.source, changed.payment_method)
        if kind == "+":
            rows.pop(key, None)
        elif kind == "-":
            rows[key] = changed
        else:  # a switch knows two states: before it was changed it stood in the other
            rows[key] = replace(changed, is_on=not changed.is_on)
    return [rows[key] for key in sorted(rows)]


def problems_of_messages() -> Iterator[str]:
    """What is wrong with the outbox as a whole, a sentence each: keys that don't fit, leases nobody took back."""
    odd = Message.objects.exclude(dedupe_key__contains=":")
    yield from (
        f"message {message.pk}: its key {message.dedupe_key!r} has no parts" for message in odd.iterator()
    )
    forgotten = Message.objects.filter(
        state=MessageState.SENDING, lease_until__lt=timezone.now() - timedelta(hours=1)
    )
    yield from (
        f"message {message.pk}: being sent since before {message.lease_until}"
        for message in forgotten.iterator()
    )
