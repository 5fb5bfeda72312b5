"""What a person decides about one message: skip it, send it at once, send it again, or say that it arrived."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from notifications.models import Message
from notifications.services import decide_unknown, resend_message, send_now, skip_message
from notifications.views.access import readable, way_back
from notifications.views.standing import standing_fragment
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted


@require_POST
@login_required
def skip(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """Do not send a message that waits."""
    return _decided(request, message_id, skip_message, _("The message will not be sent."))


@require_POST
@login_required
def hurry(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """Send a message that waits at once."""
    return _decided(request, message_id, send_now, _("The message is on its way."))


@require_POST
@login_required
def arrived(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """Note that a message of which nobody knew arrived after all."""
    return _decided(request, message_id, decide_unknown, _("Noted: it arrived."))


@require_POST
@login_required
def resend(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """Send a message again, as a new one; a refusal is said on the message's page."""
    found = readable(request, message_id)
    actor = Actor.person(request.user)  # type: ignore[arg-type]
    try:
        new_id = resend_message(
            message_id=found.pk, actor=actor, to_current_address=request.POST.get("to") == "current"
        )
    except DomainError as error:
        messages.error(request, error.sentence)
        return redirect("notifications:message", message_id)
    messages.success(request, _("The message is being sent again."))
    return redirect("notifications:message", new_id)


def _decided(
    request: HttpRequest, message_id: uuid.UUID, decide: Callable[..., bool], said: str
) -> HttpResponse:
    found = readable(request, message_id)
    refused: DomainError | None = None
    try:
        decide(message_id=found.pk, actor=Actor.person(request.user))  # type: ignore[arg-type]
    except DomainError as error:
        refused = error
    if request.htmx and found.order_id:  # type: ignore[attr-defined]
        return standing_fragment(request, found.order_id, refused=refused)
    return _back(request, found, refused, said)


def _back(request: HttpRequest, found: Message, refused: DomainError | None, said: str) -> HttpResponse:
    if isinstance(refused, NotPermitted):
        return HttpResponse(refused.sentence, status=403, content_type="text/plain; charset=utf-8")
    if refused is not None:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, said)
    url = way_back(request, reverse("notifications:message", args=[found.pk]))
    return HttpResponse(status=303, headers={"Location": url})
