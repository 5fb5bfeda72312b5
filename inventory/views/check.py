"""The page that proves the stock: ledger, counters and reservations side by side, repairs, and what was repaired."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from inventory.forms.repair import RepairForm
from inventory.models import StockItem
from inventory.page_selectors.check import check_shops, past_repairs
from inventory.selectors import sums_of
from inventory.views.access import choose_shops
from shops.actors import Actor
from shops.errors import DomainError
from shops.permissions import Action, is_permitted
from shops.selectors import shop_ids_where


@require_safe
@login_required
def check(request: HttpRequest) -> HttpResponse:
    """Compare the books of the shops whose stock this person sees; below, what was repaired before."""
    choice = choose_shops(request, Action.VIEW_STOCK)
    after = request.GET.get("after", "")
    repairs = past_repairs(choice.shown_ids, after)
    wanted = {"shop": choice.slug} if choice.slug else {}
    context = {
        "room": "check",
        "checks": check_shops(choice.shown),
        "checked_at": timezone.now(),
        "repairs": repairs.rows,
        "changeable": shop_ids_where(request.user, Action.CHANGE_STOCK),  # type: ignore[arg-type]
        "shops": choice.shops,
        "shop_slug": choice.slug,
        "is_first": not after,
        "first": urlencode(wanted),
        "next": urlencode(wanted | {"after": repairs.after}) if repairs.after else "",
    }
    return render(request, "inventory/check.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def repair(request: HttpRequest, item_id: int) -> HttpResponse:
    """What a repair of one stock item will change, and why it is made: 303 when done, 422 where it is refused."""
    item = _find_item(request, item_id)
    sums = sums_of(item)
    form = RepairForm(item, sums, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            form.save(Actor.person(request.user))  # type: ignore[arg-type]
            messages.success(request, _("Repaired: %(product)s.") % {"product": item.product})
            return HttpResponse(status=303, headers={"Location": reverse("inventory:check")})
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)
            item = _find_item(request, item_id)
            sums = sums_of(item)
            form.data = {**form.data, "shown": sums.mark}
    context = {"room": "check", "item": item, "sums": sums, "form": form}
    return render(request, "inventory/check_repair.html", context, status=422 if form.errors else 200)


def _find_item(request: HttpRequest, item_id: int) -> StockItem:
    items = StockItem.objects.visible_to(request.user).select_related("product__shop", "warehouse")
    item: StockItem | None = items.filter(pk=item_id).first()
    if item is None:
        raise Http404
    shop_id, actor = item.product.shop_id, Actor.person(request.user)  # type: ignore[arg-type]
    if not is_permitted(actor, shop_id=shop_id, action=Action.CHANGE_STOCK):
        raise PermissionDenied
    return item
