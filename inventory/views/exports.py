"""Files to take away: products with their stock, the ledger, and the template of an import."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from inventory.exports import csv_lines
from inventory.models import Product
from inventory.page_selectors.files import movement_rows, only_known_ones, product_rows, template_rows
from inventory.page_selectors.ledger import movements_wanted, read_filter
from inventory.page_selectors.products import products_wanted, read_wanted
from inventory.stock_files.writing import XLSX_TYPE, workbook_of
from inventory.views.access import choose_shops
from shops.permissions import Action

FORMATS = ("csv", "xlsx")


@require_safe
@login_required
def products_file(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The products of the list, narrowed as the list is; with `all=1` every product that an import can name again."""
    choice = choose_shops(request, Action.VIEW_STOCK)
    wanted = read_wanted(request.GET, choice.slug)
    products = products_wanted(shop_ids=choice.shown_ids, wanted=wanted)
    if request.GET.get("all") == "1":
        products = only_known_ones(Product.objects.filter(shop_id__in=choice.shown_ids))
    rows = product_rows(
        products, shops=choice.shown, warehouse_id=wanted.warehouse, language=get_language() or "en"
    )
    return _file(rows, "stock", kind)


@require_safe
@login_required
def movements_csv(request: HttpRequest) -> HttpResponseBase:
    """The ledger, narrowed as its page is; hours are those of the shop where one is shown."""
    choice = choose_shops(request, Action.VIEW_STOCK)
    movements = movements_wanted(
        request.user,  # type: ignore[arg-type]
        read_filter(request.GET.dict()),
        shop_ids=choice.shown_ids,
    )
    zone = choice.shown[0].zone if len(choice.shown) == 1 else timezone.get_current_timezone()
    return _file(_in_zone(movement_rows(movements), zone), "movements", "csv")


@require_safe
@login_required
def template(request: HttpRequest, kind: str) -> HttpResponseBase:
    """An empty file with the headings of the import, in the person's language."""
    choose_shops(request, Action.VIEW_STOCK)
    return _file(template_rows(get_language() or "en"), "template", kind)


def _file(rows: Iterable[Sequence[Any]], name: str, kind: str) -> HttpResponseBase:
    if kind not in FORMATS:
        raise Http404
    filename = f"{name}-{timezone.localdate():%Y-%m-%d}.{kind}"
    if kind == "xlsx":
        return FileResponse(workbook_of(rows), as_attachment=True, filename=filename, content_type=XLSX_TYPE)
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _in_zone(rows: Iterable[Sequence[Any]], zone: Any) -> Iterable[Sequence[Any]]:
    """The rows, each made with this clock in force: they are read long after the view has answered."""
    wanted = iter(rows)
    while True:
        with timezone.override(zone):
            row = next(wanted, None)
        if row is None:
            return
        yield row
