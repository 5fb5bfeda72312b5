"""Who works on a deal and what they leave on it: claim, release, hand over; comments, calls, tags, and what is skipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import services
from crm.forms import CallForm, CommentForm, PersonForm, TagForm
from crm.models import Deal
from crm.page_selectors.customer_panel import colleagues
from crm.views.deals.answers import actor_of, done, refused, visible, wants_fragments
from crm.views.deals.editing import EditForm, edit_form, page_address
from crm.views.deals.page import page_of
from crm.views.fragments import Toast
from orders.services import log_call
from shops.errors import DomainError
from shops.permissions import Action, require

SKIPS = {"retry": services.cancel_retry, "snooze": services.wake_deal}


@require_POST
@login_required
def claim(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Take a deal; the first click wins, the others are told who has it."""
    found = visible(request, deal_id)
    try:
        services.claim_deal(deal_id=found.pk, actor=actor_of(request))
    except DomainError as error:
        return refused(request, found, error)
    said = _("%(number)s is yours.") % {"number": found.title}
    return done(request, found, Toast(title=said, icon="user-check"))


@require_POST
@login_required
def release(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Let go of a deal."""
    found = visible(request, deal_id)
    try:
        services.release_deal(deal_id=found.pk, actor=actor_of(request))
    except DomainError as error:
        return refused(request, found, error)
    said = _("%(number)s is free again.") % {"number": found.title}
    return done(request, found, Toast(title=said, icon="user"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def hand_over(request: HttpRequest, deal_id: int) -> HttpResponse:
    """GET: the form. POST: give the deal to a colleague, who is told."""
    found, actor = visible(request, deal_id), actor_of(request)
    may = Action.CLAIM if found.order is not None else Action.CONFIRM
    people = colleagues(found.funnel.shop_id, besides=found.manager_id, may=may)
    form = PersonForm(request.POST if request.method == "POST" else None, people=people)
    shown = EditForm(
        slug="hand-over",
        title=_("Hand over to a colleague"),
        button=_("Hand over"),
        form=form,
        explanation=_("They are told by e-mail, and find it among theirs."),
    )
    try:
        require(actor, shop_id=found.funnel.shop_id, action=Action.CLAIM)
        if request.method == "POST" and form.is_valid():
            to, note = form.cleaned_data["to"], form.cleaned_data["note"]
            services.hand_over_deal(deal_id=found.pk, to_user_id=to, actor=actor, note=note)
            said = _("%(number)s is %(name)s’s now.") % {"number": found.title, "name": dict(people)[to]}
            return done(request, found, Toast(title=said, icon="user-check"), is_on_page=True)
    except DomainError as error:
        return edit_form(request, shown, found.title, page_address(found), error)
    return edit_form(request, shown, found.title, page_address(found))


@require_POST
@login_required
def comment(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Add a comment to the timeline."""
    found = visible(request, deal_id)
    form = CommentForm(request.POST)
    if not form.is_valid() and not wants_fragments(request):
        return page_of(request, found, comment=form, status=422)
    return _with_form(
        request,
        found,
        form,
        lambda: services.add_comment(
            deal_id=found.pk, actor=actor_of(request), text=form.cleaned_data["text"]
        ),
        _("The comment is on the timeline."),
    )


@require_POST
@login_required
def call(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Note a call to the customer; without an answer the next try is planned."""
    found, form = visible(request, deal_id), CallForm(request.POST)
    if found.order is None:
        raise Http404
    order_id = found.order.pk
    return _with_form(
        request,
        found,
        form,
        lambda: log_call(order_id=order_id, actor=actor_of(request), **form.cleaned_data),
        _("The call is on the timeline."),
    )


@require_POST
@login_required
def tag(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Put a tag on the deal, or on its customer (`on=customer`)."""
    found, form = visible(request, deal_id), TagForm(request.POST)
    customer_id = _customer_of(found) if request.POST.get("on") == "customer" else None
    return _with_form(request, found, form, lambda: _tag(request, found, customer_id, form.cleaned_data), "")


@require_POST
@login_required
def untag(request: HttpRequest, deal_id: int, tag_id: int) -> HttpResponse:
    """Take a tag off the deal."""
    found = visible(request, deal_id)
    return _do(
        request,
        found,
        lambda: services.untag_deal(deal_id=found.pk, tag_id=tag_id, actor=actor_of(request)),
        None,
    )


@require_POST
@login_required
def skip(request: HttpRequest, deal_id: int, what: str) -> HttpResponse:
    """Let something that would come by itself not come: a planned call, or the end of a pause (which comes now)."""
    found = visible(request, deal_id)
    if what not in SKIPS:
        raise Http404
    service: Callable[..., Any] = SKIPS[what]
    return _do(
        request, found, lambda: service(deal_id=found.pk, actor=actor_of(request)), Toast(title=_("Done."))
    )


def _tag(request: HttpRequest, found: Deal, customer_id: int | None, values: dict[str, Any]) -> None:
    if customer_id is not None:
        services.tag_customer(customer_id=customer_id, actor=actor_of(request), **values)
    else:
        services.tag_deal(deal_id=found.pk, actor=actor_of(request), **values)


def _customer_of(found: Deal) -> int:
    customer_id = found.order.customer_id if found.order is not None else found.customer_id
    if customer_id is None:
        raise Http404
    return customer_id


def _with_form(
    request: HttpRequest, found: Deal, form: Form, change: Callable[[], Any], said: str
) -> HttpResponse:
    if not form.is_valid():
        sentence = next(iter(form.errors.get_json_data().values()))[0]["message"]
        return refused(request, found, DomainError(sentence))
    return _do(request, found, change, Toast(title=said) if said else None)


def _do(request: HttpRequest, found: Deal, change: Callable[[], Any], toast: Toast | None) -> HttpResponse:
    try:
        change()
    except DomainError as error:
        return refused(request, found, error)
    return done(request, found, toast, is_on_page=True)
