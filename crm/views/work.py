"""“Work through”: a column as one order after another, for whoever is on the phone.

Every action is a plain form: it answers with the next order, as a page or (to a script) as the part that changes.
A refusal is shown in place and the order stays; an order that is no longer open here (409) gives way to the next.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crm import services
from crm.errors import StaleBoard
from crm.models import Deal
from crm.page_selectors.deal_page import deal_of_move
from crm.selectors.board import deals_on
from crm.selectors.moments import quick_choices
from crm.services import Outcome
from crm.views.work_desk import Desk
from crm.work_forms import CancelCallForm, MissedForm, SnoozeForm, address_form
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.keyset import read_key
from shops.permissions import Action, require

Act = Callable[[Desk, int], HttpResponse]


@require_safe
@login_required
def work(request: HttpRequest, slug: str) -> HttpResponse:
    """The next order of the column `stage`, narrowed like the board; `again` begins with those that were skipped."""
    desk = _desk(request, slug)
    with timezone.override(desk.shop.zone):
        if "again" in request.GET:
            desk.tally.forget_skipped()
        return desk.page(desk.next(), with_last=True)


@require_POST
@login_required
def act(request: HttpRequest, slug: str, deal_id: int, action: str) -> HttpResponse:
    """What the call came to, or what the page needs while it is open (`hold`, `release`)."""
    desk = _desk(request, slug)
    chosen = ACTS.get(action)
    if chosen is None or not deals_on(desk.user, desk.funnel).filter(pk=deal_id).exists():
        raise Http404
    with timezone.override(desk.shop.zone):
        try:
            return chosen(desk, deal_id)
        except DomainError as error:
            return _refused(desk, deal_id, error)


@require_POST
@login_required
def undo(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the last outcome back, and open its order again."""
    desk = _desk(request, slug)
    deal_id, kind = read_key(request.POST.get("deal", "")) or 0, request.POST.get("kind", "")
    if not deals_on(desk.user, desk.funnel).filter(pk=deal_id).exists():
        raise Http404
    with timezone.override(desk.shop.zone):
        try:
            _take_back(desk, deal_id, request.POST.get("move", ""))
            desk.tally.take_back(kind)
            is_free = services.take_again(deal_id=deal_id, user=desk.user)
        except DomainError as error:
            return desk.page(desk.next(), bad=error.sentence, status=_status(error))
        found = Deal.objects.filter(pk=deal_id).first() if is_free else desk.next()
        return desk.answer(found, back=deal_id)


def _take_back(desk: Desk, deal_id: int, move: str) -> None:
    if not move:
        return services.wake_deal(deal_id=deal_id, actor=desk.actor)
    try:
        move_id = uuid.UUID(move)
    except ValueError:
        raise Http404 from None
    if deal_of_move(move_id) != deal_id:
        raise Http404
    services.undo_move(move_id=move_id, actor=desk.actor)
    return None


# --- Outcomes


def _confirm(desk: Desk, deal_id: int) -> HttpResponse:
    return desk.done("confirmed", services.confirm_called(deal_id=deal_id, actor=desk.actor))


def _reach(desk: Desk, deal_id: int) -> HttpResponse:
    outcome = services.reach_customer(deal_id=deal_id, actor=desk.actor)
    desk.tally.skip(deal_id)
    return desk.done("reached", outcome)


def _miss(desk: Desk, deal_id: int) -> HttpResponse:
    form = MissedForm(desk.request.POST)
    if not form.is_valid():
        return _again(desk, deal_id, form)
    outcome = services.miss_call(deal_id=deal_id, actor=desk.actor, **form.cleaned_data)
    return desk.done("missed", outcome)


def _cancel(desk: Desk, deal_id: int) -> HttpResponse:
    form = CancelCallForm(desk.request.POST)
    if not form.is_valid():
        return _again(desk, deal_id, form)
    return desk.done(
        "cancelled", services.cancel_called(deal_id=deal_id, actor=desk.actor, **form.cleaned_data)
    )


def _snooze(desk: Desk, deal_id: int) -> HttpResponse:
    form = SnoozeForm(desk.request.POST, offers=quick_choices(desk.shop.calendar, timezone.now()))
    if not form.is_valid():
        return _again(desk, deal_id, form)
    outcome: Outcome = services.snooze_deal(
        deal_id=deal_id, actor=desk.actor, until=form.cleaned_data["until"]
    )
    return desk.done("snoozed", outcome)


def _skip(desk: Desk, deal_id: int) -> HttpResponse:
    services.let_go(deal_id=deal_id, user=desk.user)
    desk.tally.skip(deal_id)
    return desk.answer(desk.next())


def _address(desk: Desk, deal_id: int) -> HttpResponse:
    order = desk.order_of(deal_id)
    form = address_form(order, desk.request.POST)
    if not form.is_valid():
        return desk.page(desk.open(deal_id), address=form, status=422)
    try:
        changed = services.correct_address(
            deal_id=deal_id,
            actor=desk.actor,
            values=form.draft(),
            pickup_point=form.cleaned_data.get("pickup_point"),
        )
    except DomainError as error:
        if error.field not in form.fields:
            raise
        form.add_error(error.field, error.sentence)
        return desk.page(desk.open(deal_id), address=form, status=422)
    return desk.answer(desk.open(deal_id), saved=changed)


# --- While the page is open


def _hold(desk: Desk, deal_id: int) -> HttpResponse:
    until = services.keep_open(deal_id=deal_id, user=desk.user)
    if until is None:
        return HttpResponse(status=409)
    return JsonResponse({"until": until.isoformat()})


def _release(desk: Desk, deal_id: int) -> HttpResponse:
    try:
        # The database keeps UTC, in which the first and the last hours of the calendar may not exist.
        until = datetime.fromisoformat(desk.request.POST.get("held", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return HttpResponse(status=422)
    services.let_go(deal_id=deal_id, user=desk.user, until=until)
    return HttpResponse(status=204)


ACTS: dict[str, Act] = {
    "confirm": _confirm,
    "reached": _reach,
    "no-answer": _miss,
    "cancel": _cancel,
    "snooze": _snooze,
    "skip": _skip,
    "address": _address,
    "hold": _hold,
    "release": _release,
}


# --- Refusals


def _again(desk: Desk, deal_id: int, form: forms.Form) -> HttpResponse:
    """The same order, with the first thing that is wrong with what was sent."""
    sentence = next(str(error) for errors in form.errors.values() for error in errors)
    return desk.page(desk.open(deal_id), error=sentence, status=422)


def _refused(desk: Desk, deal_id: int, error: DomainError) -> HttpResponse:
    if isinstance(error, StaleBoard):
        return desk.page(desk.next(), bad=error.sentence, status=409)
    return desk.page(desk.open(deal_id), error=error.sentence, status=_status(error))


def _status(error: DomainError) -> int:
    return 403 if isinstance(error, NotPermitted) else 409 if isinstance(error, StaleBoard) else 422


def _desk(request: HttpRequest, slug: str) -> Desk:
    desk = Desk(request, slug)
    try:
        require(Actor.person(desk.user), shop_id=desk.funnel.shop_id, action=Action.CALL)
    except NotPermitted as error:
        raise PermissionDenied(error.sentence) from error
    return desk
