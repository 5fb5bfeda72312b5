"""The customer's page about one order, reached by its link alone; no session, no cookie, nothing kept."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from crm.page_selectors.tracking import TrackedOrder, find_tracked_order, language_of

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


@require_safe
def tracking(request: HttpRequest, token: str) -> HttpResponse:
    """Where the order stands, in its own language; the same 404 for every link that leads nowhere."""
    tracked = find_tracked_order(token)
    if tracked is None:
        return HttpResponse(render_to_string("crm/tracking_gone.html"), status=404, headers=HEADERS)
    return HttpResponse(_page(tracked), headers=HEADERS)


def _page(tracked: TrackedOrder) -> str:
    shop = tracked.order.shop
    with translation.override(language_of(tracked.order)), timezone.override(shop.zone):
        return render_to_string(
            "crm/tracking.html", {"tracked": tracked, "order": tracked.order, "shop": shop}
        )
