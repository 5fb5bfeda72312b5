"""Moving many cards: the summary before, the start, the steps, stopping, undoing, and the page of one such move.

Every address works as a plain form; a request of the board (`HX-Request`) gets fragments that `select.js` places.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.models import BulkMove, Funnel, Stage
from crm.order_forms import OrderForm
from crm.page_selectors.bulk import (
    BulkSummary,
    bulk_of,
    bulk_progress,
    cards_with_words,
    column_keys,
    open_bulk_of,
    preview_bulk_move,
    seconds_left,
    selected_deals,
)
from crm.selectors.funnels import funnel_by_slug
from crm.services import bulk as services
from crm.views.addresses import address_of
from crm.views.deals import FORMS
from crm.views.fragments import BoardPage, Toast, refused_toast
from orders.guards import NOTHING, Arguments
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.keyset import read_key

TEMPLATE = "crm/bulk.html"
# A page without scripts asks for every step by a click.
STEP_OF_A_PAGE = 100


@dataclass(frozen=True)
class Chosen:
    """The cards a request names: by deal (with the stage each was seen in, where it says so) or by order."""

    deal_ids: list[int]
    order_ids: list[int]
    seen: dict[int, str]

    @property
    def keys(self) -> list[int]:
        return [*self.deal_ids, *self.order_ids]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def bulk(request: HttpRequest, slug: str) -> HttpResponse:
    """What moving the chosen cards (`deal`, `order`) to `stage` would do; with `start`, a key, it begins.

    200 with the summary, or with the choice of a stage; 303 to the move's page when it began; 422 with a sentence, or
    with the form that all the cards share.
    """
    funnel = _visible_funnel(request, slug)
    given = request.POST if request.method == "POST" else request.GET
    chosen = _chosen(given)
    try:
        services.require_some(chosen.keys)
    except DomainError as error:
        return _refused(request, funnel, error)
    if not given.get("stage"):
        return _choose_stage(request, funnel, chosen)
    stage = Stage.objects.filter(funnel=funnel, slug=given["stage"]).first()
    if stage is None:
        raise Http404
    summary = preview_bulk_move(
        request.user,  # type: ignore[arg-type]
        funnel,
        stage,
        deal_ids=chosen.deal_ids,
        order_ids=chosen.order_ids,
    )
    if not summary.deals:
        raise Http404
    if request.method == "POST" and "start" in given:
        return _start(request, funnel, summary, chosen)
    return _summary(request, funnel, summary, _form(summary, None))


@require_POST
@login_required
def claim(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the chosen cards; those somebody else has are named."""
    funnel = _visible_funnel(request, slug)
    chosen = _chosen(request.POST)
    try:
        services.require_some(chosen.keys)
        found = [
            deal
            for deal in selected_deals(request.user, deal_ids=chosen.deal_ids, order_ids=chosen.order_ids)  # type: ignore[arg-type]
            if deal.funnel_id == funnel.pk
        ]
        if not found:
            raise Http404
        answer = services.claim_deals(deal_ids=[deal.pk for deal in found], actor=_actor(request))
    except DomainError as error:
        return _refused(request, funnel, error)
    return _claimed(request, funnel, answer)


@require_safe
@login_required
def column(request: HttpRequest, slug: str) -> HttpResponse:
    """The keys of all cards of the column `stage`, as filtered: what “select all” takes, also what is not loaded."""
    funnel = _visible_funnel(request, slug)
    stage = Stage.objects.filter(funnel=funnel, slug=request.GET.get("stage", "")).first()
    if stage is None:
        raise Http404
    page = BoardPage(request, funnel, address_of(request, slug))
    keys = column_keys(page.user, funnel, stage, page.filters)
    return JsonResponse({"cards": keys.rows, "more": keys.more})


@require_safe
@login_required
def unfinished(request: HttpRequest, slug: str) -> HttpResponse:
    """For a board that was just opened: the person's last move of many, while it can be continued or undone; else 204."""
    found = open_bulk_of(request.user, _visible_funnel(request, slug))  # type: ignore[arg-type]
    return HttpResponse(status=204) if found is None else _fragments(request, found, is_resting=True)


@require_safe
@login_required
def move(request: HttpRequest, bulk_id: uuid.UUID) -> HttpResponse:
    """One move of many: how far it is, which cards stayed and why, and what can still be done."""
    found = _visible(request, bulk_id)
    context = _move_context(found) | {"cards": cards_with_words(found), "is_resting": "go" not in request.GET}
    return render(request, TEMPLATE, context)


@require_POST
@login_required
def go_on(request: HttpRequest, bulk_id: uuid.UUID) -> HttpResponse:
    """Move the next cards."""
    found = _visible(request, bulk_id)
    services.continue_bulk_move(bulk_id=found.pk, actor=_actor(request), most=_step(request))
    return _stepped(request, found)


@require_POST
@login_required
def stop(request: HttpRequest, bulk_id: uuid.UUID) -> HttpResponse:
    """Leave the rest where it is."""
    found = _visible(request, bulk_id)
    services.stop_bulk_move(bulk_id=found.pk, actor=_actor(request))
    return _stepped(request, found)


@require_POST
@login_required
def undo(request: HttpRequest, bulk_id: uuid.UUID) -> HttpResponse:
    """Stop, and move the next cards back."""
    found = _visible(request, bulk_id)
    services.undo_bulk_move(bulk_id=found.pk, actor=_actor(request), most=_step(request))
    return _stepped(request, found, is_undo=True)


# --- Answers


def _choose_stage(request: HttpRequest, funnel: Funnel, chosen: Chosen) -> HttpResponse:
    deals = selected_deals(request.user, deal_ids=chosen.deal_ids, order_ids=chosen.order_ids)  # type: ignore[arg-type]
    if not deals:
        raise Http404
    context = {"funnel": funnel, "deals": deals, "stages": list(funnel.stages.all())}
    return render(request, f"{TEMPLATE}#choice" if _is_board(request) else TEMPLATE, context)


def _summary(
    request: HttpRequest,
    funnel: Funnel,
    summary: BulkSummary,
    form: OrderForm | None,
    error: DomainError | None = None,
) -> HttpResponse:
    seconds = services.seconds_to_undo(funnel.shop.undo_seconds, len(summary.deals))
    context: dict[str, Any] = {"funnel": funnel, "summary": summary, "form": form, "error": error}
    context |= {"key": request.POST.get("start") or uuid.uuid4(), "seconds": seconds}
    template = f"{TEMPLATE}#dialog" if _is_board(request) else TEMPLATE
    status = 422 if error is not None or (form is not None and form.is_bound) else 200
    return render(request, template, context, status=status)


def _start(request: HttpRequest, funnel: Funnel, summary: BulkSummary, chosen: Chosen) -> HttpResponse:
    form = _form(summary, request.POST)
    if form is not None and not form.is_valid():
        return _summary(request, funnel, summary, form)
    try:
        begun = services.start_bulk_move(
            funnel_id=funnel.pk,
            to_stage_id=summary.to_stage.pk,
            deal_ids=[deal.pk for deal in summary.deals if deal.funnel_id == funnel.pk],
            actor=_actor(request),
            key=_key(request),
            seen=chosen.seen,
            arguments=Arguments(**form.cleaned_data) if form else NOTHING,
        )
    except DomainError as error:
        return _summary(request, funnel, summary, form, error)
    found = _visible(request, begun.pk)
    return _fragments(request, found) if _is_board(request) else _see(found)


def _stepped(request: HttpRequest, found: BulkMove, *, is_undo: bool = False) -> HttpResponse:
    found = _visible(request, found.pk)
    return _fragments(request, found, is_undo=is_undo) if _is_board(request) else _see(found)


def _fragments(
    request: HttpRequest, found: BulkMove, *, is_resting: bool = False, is_undo: bool = False
) -> HttpResponse:
    """The strip at the foot of the board, and the words at the end. `is_resting`: somebody must say “continue”."""
    context = _move_context(found) | {"is_resting": is_resting, "is_undo": is_undo}
    parts = ["run"] if _is_going(context) else ["run", "toast"]
    return HttpResponse("".join(render_to_string(f"{TEMPLATE}#{part}", context, request) for part in parts))


def _is_going(context: dict[str, Any]) -> bool:
    progress = context["progress"]
    return bool(progress.waiting or (progress.is_going_back and progress.moved))


def _move_context(found: BulkMove) -> dict[str, Any]:
    return {
        "funnel": found.funnel,
        "bulk": found,
        "progress": bulk_progress(found),
        "seconds": seconds_left(found.undo_until),
    }


def _claimed(request: HttpRequest, funnel: Funnel, answer: services.ClaimedCards) -> HttpResponse:
    title = ngettext("%(count)d card is yours.", "%(count)d cards are yours.", answer.claimed) % {
        "count": answer.claimed
    }
    detail = " ".join(sentence for _title, sentence in answer.refusals[:3])
    if not _is_board(request):
        messages.success(request, title)
        for _title, sentence in answer.refusals:
            messages.warning(request, sentence)
        return HttpResponse(status=303, headers={"Location": reverse("crm:board", args=[funnel.slug])})
    toast = Toast(title=title, detail=detail, icon="user-check", is_bad=not answer.claimed, seconds=8)
    return HttpResponse(render_to_string("crm/board.html#toast", {"toast": toast}, request))


def _refused(request: HttpRequest, funnel: Funnel, error: DomainError) -> HttpResponse:
    status = 403 if isinstance(error, NotPermitted) else 422
    if _is_board(request):
        toast = {"toast": refused_toast(error.sentence)}
        return HttpResponse(render_to_string("crm/board.html#toast", toast, request), status=status)
    return render(request, TEMPLATE, {"funnel": funnel, "error": error}, status=status)


def _see(found: BulkMove) -> HttpResponse:
    """To the move's page, where a script goes on by itself: whoever comes without `go` did not ask for that."""
    return HttpResponse(status=303, headers={"Location": f"{reverse('crm:bulk-move', args=[found.pk])}?go=1"})


# --- Reading the request


def _chosen(given: QueryDict) -> Chosen:
    """Cards as `deal=42` or `deal=42:new`, orders as `order=7`; what can be nobody's key is left out."""
    deals: dict[int, str] = {}
    for word in given.getlist("deal"):
        key, _colon, stage = word.partition(":")
        pk = read_key(key)
        if pk is not None:
            deals.setdefault(pk, stage)
    orders = dict.fromkeys(pk for word in given.getlist("order") if (pk := read_key(word)) is not None)
    return Chosen(list(deals), list(orders), {pk: stage for pk, stage in deals.items() if stage})


def _form(summary: BulkSummary, given: QueryDict | None) -> OrderForm | None:
    """The one form that all moving cards share; it asks nothing that depends on the order."""
    order = next((deal.order for deal in summary.moving if deal.order is not None), None)
    return FORMS[summary.form](given, order=order) if summary.form and order is not None else None


def _key(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST["start"])
    except ValueError:
        return uuid.uuid4()


def _visible_funnel(request: HttpRequest, slug: str) -> Funnel:
    funnel = funnel_by_slug(request.user, slug)  # type: ignore[arg-type]
    if funnel is None:
        raise Http404
    return funnel


def _visible(request: HttpRequest, bulk_id: uuid.UUID) -> BulkMove:
    found = bulk_of(request.user, bulk_id)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    return found


def _step(request: HttpRequest) -> int:
    return services.STEP if _is_board(request) else STEP_OF_A_PAGE


def _is_board(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]
