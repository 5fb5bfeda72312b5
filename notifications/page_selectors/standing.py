"""Where messages stand: each step with its time and the words that came with it, and what waits until when."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from hashlib import sha256

from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from notifications.facts import OrderFacts
from notifications.models import Message, MessageReport, MessageSettings, Suppression
from notifications.quiet_hours import end_of_quiet
from notifications.selectors import live_suppressions, messages_of_order
from notifications.statuses import REASONS, Channel, Hold, MessageState
from orders.models import Order
from shops.models import Shop

STEP_WORDS = {
    MessageState.QUEUED: gettext_lazy("queued"),
    MessageState.SENDING: gettext_lazy("being sent"),
    MessageState.SENT: pgettext_lazy("message", "sent"),
    MessageState.DELIVERED: pgettext_lazy("message", "delivered"),
    MessageState.BOUNCED: gettext_lazy("came back"),
    MessageState.FAILED: gettext_lazy("failed"),
    MessageState.UNKNOWN: gettext_lazy("not known whether it left"),
    MessageState.DISCARDED: gettext_lazy("discarded"),
}
BAD = (MessageState.FAILED, MessageState.UNKNOWN, MessageState.BOUNCED)
ENDS = (MessageState.FAILED, MessageState.UNKNOWN, MessageState.DISCARDED, MessageState.BOUNCED)
WAITING = (MessageState.QUEUED, MessageState.SENDING)
SECONDS_COUNT_BELOW = 120
SOON = timedelta(minutes=2)
NO_DAY_WITHIN = timedelta(hours=16)


@dataclass(frozen=True)
class Step:
    """One thing that happened to a message; `words` are the provider's or ours, `by` who said so."""

    state: str
    label: str
    at: datetime
    words: str = ""
    by: str = ""

    @property
    def is_bad(self) -> bool:
        return self.state in BAD


@dataclass(frozen=True)
class Standing:
    """A message and what became of it so far. `leaves_at` is when a waiting one is sent, quiet hours considered."""

    message: Message
    steps: list[Step]
    leaves_at: datetime
    now: datetime

    @property
    def is_waiting(self) -> bool:
        return self.message.state in WAITING

    @property
    def is_bad(self) -> bool:
        return self.message.state in BAD

    @property
    def may_be_held(self) -> bool:
        """Whether it can still be skipped or hurried."""
        return self.message.state == MessageState.QUEUED

    @property
    def is_quiet(self) -> bool:
        """Whether quiet hours are what it waits for."""
        return self.message.hold == Hold.QUIET or self.leaves_at > self.message.due_at

    @property
    def is_retry(self) -> bool:
        """Whether an attempt failed before, so that it waits for the next."""
        return bool(self.message.attempts) and not self.is_quiet

    @property
    def seconds(self) -> int:
        """Whole seconds until it leaves, where these are worth counting; else zero."""
        left = (self.leaves_at - self.now).total_seconds()
        return max(1, round(left)) if 0 < left < SECONDS_COUNT_BELOW else 0

    @property
    def is_due(self) -> bool:
        return self.leaves_at <= self.now

    @property
    def needs_no_day(self) -> bool:
        """Whether the hour alone says when it leaves."""
        return self.leaves_at - self.now < NO_DAY_WITHIN


@dataclass(frozen=True)
class OrderMessages:
    """An order's messages, oldest first, and the customer's addresses that are not written to."""

    order: Order
    rows: list[Standing] = field(default_factory=list)
    suppressed: list[Suppression] = field(default_factory=list)
    may_change: bool = False

    @cached_property
    def held(self) -> list[Standing]:
        """What will be sent, soonest first."""
        return sorted((row for row in self.rows if row.is_waiting), key=lambda row: row.leaves_at)

    def of_move(self, move_id: uuid.UUID) -> list[Standing]:
        """Those a move caused."""
        return [row for row in self.rows if row.message.move_id == move_id]

    @property
    def poll_seconds(self) -> int:
        """How often a page that shows them looks again: often while something is about to leave, else hardly."""
        if not self.held:
            return 0
        first = self.held[0]
        return 3 if first.leaves_at <= first.now + SOON else 60

    @property
    def digest(self) -> str:
        """Changes whenever something about a message does that a page shows."""
        seen = [
            f"{row.message.pk}{row.message.state}{row.leaves_at}{row.message.attempts}{len(row.steps)}"
            for row in self.rows
        ]
        return sha256("|".join(seen).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Promise:
    """What a change is going to tell the customer: on which channels soon, and on which when; neither is silence."""

    soon: str
    later: list[tuple[str, datetime]]

    @property
    def is_silence(self) -> bool:
        return not self.soon and not self.later


def promise_of(rows: Iterable[Standing]) -> Promise:
    """The promise these waiting messages make. Reads nothing."""
    held = [row for row in rows if row.is_waiting]
    quiet = sorted({row.leaves_at for row in held if row.is_quiet})
    return Promise(
        _channels(row for row in held if not row.is_quiet),
        [(_channels(row for row in held if row.is_quiet and row.leaves_at == at), at) for at in quiet],
    )


def promise_of_move(move_id: uuid.UUID, shop: Shop) -> Promise:
    """What a move that was just made is going to tell. Two queries at most."""
    messages = list(Message.objects.filter(move_id=move_id, state__in=WAITING).defer("facts", "html", "body"))
    leaving, now = leaves_at(shop, messages), timezone.now()
    return promise_of(Standing(message, [], at, now) for message, at in zip(messages, leaving, strict=True))


def _channels(rows: Iterable[Standing]) -> str:
    """The channels in words: “e-mail and SMS”."""
    channels = {row.message.channel for row in rows}
    if channels == {Channel.EMAIL, Channel.SMS}:
        return _("e-mail and SMS")
    return pgettext("in a sentence", "e-mail") if Channel.EMAIL in channels else _("SMS") if channels else ""


def no_messages(order: Order) -> OrderMessages:
    """For people who do not read messages."""
    return OrderMessages(order)


def order_messages(order: Order, *, may_change: bool) -> OrderMessages:
    """The order's messages and how they stand, in four queries at most; `order` brings its shop and addresses."""
    messages = list(messages_of_order(order.pk).prefetch_related("reports"))
    leaving = leaves_at(order.shop, messages)
    now = timezone.now()
    rows = [
        Standing(message, steps_of(message), at, now) for message, at in zip(messages, leaving, strict=True)
    ]
    facts = OrderFacts(order, (), None, "")
    reached = [(channel, facts.recipient(channel)) for channel in Channel.values]
    suppressed = live_suppressions(order.shop_id, [pair for pair in reached if pair[1]])
    return OrderMessages(order, rows, suppressed, may_change)


def leaves_at(shop: Shop, messages: Iterable[Message]) -> list[datetime]:
    """When each message leaves or left the queue: an SMS that becomes due in quiet hours waits for their end.

    One query, and only when an SMS waits.
    """
    listed = list(messages)
    hours = _quiet_hours(shop) if any(map(_may_wait_for_morning, listed)) else None
    if hours is None:
        return [message.due_at for message in listed]
    begins, ends = hours
    return [
        end_of_quiet(message.due_at, begins=begins, ends=ends, time_zone=shop.time_zone) or message.due_at
        if _may_wait_for_morning(message)
        else message.due_at
        for message in listed
    ]


def _may_wait_for_morning(message: Message) -> bool:
    return message.state == MessageState.QUEUED and message.channel == Channel.SMS and not message.at_once


def _quiet_hours(shop: Shop) -> tuple[time, time] | None:
    hours = MessageSettings.objects.filter(shop=shop).values_list("quiet_from", "quiet_until").first()
    return (hours[0], hours[1]) if hours and hours[0] and hours[1] else None


def steps_of(message: Message) -> list[Step]:
    """What happened to a message, oldest first. Reads its reports only."""
    queued, *others = _steps(message, list(message.reports.all()))
    return [queued, *sorted(others, key=lambda step: step.at)]


def _steps(message: Message, reports: list[MessageReport]) -> Iterator[Step]:
    told = {report.state for report in reports}
    yield _step(MessageState.QUEUED, message.created_at)
    if message.sent_at and MessageState.SENT not in told:
        yield _step(MessageState.SENT, message.sent_at)
    if message.delivered_at and MessageState.DELIVERED not in told:
        yield _step(MessageState.DELIVERED, message.delivered_at)
    for report in reports:
        yield _reported(report)
    if message.state in ENDS and message.state not in told:
        at = message.ended_at or message.sent_at or message.due_at
        yield _step(MessageState(message.state), at, message.reason)


def _step(state: MessageState, at: datetime, words: str = "") -> Step:
    return Step(state, str(STEP_WORDS[state]), at, words)


def _reported(report: MessageReport) -> Step:
    state = MessageState(report.state)
    label = str(STEP_WORDS[state])
    if state == MessageState.QUEUED:
        label = _("to be sent at once")
    elif state == MessageState.DISCARDED:
        label = _("skipped")
    elif state == MessageState.SENT and report.by and not report.words:
        label = _("arrived, says a colleague")
    words = str(REASONS.get(report.words, report.words))
    return Step(report.state, label, report.at, words, report.by)
