"""The Messages page: what goes out to customers, why something did not, and sending it again."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from notifications.models import Message
from notifications.page_selectors import message_for, message_page, read_filter, words_of
from notifications.segments import length_of
from notifications.services import resend_message
from notifications.statuses import REASONS, Channel, MessageState
from shops.actors import Actor
from shops.errors import DomainError
from shops.permissions import Action
from shops.selectors import shop_ids_where, shops_of

# A mail is shown by itself, in a sandbox of its own: it may style itself, and do nothing else.
MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
)


@require_safe
@login_required
def message_list(request: HttpRequest) -> HttpResponse:
    """The messages this person may read, newest first, narrowed by `state`, `channel` and `shop`."""
    shop_ids = shop_ids_where(request.user, Action.VIEW_MESSAGES)  # type: ignore[arg-type]
    if not shop_ids:
        raise PermissionDenied
    wanted = read_filter(*(request.GET.get(name, "") for name in ("state", "channel", "shop")))
    page = message_page(request.user, wanted, request.GET.get("after", ""))  # type: ignore[arg-type]
    context = {
        "wanted": wanted,
        "page": page,
        "now": timezone.now(),
        "is_first": "after" not in request.GET,
        "older": wanted.query(after=page.after) if page.after else "",
        "newest": wanted.query(),
        "any_state": wanted.query(state=""),
        "states": [(value, label, wanted.query(state=value)) for value, label in MessageState.choices],
        "channels": [(value, label, wanted.query(channel=value)) for value, label in Channel.choices],
        "any_channel": wanted.query(channel=""),
        "shops": shops_of(request.user).filter(pk__in=shop_ids),  # type: ignore[arg-type]
    }
    return render(request, "notifications/list.html", context)


@require_safe
@login_required
def message(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """One message: its words, where it stands and why; 404 for one this person may not read."""
    found = _readable(request, message_id)
    written, problem = words_of(found)
    context = {
        "message": found,
        "written": written,
        "problem": REASONS.get(problem, problem),
        "length": length_of(written.text) if written and found.channel == Channel.SMS else None,
        "now": timezone.now(),
        "may_resend": found.state not in (MessageState.QUEUED, MessageState.SENDING),
    }
    return render(request, "notifications/message.html", context)


@require_safe
@login_required
def message_html(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """An e-mail as the customer sees it, alone on its page."""
    written, _problem = words_of(_readable(request, message_id))
    if written is None or not written.html:
        raise Http404
    response = HttpResponse(written.html)
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


@require_POST
@login_required
def resend(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """Send a message again, as a new one; a refusal is said on the message's page."""
    found = _readable(request, message_id)
    actor = Actor.person(request.user)  # type: ignore[arg-type]
    try:
        new_id = resend_message(message_id=found.pk, actor=actor)
    except DomainError as error:
        messages.error(request, error.sentence)
        return redirect("notifications:message", message_id)
    messages.success(request, _("The message is being sent again."))
    return redirect("notifications:message", new_id)


def _readable(request: HttpRequest, message_id: uuid.UUID) -> Message:
    found = message_for(request.user, message_id)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    return found
