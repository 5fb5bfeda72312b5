"""A deal's timeline: all that happened, newest first, page by page, in a number of queries that never grows.

Each source (the order's history, moves, comments, notes, messages, reminders) is asked for one page older than the
cursor; the newest of all of them make the page. The cursor is a moment, a source and a key, so that rows of one
moment are neither told twice nor left out.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from crm.models import Deal, DealComment, DealMove, LostReason, MoveKind, Reminder
from crm.page_selectors.history import Difference, history_in_words
from notifications.models import Message, SmsReply
from notifications.page_selectors import Standing, Step, leaves_at, steps_of
from notifications.statuses import Channel, MessageState
from orders.models import OrderEvent, OrderNote
from orders.models.history import EventKind
from shops.keyset import read_key

SIZE = 40
KINDS = ("", "messages", "comments", "changes")
Key = tuple[datetime, str, Any]


@dataclass(frozen=True)
class TimelineEntry:
    """One line of the timeline. `state` and `steps` are a message's; `due_at` when a waiting one leaves."""

    key: str
    kind: str
    icon: str
    sentence: str
    who: str
    at: datetime
    text: str = ""
    status: str = ""
    state: str = ""
    state_label: str = ""
    steps: list[Step] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    url: str = ""
    due_at: datetime | None = None
    is_undone: bool = False
    is_bad: bool = False
    is_unread: bool = False


@dataclass(frozen=True)
class Timeline:
    """One page of it, narrowed to `kind`, and the cursor of the older ones (empty on the last)."""

    entries: list[TimelineEntry]
    older: str
    kind: str
    is_first: bool = True


@dataclass(frozen=True)
class _Source:
    """Where lines come from: its letter orders rows of one moment, `tell` makes entries of rows."""

    letter: str
    rows: QuerySet[Any]
    at: str
    tell: Callable[[list[Any]], Iterable[TimelineEntry]]


def read_kind(text: str) -> str:
    """What the timeline is narrowed to; unknown words narrow nothing."""
    return text if text in KINDS else ""


def timeline_of(deal: Deal, *, sees_messages: bool, kind: str = "", after: str = "") -> Timeline:
    """One page of a deal's timeline; `deal` brings its order with its shop. Messages only for who may read them."""
    cursor = _read_cursor(after)
    sources = {source.letter: source for source in _sources(deal, kind, sees_messages)}
    found: list[tuple[Key, Any]] = []
    for source in sources.values():
        rows = _older(source, cursor).order_by(f"-{source.at}", "-pk")[: SIZE + 1]
        found += [((getattr(row, source.at), source.letter, row.pk), row) for row in rows]
    found.sort(key=lambda pair: pair[0], reverse=True)
    shown = found[:SIZE]
    told: dict[tuple[str, Any], TimelineEntry] = {}
    for letter, source in sources.items():
        mine = [row for key, row in shown if key[1] == letter]
        told |= {(letter, row.pk): entry for row, entry in zip(mine, source.tell(mine), strict=True)}
    return Timeline(
        entries=[told[key[1], key[2]] for key, _row in shown],
        older=_cursor(shown[-1][0]) if len(found) > SIZE else "",
        kind=kind,
        is_first=cursor is None,
    )


# --- Sources


def _sources(deal: Deal, kind: str, sees_messages: bool) -> Iterator[_Source]:
    order_id = deal.order_id
    if kind in ("", "comments"):
        yield _Source("c", DealComment.objects.filter(deal=deal), "at", _comments)
        yield _Source("r", Reminder.objects.filter(deal=deal).select_related("person"), "created_at", _set)
        done = Reminder.objects.filter(deal=deal, done_at__isnull=False).select_related("person")
        yield _Source("t", done, "done_at", _done)
        if order_id is not None:
            yield _Source("n", OrderNote.objects.filter(order_id=order_id), "at", _notes)
    if kind in ("", "changes"):
        yield _Source("m", _moves_not_told(deal), "at", _moves)
    if order_id is not None and kind != "messages":
        yield _Source("e", _events(order_id, kind), "at", lambda rows: _history(deal, rows))
    if order_id is not None and sees_messages and kind in ("", "messages"):
        messages = Message.objects.filter(order_id=order_id).prefetch_related("reports")
        yield _Source(
            "s", messages.defer("facts", "html", "body"), "created_at", lambda rows: _messages(deal, rows)
        )
        yield _Source("y", SmsReply.objects.filter(order_id=order_id), "at", _replies)


def _events(order_id: int, kind: str) -> QuerySet[OrderEvent]:
    events = OrderEvent.objects.filter(order_id=order_id)
    if kind == "comments":
        return events.filter(kind=EventKind.CALL)
    return events.exclude(kind=EventKind.CALL) if kind == "changes" else events


def _moves_not_told(deal: Deal) -> QuerySet[DealMove]:
    """Moves the order's history does not tell already: from step to step, by a rule, and back."""
    moves = DealMove.objects.filter(deal=deal).select_related("from_stage", "to_stage")
    changed = Q(from_stage__isnull=False, to_stage__isnull=False) & ~Q(from_stage=F("to_stage"))
    if deal.order_id is None:
        return moves.filter(changed | Q(kind=MoveKind.CREATED))
    told = OrderEvent.objects.filter(
        order_id=deal.order_id,
        move_id=OuterRef("move_id"),
        kind__in=[EventKind.STATUS, EventKind.REVERTED],
    )
    return moves.filter(changed, ~Exists(told)).exclude(kind=MoveKind.CREATED)


def _older(source: _Source, cursor: Key | None) -> QuerySet[Any]:
    if cursor is None:
        return source.rows
    at, letter, pk = cursor
    if source.letter > letter:
        return source.rows.filter(**{f"{source.at}__lt": at})
    rows = source.rows.filter(**{f"{source.at}__lte": at})
    return rows if source.letter < letter else rows.filter(Q(**{f"{source.at}__lt": at}) | Q(pk__lt=pk))


# --- The cursor


def _cursor(key: Key) -> str:
    at, letter, pk = key
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{letter}|{pk}".encode()).decode().rstrip("=")


def _read_cursor(text: str) -> Key | None:
    """The key in a cursor; what cannot be read starts at the newest."""
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        at, letter, last = plain.split("|")
        moment = parse_datetime(at)
        pk = uuid.UUID(last) if letter == "s" else read_key(last)
        is_whole = moment is not None and moment.tzinfo is not None and pk is not None
        return (moment.astimezone(UTC), letter, pk) if moment and is_whole else None
    except (ValueError, OverflowError, binascii.Error):
        return None


# --- Rows in words


def _comments(rows: list[DealComment]) -> Iterator[TimelineEntry]:
    for row in rows:
        yield TimelineEntry(
            f"c-{row.pk}", "comment", "message-circle", _("Comment"), row.actor_label, row.at, text=row.text
        )


def _notes(rows: list[OrderNote]) -> Iterator[TimelineEntry]:
    for row in rows:
        yield TimelineEntry(
            f"n-{row.pk}", "note", "sticky-note", _("Internal note"), row.actor_label, row.at, text=row.text
        )


def _set(rows: list[Reminder]) -> Iterator[TimelineEntry]:
    for row in rows:
        sentence = _("Reminder for %(name)s") % {"name": _name(row)}
        yield TimelineEntry(
            f"r-{row.pk}",
            "reminder",
            "bell",
            sentence,
            row.actor_label,
            row.created_at,
            text=row.note,
            due_at=row.due_at,
            is_undone=False,
        )


def _done(rows: list[Reminder]) -> Iterator[TimelineEntry]:
    for row in rows:
        assert row.done_at is not None
        yield TimelineEntry(
            f"t-{row.pk}",
            "reminder-done",
            "check",
            _("Reminder done"),
            _name(row),
            row.done_at,
            text=row.note,
        )


def _name(row: Reminder) -> str:
    return row.person.get_full_name() or row.person.username


def _moves(rows: list[DealMove]) -> Iterator[TimelineEntry]:
    for row in rows:
        created = row.kind == MoveKind.CREATED
        sentence = _("The card was made") if created else _("%(from)s → %(to)s") % {
            "from": row.from_stage.name if row.from_stage else "–",
            "to": row.to_stage.name if row.to_stage else "–",
        }  # fmt: skip
        follows = row.kind == MoveKind.FOLLOWED
        yield TimelineEntry(
            key=f"m-{row.pk}",
            kind="move",
            icon="undo-2" if row.kind == MoveKind.UNDONE else "square-kanban",
            sentence=sentence,
            who=row.actor_label,
            at=row.at,
            text=_("The card followed what happened to the order.") if follows else _why(row),
            is_undone=row.undone_at is not None,
        )


def _why(move: DealMove) -> str:
    """Why a deal was lost: what was chosen and what was written."""
    chosen = LostReason(move.reason_code).label if move.reason_code in LostReason.values else ""
    return " · ".join(part for part in (str(chosen), move.reason) if part)


def _history(deal: Deal, rows: list[OrderEvent]) -> Iterator[TimelineEntry]:
    for event, row in zip(rows, history_in_words(rows, deal.currency), strict=True):
        yield TimelineEntry(
            f"e-{event.pk}",
            row.kind,
            row.icon,
            row.sentence,
            row.who,
            row.at,
            text=row.reason,
            status=row.status,
            differences=row.differences,
            is_undone=row.is_undone,
            is_bad=row.kind == EventKind.REPORTED,
        )


def _messages(deal: Deal, rows: list[Message]) -> Iterator[TimelineEntry]:
    assert deal.order is not None
    now = timezone.now()
    for message, leaving in zip(rows, leaves_at(deal.order.shop, rows), strict=True):
        standing = Standing(message, steps_of(message), leaving, now)
        yield TimelineEntry(
            key=f"s-{message.pk}",
            kind="message",
            icon="mail" if message.channel == Channel.EMAIL else "smartphone",
            sentence=f"{message.get_channel_display()}: {message.get_event_display()}",
            who=message.recipient,
            at=message.created_at,
            state=message.state,
            state_label=message.get_state_display(),
            steps=standing.steps,
            url=reverse("notifications:message", args=[message.pk]),
            due_at=leaving if standing.may_be_held and not standing.is_due else None,
            is_bad=standing.is_bad,
            is_undone=message.state == MessageState.DISCARDED,
        )


def _replies(rows: list[SmsReply]) -> Iterator[TimelineEntry]:
    for row in rows:
        yield TimelineEntry(
            f"y-{row.pk}",
            "reply",
            "message-square",
            _("Reply by SMS"),
            row.sender,
            row.at,
            text=row.text,
            is_unread=row.read_at is None,
        )
