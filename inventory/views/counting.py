"""Counting with a scanner or a phone: scan, see what it is, enter how many are there, scan the next."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from inventory.forms.counts import EntryForm
from inventory.models import CountState, Product, StockCount
from inventory.page_selectors.counts import (
    Scan,
    last_entry_of,
    line_of,
    lines_to_count,
    product_to_count,
    progress_of,
    read_scan,
)
from inventory.services.counting import undo_entry
from inventory.views.counts import find_count, see_other
from shops.actors import Actor
from shops.errors import DomainError
from shops.keyset import read_key
from shops.permissions import Action


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def desk(request: HttpRequest, count_id: int) -> HttpResponse:
    """The scan field, or the product it found (`scan`, `product`) with the field for its quantity.

    Posted: the entry is made and the scan field comes back; 422 with the sentence where it is refused.
    """
    count = find_count(request, count_id, Action.CHANGE_STOCK)
    if count.state != CountState.OPEN:
        return see_other("inventory:count", count.pk)
    if request.method == "POST":
        return _enter(request, count)
    text = request.GET.get("scan", "")
    chosen = product_to_count(count, request.GET.get("product", ""))
    scan = Scan(product=chosen) if chosen else read_scan(count, text)
    return _show(request, count, scan, text="" if scan.product else text.strip()[:100])


@require_POST
@login_required
def undo(request: HttpRequest, count_id: int) -> HttpResponse:
    """Take one's own entry back and show the scan field again."""
    count = find_count(request, count_id, Action.CHANGE_STOCK)
    try:
        undo_entry(entry_id=read_key(request.POST.get("entry", "")) or 0, actor=_actor(request))
    except DomainError as refusal:
        return _show(request, count, Scan(sentence=refusal.sentence))
    return _show_saved(request, count)


def _enter(request: HttpRequest, count: StockCount) -> HttpResponse:
    form = EntryForm(request.POST, auto_id="entry-%s")
    if form.is_valid():
        try:
            form.save(count.pk, _actor(request), replaces="replaces" in request.POST)
            return _show_saved(request, count)
        except DomainError as refusal:
            form.add_error("quantity", refusal.sentence)
    product = product_to_count(count, request.POST.get("product", ""))
    if product is None or "key" in form.errors:
        return _show(request, count, Scan(sentence=_("Nothing was saved. Scan the product again.")))
    return _show(request, count, Scan(product=product), form)


def _show_saved(request: HttpRequest, count: StockCount) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return _show(request, count, Scan())
    return see_other("inventory:count-desk", count.pk)


def _show(
    request: HttpRequest, count: StockCount, scan: Scan, form: EntryForm | None = None, text: str = ""
) -> HttpResponse:
    context = {
        "room": "counts",
        "count": count,
        "scan": scan,
        "text": text,
        "progress": progress_of([count.pk])[count.pk],
        **(_of_product(count, scan.product, form) if scan.product else _of_scan(request, count)),
    }
    is_refused = bool(scan.sentence) or bool(form and form.errors)
    template = "inventory/counts/desk.html"
    if request.htmx:  # type: ignore[attr-defined]
        template += "#desk"
    return render(request, template, context, status=422 if is_refused else 200)


def _of_product(count: StockCount, product: Product, form: EntryForm | None) -> dict[str, Any]:
    return {
        "product": product,
        "line": line_of(count, product),
        "form": form or EntryForm.fresh(product.pk),
    }


def _of_scan(request: HttpRequest, count: StockCount) -> dict[str, Any]:
    after = request.GET.get("after", "")
    left, last = lines_to_count(count, after)
    return {
        "left": left,
        "last": last,
        "is_first": not after,
        "entry": last_entry_of(count, request.user),  # type: ignore[arg-type]
    }


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]
