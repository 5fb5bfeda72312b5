"""Moving a deal's card, where it can go and why not elsewhere, and undoing a move."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import services
from crm.forms import LoseForm
from crm.models import Deal, Stage, StageKind
from crm.order_forms import CancelForm, OrderForm, ReopenForm, ReturnForm, ShipForm
from crm.page_selectors.deal_page import deal_of_move
from crm.selectors.board import why_not
from crm.views.deals.answers import actor_of, done, refused, visible, wants_fragments
from crm.views.fragments import Toast, moved_toast
from crm.views.orders import undo_without_card
from orders.errors import NeedsInput
from orders.guards import NOTHING, Arguments
from orders.statuses import Status
from shops.errors import DomainError
from shops.keyset import read_key
from shops.selectors import role_in_shop

FORMS: dict[str, type[OrderForm]] = {
    "ship": ShipForm,
    "cancel": CancelForm,
    "return": ReturnForm,
    "reopen": ReopenForm,
}
FORM_OF_STATUS: dict[str, str] = {
    Status.SHIPPED: "ship",
    Status.DELIVERED: "ship",
    Status.CANCELLED: "cancel",
    Status.RETURNED: "return",
    Status.NEW: "reopen",
}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def move(request: HttpRequest, deal_id: int) -> HttpResponse:
    """GET: where the card can go, and why not elsewhere. POST: move it to `stage`.

    200 or 303 when it moved; 422 with a sentence, or with the form that asks for what is missing; 409 when the card
    is no longer where the page showed it.
    """
    found = visible(request, deal_id)
    if request.method != "POST":
        return _choices(request, found)
    stage = _stage_of(found, request.POST.get("stage", ""))
    form = _form_for(found, stage, request)
    if form is not None and not form.is_valid():
        return _ask(request, found, stage, form, "")
    try:
        result = services.move_deal(
            deal_id=found.pk,
            to_stage_id=stage.pk,
            actor=actor_of(request),
            seen_stage_id=_seen_stage(found, request),
            after_deal_id=read_key(request.POST.get("after", "")),
            arguments=Arguments(**form.cleaned_data) if form else NOTHING,
        )
    except NeedsInput as needs:
        return _ask(
            request, found, stage, form or _empty_form(found, needs.form), needs.sentence if form else ""
        )
    except DomainError as error:
        return refused(request, found, error)
    return done(request, found, moved_toast(found.title, result, found.funnel.shop))


@require_POST
@login_required
def undo(request: HttpRequest, move_id: uuid.UUID) -> HttpResponse:
    """Undo a move while it can be undone; afterwards a sentence says why not."""
    deal_id = deal_of_move(move_id)
    if deal_id is None:
        return undo_without_card(request, move_id)
    found = visible(request, deal_id)
    try:
        services.undo_move(move_id=move_id, actor=actor_of(request))
    except DomainError as error:
        return refused(request, found, error)
    return done(
        request, found, Toast(title=_("%(number)s is back.") % {"number": found.title}, icon="undo-2")
    )


# --- Answers


def _choices(request: HttpRequest, found: Deal) -> HttpResponse:
    role = role_in_shop(user_id=request.user.pk, shop_id=found.funnel.shop_id)
    refusals = why_not(found, role)
    stages = list(Stage.objects.filter(funnel=found.funnel_id))
    if "application/json" in request.headers.get("Accept", ""):
        answers = {stage.slug: {"why": _sentence(refusals[stage.pk])} for stage in stages}
        return JsonResponse({"stages": answers})
    rows = [(stage, _sentence(refusals[stage.pk])) for stage in stages if stage.pk != found.stage_id]
    return render(request, "crm/move.html", {"deal": found, "choices": rows})


def _ask(request: HttpRequest, found: Deal, stage: Stage, form: Form | None, sentence: str) -> HttpResponse:
    context: dict[str, Any] = {"deal": found, "stage": stage, "form": form, "sentence": sentence}
    context |= {
        "seen_stage": request.POST.get("seen_stage", ""),
        "after": request.POST.get("after", ""),
        "next": request.POST.get("next", ""),
    }
    template = "crm/move.html#dialog" if wants_fragments(request) else "crm/move.html"
    return render(request, template, context, status=422)


# --- Reading the request


def _stage_of(found: Deal, slug: str) -> Stage:
    stage = Stage.objects.filter(funnel=found.funnel_id, slug=slug).first()
    if stage is None:
        raise Http404
    return stage


def _seen_stage(found: Deal, request: HttpRequest) -> int | None:
    slug = request.POST.get("seen_stage", "")
    if not slug:
        return None
    # A stage that is gone was surely not where the card is: 0 is nobody's key.
    return Stage.objects.filter(funnel=found.funnel_id, slug=slug).values_list("pk", flat=True).first() or 0


def _form_for(found: Deal, stage: Stage, request: HttpRequest) -> Form | None:
    """The form of this move, bound, when any of its fields was sent."""
    form: Form | None = None
    form_class = FORMS.get(FORM_OF_STATUS.get(stage.status, ""))
    if found.order is None and stage.kind == StageKind.LOST:
        form = LoseForm(request.POST)
    elif form_class is not None and found.order is not None:
        form = form_class(request.POST, order=found.order)
    return form if form is not None and any(name in request.POST for name in form.fields) else None


def _empty_form(found: Deal, name: str) -> Form | None:
    """What a move asks for; nothing where a page of its own does (creating the order)."""
    if found.order is None:
        return LoseForm() if name == "lose" else None
    form_class = FORMS[name]
    return form_class(order=found.order, initial=form_class.initial_of(found.order))


def _sentence(refusal: Any) -> str:
    return refusal.sentence if refusal is not None else ""
