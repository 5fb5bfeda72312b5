"""The stock list: what is on the shelf, what is promised, what is free; a scanned code goes straight to its product."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from inventory.page_selectors.products import State, categories_of, list_products, read_wanted, warehouses_of
from inventory.search import scanned_product
from inventory.views.access import choose_shops
from shops.permissions import Action
from shops.selectors import shop_ids_where


@require_safe
@login_required
def stock(request: HttpRequest) -> HttpResponse:
    """The products of the shops in which this person may see stock, by name, narrowed by what the address says."""
    choice = choose_shops(request, Action.VIEW_STOCK)
    wanted = read_wanted(request.GET, choice.slug)
    scanned = scanned_product(wanted.q, shop_ids=choice.shown_ids)
    if scanned is not None:
        return redirect("inventory:product", scanned.pk)
    page = list_products(shop_ids=choice.shown_ids, wanted=wanted, after=request.GET.get("after", ""))
    context = {
        "room": "products",
        "wanted": wanted,
        "page": page,
        "is_first": "after" not in request.GET,
        "first": wanted.query(),
        "next": wanted.query(after=page.after) if page.after else "",
        "shops": choice.shops,
        "categories": categories_of(choice.shown_ids),
        "warehouses": warehouses_of(choice.shown_ids),
        "states": State.choices,
        "may_edit": bool(shop_ids_where(request.user, Action.EDIT_PRODUCT)),  # type: ignore[arg-type]
        "may_change": bool(shop_ids_where(request.user, Action.CHANGE_STOCK)),  # type: ignore[arg-type]
    }
    return render(request, "inventory/stock.html", context)
