"""The pages that look at stock as a whole: classes, slow movers, value over time, and what to order."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory import services
from inventory.exports import csv_lines
from inventory.models import AbcClass, Category, FiguresRun, Product
from inventory.page_selectors import abc as abc_page
from inventory.page_selectors import reorder as reorder_page
from inventory.page_selectors import slow as slow_page
from inventory.page_selectors import value as value_page
from inventory.selectors import settings_of
from inventory.services.stock_days import stock_now
from inventory.views.access import choose_one_shop
from shops.actors import Actor
from shops.keyset import read_key
from shops.models import Shop
from shops.permissions import Action

LONGEST_PERIOD = 1100


@require_safe
@login_required
def abc(request: HttpRequest) -> HttpResponse:
    """The classes of one shop's products by revenue, narrowed by `?only=`."""
    shop, shops = choose_one_shop(request, Action.VIEW_REVENUE)
    run, settings = FiguresRun.objects.filter(shop=shop).first(), settings_of(shop.pk)
    chosen = request.GET.get("only", "")
    chosen = chosen if chosen in AbcClass.values else ""
    rows, last = abc_page.figures_page(
        shop, abc_class=chosen, after=_read_place(request.GET.get("after", ""))
    )
    context = _analysis(request, "abc", shop, shops, {"only": chosen}) | {
        "run": run,
        "is_being_computed": abc_page.is_being_computed(run),
        "settings": settings,
        "classes": abc_page.summaries(shop),
        "curve": abc_page.curve_of(shop, settings),
        "chosen": chosen,
        "rows": rows,
    }
    return render(request, "inventory/abc.html", context | _pager(context, last and f"{last[0]}_{last[1]}"))


@require_POST
@login_required
def compute_figures(request: HttpRequest) -> HttpResponse:
    """Ask for the shop's sales figures to be computed anew."""
    shop, _shops = choose_one_shop(request, Action.VIEW_REVENUE)
    services.request_figures(shop_id=shop.pk, actor=Actor.person(request.user))  # type: ignore[arg-type]
    address = f"{reverse('inventory:abc')}?{urlencode({'shop': shop.slug})}"
    return HttpResponse(status=303, headers={"Location": address})


@require_safe
@login_required
def figures_run(request: HttpRequest) -> HttpResponse:
    """How the computation goes, for the page that waits for it: a sentence, or that the page is to be read again."""
    shop, _shops = choose_one_shop(request, Action.VIEW_REVENUE)
    run = FiguresRun.objects.filter(shop=shop).first()
    if not abc_page.is_being_computed(run):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "inventory/abc.html#figures-run", {"shop": shop, "run": run})


@require_safe
@login_required
def slow(request: HttpRequest) -> HttpResponse:
    """Goods of one shop that nobody bought for `?days=` days, or as many as its settings say."""
    shop, shops = choose_one_shop(request, Action.VIEW_STOCK)
    usual = settings_of(shop.pk).slow_days
    asked = read_key(request.GET.get("days", ""))
    days = asked if asked is not None and 1 <= asked <= LONGEST_PERIOD else usual
    movers = slow_page.slow_movers(shop, days=days)
    rows, last = slow_page.slow_page(movers, read_key(request.GET.get("after", "")))
    context = _analysis(request, "slow", shop, shops, {"days": str(days) if days != usual else ""}) | {
        "days": days,
        "most_days": LONGEST_PERIOD,
        "sums": slow_page.tied_up(movers, shop.currency),
        "rows": rows,
    }
    return render(request, "inventory/slow.html", context | _pager(context, last))


@require_safe
@login_required
def value(request: HttpRequest) -> HttpResponse:
    """What one shop's stock was worth over the last `?days=` days, in one currency."""
    shop, shops = choose_one_shop(request, Action.VIEW_STOCK)
    asked = read_key(request.GET.get("days", ""))
    span = asked if asked in value_page.SPANS else value_page.SPANS[1]
    history = value_page.value_history(
        shop_id=shop.pk,
        own_currency=shop.currency,
        today=stock_now(shop.pk),
        span=span,
        currency=request.GET.get("currency", "")[:3],
    )
    context = _analysis(request, "value", shop, shops, {}) | {
        "history": history,
        "plot": value_page.plot_of(history),
        "span": span,
        "spans": value_page.SPANS,
    }
    return render(request, "inventory/value.html", context)


@require_safe
@login_required
def reorder(request: HttpRequest) -> HttpResponse:
    """What one shop should order, by supplier, narrowed by `?supplier=` and `?category=`."""
    shop, shops = choose_one_shop(request, Action.VIEW_STOCK)
    wanted = _reorder_filters(request)
    lines = reorder_page.order_suggestions(_reorder_products(shop, wanted))
    rows, last = reorder_page.page_of(lines, read_key(request.GET.get("after", "")))
    context = _analysis(request, "reorder", shop, shops, wanted) | {
        "orders": reorder_page.by_supplier(rows),
        "line_count": len(lines),
        "suppliers": reorder_page.suppliers_of(shop.pk),
        "categories": Category.objects.filter(shop=shop),
        "supplier": wanted["supplier"],
        "category": wanted["category"],
        "settings": settings_of(shop.pk),
        "today": timezone.now(),
        "query": urlencode({name: text for name, text in (wanted | {"shop": shop.slug}).items() if text}),
    }
    return render(request, "inventory/reorder.html", context | _pager(context, last))


@require_safe
@login_required
def reorder_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same suggestions, all of them, as a file for a spreadsheet."""
    shop, _shops = choose_one_shop(request, Action.VIEW_STOCK)
    lines = reorder_page.order_suggestions(_reorder_products(shop, _reorder_filters(request)))
    name = f"{shop.slug}-reorder-{timezone.now().astimezone(shop.zone).date()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(
        csv_lines(_csv_rows(lines)), content_type="text/csv; charset=utf-8", headers=headers
    )


def _csv_rows(lines: list[reorder_page.Line]) -> Iterator[list[Any]]:
    yield [
        _("Supplier"),
        _("SKU"),
        _("Product"),
        _("Order"),
        _("Unit"),
        _("Pack size"),
        _("Cost of one"),
        _("Currency"),
        _("Cost"),
        _("Shipped"),
        _("in days"),
        _("Lead time, days"),
        _("Safety stock"),
        _("On hand"),
        _("Reserved"),
        _("Waiting"),
        _("Reorder point"),
    ]
    for line in lines:
        product, need = line.product, line.need
        yield [
            product.supplier,
            product.sku,
            product.full_name,
            line.quantity,
            product.unit,
            need.pack,
            "" if product.cost is None else product.cost,
            "" if product.cost is None else line.currency,
            "" if line.cost is None else line.cost,
            need.sold,
            need.days,
            need.lead_days,
            need.safety,
            line.on_hand,
            line.reserved,
            need.waiting,
            line.reorder_point,
        ]


def _reorder_filters(request: HttpRequest) -> dict[str, str]:
    category = request.GET.get("category", "")
    return {
        "supplier": request.GET.get("supplier", "")[:100],
        "category": category if read_key(category) is not None else "",
    }


def _reorder_products(shop: Shop, wanted: dict[str, str]) -> Any:
    products = Product.objects.filter(shop=shop)
    if wanted["supplier"]:
        products = products.filter(supplier=wanted["supplier"])
    if wanted["category"]:
        products = products.filter(category_id=int(wanted["category"]))
    return products


def _analysis(
    request: HttpRequest, view: str, shop: Shop, shops: list[Shop], wanted: dict[str, str]
) -> dict[str, Any]:
    """What the frame of these pages needs; `first` is the address of the first page with the same choice."""
    chosen = {name: text for name, text in wanted.items() if text} | {"shop": shop.slug}
    return {
        "room": "analysis",
        "view": view,
        "shop": shop,
        "shops": shops,
        "is_first": "after" not in request.GET,
        "first": urlencode(chosen),
    }


def _pager(context: dict[str, Any], last: object) -> dict[str, str]:
    return {"next": f"{context['first']}&{urlencode({'after': last})}" if last else ""}


def _read_place(text: str) -> tuple[Decimal, int] | None:
    """A place in the list by revenue; nonsense begins at the beginning."""
    amount, _mark, key = text.partition("_")
    product_id = read_key(key)
    try:
        revenue = Decimal(amount)
    except InvalidOperation:
        return None
    is_place = product_id is not None and revenue.is_finite() and abs(revenue) < Decimal(10) ** 14
    return (revenue, product_id) if is_place and product_id is not None else None
