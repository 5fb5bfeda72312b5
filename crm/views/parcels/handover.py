"""Handover sheets: what waits for one, making it, printing it, and those made so far."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from crm.page_selectors.parcels.sheets import sheet_page, sheets_so_far, visible_parcels, waiting_batches
from crm.views.parcels.access import actor_of, choose_shops, person, see, show
from orders.carriers import CARRIERS
from orders.errors import OrderError
from orders.services.handover import make_handover_sheet
from shops.keyset import read_key


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def handover(request: HttpRequest) -> HttpResponse:
    """Parcels without a sheet by courier, and the sheets so far; POST makes one: 303 to it, or back with a sentence."""
    choice = choose_shops(request)
    if request.method == "POST":
        return _make(request, {shop.pk for shop in choice.shops})
    after = request.GET.get("after", "")[:30]
    context: dict[str, Any] = {
        "batches": waiting_batches(person(request), choice.shown),
        "sheets": sheets_so_far(person(request), after, choice.shown_ids),
        "is_first": not after,
        "shops": choice.shops,
        "shop_slug": choice.slug,
    }
    return show(request, "handover.html", "handover", **context)


def _make(request: HttpRequest, shop_ids: set[int]) -> HttpResponse:
    shop_id, carrier = read_key(request.POST.get("shop", "")), request.POST.get("carrier", "")
    if shop_id not in shop_ids or carrier not in CARRIERS:
        raise Http404
    assert shop_id is not None
    keys = (read_key(text) for text in request.POST.getlist("parcel"))
    try:
        sheet = make_handover_sheet(
            shop_id=shop_id,
            carrier=carrier,
            shipment_ids=visible_parcels(person(request), [key for key in keys if key is not None]),
            actor=actor_of(request),
        )
    except OrderError as error:
        messages.error(request, error.sentence)
        return see("parcels-handover")
    return see("parcels-sheet", sheet.pk)


@require_safe
@login_required
def sheet(request: HttpRequest, sheet_id: int) -> HttpResponse:
    """One sheet, to be printed and signed; 404 for one of another shop, as for one that does not exist."""
    choose_shops(request)
    page = sheet_page(person(request), sheet_id)
    if page is None:
        raise Http404
    return show(request, "sheet.html", "handover", page=page)
