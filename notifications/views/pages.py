"""The Messages page: what goes out to customers, why something did not; and one message with all that was heard of it."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from notifications.facts import OrderFacts
from notifications.models import Message
from notifications.page_selectors import (
    ATTENTION,
    EVERY,
    Standing,
    leaves_at,
    message_page,
    needs_a_person,
    read_filter,
    steps_of,
    words_of,
)
from notifications.segments import length_of
from notifications.selectors import outbox_is_late
from notifications.statuses import REASONS, Channel, MessageEvent, MessageState
from notifications.views.access import may, readable
from shops.permissions import Action
from shops.selectors import shop_ids_where, shops_of

# A mail is shown by itself, in a sandbox of its own: it may style itself, and do nothing else.
MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
)
FILTERS = ("state", "channel", "shop", "event", "q")


@require_safe
@login_required
def message_list(request: HttpRequest) -> HttpResponse:
    """The messages this person may read, newest first, narrowed by `state`, `channel`, `shop`, `event` and `q`.

    Without any of these it begins with those that need a person, where there are any.
    """
    shop_ids = shop_ids_where(request.user, Action.VIEW_MESSAGES)  # type: ignore[arg-type]
    if not shop_ids:
        raise PermissionDenied
    asked = {name: request.GET.get(name, "") for name in FILTERS}
    needed = needs_a_person(request.user)  # type: ignore[arg-type]
    if needed and not request.GET:
        asked["state"] = ATTENTION
    wanted = read_filter(**asked)
    page = message_page(request.user, wanted, request.GET.get("after", ""))  # type: ignore[arg-type]
    context = {
        "wanted": wanted,
        "page": page,
        "now": timezone.now(),
        "is_late": outbox_is_late(),
        "needed": needed,
        "attention": ATTENTION,
        "is_narrowed": wanted != read_filter(EVERY, "", ""),
        "is_first": "after" not in request.GET,
        "older": wanted.query(after=page.after) if page.after else "",
        "newest": wanted.query(),
        "any_state": wanted.query(state=""),
        "needing": wanted.query(state=ATTENTION),
        "states": [(value, label, wanted.query(state=value)) for value, label in MessageState.choices],
        "channels": [(value, label, wanted.query(channel=value)) for value, label in Channel.choices],
        "any_channel": wanted.query(channel=""),
        "events": MessageEvent.choices,
        "shops": shops_of(request.user).filter(pk__in=shop_ids),  # type: ignore[arg-type]
    }
    return render(request, "notifications/list.html", context)


@require_safe
@login_required
def message(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """One message: its words, where it stands and why; 404 for one this person may not read."""
    found = readable(request, message_id)
    written, problem = words_of(found)
    leaving = leaves_at(found.shop, [found])[0]
    may_change = may(request, found.shop_id, Action.RESEND_MESSAGE)
    context = {
        "message": found,
        "row": Standing(found, steps_of(found), leaving, timezone.now()),
        "written": written,
        "problem": REASONS.get(problem, problem),
        "length": length_of(written.text) if written and found.channel == Channel.SMS else None,
        "now": timezone.now(),
        "may_change": may_change,
        "may_resend": may_change and found.state not in (MessageState.QUEUED, MessageState.SENDING),
        "current_address": _current_address(found),
    }
    return render(request, "notifications/message.html", context)


@require_safe
@login_required
@xframe_options_sameorigin
def message_html(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """An e-mail as the customer sees it, alone on its page."""
    written, _problem = words_of(readable(request, message_id))
    if written is None or not written.html:
        raise Http404
    response = HttpResponse(written.html)
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


def _current_address(found: Message) -> str:
    """The order's address on this channel, where the message went to another one."""
    if found.order is None:
        return ""
    address = OrderFacts(found.order, (), None, "").recipient(found.channel)[:254]
    return address if address != found.recipient else ""
