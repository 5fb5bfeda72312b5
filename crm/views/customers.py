"""A customer's page, the shop's note about them, their tags, and who looks after them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.forms import PersonalManagerForm, TagForm
from crm.order_forms import CustomerNoteForm
from crm.page_selectors.customer_panel import colleagues, customer_panel, tags_of_shop
from crm.page_selectors.customers import (
    contacts_of_customer,
    customer_detail,
    orders_of_customer,
    totals_of_customer,
)
from crm.services import tag_customer, untag_customer
from crm.views.deals.answers import form_status
from crm.views.deals.editing import EditForm, edit_form
from crm.views.fragments import TEMPLATE, Toast, refused_toast
from notifications.services.reach import lift_suppression
from orders.models import Customer
from orders.services import edit_customer_note, set_personal_manager
from shops.actors import Actor
from shops.errors import DomainError
from shops.permissions import Action, require, role_allows
from shops.selectors import role_of, shop_ids_where


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
        seen = form.cleaned_data["seen"] if "seen" in form.data else None
        edit_customer_note(customer_id=found.pk, actor=actor, note=form.cleaned_data["note"], seen=seen)
    except DomainError as error:
        form.add_error("note", error.sentence)
        # Saving once more replaces what is there now.
        again = request.POST.copy()
        again["seen"] = _visible_customer(request, customer_id).note
        form.data = again
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


@require_http_methods(["POST"])
@login_required
def customer_tag(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Put a tag on the customer."""
    found, form = _visible_customer(request, customer_id), TagForm(request.POST)
    if not form.is_valid():
        sentence = next(iter(form.errors.get_json_data().values()))[0]["message"]
        return _answer(request, found, error=DomainError(sentence))
    actor = Actor.person(request.user)  # type: ignore[arg-type]
    try:
        tag_customer(customer_id=found.pk, actor=actor, **form.cleaned_data)
    except DomainError as error:
        return _answer(request, found, error=error)
    return _answer(request, found)


@require_http_methods(["POST"])
@login_required
def customer_untag(request: HttpRequest, customer_id: int, tag_id: int) -> HttpResponse:
    """Take a tag off the customer."""
    found = _visible_customer(request, customer_id)
    try:
        untag_customer(customer_id=found.pk, tag_id=tag_id, actor=Actor.person(request.user))  # type: ignore[arg-type]
    except DomainError as error:
        return _answer(request, found, error=error)
    return _answer(request, found)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def customer_manager(request: HttpRequest, customer_id: int) -> HttpResponse:
    """GET: the form. POST: say who looks after the customer, or nobody."""
    found, actor = _visible_customer(request, customer_id), Actor.person(request.user)  # type: ignore[arg-type]
    form = PersonalManagerForm(
        request.POST if request.method == "POST" else None,
        people=colleagues(found.shop_id, besides=None, may=Action.CONFIRM),
        initial={"person": found.manager_id},
    )
    error: DomainError | None = None
    try:
        require(actor, shop_id=found.shop_id, action=Action.EDIT_ORDER)
        if request.method == "POST" and form.is_valid():
            values = {
                "user_id": form.cleaned_data["person"],
                "with_open_orders": form.cleaned_data["with_open_orders"],
            }
            set_personal_manager(customer_id=found.pk, actor=actor, **values)
            return _answer(request, found, said=_("Saved: new orders go to them."))
    except DomainError as refusal:
        error = refusal
    shown = EditForm(
        slug="manager",
        title=_("Personal manager"),
        button=_("Save"),
        form=form,
        explanation=_("New orders of this customer are claimed for them as they come in."),
    )
    return edit_form(request, shown, str(found), _back(request, found), error=error)


def _answer(
    request: HttpRequest, found: Customer, *, said: str = "", error: DomainError | None = None
) -> HttpResponse:
    """What became of a small form: a toast for a script, else back to where it was sent from."""
    if request.htmx:  # type: ignore[attr-defined]
        toast = refused_toast(error.sentence) if error else Toast(title=said) if said else None
        status = form_status(error, None) if error else 200
        body = render_to_string(f"{TEMPLATE}#toast", {"toast": toast}, request) if toast else ""
        return HttpResponse(body, status=status)
    if error is not None:
        messages.error(request, error.sentence)
    elif said:
        messages.success(request, said)
    return HttpResponse(status=303, headers={"Location": _back(request, found)})


def _back(request: HttpRequest, found: Customer) -> str:
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return reverse("crm:customer", args=[found.pk])


def _visible_customer(request: HttpRequest, customer_id: int) -> Customer:
    found = customer_detail(request.user, customer_id)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, found: Customer, form: CustomerNoteForm, status: int = 200) -> HttpResponse:
    if not form.is_bound:
        form.initial = {"note": found.note, "seen": found.note}
    role = role_of(request.user, found.shop_id)  # type: ignore[arg-type]
    contacts = contacts_of_customer(found)
    context = {
        "customer": found,
        "contacts": contacts,
        "first_contact": contacts[0].contact.value if contacts else "",
        "may_write_again": found.shop_id in shop_ids_where(request.user, Action.RESEND_MESSAGE),  # type: ignore[arg-type]
        "form": form,
        "page": orders_of_customer(request.user, found.pk, request.GET.get("after", "")),  # type: ignore[arg-type]
        "totals": totals_of_customer(request.user, found.pk),  # type: ignore[arg-type]
        "panel": customer_panel(request.user, found.pk, role),  # type: ignore[arg-type]
        "may_edit": role_allows(role, Action.EDIT_ORDER),
        "known_tags": tags_of_shop(found.shop_id),
    }
    return render(request, "crm/customer.html", context, status=status)
