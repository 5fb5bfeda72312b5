"""An order's page, and one address per action on it.

Every action is a plain form first: GET shows it, POST makes one service call. htmx gets the same form as a fragment.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.order_actions import ACTIONS, OrderAction
from crm.order_forms import NoteForm, OrderForm
from crm.page_selectors.order_page import number_of_move, order_page
from crm.services import undo_move
from orders.errors import AlreadyDone
from orders.models import Order
from orders.selectors import order_detail
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted


@require_safe
@login_required
def order(request: HttpRequest, number: str) -> HttpResponse:
    """One order; 404 for an order this person may not see, as for one that does not exist."""
    return _order_page(request, number)


def undo_without_card(request: HttpRequest, move_id: uuid.UUID) -> HttpResponse:
    """Undo a move of an order that has no card: 303 to its page, or its page with the refusal (422, 403)."""
    number = number_of_move(request.user, move_id)  # type: ignore[arg-type]
    if number is None:
        raise Http404
    try:
        undo_move(move_id=move_id, actor=Actor.person(request.user))  # type: ignore[arg-type]
    except DomainError as error:
        messages.error(request, error.sentence)
        return _order_page(request, number, status=403 if isinstance(error, NotPermitted) else 422)
    return _done(request, number, _("%(number)s is back.") % {"number": number})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def order_action(request: HttpRequest, number: str, slug: str, target_id: int | None = None) -> HttpResponse:
    """Show an action's form, or do it: 303 back to the order, 422 with the sentence where it is refused."""
    action, found = ACTIONS[slug], _visible_order(request, number)
    if not action.has_target(found, target_id):
        raise Http404
    # Times are typed and shown as the shop's clock has them.
    with timezone.override(found.shop.zone):
        return _act(request, action, found, target_id)


def _act(request: HttpRequest, action: OrderAction, found: Order, target_id: int | None) -> HttpResponse:
    form = action.form(found, target_id, request.POST if request.method == "POST" else None)
    actor = Actor.person(request.user)  # type: ignore[arg-type]
    try:
        action.require_permitted(found, actor)
        if request.method == "POST" and form.is_valid():
            return _done(request, found.number, action.run(found, actor, form, target_id))
    except DomainError as error:
        return _form_page(request, found, action, form, error=error)
    return _form_page(request, found, action, form, why_not=action.why_not(found))


def _order_page(request: HttpRequest, number: str, status: int = 200) -> HttpResponse:
    found = _visible_order(request, number)
    page = order_page(request.user, found)  # type: ignore[arg-type]
    context = {"page": page, "order": found, "note_form": NoteForm(order=found)}
    return render(request, "crm/order.html", context, status=status)


def _visible_order(request: HttpRequest, number: str) -> Order:
    # PostgreSQL stores no NUL, so no number holds one, and it must not be asked for it.
    found = None if "\0" in number else order_detail(request.user, number)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    return found


def _done(request: HttpRequest, number: str, said: str) -> HttpResponse:
    if said:
        messages.success(request, said)
    url = reverse("crm:order", args=[number])
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponse(status=303, headers={"Location": url})


def _form_page(
    request: HttpRequest,
    found: Order,
    action: OrderAction,
    form: OrderForm,
    error: DomainError | None = None,
    why_not: str = "",
) -> HttpResponse:
    status = 422 if form.errors else 200
    if error is not None:
        status = 403 if isinstance(error, NotPermitted) else 409 if isinstance(error, AlreadyDone) else 422
        if error.field in form.fields and form.is_bound:
            form.add_error(error.field, error.sentence)
    template = "crm/order_action.html#action-form" if request.htmx else "crm/order_action.html"  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "order": found,
        "action": action,
        "form": form,
        "error": error,
        "why_not": why_not,
    }
    return render(request, template, {**context, "address": request.path}, status=status)
