"""The search field of every page: results under it while typing, and where Enter leads."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.views.decorators.http import require_safe

from crm.page_selectors.search import find, order_called, readable


@require_safe
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """A script gets the results as a fragment; a form is sent to the order it names, else to the full list."""
    q = request.GET.get("q", "")
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "crm/search.html", {"found": find(request.user, q)})  # type: ignore[arg-type]
    else:
        response = HttpResponse(status=302, headers={"Location": _where_to(request, q)})
    # One address, two answers: a browser must not show the fragment when it goes back.
    add_never_cache_headers(response)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _where_to(request: HttpRequest, q: str) -> str:
    order = order_called(request.user, q)  # type: ignore[arg-type]
    if order is not None:
        return reverse("crm:order", args=[order.number])
    asked = readable(q)
    return reverse("crm:orders") + (f"?{urlencode({'q': asked})}" if asked else "")
