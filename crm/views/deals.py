"""A deal's page, and what is done to its card: move, undo, claim, release, comment.

Every address works as a plain form; a request of the board (`HX-Request`) gets fragments instead of a page.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import services
from crm.errors import StaleBoard
from crm.forms import CommentForm, LoseForm
from crm.models import Deal, Stage, StageKind
from crm.order_forms import CancelForm, OrderForm, ReopenForm, ReturnForm, ShipForm
from crm.page_selectors.deal_page import deal_of_move, deal_page
from crm.selectors.board import why_not
from crm.selectors.changes import visible_deal
from crm.views.addresses import address_of
from crm.views.fragments import BoardPage, Toast, moved_toast, refused_toast
from crm.views.orders import undo_without_card
from orders.errors import NeedsInput
from orders.guards import NOTHING, Arguments
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
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


@require_safe
@login_required
def deal(request: HttpRequest, deal_id: int) -> HttpResponse:
    """One deal: its order, its customer, its timeline, what can be done and why the rest cannot."""
    found = _visible(request, deal_id)
    context = {"page": deal_page(request.user, found), "deal": found, "form": CommentForm()}  # type: ignore[arg-type]
    return render(request, "crm/deal.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def move(request: HttpRequest, deal_id: int) -> HttpResponse:
    """GET: where the card can go, and why not elsewhere. POST: move it to `stage`.

    200 or 303 when it moved; 422 with a sentence, or with the form that asks for what is missing; 409 when the card
    is no longer where the page showed it.
    """
    found = _visible(request, deal_id)
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
            actor=_actor(request),
            seen_stage_id=_seen_stage(found, request),
            after_deal_id=read_key(request.POST.get("after", "")),
            arguments=Arguments(**form.cleaned_data) if form else NOTHING,
        )
    except NeedsInput as needs:
        return _ask(
            request, found, stage, form or _empty_form(found, needs.form), needs.sentence if form else ""
        )
    except DomainError as error:
        return _refused(request, found, error)
    return _done(request, found, moved_toast(found.title, result, found.funnel.shop))


@require_POST
@login_required
def undo(request: HttpRequest, move_id: uuid.UUID) -> HttpResponse:
    """Undo a move while it can be undone; afterwards a sentence says why not."""
    deal_id = deal_of_move(move_id)
    if deal_id is None:
        return undo_without_card(request, move_id)
    found = _visible(request, deal_id)
    try:
        services.undo_move(move_id=move_id, actor=_actor(request))
    except DomainError as error:
        return _refused(request, found, error)
    return _done(
        request, found, Toast(title=_("%(number)s is back.") % {"number": found.title}, icon="undo-2")
    )


@require_POST
@login_required
def claim(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Take a deal; the first click wins, the others are told who has it."""
    found = _visible(request, deal_id)
    try:
        services.claim_deal(deal_id=found.pk, actor=_actor(request))
    except DomainError as error:
        return _refused(request, found, error)
    return _done(
        request, found, Toast(title=_("%(number)s is yours.") % {"number": found.title}, icon="user-check")
    )


@require_POST
@login_required
def release(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Let go of a deal."""
    found = _visible(request, deal_id)
    try:
        services.release_deal(deal_id=found.pk, actor=_actor(request))
    except DomainError as error:
        return _refused(request, found, error)
    return _done(
        request, found, Toast(title=_("%(number)s is free again.") % {"number": found.title}, icon="user")
    )


@require_POST
@login_required
def comment(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Add a comment to the timeline."""
    found = _visible(request, deal_id)
    form = CommentForm(request.POST)
    if form.is_valid():
        try:
            services.add_comment(deal_id=found.pk, actor=_actor(request), text=form.cleaned_data["text"])
        except DomainError as error:
            return _refused(request, found, error)
        return _see(reverse("crm:deal", args=[found.pk]))
    context = {"page": deal_page(request.user, found), "deal": found, "form": form}  # type: ignore[arg-type]
    return render(request, "crm/deal.html", context, status=422)


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


def _done(request: HttpRequest, found: Deal, toast: Toast | None) -> HttpResponse:
    if not _is_board(request):
        if toast:
            messages.success(request, toast.title)
        return _see(_back(request, found))
    return _page(request, found).answer(
        deal_ids=_still_seen(request, found), removed=_unseen(request, found), toasts=[toast] if toast else []
    )


def _refused(request: HttpRequest, found: Deal, error: DomainError) -> HttpResponse:
    status = 409 if isinstance(error, StaleBoard) else 403 if isinstance(error, NotPermitted) else 422
    if not _is_board(request):
        return render(
            request, "crm/move.html", {"deal": _visible(request, found.pk), "error": error}, status=status
        )
    return _page(request, found).answer(
        deal_ids=_still_seen(request, found),
        removed=_unseen(request, found),
        toasts=[refused_toast(error.sentence)],
        status=status,
    )


def _ask(request: HttpRequest, found: Deal, stage: Stage, form: Form | None, sentence: str) -> HttpResponse:
    context: dict[str, Any] = {"deal": found, "stage": stage, "form": form, "sentence": sentence}
    context |= {
        "seen_stage": request.POST.get("seen_stage", ""),
        "after": request.POST.get("after", ""),
        "next": request.POST.get("next", ""),
    }
    template = "crm/move.html#dialog" if _is_board(request) else "crm/move.html"
    return render(request, template, context, status=422)


# --- Reading the request


def _visible(request: HttpRequest, deal_id: int) -> Deal:
    found = visible_deal(request.user, deal_id)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    return found


def _still_seen(request: HttpRequest, found: Deal) -> list[int]:
    return [found.pk] if Deal.objects.visible_to(request.user).filter(pk=found.pk).exists() else []


def _unseen(request: HttpRequest, found: Deal) -> list[int]:
    return [] if _still_seen(request, found) else [found.pk]


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


def _is_board(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]


def _page(request: HttpRequest, found: Deal) -> BoardPage:
    return BoardPage(request, found.funnel, address_of(request, found.funnel.slug))


def _back(request: HttpRequest, found: Deal) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return f"{reverse('crm:board', args=[found.funnel.slug])}#deal-card-{found.pk}"


def _see(url: str) -> HttpResponse:
    return HttpResponse(status=303, headers={"Location": url})


def _sentence(refusal: Any) -> str:
    return refusal.sentence if refusal is not None else ""


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]
