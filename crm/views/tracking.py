"""The customer's page about one order, reached by its link alone; no session, no cookie, nothing kept."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from crm.page_selectors.tracking import TrackedOrder, find_tracked_order, language_of
from notifications.looks import Look

HEADERS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
COLOUR = re.compile(r"[0-9a-f]{6}")
A_YEAR = "public, max-age=31536000, immutable"


@require_safe
def tracking(request: HttpRequest, token: str) -> HttpResponse:
    """Where the order stands, in its own language; the same 404 for every link that leads nowhere."""
    tracked = find_tracked_order(token)
    if tracked is None:
        return HttpResponse(render_to_string("crm/tracking_gone.html"), status=404, headers=HEADERS)
    return HttpResponse(_page(tracked), headers=HEADERS)


@require_safe
def tracking_colour(request: HttpRequest, colour: str) -> HttpResponse:
    """A shop's colour as a stylesheet, for the page allows no other style: its address says all there is in it."""
    if not COLOUR.fullmatch(colour):
        raise Http404
    look = Look(name="", accent=f"#{colour}")
    css = f":root {{ --shop: {look.accent}; --on-shop: {look.on_accent}; --shop-link: {look.link}; }}\n"
    return HttpResponse(css, content_type="text/css; charset=utf-8", headers={"Cache-Control": A_YEAR})


def _page(tracked: TrackedOrder) -> str:
    shop = tracked.order.shop
    with translation.override(language_of(tracked.order)), timezone.override(shop.zone):
        return render_to_string(
            "crm/tracking.html",
            {
                "tracked": tracked,
                "order": tracked.order,
                "shop": shop,
                "colour": tracked.look.accent.lstrip("#").lower(),
            },
        )
