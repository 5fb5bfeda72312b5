"""The queue page: what is sold and not here yet, who waits for it, and who gets it first."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from inventory.page_selectors.finding import read_code
from inventory.page_selectors.waiting import waiting_page
from inventory.views.access import choose_shops
from shops.permissions import Action
from shops.selectors import shop_ids_where


@require_safe
@login_required
def waiting(request: HttpRequest) -> HttpResponse:
    """The products that are waited for in the shops whose stock this person sees, narrowed by `q` and `shop`."""
    choice = choose_shops(request, Action.VIEW_STOCK)
    question = read_code(request.GET.get("q", ""))
    user, after = request.user, request.GET.get("after", "")[:100]
    page = waiting_page(user, shop_ids=choice.shown_ids, question=question, after=after)  # type: ignore[arg-type]
    wanted = {name: value for name, value in (("q", question), ("shop", choice.slug)) if value}
    context = {
        "room": "waiting",
        "page": page,
        "changeable": shop_ids_where(user, Action.CHANGE_STOCK),  # type: ignore[arg-type]
        "today": timezone.localdate(),
        "shops": choice.shops,
        "question": question,
        "shop_slug": choice.slug,
        "is_first": not after,
        "first": urlencode(wanted),
        "next": urlencode(wanted | {"after": page.after}) if page.after else "",
    }
    return render(request, "inventory/waiting.html", context)
