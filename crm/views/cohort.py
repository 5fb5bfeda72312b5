"""The funnel view over HTTP: a board, a period, the steps drawn, and the deals behind each number."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.models import Funnel, Stage
from crm.page_selectors.cohort import LONGEST_DAYS, cohort, deals_of_cohort, steps_of
from crm.page_selectors.narrowing import Words
from crm.selectors.funnels import funnel_by_slug, funnels_of, home_funnel_of
from shops.models import User
from shops.permissions import Action
from shops.selectors import shop_ids_where

USUAL_DAYS = 30


@require_safe
@login_required
def funnel_view(request: HttpRequest) -> HttpResponse:
    """How far the deals of a period came. 404 for a board this person does not see, 403 without a view of revenue."""
    funnel = _funnel(request)
    if funnel.shop_id not in shop_ids_where(request.user, Action.VIEW_REVENUE):  # type: ignore[arg-type]
        raise PermissionDenied
    words = Words({name: request.GET.getlist(name) for name in request.GET})
    first, last = _period(words, funnel)
    context: dict[str, Any] = {
        "funnel": funnel,
        "funnels": funnels_of(request.user),  # type: ignore[arg-type]
        "cohort": cohort(request.user, funnel, first, last),  # type: ignore[arg-type]
        "first": first,
        "last": last,
        "problems": words.problems,
    }
    stage = _stage(request, funnel)
    if stage is not None:
        person: User = request.user  # type: ignore[assignment]
        stopped, after = "stopped" in request.GET, request.GET.get("after", "")
        context |= {
            "stage": stage,
            "only_stopped": stopped,
            "page": deals_of_cohort(person, funnel, first, last, stage, only_stopped=stopped, after=after),
        }
    return render(request, "crm/funnel_view.html", context)


def _funnel(request: HttpRequest) -> Funnel:
    slug = request.GET.get("funnel", "")
    found = funnel_by_slug(request.user, slug) if slug else home_funnel_of(request.user)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    return found


def _stage(request: HttpRequest, funnel: Funnel) -> Stage | None:
    slug = request.GET.get("stage", "")
    found = next((stage for stage in steps_of(funnel) if stage.slug == slug), None)
    if slug and found is None:
        raise Http404
    return found


def _period(words: Words, funnel: Funnel) -> tuple[date, date]:
    """The days asked for, else the last thirty; a year at most, and what cannot be read is named."""
    today = timezone.localdate(timezone=funnel.shop.zone)
    last = words.day("to", _("the last day")) or today
    first = words.day("from", _("the first day")) or last - timedelta(days=USUAL_DAYS - 1)
    words.need_order(first, last, _("The first day is after the last: no deal can match."))
    if (last - first).days >= LONGEST_DAYS:
        words.problems.append(_("A year at most is shown at once."))
        first = last - timedelta(days=LONGEST_DAYS - 1)
    return first, last
