"""A customer's page, and the shop's note about them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.order_forms import CustomerNoteForm
from crm.page_selectors.customers import (
    contacts_of_customer,
    customer_detail,
    orders_of_customer,
    totals_of_customer,
)
from notifications.services.reach import lift_suppression
from orders.models import Customer
from orders.services import edit_customer_note
from shops.actors import Actor
from shops.errors import DomainError
from shops.permissions import Action
from shops.selectors import shop_ids_where


@require_safe
@login_required
def customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    """One customer: contacts, addresses, what they ordered."""
    return _page(request, _visible_customer(request, customer_id), CustomerNoteForm())


@require_http_methods(["POST"])
@login_required
def customer_note(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Replace the shop's note about the customer."""
    found = _visible_customer(request, customer_id)
    form = CustomerNoteForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    actor = Actor.person(request.user)  # type: ignore[arg-type]
    try:
        edit_customer_note(customer_id=found.pk, actor=actor, note=form.cleaned_data["note"])
    except DomainError as error:
        form.add_error("note", error.sentence)
        return _page(request, found, form, status=422)
    messages.success(request, _("The note is saved."))
    return HttpResponse(status=303, headers={"Location": reverse("crm:customer", args=[found.pk])})


@require_http_methods(["POST"])
@login_required
def customer_write_again(request: HttpRequest, customer_id: int, suppression_id: int) -> HttpResponse:
    """Write to one of the customer's addresses again, although it came back or asked to stop."""
    found = _visible_customer(request, customer_id)
    closed = {row.closed.pk: row.closed for row in contacts_of_customer(found) if row.closed}
    try:
        if suppression_id in closed:  # else a colleague was quicker, and there is nothing left to do
            lift_suppression(suppression_id=suppression_id, actor=Actor.person(request.user))  # type: ignore[arg-type]
            said = _("%(address)s is written to again.") % {"address": closed[suppression_id].address}
            messages.success(request, said)
    except DomainError as error:
        messages.error(request, error.sentence)
    return HttpResponse(status=303, headers={"Location": reverse("crm:customer", args=[found.pk])})


def _visible_customer(request: HttpRequest, customer_id: int) -> Customer:
    found = customer_detail(request.user, customer_id)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, found: Customer, form: CustomerNoteForm, status: int = 200) -> HttpResponse:
    if not form.is_bound:
        form.initial = {"note": found.note}
    context = {
        "customer": found,
        "contacts": contacts_of_customer(found),
        "may_write_again": found.shop_id in shop_ids_where(request.user, Action.RESEND_MESSAGE),  # type: ignore[arg-type]
        "form": form,
        "page": orders_of_customer(request.user, found.pk, request.GET.get("after", "")),  # type: ignore[arg-type]
        "totals": totals_of_customer(request.user, found.pk),  # type: ignore[arg-type]
    }
    return render(request, "crm/customer.html", context, status=status)
