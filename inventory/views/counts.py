"""The pages of stock counts for those who organise them: list, opening, review, posting, the printed list, the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inventory.exports import csv_lines
from inventory.forms.counts import OpenCountForm, PostForm
from inventory.models import CountState, StockCount
from inventory.page_selectors.count_review import Show, figures_of, lines_to_recount, review_page
from inventory.page_selectors.counts import counts_page, lines_by_place, progress_of
from inventory.services import counting
from inventory.views.access import choose_one_shop, choose_shops
from shops.actors import Actor
from shops.errors import DomainError
from shops.keyset import read_key
from shops.permissions import Action, is_permitted
from shops.selectors import shop_ids_where


def find_count(request: HttpRequest, count_id: int, action: Action) -> StockCount:
    """The count, if this person may do this in its shop. Raises `Http404` for a foreign one, `PermissionDenied`."""
    counts = StockCount.objects.visible_to(request.user).select_related("shop", "warehouse", "category")
    count: StockCount | None = counts.filter(pk=count_id).first() if read_key(str(count_id)) else None
    if count is None:
        raise Http404
    if not is_permitted(_actor(request), shop_id=count.shop_id, action=action):
        raise PermissionDenied
    return count


def see_other(name: str, *arguments: Any) -> HttpResponse:
    """Go on to another of these pages after a change."""
    return HttpResponse(status=303, headers={"Location": reverse(name, args=arguments)})


@require_safe
@login_required
def counts(request: HttpRequest) -> HttpResponse:
    """The counts of the shops in which this person may see stock, newest first."""
    choice = choose_shops(request, Action.VIEW_STOCK)
    may_count = shop_ids_where(request.user, Action.CHANGE_STOCK)  # type: ignore[arg-type]
    page, progress = counts_page(choice.shown_ids, request.GET.get("after", ""))
    context = {
        "room": "counts",
        "rows": [(count, progress.get(count.pk)) for count in page.rows],
        "shops": choice.shops,
        "shop_slug": choice.slug,
        "after": page.after,
        "is_first": "after" not in request.GET,
        "may_count": any(pk in may_count for pk in choice.shown_ids),
    }
    return render(request, "inventory/counts/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def open_one(request: HttpRequest) -> HttpResponse:
    """The form that opens a count: 303 to counting, 422 with the sentence where it is refused."""
    shop, shops = choose_one_shop(request, Action.CHANGE_STOCK)
    posted = request.POST if request.method == "POST" else None
    form = OpenCountForm(shop, posted, initial=OpenCountForm.first_values())
    if form.is_valid():
        try:
            return see_other("inventory:count", form.save(_actor(request)).pk)
        except DomainError as refusal:
            form.add_error(None, refusal.sentence)
    context = {"room": "counts", "form": form, "shop": shop, "shops": shops}
    return render(request, "inventory/counts/open.html", context, status=422 if form.errors else 200)


@require_safe
@login_required
def review(request: HttpRequest, count_id: int) -> HttpResponse:
    """One count: how far it is, what differs, what to look at before it is posted."""
    return _show(request, find_count(request, count_id, Action.VIEW_STOCK))


def _show(
    request: HttpRequest, count: StockCount, form: PostForm | None = None, refusal: str = ""
) -> HttpResponse:
    show = request.GET.get("show", "")
    show = show if show in set(Show) else Show.DIFFERENCES
    by_units = request.GET.get("by") == "units"
    after = request.GET.get("after", "")
    rows, last = review_page(count, request.user, show=show, by_units=by_units, after=after)  # type: ignore[arg-type]
    context = {
        "room": "counts",
        "count": count,
        "figures": figures_of(count),
        "rows": rows,
        "last": last,
        "is_first": not after,
        "show": str(show),
        "by": "units" if by_units else "value",
        "form": form or PostForm(),
        "refusal": refusal,
        "may_count": is_permitted(_actor(request), shop_id=count.shop_id, action=Action.CHANGE_STOCK),
    }
    return render(request, "inventory/counts/review.html", context, status=422 if refusal else 200)


@require_POST
@login_required
def post(request: HttpRequest, count_id: int) -> HttpResponse:
    """Post the differences: 303 to the posted count, 422 with the sentence where it is refused."""
    count = find_count(request, count_id, Action.CHANGE_STOCK)
    form = PostForm(request.POST)
    if not form.is_valid():
        return _show(request, count, form, _("Say what becomes of the products nobody counted."))
    try:
        form.save(count.pk, _actor(request))
    except DomainError as refusal:
        return _show(request, find_count(request, count_id, Action.CHANGE_STOCK), form, refusal.sentence)
    messages.success(request, _("Posted. The stock now is what was counted, with all that moved since."))
    return see_other("inventory:count", count.pk)


@require_POST
@login_required
def change(request: HttpRequest, count_id: int, verb: str) -> HttpResponse:
    """Finish, resume or cancel a count: 303 back to it, with the sentence where it is refused."""
    count = find_count(request, count_id, Action.CHANGE_STOCK)
    verbs = {
        "finish": counting.finish_counting,
        "resume": counting.resume_counting,
        "cancel": counting.cancel_count,
    }
    try:
        verbs[verb](count_id=count.pk, actor=_actor(request))
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    return see_other("inventory:count-desk" if verb == "resume" else "inventory:count", count.pk)


@require_POST
@login_required
def recount(request: HttpRequest, count_id: int) -> HttpResponse:
    """Send one line (`line`), or all that need it, back to counting: 303 back to the count."""
    count = find_count(request, count_id, Action.CHANGE_STOCK)
    key = read_key(request.POST.get("line", ""))
    try:
        counting.recount(
            count_id=count.pk, line_ids=[key] if key else lines_to_recount(count), actor=_actor(request)
        )
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _("Sent back: the count is open again for what is not counted."))
    return see_other("inventory:count", count.pk)


@require_safe
@login_required
def sheet(request: HttpRequest, count_id: int) -> HttpResponse:
    """The list to print: by place, with an empty column to write in."""
    count = find_count(request, count_id, Action.VIEW_STOCK)
    context = {
        "room": "counts",
        "count": count,
        "lines": lines_by_place(count),
        "progress": progress_of([count.pk])[count.pk],
        "shows_expected": _shows_expected(count),
    }
    return render(request, "inventory/counts/sheet.html", context)


@require_safe
@login_required
def sheet_csv(request: HttpRequest, count_id: int) -> StreamingHttpResponse:
    """Every line as a file for a spreadsheet; what is expected only where people may know it."""
    count = find_count(request, count_id, Action.VIEW_STOCK)
    answer = StreamingHttpResponse(csv_lines(_csv_rows(count)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="count-{count.pk}.csv"'
    return answer


def _csv_rows(count: StockCount) -> Iterator[list[Any]]:
    shows_expected = _shows_expected(count)
    yield [
        *(_("Place"), _("SKU"), _("Barcode"), _("Name"), _("Variant"), _("Unit")),
        *((_("Expected"),) if shows_expected else ()),
        _("Counted"),
        *((_("Difference"), _("Posted")) if shows_expected else ()),
        *(_("Counted by"), _("Counted at")),
    ]
    for line in lines_by_place(count).iterator(chunk_size=1000):
        product = line.stock_item.product
        yield [
            *(product.place, product.sku, product.barcode, product.name, product.variant, product.unit),
            *((line.expected,) if shows_expected else ()),
            line.counted,
            *((line.difference, line.posted_difference) if shows_expected else ()),
            line.counted_by,
            f"{timezone.localtime(line.counted_at, count.shop.zone):%Y-%m-%d %H:%M}"
            if line.counted_at
            else "",
        ]


def _shows_expected(count: StockCount) -> bool:
    return not count.hides_expected or count.state != CountState.OPEN


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]
