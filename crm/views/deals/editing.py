"""Editing a deal's order in place: each part by a small form that fits into the page, or stands on one of its own.

A script gets the form alone and, when it is done, a toast; what a colleague changed meanwhile is not overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm import services
from crm.line_forms import LinesForm
from crm.models import Deal
from crm.order_actions import ACTIONS, OrderAction
from crm.page_selectors.making import product_hits, product_scanned, products_of_lines
from crm.services.editing import changed_meanwhile
from crm.views.deals.answers import actor_of, form_status, see_other, visible, wants_fragments
from crm.views.fragments import TEMPLATE, Toast, seconds_until
from notifications.page_selectors import promise_of_move
from orders.models import Order
from orders.selectors import order_detail
from orders.services import edit_lines
from orders.statuses import BEFORE_HANDOVER, PaymentStatus
from shops.errors import DomainError
from shops.keyset import read_key
from shops.permissions import Action, require

# People and comments have addresses of their own.
NOT_HERE = {"claim", "release", "notes"}
MOST_ADDED = 50


@dataclass(frozen=True)
class EditForm:
    """A form in place: its words, the form itself, what it saw (`seen`), and what speaks against it."""

    slug: str
    title: str
    button: str
    form: Any
    explanation: str = ""
    seen: str = ""
    why_not: str = ""
    warning: str = ""
    is_danger: bool = False


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, deal_id: int, slug: str, target_id: int | None = None) -> HttpResponse:
    """One action of the deal's order, in place. GET: its form. POST: do it.

    200 with a toast, or 303; 422 with the sentence, 409 where a colleague changed the same part meanwhile.
    """
    found, action = visible(request, deal_id), ACTIONS.get(slug)
    order = _order_of(request, found)
    if action is None or slug in NOT_HERE or not action.has_target(order, target_id):
        raise Http404
    with timezone.override(order.shop.zone):
        return _act(request, found, order, action, target_id)


def _act(
    request: HttpRequest, found: Deal, order: Order, action: OrderAction, target_id: int | None
) -> HttpResponse:
    actor = actor_of(request)
    form = action.form(order, target_id, request.POST if request.method == "POST" else None)
    try:
        action.require_permitted(order, actor)
        if request.method == "POST" and form.is_valid():
            change = services.change_if_unchanged(
                order_id=order.pk,
                seen=request.POST.get("seen", ""),
                print_of=lambda row: print_of(action, row),
                change=lambda: action.service(order, actor, form, target_id),
            )
            return edited(request, found, _toast(found, order, action, change))
    except DomainError as error:
        return edit_form(request, _shown(order, action, form), found.title, page_address(found), error)
    shown = _shown(order, action, form, why_not=action.why_not(order))
    return edit_form(request, shown, found.title, page_address(found))


def print_of(action: OrderAction, order: Order) -> str:
    """What the action's form shows of an order, in short: it changes when somebody else changes that."""
    values = action.form_class.initial_of(order)
    return sha256(repr(sorted(values.items())).encode()).hexdigest()[:16] if values else ""


def _shown(order: Order, action: OrderAction, form: Any, why_not: str = "") -> EditForm:
    fresh = Order.objects.select_related("shop", "customer", "shipping_address", "billing_address")
    return EditForm(
        slug=action.slug,
        title=str(action.title),
        button=str(action.button),
        form=form,
        explanation=str(action.explanation),
        seen=print_of(action, fresh.get(pk=order.pk)),
        why_not=why_not,
        is_danger=action.is_danger,
    )


def _toast(found: Deal, order: Order, action: OrderAction, change: Any) -> Toast:
    until = getattr(change, "undo_until", None)
    if until is None:
        return Toast(title=action.words_of(order))
    return Toast(
        title=action.words_of(order),
        seconds=seconds_until(until),
        undo_url=reverse("crm:move-undo", args=[change.move_id]),
        promise=promise_of_move(change.move_id, order.shop),
        zone=order.shop.time_zone,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def lines(request: HttpRequest, deal_id: int) -> HttpResponse:
    """The order's lines. GET: their form. POST: find a product (`find`), add one (`add`), or save them all."""
    found = visible(request, deal_id)
    order = _order_of(request, found)
    actor, typed = actor_of(request), request.POST if request.method == "POST" else None
    is_saving = typed is not None and "find" not in typed and "add" not in typed
    seen = _lines_print(order)
    is_stale = is_saving and typed is not None and typed.get("seen", "") not in ("", seen)
    form = _lines_form(order, typed, is_saving=is_saving and not is_stale)
    try:
        require(actor, shop_id=order.shop_id, action=Action.EDIT_ORDER)
        if is_stale:
            raise changed_meanwhile()
        if typed is not None and is_saving and form.is_valid():
            services.change_if_unchanged(
                order_id=order.pk,
                seen=typed.get("seen", ""),
                print_of=_lines_print,
                change=lambda: edit_lines(
                    order_id=order.pk,
                    actor=actor,
                    changes=form.changes,
                    only_here=form.cleaned_data.get("only_here", False),
                ),
            )
            said = _("The lines of %(number)s are saved.") % {"number": order.number}
            return edited(request, found, Toast(title=said))
    except DomainError as error:
        return _lines_page(request, found, order, form, seen, error)
    return _lines_page(request, found, order, form, typed["seen"] if typed and "seen" in typed else seen)


def _lines_form(order: Order, typed: Any, *, is_saving: bool) -> LinesForm:
    keys = [key for key in map(read_key, typed.getlist("product")) if key] if typed is not None else []
    if typed is not None and (key := read_key(typed.get("add", ""))):
        keys.append(key)
    if typed is not None and "find" in typed and (scanned := product_scanned(order.shop, typed.get("q", ""))):
        keys.append(scanned.pk)
    products = products_of_lines(order.shop, keys[:MOST_ADDED])
    added = [products[key] for key in dict.fromkeys(keys) if key in products]
    rows = list(order.lines.all())
    if typed is None or is_saving:
        return LinesForm(typed, order=order, lines=rows, added=added)
    # Looking for a product checks nothing: what was typed so far stays as it is.
    kept = {name: value for name, value in typed.items() if name.startswith(("line-", "new-"))}
    return LinesForm(order=order, lines=rows, added=added, initial=kept)


def _lines_print(order: Order) -> str:
    rows = [(line.pk, line.quantity, line.unit_price) for line in order.lines.order_by("position")]
    return sha256(repr((rows, order.status in BEFORE_HANDOVER)).encode()).hexdigest()[:16]


def _lines_page(
    request: HttpRequest,
    found: Deal,
    order: Order,
    form: LinesForm,
    seen: str,
    error: DomainError | None = None,
) -> HttpResponse:
    text = " ".join(request.POST.get("q", "").split())[:100]
    hits = product_hits(order.shop, text) if "find" in request.POST and text else []
    known = {product.pk for product in form.added}
    context = {
        "deal": found,
        "order": order,
        "form": form,
        "error": error,
        "seen": seen,
        "text": text,
        "hits": [hit for hit in hits if hit.pk not in known],
        "was_searched": "find" in request.POST and bool(text) and not known & {hit.pk for hit in hits},
        "is_paid": order.payment_status == PaymentStatus.PAID,
        "is_late": order.status not in BEFORE_HANDOVER,
    }
    template = "crm/deal_lines.html#lines-form" if wants_fragments(request) else "crm/deal_lines.html"
    return render(request, template, context, status=form_status(error, form))


def _order_of(request: HttpRequest, found: Deal) -> Order:
    order = order_detail(request.user, found.order.number) if found.order else None  # type: ignore[arg-type]
    if order is None:
        raise Http404
    return order


# --- Answers


def edited(request: HttpRequest, found: Deal, toast: Toast) -> HttpResponse:
    """It is saved: a toast for a script, which looks at the deal anew, or back to the deal."""
    if wants_fragments(request):
        return render(request, f"{TEMPLATE}#toast", {"toast": toast})
    # The toast with Undo stands on the deal's page by itself.
    if not toast.undo_url:
        messages.success(request, toast.title)
    return see_other(page_address(found))


def edit_form(
    request: HttpRequest, shown: EditForm, subject: str, back: str, error: DomainError | None = None
) -> HttpResponse:
    """The form about `subject`, alone for a script or on a page of its own, from which it goes `back`.

    A refusal stands at the field it is about.
    """
    if error is not None and error.field in shown.form.fields and shown.form.is_bound:
        shown.form.add_error(error.field, error.sentence)
    context = {
        "subject": subject,
        "back": back,
        "edit": shown,
        "form": shown.form,
        "error": error,
        "address": request.path,
    }
    template = "crm/deal_edit.html#edit-form" if wants_fragments(request) else "crm/deal_edit.html"
    return render(request, template, context, status=form_status(error, shown.form))


def page_address(found: Deal) -> str:
    """The deal's page."""
    return reverse("crm:deal", args=[found.pk])
