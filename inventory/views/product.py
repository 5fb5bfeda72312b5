"""One product: its page, its form, its safety stock. A foreign product is answered like one that does not exist."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from inventory import services
from inventory.errors import StockError
from inventory.forms.products import ProductForm, SafetyStockForm
from inventory.models import Product, Warehouse
from inventory.page_selectors.product import SPANS, Shelf, plot_of, plot_sentence, product_page, read_span
from inventory.services.editing import has_stock_history
from inventory.views.access import choose_one_shop
from shops.actors import Actor
from shops.permissions import Action, role_allows
from shops.selectors import role_in_shop

METHODS = ["GET", "HEAD", "POST"]


@require_safe
@login_required
def product(request: HttpRequest, product_id: int) -> HttpResponse:
    """A product's counters, holders, ledger and plot."""
    found = _visible(request, product_id, Action.VIEW_STOCK)
    page = product_page(
        request.user,  # type: ignore[arg-type]
        found,
        span=read_span(request.GET.get("days", "")),
        held_after=request.GET.get("held", ""),
        moved_after=request.GET.get("after", ""),
    )
    context = {
        "room": "products",
        "page": page,
        "product": found,
        "plot": plot_of(page.days, found.unit),
        "plot_sentence": plot_sentence(page.days),
        "moved_days": [day for day in reversed(page.days) if day.has_moved],
        "spans": SPANS,
        "price_currency": found.price_currency or found.shop.currency,
        "cost_currency": found.cost_currency or found.shop.currency,
        "may_edit": _may(request, found, Action.EDIT_PRODUCT),
        "may_change": _may(request, found, Action.CHANGE_STOCK),
    }
    return render(request, "inventory/product.html", context)


@require_http_methods(METHODS)
@login_required
def new_product(request: HttpRequest) -> HttpResponse:
    """The form of a new product; 303 to its page when it is made."""
    shop, shops = choose_one_shop(request, Action.EDIT_PRODUCT)
    posted = request.POST if request.method == "POST" else None
    barcode = request.GET.get("barcode", "")[:64]
    form = ProductForm(
        posted, request.FILES or None, shop=shop, initial={"barcode": barcode, "is_active": True}
    )
    if posted is not None and form.is_valid():
        try:
            made = services.create_product(
                shop_id=shop.pk, values=form.values, picture=form.prepared, actor=_actor(request)
            )
        except StockError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(product)s was added.") % {"product": made})
            return _see_other(made)
    return _form_page(request, form, {"shop": shop, "shops": shops})


@require_http_methods(METHODS)
@login_required
def edit_product(request: HttpRequest, product_id: int) -> HttpResponse:
    """The form of a known product; what the person did not touch is not written."""
    found = _visible(request, product_id, Action.EDIT_PRODUCT)
    posted = request.POST if request.method == "POST" else None
    form = ProductForm(posted, request.FILES or None, shop=found.shop, instance=found)
    if posted is not None and form.is_valid():
        try:
            services.edit_product(
                product_id=found.pk,
                values=form.values,
                shown=form.shown,
                picture=form.prepared,
                remove_picture=form.cleaned_data["remove_picture"],
                actor=_actor(request),
            )
        except StockError as refusal:
            form.refuse(refusal, _visible(request, product_id, Action.EDIT_PRODUCT))
        else:
            messages.success(request, _("The product was saved."))
            return _see_other(found)
    context = {"shop": found.shop, "product": found, "may_delete": not has_stock_history(found)}
    return _form_page(request, form, context)


@require_http_methods(METHODS)
@login_required
def delete_product(request: HttpRequest, product_id: int) -> HttpResponse:
    """Ask, then delete a product without history; 422 with the reason where it has one."""
    found = _visible(request, product_id, Action.EDIT_PRODUCT)
    refusal = None
    if request.method == "POST":
        try:
            services.delete_product(product_id=found.pk, actor=_actor(request))
        except StockError as error:
            refusal = error
        else:
            messages.success(request, _("%(product)s was deleted.") % {"product": found})
            return HttpResponse(status=303, headers={"Location": reverse("inventory:stock")})
    context = {"room": "products", "product": found, "refusal": refusal}
    return render(request, "inventory/product_delete.html", context, status=422 if refusal else 200)


@require_http_methods(METHODS)
@login_required
def safety_stock(request: HttpRequest, product_id: int, warehouse_id: int) -> HttpResponse:
    """The safety stock of one product in one warehouse: a short form, in place with htmx, else on a page."""
    found = _visible(request, product_id, Action.CHANGE_STOCK)
    warehouse = Warehouse.objects.filter(shop_id=found.shop_id, pk=warehouse_id).first()
    if warehouse is None:
        raise Http404
    shelf = Shelf(warehouse, found.stock_items.filter(warehouse=warehouse).first())
    posted = request.POST if request.method == "POST" else None
    form = SafetyStockForm(posted, initial={"safety_stock": shelf.item.safety_stock if shelf.item else 0})
    if posted is not None and form.is_valid():
        try:
            item = services.set_safety_stock(
                product_id=found.pk, warehouse_id=warehouse.pk, actor=_actor(request), **form.cleaned_data
            )
        except StockError as refusal:
            form.add_error("safety_stock", refusal.sentence)
        else:
            return _safety_saved(request, found, Shelf(warehouse, item))
    is_fragment = bool(request.htmx)  # type: ignore[attr-defined]
    template = "inventory/safety_stock.html#safety-form" if is_fragment else "inventory/safety_stock.html"
    context = {"room": "products", "product": found, "shelf": shelf, "form": form}
    return render(request, template, context, status=422 if form.errors else 200)


def _safety_saved(request: HttpRequest, found: Product, shelf: Shelf) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        return _see_other(found)
    context = {"product": found, "shelf": shelf, "may_change": True, "is_fresh": True}
    return render(request, "inventory/safety_stock.html#safety-cell", context)


def _visible(request: HttpRequest, product_id: int, action: Action) -> Product:
    rows = Product.objects.visible_to(request.user)
    found = rows.select_related("shop", "category", "family").filter(pk=product_id).first()
    if found is None:
        raise Http404
    if not _may(request, found, action):
        raise PermissionDenied
    return found


def _may(request: HttpRequest, found: Product, action: Action) -> bool:
    return role_allows(role_in_shop(user_id=request.user.pk, shop_id=found.shop_id), action)


def _see_other(found: Product) -> HttpResponse:
    return HttpResponse(status=303, headers={"Location": reverse("inventory:product", args=[found.pk])})


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]


def _form_page(request: HttpRequest, form: ProductForm, context: dict[str, object]) -> HttpResponse:
    context |= {"room": "products", "form": form, "names": form.known_names()}
    return render(request, "inventory/product_form.html", context, status=422 if form.errors else 200)
