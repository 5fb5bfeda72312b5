"""Picking: the orders that wait for it, their pick list and their slips; a scanned slip opens its order."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.page_selectors.parcels.picking import order_of_scan, pick_list, pick_page, slips
from crm.views.parcels.access import choose_shops, chosen_orders, person, see, show


@require_safe
@login_required
def pick(request: HttpRequest) -> HttpResponse:
    """The orders to pick; `?scan=` opens the order of a scanned slip."""
    choice = choose_shops(request)
    scan = request.GET.get("scan", "").strip()[:60]
    if scan:
        found = order_of_scan(person(request), scan)
        if found is not None:
            return HttpResponseRedirect(reverse("crm:order", args=[found.number]))
        messages.error(request, _("No order “%(number)s” is known here.") % {"number": scan})
    page = pick_page(person(request), choice.shown_ids)
    chosen = set(chosen_orders(request))
    context: dict[str, Any] = {
        "page": page,
        "chosen": chosen,
        "shops": choice.shops,
        "shop_slug": choice.slug,
    }
    return show(request, "pick.html", "pick", **context)


@require_POST
@login_required
def papers(request: HttpRequest) -> HttpResponse:
    """303 to the pick list or the slips (`paper`) of the chosen orders, at an address that can be kept and reloaded."""
    choose_shops(request)
    name = "parcels-slips" if request.POST.get("paper") == "slips" else "parcels-pick-list"
    return see(name, query=urlencode([("order", key) for key in chosen_orders(request)]))


@require_safe
@login_required
def pick_sheet(request: HttpRequest) -> HttpResponse:
    """The pick list of the chosen orders (`?order=`, repeated), to be printed."""
    choose_shops(request)
    found = pick_list(person(request), chosen_orders(request))
    if not found.orders:
        return _nothing_chosen(request)
    return show(request, "pick_list.html", "pick", list=found)


@require_safe
@login_required
def slip_sheet(request: HttpRequest) -> HttpResponse:
    """A slip for each chosen order (`?order=`, repeated), to be printed."""
    choose_shops(request)
    found = slips(person(request), chosen_orders(request))
    if not found:
        return _nothing_chosen(request)
    return show(request, "slips.html", "pick", slips=found)


def _nothing_chosen(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("Choose at least one order that has not left yet."))
    return see("parcels-pick")
