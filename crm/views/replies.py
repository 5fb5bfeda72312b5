"""A customer's answers, marked as read from the card that shows there are some."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.selectors.changes import visible_deal
from crm.views.addresses import address_of
from crm.views.fragments import BoardPage, Toast, refused_toast
from notifications.services.replies import read_replies
from shops.actors import Actor
from shops.errors import DomainError


@require_POST
@login_required
def read(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Somebody has read what the customer answered: the mark leaves the card for everybody."""
    deal = visible_deal(request.user, deal_id)  # type: ignore[arg-type]
    if deal is None:
        raise Http404
    toast, status = Toast(title=_("Marked as read.")), 200
    try:
        read_replies(order_id=deal.order_id or 0, actor=Actor.person(request.user))  # type: ignore[arg-type]
    except DomainError as error:
        toast, status = refused_toast(error.sentence), 403
    if request.htmx:  # type: ignore[attr-defined]
        page = BoardPage(request, deal.funnel, address_of(request, deal.funnel.slug))
        return page.answer(deal_ids=[deal.pk], toasts=[toast], status=status)
    if status != 200:
        return HttpResponse(toast.title, status=status, content_type="text/plain; charset=utf-8")
    messages.success(request, toast.title)
    return HttpResponse(status=303, headers={"Location": reverse("crm:deal", args=[deal.pk])})
