"""A deal's page: whole, as the side panel of the board, what changed in it meanwhile, and older lines of its timeline."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from crm.forms import CallForm, CommentForm
from crm.models import Deal
from crm.page_selectors.customer_panel import tags_of_shop
from crm.page_selectors.deal_page import deal_page, mark_of
from crm.page_selectors.timeline import read_kind, timeline_of
from crm.views.deals.answers import see_other, visible, wants_fragments
from shops.permissions import Action, role_allows
from shops.selectors import role_of

LONGEST_CURSOR = 200


@require_safe
@login_required
def deal(request: HttpRequest, deal_id: int) -> HttpResponse:
    """One deal: its order, its customer, its timeline, what can be done and why the rest cannot.

    A script gets the same without the page around it, for the side panel of the board.
    """
    return page_of(request, visible(request, deal_id))


@require_safe
@login_required
def changes(request: HttpRequest, deal_id: int) -> HttpResponse:
    """204 while the page shows all there is (`mark`), else its content as it is now."""
    found = visible(request, deal_id)
    if request.GET.get("mark", "") == mark_of(found):
        return HttpResponse(status=204)
    return page_of(request, found)


@require_safe
@login_required
def timeline(request: HttpRequest, deal_id: int) -> HttpResponse:
    """A page of the timeline for a script; anybody else sees it on the deal's page."""
    found = visible(request, deal_id)
    kind, after = _wanted(request)
    if not wants_fragments(request):
        query = urlencode({"kind": kind, "after": after})
        return see_other(f"{reverse('crm:deal', args=[found.pk])}?{query}#deal-timeline")
    role = role_of(request.user, found.funnel.shop_id)  # type: ignore[arg-type]
    shown = timeline_of(found, sees_messages=role_allows(role, Action.VIEW_MESSAGES), kind=kind, after=after)
    part = "timeline-rows" if after else "timeline"
    with timezone.override(found.funnel.shop.zone):
        return render(request, f"crm/deal.html#{part}", {"deal": found, "timeline": shown})


def page_of(
    request: HttpRequest, found: Deal, *, comment: CommentForm | None = None, status: int = 200
) -> HttpResponse:
    """The deal's page, or its content alone for a script."""
    kind, after = _wanted(request)
    page = deal_page(request.user, found, kind=kind, after=after)  # type: ignore[arg-type]
    context: dict[str, Any] = {
        "page": page,
        "deal": found,
        "timeline": page.timeline,
        "form": comment or CommentForm(),
        "call_form": CallForm(),
        "reminders": page.reminders,
        "known_tags": tags_of_shop(found.funnel.shop_id),
    }
    template = "crm/deal.html#deal-body" if wants_fragments(request) else "crm/deal.html"
    with timezone.override(found.funnel.shop.zone):
        answer = render(request, template, context, status=status)
    # One address, two answers: a browser must not show the panel's where it wants the page.
    patch_vary_headers(answer, ["HX-Request"])
    return answer


def _wanted(request: HttpRequest) -> tuple[str, str]:
    return read_kind(request.GET.get("kind", "")), request.GET.get("after", "")[:LONGEST_CURSOR]
