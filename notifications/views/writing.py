"""Writing to a customer by hand: choose how, begin from a template or freely, look at it, send it."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from csp.decorators import csp_update
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from notifications.errors import TemplateError, TemplateMissing
from notifications.facts import OrderFacts, facts_of_order
from notifications.layout import sample_link
from notifications.previews import MOST_LETTERS_NAMED, SmsLook
from notifications.segments import length_of, letters_outside
from notifications.services.writing import (
    LINK,
    Beginning,
    Draft,
    beginning_of,
    check_draft,
    recipients_of,
    write_message,
    written_by_hand,
)
from notifications.statuses import TEMPLATE_EVENTS, Channel
from notifications.views.access import order_read_about, way_back
from orders.models import Order
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.permissions import Action, require

TEMPLATE = "notifications/write.html"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
# The e-mail is shown in a frame without scripts or address of its own; it brings its styles with it.
@csp_update({"style-src": ["'self'", "'unsafe-inline'"]})  # type: ignore[arg-type]
def write(request: HttpRequest, order_id: int) -> HttpResponse:
    """GET: an empty or begun message. POST: show it as it will look, or send it; 422 with words when it cannot be."""
    order = order_read_about(request, order_id)
    actor = Actor.person(request.user)  # type: ignore[arg-type]
    try:
        require(actor, shop_id=order.shop_id, action=Action.RESEND_MESSAGE)
    except NotPermitted as error:
        return HttpResponse(error.sentence, status=403, content_type="text/plain; charset=utf-8")
    facts = facts_of_order(order.pk)
    if request.method != "POST":
        return _begun(request, order, facts)
    draft, nonce = _draft(request), _nonce(request)
    try:
        check_draft(facts, draft)
        if request.POST.get("do") == "send":
            write_message(order_id=order.pk, draft=draft, nonce=nonce, actor=actor)
            messages.success(request, _("The message waits to be sent."))
            return HttpResponse(status=303, headers={"Location": _back(request, order)})
    except DomainError as error:
        return _page(request, facts, draft, nonce, error=error)
    return _page(request, facts, draft, nonce, is_preview=True)


def _begun(request: HttpRequest, order: Order, facts: OrderFacts) -> HttpResponse:
    wanted, event = request.GET.get("channel", ""), request.GET.get("event", "")
    reachable = [channel for channel in Channel.values if facts.recipient(channel)]
    channel = wanted if wanted in Channel.values else next(iter(reachable), Channel.EMAIL)
    begun, problem = Beginning("", "", order.language != "uk"), ""
    if event in dict(TEMPLATE_EVENTS):
        try:
            begun = beginning_of(facts, event=event, channel=channel)
        except TemplateMissing:
            problem = _("There is no template for this moment; write freely.")
        except TemplateError as error:
            problem = str(error)
    draft = Draft(channel, facts.recipient(channel), begun.text, begun.subject, begun.plain)
    return _page(request, facts, draft, uuid.uuid4(), event=event, problem=problem)


def _page(
    request: HttpRequest,
    facts: OrderFacts,
    draft: Draft,
    nonce: uuid.UUID,
    *,
    event: str = "",
    problem: str = "",
    is_preview: bool = False,
    error: DomainError | None = None,
) -> HttpResponse:
    recipients = recipients_of(facts, draft.channel)
    context: dict[str, Any] = {
        "order": facts.order,
        "draft": draft,
        "nonce": nonce,
        "recipients": recipients,
        "can_reach": any(row.suppression is None for row in recipients),
        "channels": Channel.choices,
        "events": TEMPLATE_EVENTS,
        "event": event,
        "problem": problem,
        "error": error,
        "back": _back(request, facts.order),
        "link": LINK,
        "has_marks": "{{" in draft.text.replace(LINK, "") or "{%" in draft.text,
    }
    if is_preview:
        written = written_by_hand(facts.order, draft, link=sample_link())
        context |= {"written": written, "frame": written.html}
        if draft.channel == Channel.SMS:
            letters = letters_outside(written.text)[:MOST_LETTERS_NAMED]
            context["sms"] = SmsLook(length_of(written.text), letters)
    status = 200 if error is None else 403 if isinstance(error, NotPermitted) else 422
    return render(request, TEMPLATE, context, status=status)


def _draft(request: HttpRequest) -> Draft:
    sent = request.POST
    return Draft(
        channel=sent.get("channel", ""),
        recipient=sent.get("recipient", ""),
        text=sent.get("text", ""),
        subject=sent.get("subject", ""),
        plain=sent.get("plain") == "on",
    )


def _nonce(request: HttpRequest) -> uuid.UUID:
    """The form's own number; a form without one is a new one."""
    try:
        return uuid.UUID(request.POST.get("nonce", ""))
    except ValueError:
        return uuid.uuid4()


def _back(request: HttpRequest, order: Order) -> str:
    return way_back(request, f"/orders/{quote(order.number)}/")
