"""The stock page: what is on the shelf, what is promised, what is free. Numbers are changed in the admin."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inventory.models import Product
from inventory.search import search_products
from inventory.selectors import stock_page
from inventory.views.access import choose_shops
from shops.permissions import Action

PAGE_SIZE = 50


@require_safe
@login_required
def stock(request: HttpRequest) -> HttpResponse:
    """The products of the shops in which this person may see stock, by name, narrowed by `q` and `shop`."""
    question = request.GET.get("q", "").strip()[:100]
    choice = choose_shops(request, Action.VIEW_STOCK)
    products = search_products(Product.objects.filter(shop_id__in=choice.shown_ids), question)
    rows, last = stock_page(products, size=PAGE_SIZE, after=_read_place(request.GET.get("after", "")))
    wanted = {name: value for name, value in (("q", question), ("shop", choice.slug)) if value}
    context = {
        "room": "products",
        "rows": rows,
        "shops": choice.shops,
        "question": question,
        "shop_slug": choice.slug,
        "is_first": "after" not in request.GET,
        "first": urlencode(wanted),
        "next": urlencode(wanted | {"after": f"{last[1]} {last[0]}"}) if last else "",
    }
    return render(request, "inventory/stock.html", context)


def _read_place(text: str) -> tuple[str, int] | None:
    """Where a page begins: the key and the name of the product before it; nonsense begins at the beginning."""
    key, _space, name = text.partition(" ")
    return (name, int(key)) if key.isascii() and key.isdigit() and len(key) < 19 else None
