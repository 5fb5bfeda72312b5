"""The warehouses of a shop: a list to add to, to rename in, and to say where goods arrive."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from inventory import services
from inventory.errors import StockError
from inventory.forms.products import WarehouseForm
from inventory.models import Warehouse
from inventory.page_selectors.products import warehouses_of
from inventory.views.access import choose_one_shop
from shops.actors import Actor
from shops.models import Shop
from shops.permissions import Action
from shops.selectors import shop_ids_where


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def warehouses(request: HttpRequest) -> HttpResponse:
    """The warehouses of one shop, and a form to add one."""
    shop, _shops = choose_one_shop(request, Action.EDIT_PRODUCT)
    form = WarehouseForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = services.add_warehouse(
                shop_id=shop.pk, name=form.cleaned_data["name"], actor=_actor(request)
            )
        except StockError as refusal:
            form.add_error("name", refusal.sentence)
        else:
            messages.success(request, _("The warehouse “%(name)s” was added.") % {"name": made.name})
            return _back(shop)
    return _page(request, shop, form)


@require_POST
@login_required
def rename_warehouse(request: HttpRequest, warehouse_id: int) -> HttpResponse:
    """Give a warehouse another name; 422 where it is taken."""
    warehouse = _own(request, warehouse_id)
    form = WarehouseForm(request.POST)
    if form.is_valid():
        try:
            services.rename_warehouse(
                warehouse_id=warehouse.pk, name=form.cleaned_data["name"], actor=_actor(request)
            )
        except StockError as refusal:
            messages.error(request, refusal.sentence)
            return _page(request, warehouse.shop, WarehouseForm(), status=422)
        messages.success(request, _("The warehouse was renamed."))
        return _back(warehouse.shop)
    messages.error(request, _("A warehouse needs a name."))
    return _page(request, warehouse.shop, WarehouseForm(), status=422)


@require_POST
@login_required
def make_default(request: HttpRequest, warehouse_id: int) -> HttpResponse:
    """Let goods arrive in this warehouse from now on."""
    warehouse = _own(request, warehouse_id)
    services.make_default_warehouse(warehouse_id=warehouse.pk, actor=_actor(request))
    messages.success(request, _("Goods now arrive in “%(name)s”.") % {"name": warehouse.name})
    return _back(warehouse.shop)


def _own(request: HttpRequest, warehouse_id: int) -> Warehouse:
    rows = Warehouse.objects.visible_to(request.user)
    warehouse = rows.select_related("shop").filter(pk=warehouse_id).first()
    if warehouse is None:
        raise Http404
    if warehouse.shop_id not in shop_ids_where(request.user, Action.EDIT_PRODUCT):  # type: ignore[arg-type]
        raise PermissionDenied
    return warehouse


def _page(request: HttpRequest, shop: Shop, form: WarehouseForm, status: int = 200) -> HttpResponse:
    _chosen, shops = choose_one_shop(request, Action.EDIT_PRODUCT)
    context = {
        "room": "warehouses",
        "shop": shop,
        "shops": shops,
        "form": form,
        "warehouses": warehouses_of([shop.pk]),
    }
    return render(request, "inventory/warehouses.html", context, status=422 if form.errors else status)


def _back(shop: Shop) -> HttpResponse:
    return HttpResponse(
        status=303, headers={"Location": f"{reverse('inventory:warehouses')}?shop={shop.slug}"}
    )


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]
