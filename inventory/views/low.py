"""The page of what runs low."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inventory.page_selectors.low import Place, low_page
from inventory.views.access import choose_shops
from shops.keyset import read_key
from shops.permissions import Action
from shops.selectors import shop_ids_where


@require_safe
@login_required
def low(request: HttpRequest) -> HttpResponse:
    """Stock items below their safety stock, in the shops where this person sees stock or in the one of `?shop=`."""
    choice = choose_shops(request, Action.VIEW_STOCK)
    rows, last = low_page(choice.shown_ids, _read_place(request.GET.get("after", "")))
    wanted = {"shop": choice.slug} if choice.slug else {}
    context = {
        "room": "low",
        "rows": rows,
        "shops": choice.shops,
        "shop_slug": choice.slug,
        "changeable": shop_ids_where(request.user, Action.CHANGE_STOCK),  # type: ignore[arg-type]
        "is_first": "after" not in request.GET,
        "first": urlencode(wanted),
        "next": urlencode(wanted | {"after": f"{last[0]}-{last[1]}"}) if last else "",
    }
    return render(request, "inventory/low.html", context)


def _read_place(text: str) -> Place | None:
    product, _dash, item = text.partition("-")
    product_id, pk = read_key(product), read_key(item)
    return None if product_id is None or pk is None else (product_id, pk)
