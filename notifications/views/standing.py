"""How an order's messages stand, as a fragment for the pages that show it; they ask again while something waits."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from notifications.page_selectors import order_messages
from notifications.views.access import may, order_read_about, way_back
from shops.errors import DomainError, NotPermitted
from shops.permissions import Action


@require_safe
@login_required
def standing(request: HttpRequest, order_id: int) -> HttpResponse:
    """What waits and what became of the rest; 204 while nothing changed since `seen`."""
    return standing_fragment(request, order_id, seen=request.GET.get("seen", ""))


def standing_fragment(
    request: HttpRequest, order_id: int, *, seen: str = "", refused: DomainError | None = None
) -> HttpResponse:
    """The fragment as it is now, with the words of a refusal."""
    order = order_read_about(request, order_id)
    shown = order_messages(order, may_change=may(request, order.shop_id, Action.RESEND_MESSAGE))
    if seen == shown.digest:
        return HttpResponse(status=204)
    status = 403 if isinstance(refused, NotPermitted) else 409 if refused else 200
    back = way_back(request, f"/orders/{quote(order.number)}/")
    context = {"shown": shown, "order": order, "refused": refused, "back": back, "is_fragment": True}
    return render(request, "notifications/parts/standing.html", context, status=status)
