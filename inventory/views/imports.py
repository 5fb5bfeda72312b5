"""Bringing products and stock in from a file: upload, watch, look at what would change, decide."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import StockError
from inventory.exports import csv_lines
from inventory.forms.imports import UploadForm
from inventory.models import StockImport
from inventory.page_selectors.imports import HEAVY, ImportPage, bad_rows_of, imports_page
from inventory.services.importing import approve_import, cancel_import, choose_columns, upload_import
from inventory.views.access import choose_one_shop
from shops.actors import Actor
from shops.permissions import Action
from shops.selectors import shop_ids_where


@login_required
def imports(request: HttpRequest) -> HttpResponse:
    """The files brought in so far, and the form for a new one."""
    shop, shops = choose_one_shop(request, Action.EDIT_PRODUCT)
    error, form = None, UploadForm(shop, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            job = upload_import(
                warehouse_id=form.cleaned_data["warehouse"].pk,
                name=file.name or "",
                content=file.read(),
                actor=Actor.person(request.user),  # type: ignore[arg-type]
            )
            return _see(job)
        except StockError as refused:
            error = refused
    page = imports_page([shop.pk], request.GET.get("after", "")[:30])
    context = {
        "room": "imports",
        "shop": shop,
        "shops": shops,
        "form": form,
        "error": error,
        "page": page,
        "is_first": "after" not in request.GET,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "inventory/imports/list.html", context, status=status)


@require_safe
@login_required
def one_import(request: HttpRequest, import_uuid: uuid.UUID) -> HttpResponse:
    """How far it is, then what it would change and what is wrong; the page asks for this again while it is busy."""
    return _show(request, _find(request, import_uuid))


@require_POST
@login_required
def approve(request: HttpRequest, import_uuid: uuid.UUID) -> HttpResponse:
    """Import what was shown, once; the bad rows are left out only where the person asked for it."""
    return _change(
        request,
        import_uuid,
        lambda job, actor: approve_import(
            import_id=job.pk,
            digest=request.POST.get("digest", ""),
            without_bad_rows=request.POST.get("without_bad_rows") == "yes",
            actor=actor,
        ),
    )


@require_POST
@login_required
def cancel(request: HttpRequest, import_uuid: uuid.UUID) -> HttpResponse:
    """Drop a file that is not being imported yet."""
    return _change(request, import_uuid, lambda job, actor: cancel_import(import_id=job.pk, actor=actor))


@require_POST
@login_required
def columns(request: HttpRequest, import_uuid: uuid.UUID) -> HttpResponse:
    """Say what the columns mean where the headings did not."""
    mapping = {
        name.removeprefix("column-"): value
        for name, value in request.POST.items()
        if name.startswith("column-") and isinstance(value, str)
    }
    return _change(
        request,
        import_uuid,
        lambda job, actor: choose_columns(import_id=job.pk, mapping=mapping, actor=actor),
    )


@require_safe
@login_required
def problems_csv(request: HttpRequest, import_uuid: uuid.UUID) -> HttpResponseBase:
    """The bad rows with what is wrong in each, to be put right and brought in again."""
    job = _find(request, import_uuid)
    response = StreamingHttpResponse(csv_lines(bad_rows_of(job)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="problems-{job.pk}.csv"'
    return response


def _find(request: HttpRequest, import_uuid: uuid.UUID) -> StockImport:
    mine = StockImport.objects.visible_to(request.user)
    job = mine.select_related("shop", "warehouse").defer(*HEAVY).filter(uuid=import_uuid).first()
    if job is None:
        raise Http404
    if job.shop_id not in shop_ids_where(request.user, Action.EDIT_PRODUCT):  # type: ignore[arg-type]
        raise PermissionDenied
    return job


def _show(request: HttpRequest, job: StockImport, error: StockError | None = None) -> HttpResponse:
    template = "inventory/imports/one.html"
    # A background request for the page after "back" is still for the page.
    if request.headers.get("HX-Request") and not request.headers.get("HX-History-Restore-Request"):
        template += "#import-state"
    context = {
        "room": "imports",
        "job": job,
        "page": ImportPage(job, get_language() or "en"),
        "error": error,
    }
    return render(request, template, context, status=422 if error else 200)


def _change(
    request: HttpRequest, import_uuid: uuid.UUID, verb: Callable[[StockImport, Actor], object]
) -> HttpResponse:
    job = _find(request, import_uuid)
    try:
        verb(job, Actor.person(request.user))  # type: ignore[arg-type]
    except StockError as refused:
        return _show(request, _find(request, import_uuid), refused)
    return _see(job)


def _see(job: StockImport) -> HttpResponse:
    answer = redirect(reverse("inventory:import", args=[job.uuid]))
    answer.status_code = 303
    return answer
