"""A shop's stock settings, on one page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from inventory.forms.settings import StockSettingsForm
from inventory.selectors import settings_of
from inventory.views.access import choose_one_shop
from shops.actors import Actor
from shops.permissions import Action


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def stock_settings(request: HttpRequest) -> HttpResponse:
    """Show the settings of one shop, and keep what is entered; for people who may edit products there."""
    shop, shops = choose_one_shop(request, Action.EDIT_PRODUCT)
    given = request.POST if request.method == "POST" else None
    form = StockSettingsForm(given, instance=settings_of(shop.pk))
    if request.method == "POST" and form.is_valid():
        form.save_for(shop_id=shop.pk, actor=Actor.person(request.user))  # type: ignore[arg-type]
        messages.success(request, _("The stock settings of %(shop)s were saved.") % {"shop": shop.name})
        address = f"{reverse('inventory:settings')}?{urlencode({'shop': shop.slug})}"
        return HttpResponse(status=303, headers={"Location": address})
    context = {"room": "settings", "shop": shop, "shops": shops, "form": form}
    return render(request, "inventory/settings.html", context, status=422 if form.errors else 200)
