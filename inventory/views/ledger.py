"""The ledger across products: what came, went and was corrected, newest first."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from inventory.models import MovementKind, Product
from inventory.page_selectors.ledger import ledger_page, people_of, read_filter, warehouses_of
from inventory.views.access import choose_shops
from shops.keyset import read_key
from shops.permissions import Action
from shops.selectors import shop_ids_where


@require_safe
@login_required
def ledger(request: HttpRequest) -> HttpResponse:
    """The movements of the shops whose stock this person sees; 404 for a product or a shop they cannot reach."""
    choice = choose_shops(request, Action.VIEW_STOCK)
    wanted, after = read_filter(request.GET.dict()), request.GET.get("after", "")[:100]
    user, shown = request.user, choice.shown
    product = None
    if wanted.product:
        mine = Product.objects.filter(shop_id__in=choice.shown_ids)
        product = mine.filter(pk=read_key(wanted.product) or 0).first()
        if product is None:
            raise Http404
    # Days and hours are one shop's where one is shown; a list that mixes shops says whose they are.
    with timezone.override(shown[0].zone if len(shown) == 1 else None):
        changeable = shop_ids_where(user, Action.CHANGE_STOCK)  # type: ignore[arg-type]
        page = ledger_page(user, wanted, shop_ids=choice.shown_ids, changeable=changeable, after=after)  # type: ignore[arg-type]
        context = {
            "room": "ledger",
            "wanted": wanted,
            "page": page,
            "product": product,
            "shops": choice.shops,
            "kinds": MovementKind.choices,
            "warehouses": warehouses_of(choice.shown_ids),
            "people": people_of(shown),
            "is_first": not after,
            "newest": wanted.query(),
            "older": wanted.query(after=page.after) if page.after else "",
            "without_product": wanted.query(product=""),
        }
        return render(request, "inventory/ledger.html", context)
