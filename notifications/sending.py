"""Emptying the outbox, lane by lane: take a few that are due, write them, hand them over, note each outcome.

Runs in a worker, outside any transaction: nothing here holds a lock while a provider thinks. A bite is as big as the
lane sends in about a second, so a slow provider holds few messages at a time and a killed worker leaves few behind. A
broken template fails its message and no other, and one that takes long gets one message a bite.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.utils import timezone

from notifications import outbox
from notifications.composing import Templates, compose, judge, slow_texts, without_link
from notifications.errors import TemplateError, TemplateMissing
from notifications.models import Message
from notifications.selectors import has_due
from notifications.services.reach import suppress_address
from notifications.services.sms_account import leave_closed_lane
from notifications.statuses import Channel, SuppressionReason
from notifications.transports import transport_for
from notifications.transports.base import (
    ChannelDown,
    NoSuchAddress,
    Outgoing,
    PermanentError,
    TemporaryError,
    Transport,
    UnknownOutcome,
    Unsubscribed,
)
from shops.actors import Actor

FIRST_BITE = 5
BIGGEST_BITE = 50
BITE_TAKES_SECONDS = 1.0
# How long messages of a slow text let all others pass before the next one is written.
SLOW_TEXT_WAITS = timedelta(seconds=2)

Letter = tuple[Message, Outgoing]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Bite:
    """What became of messages taken together: how many were put back unbegun, and whether to take more now."""

    put_back: int
    go_on: bool


def drain(lane: str, *, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Send what is due in this lane until nothing is, and answer how many messages were begun.

    Stops early when the provider as a whole is down: the rest is put back, and the next call tries again.
    """
    outbox.take_back_expired()
    if not has_due(lane) or leave_closed_lane(lane):
        return 0
    begun, size = 0, FIRST_BITE
    with transport_for(lane) as transport:
        while not should_stop():
            started = time.monotonic()
            messages = outbox.take(lane, limit=size)
            if not messages:
                break
            bite = deliver_all(messages, transport, should_stop=should_stop)
            begun += len(messages) - bite.put_back
            if not bite.go_on:
                break
            size = _next_size(size, time.monotonic() - started)
    return begun


def _next_size(size: int, seconds: float) -> int:
    """Twice as many after a quick bite, half as many after a slow one."""
    if seconds < BITE_TAKES_SECONDS / 2:
        return min(BIGGEST_BITE, size * 2)
    return max(1, size // 2) if seconds > BITE_TAKES_SECONDS else size


def deliver(message: Message, transport: Transport) -> bool:
    """Send one message that was taken; False when its provider is down."""
    letters = _letters([message])
    kept = [letter for letter in letters if outbox.keep_words(letter[0], via=transport.name)]
    return all(_hand_over(*letter, transport) for letter in kept)


def deliver_all(
    messages: Sequence[Message],
    transport: Transport,
    *,
    should_stop: Callable[[], bool] = lambda: False,
) -> Bite:
    """Send messages of one lane that were taken together.

    E-mails are stored with what they say before the first of them leaves; an SMS just before it is handed over, for
    one that was handed over is never sent again by itself.
    """
    ends_at, go_on = time.monotonic() + outbox.BITE_SECONDS, True
    waiting = _letters(messages)
    ahead = bool(messages) and messages[0].channel == Channel.EMAIL
    if ahead:
        ours = {message.pk for message in outbox.keep_all([m for m, _ in waiting], via=transport.name)}
        waiting = [letter for letter in waiting if letter[0].pk in ours]
    while waiting and go_on and time.monotonic() < ends_at and not should_stop():
        message, outgoing = waiting.pop(0)
        if ahead or outbox.keep_words(message, via=transport.name):
            go_on = _hand_over(message, outgoing, transport)
    return Bite(outbox.release([message for message, _ in waiting]), go_on)


def _letters(messages: Sequence[Message]) -> list[Letter]:
    """Those that are to leave, in words; what becomes of the others is noted."""
    templates, letters, a_slow_one = Templates(), [], False
    for message, verdict in zip(messages, judge(messages), strict=True):
        is_unwritten = not message.body
        if verdict.wait_until is not None:
            outbox.put_back(message, due_at=verdict.wait_until, hold=verdict.hold)
        elif verdict.reason:
            outbox.mark_discarded(message, reason=verdict.reason)
        elif is_unwritten and a_slow_one and slow_texts.has(message):
            outbox.put_back(message, due_at=timezone.now() + SLOW_TEXT_WAITS, hold="")
        else:
            outgoing = _written(message, templates)
            if outgoing is not None:
                letters.append((message, outgoing))
            if is_unwritten and not a_slow_one and slow_texts.has(message):
                a_slow_one = True
                outbox.let_others_pass(message, until=timezone.now() + SLOW_TEXT_WAITS)
    return letters


def _written(message: Message, templates: Templates) -> Outgoing | None:
    """The message in words; where there are none, it has failed."""
    try:
        return compose(message, templates)
    except TemplateMissing:
        outbox.mark_failed(message, reason="no_template")
    except TemplateError as error:
        outbox.mark_failed(message, reason=str(error))
    except Exception as error:  # whatever a text does, it must not stop the queue
        log.exception("message could not be written", message=str(message.pk))
        outbox.mark_failed(message, reason=f"{type(error).__name__}: {error}")
    return None


def _hand_over(message: Message, outgoing: Outgoing, transport: Transport) -> bool:
    try:
        provider_id = transport.send(outgoing)
    except PermanentError as error:
        outbox.mark_failed(message, reason=without_link(str(error), message))
        _close(message, error, transport)
    except TemporaryError as error:
        outbox.retry_later(message, reason=without_link(str(error), message))
        return not isinstance(error, ChannelDown)
    except UnknownOutcome as error:
        _cut_off(message, without_link(str(error), message))
    except Exception as error:  # a provider's library raised what it does not promise
        log.exception("message could not be sent", message=str(message.pk))
        _cut_off(message, without_link(f"{type(error).__name__}: {error}", message))
    else:
        outbox.mark_sent(message, provider_id=provider_id)
    return True


def _close(message: Message, error: PermanentError, transport: Transport) -> None:
    """Write no more to an address that the other side says is not there, or has had enough."""
    reasons = {NoSuchAddress: SuppressionReason.BOUNCE, Unsubscribed: SuppressionReason.STOP}
    reason = next((reason for kind, reason in reasons.items() if isinstance(error, kind)), None)
    if reason is not None:
        suppress_address(
            shop_id=message.shop_id,
            channel=message.channel,
            address=message.recipient,
            reason=reason,
            actor=Actor.system(transport.name),
            words=without_link(str(error), message),
        )


def _cut_off(message: Message, reason: str) -> None:
    """E-mail is sent again (its number stays), an SMS never by itself."""
    if message.channel == Channel.SMS:
        outbox.mark_unknown(message, reason=reason)
    else:
        outbox.retry_later(message, reason=reason)
