"""The stock page: what is on the shelf, what is promised, what is free. Numbers are changed in the admin."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inventory.models import Product
from inventory.selectors import search_products, stock_page
from shops.permissions import Action
from shops.selectors import shop_ids_where, shops_of

PAGE_SIZE = 50


@require_safe
@login_required
def stock(request: HttpRequest) -> HttpResponse:
    """The products of the shops in which this person may see stock, by name, narrowed by `q` and `shop`."""
    question, slug = request.GET.get("q", "").strip()[:100], request.GET.get("shop", "")
    allowed = shop_ids_where(request.user, Action.VIEW_STOCK)  # type: ignore[arg-type]
    shops = [shop for shop in shops_of(request.user) if shop.pk in allowed]  # type: ignore[arg-type]
    shown = [shop.pk for shop in shops if slug in ("", shop.slug)]
    if slug and not shown:
        raise Http404
    products = search_products(Product.objects.filter(shop_id__in=shown), question)
    rows, last = stock_page(products, size=PAGE_SIZE, after=_read_place(request.GET.get("after", "")))
    wanted = {name: value for name, value in (("q", question), ("shop", slug)) if value}
    context = {
        "rows": rows,
        "shops": shops,
        "question": question,
        "shop_slug": slug,
        "is_first": "after" not in request.GET,
        "first": urlencode(wanted),
        "next": urlencode(wanted | {"after": f"{last[1]} {last[0]}"}) if last else "",
    }
    return render(request, "inventory/stock.html", context)


def _read_place(text: str) -> tuple[str, int] | None:
    """Where a page begins: the key and the name of the product before it; nonsense begins at the beginning."""
    key, _space, name = text.partition(" ")
    return (name, int(key)) if key.isascii() and key.isdigit() and len(key) < 19 else None
