"""What an e-mail provider tells of messages after they left, in django-anymail's words, which are the same for all."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.db import transaction

from notifications.models import Message, MessageReport
from notifications.services.reach import suppress_address
from notifications.services.reports import record_report, storable
from notifications.statuses import Channel, MessageState, SuppressionReason
from notifications.transports.email_smtp import METADATA_KEY
from shops.actors import Actor

STATES: dict[str, str] = {
    EventType.QUEUED: MessageState.SENT,
    EventType.SENT: MessageState.SENT,
    EventType.DEFERRED: MessageState.SENT,
    EventType.UNSUBSCRIBED: MessageState.SENT,
    EventType.DELIVERED: MessageState.DELIVERED,
    EventType.COMPLAINED: MessageState.DELIVERED,
    EventType.BOUNCED: MessageState.BOUNCED,
    EventType.REJECTED: MessageState.FAILED,
    EventType.FAILED: MessageState.FAILED,
}
NO_SUCH_ADDRESS = frozenset({RejectReason.BOUNCED, RejectReason.INVALID})
LONGEST_KEY = 200
# SparkPost's classes of bounces that may pass: soft, full, too large, time-out, transient, and the like.
PASSING_CLASSES = frozenset({"20", "21", "22", "23", "24", "40", "60", "70", "100"})
_OWN_NUMBER = re.compile(r"<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@", re.IGNORECASE)

log = structlog.get_logger(__name__)


def take_mail_events(*, events: Iterable[AnymailTrackingEvent], provider: str) -> int:
    """Keep what is about messages of ours and answer how many events were; the others, and repeats, change nothing.

    Each event is its own transaction. Opens and clicks are nobody's business and are not kept.
    """
    return sum(_take(event, provider) for event in events)


@transaction.atomic
def _take(event: AnymailTrackingEvent, provider: str) -> bool:
    state = STATES.get(event.event_type)
    message = _message_of(event) if state else None
    if state is None or message is None:
        log.info("e-mail event passed over", kind=event.event_type, provider=provider)
        return False
    key, words = _key(event, message, provider), _words(event)
    if MessageReport.objects.filter(key=key).exists():
        return False  # told before; since then a person may have opened the address again
    record_report(message_id=message.pk, state=state, key=key, words=words, by=provider, at=event.timestamp)
    reason = _reason(event)
    if reason:
        suppress_address(
            shop_id=message.shop_id,
            channel=Channel.EMAIL,
            address=message.recipient,
            reason=reason,
            actor=Actor.system(provider),
            words=words,
        )
    return True


def _message_of(event: AnymailTrackingEvent) -> Message | None:
    """By our own key, which most providers give back; by the provider's number; by our Message-ID."""
    emails = Message.objects.filter(channel=Channel.EMAIL)
    number = storable(str(event.message_id or "").strip(), LONGEST_KEY)
    own = str((event.metadata or {}).get(METADATA_KEY, ""))
    found = _OWN_NUMBER.match(number)
    for key in (own, found[1] if found else ""):
        if _is_key(key) and (message := emails.filter(pk=key).first()):
            return message
    bare = number.strip("<>")
    return emails.filter(provider_id__in=[bare, f"<{bare}>"]).first() if bare else None


def _is_key(text: str) -> bool:
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def _key(event: AnymailTrackingEvent, message: Message, provider: str) -> str:
    """The same for the same event however often it is told; some providers number their events, some do not."""
    when = event.timestamp.isoformat() if event.timestamp else ""
    return storable(f"{provider}:{message.pk.hex}:{event.event_type}:{event.event_id or when}", LONGEST_KEY)


def _words(event: AnymailTrackingEvent) -> str:
    said = dict.fromkeys(str(part).strip() for part in (event.mta_response, event.description) if part)
    return " · ".join(said) or str(event.event_type)


def _reason(event: AnymailTrackingEvent) -> str:
    """Why the address must not be written to any more; empty where it may."""
    if event.event_type == EventType.COMPLAINED or event.reject_reason == RejectReason.SPAM:
        return SuppressionReason.COMPLAINT
    if event.event_type == EventType.UNSUBSCRIBED:
        return SuppressionReason.STOP
    if event.event_type not in (EventType.BOUNCED, EventType.REJECTED) or may_pass(event.esp_event):
        return ""
    return SuppressionReason.BOUNCE if event.reject_reason in NO_SUCH_ADDRESS else ""


def may_pass(raw: Any) -> bool:
    """Whether the provider itself calls this bounce a passing one, which anymail's words do not keep.

    Brevo, MailerSend, Mandrill and Postmark say “soft” in the event's kind, Mailjet has `hard_bounce`, Amazon SES a
    `bounceType`, SparkPost a number.
    """
    if not isinstance(raw, Mapping):
        return False
    kinds = " ".join(str(raw.get(name, "")) for name in ("Type", "type", "event"))
    bounce = raw.get("bounce")
    if isinstance(bounce, Mapping) and bounce.get("bounceType") not in (None, "Permanent"):
        return True
    return (
        "soft" in kinds.casefold()
        or raw.get("hard_bounce") is False
        or str(raw.get("bounce_class", "")) in PASSING_CLASSES
    )
