"""The pages of boards: those of a shop, one board's mapping, a stage on its way out, and drift with its repair.

Everybody of the shop may read them; whoever may not change funnels gets no buttons, and 403 from the services.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from crm.errors import ChangedMeanwhile, MoveNotAllowed
from crm.funnel_forms import FunnelSetup, NewFunnelForm, NewStageForm
from crm.models import Funnel
from crm.page_selectors.funnels import (
    FunnelList,
    StagePage,
    drift_page,
    funnel_list,
    funnel_page,
    stage_page,
    visible_funnel,
)
from crm.services import drift as repairs
from crm.services import emptying, stages
from crm.services import funnels as services
from orders.models import Order
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.keyset import read_key
from shops.permissions import Action, is_permitted


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def funnel_list_page(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: the boards of a shop. POST: add one, from a preset or empty, and open its page."""
    page = funnel_list(request.user, slug)  # type: ignore[arg-type]
    if page is None:
        raise Http404
    form = NewFunnelForm(request.POST or None)
    if request.method != "POST":
        return _list(request, page, form)
    if form.is_valid():
        try:
            funnel = services.create_funnel(shop_id=page.shop.pk, actor=_actor(request), **form.cleaned_data)
        except DomainError as refusal:
            _raise_if_forbidden(refusal)
            form.add_error(refusal.field or None, refusal.sentence)
        else:
            return _to("crm:funnel", funnel.slug)
    return _list(request, page, form, status=422)


def _list(request: HttpRequest, page: FunnelList, form: NewFunnelForm, status: int = 200) -> HttpResponse:
    return render(request, "crm/funnels/list.html", {"page": page, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def funnel(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: a board's mapping, both ways. POST: save all of it or nothing; 422 with sentences at the fields."""
    found = _visible(request, slug)
    if request.method != "POST":
        return _mapping(request, found)
    _require_change(request, found)
    setup = FunnelSetup(funnel_page(request.user, found).mapping, request.POST)  # type: ignore[arg-type]
    if not setup.is_valid():
        return _mapping(request, found, setup, sentence=_("Nothing was saved: see the marked fields."))
    try:
        saved = stages.save_funnel(
            funnel_id=found.pk,
            plan=setup.plan(),
            version=request.POST.get("version", ""),
            actor=_actor(request),
            move_cards="move_cards" in request.POST,
        )
    except stages.PlanRefused as refused:
        setup.show_problems(refused.problems)
        return _mapping(request, found, setup, sentence=refused.sentence)
    except stages.CardsInTheWay as asked:
        return _mapping(request, found, setup, asked=_in_words(setup, asked.counts), sentence=asked.sentence)
    except ChangedMeanwhile as changed:
        return _mapping(request, found, setup, sentence=changed.sentence, status=409)
    _tell(request, saved)
    return _to("crm:funnel-drift" if saved.follows_again else "crm:funnel", slug)


def _mapping(
    request: HttpRequest,
    found: Funnel,
    setup: FunnelSetup | None = None,
    *,
    new_stage: NewStageForm | None = None,
    status: int = 422,
    **context: Any,
) -> HttpResponse:
    page = funnel_page(request.user, found)  # type: ignore[arg-type]
    shown = setup or FunnelSetup(page.mapping, disabled=not page.may_change)
    version = request.POST.get("version", page.version) if setup else page.version
    context |= {"page": page, "setup": shown, "new_stage": new_stage or NewStageForm(), "version": version}
    is_plain = setup is None and new_stage is None
    return render(request, "crm/funnels/funnel.html", context, status=200 if is_plain else status)


def _in_words(setup: FunnelSetup, counts: dict[int, int]) -> list[str]:
    names = {row.stage.pk: row.cleaned_data["name"] for row in setup.rows}
    return [
        ngettext(
            "%(count)d card on “%(stage)s” would contradict its order.",
            "%(count)d cards on “%(stage)s” would contradict their orders.",
            count,
        )
        % {"count": count, "stage": names[stage_id]}
        for stage_id, count in counts.items()
    ]


def _tell(request: HttpRequest, saved: stages.Saved) -> None:
    messages.success(request, _("Saved.") if saved.changed else _("Nothing was changed."))
    if saved.moved:
        sentence = ngettext("%(count)d card was moved.", "%(count)d cards were moved.", saved.moved)
        messages.info(request, sentence % {"count": saved.moved})
    if saved.follows_again:
        messages.info(
            request, _("Cards follow their orders again. Below are those that differ by now, and a repair.")
        )


@require_POST
@login_required
def funnel_do(request: HttpRequest, slug: str) -> HttpResponse:
    """One of the list's buttons: on, off, default, up, down, copy."""
    found, what = _visible(request, slug), request.POST.get("do", "")
    actor, back = _actor(request), ("crm:funnels", found.shop.slug)
    try:
        if what == "copy":
            copied = services.copy_funnel(funnel_id=found.pk, name="", actor=actor)
            return _to("crm:funnel", copied.slug)
        if what in ("on", "off"):
            services.switch_funnel(funnel_id=found.pk, is_active=what == "on", actor=actor)
        elif what == "default":
            services.choose_default_funnel(funnel_id=found.pk, actor=actor)
        elif what in ("up", "down"):
            services.shift_funnel(funnel_id=found.pk, by=-1 if what == "up" else 1, actor=actor)
    except DomainError as refusal:
        _raise_if_forbidden(refusal)
        messages.error(request, refusal.sentence)
    return _to(*back)


@require_POST
@login_required
def stage_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a stage; 422 with the form when it is refused."""
    found, form = _visible(request, slug), NewStageForm(request.POST)
    _require_change(request, found)
    if form.is_valid():
        try:
            added = stages.add_stage(
                funnel_id=found.pk,
                version=request.POST.get("version", ""),
                actor=_actor(request),
                **form.cleaned_data,
            )
        except ChangedMeanwhile as changed:
            return _mapping(request, found, new_stage=form, sentence=changed.sentence, status=409)
        except DomainError as refusal:
            form.add_error(refusal.field or None, refusal.sentence)
        else:
            return _to("crm:funnel", slug, f"#stage-{added.pk}")
    return _mapping(request, found, new_stage=form)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def stage(request: HttpRequest, slug: str, stage_id: int) -> HttpResponse:
    """GET: what becomes of a stage's cards. POST: one step of moving them out, and of deleting the stage with `delete`."""
    found = _visible(request, slug)
    _require_change(request, found)
    page = stage_page(found, stage_id)
    if page is None:
        raise Http404
    if request.method != "POST":
        return render(request, "crm/funnels/stage.html", {"page": page, "funnel": found})
    to, delete = request.POST.get("to", ""), "delete" in request.POST
    if page.count and not to:
        return _refused(request, found, page, _("Choose where the cards go."))
    try:
        done = emptying.empty_stage(
            stage_id=stage_id, actor=_actor(request), to_stage_id=read_key(to), delete=delete
        )
    except MoveNotAllowed as refusal:
        return _refused(request, found, page, refusal.sentence)
    moved = (read_key(request.POST.get("moved", "")) or 0) + done.moved
    if not done.is_empty or (delete and not done.is_deleted):
        context = {"page": stage_page(found, stage_id), "funnel": found, "to": to, "delete": delete}
        return render(request, "crm/funnels/stage_step.html", context | {"moved": moved})
    messages.success(request, _stage_is_out(page, moved, delete))
    return _to("crm:funnel", slug)


def _refused(request: HttpRequest, found: Funnel, page: StagePage, sentence: str) -> HttpResponse:
    context = {"page": page, "funnel": found, "sentence": sentence}
    return render(request, "crm/funnels/stage.html", context, status=422)


def _stage_is_out(page: StagePage, moved: int, delete: bool) -> str:
    words = {"stage": page.stage.name, "count": moved}
    if not moved:
        return _("“%(stage)s” is deleted.") % words if delete else _("“%(stage)s” was empty already.") % words
    if delete:
        return (
            ngettext(
                "“%(stage)s” is deleted; %(count)d card was moved.",
                "“%(stage)s” is deleted; %(count)d cards were moved.",
                moved,
            )
            % words
        )
    return (
        ngettext(
            "“%(stage)s” is empty; %(count)d card was moved.",
            "“%(stage)s” is empty; %(count)d cards were moved.",
            moved,
        )
        % words
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def drift(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: what disagrees, newest first. POST: repair one row (`deal` or `order`), or a step of all (`all`)."""
    found = _visible(request, slug)
    if request.method == "POST":
        return _repair_all(request, found) if "all" in request.POST else _repair_one(request, found)
    cards, orders = read_key(request.GET.get("cards", "")), read_key(request.GET.get("orders", ""))
    page = drift_page(request.user, found, cards, orders)  # type: ignore[arg-type]
    context = {"page": page, "is_further": bool(cards or orders)}
    return render(request, "crm/funnels/drift.html", context)


def _repair_one(request: HttpRequest, found: Funnel) -> HttpResponse:
    _require_change(request, found)
    deal_id, order_id = read_key(request.POST.get("deal", "")), read_key(request.POST.get("order", ""))
    try:
        if deal_id is not None and found.deals.filter(pk=deal_id).exists():
            moved = repairs.repair_card(deal_id=deal_id, actor=_actor(request))
            messages.success(request, _("The card was moved.") if moved else _("It was put right already."))
        elif order_id is not None and Order.objects.filter(pk=order_id, shop_id=found.shop_id).exists():
            deal = repairs.create_deal_for_order(order_id=order_id, actor=_actor(request), funnel_id=found.pk)
            messages.success(request, _("Order %(number)s has a card now.") % {"number": deal.title})
        else:
            raise Http404
    except MoveNotAllowed as refusal:
        messages.error(request, refusal.sentence)
    return _to("crm:funnel-drift", found.slug)


def _repair_all(request: HttpRequest, found: Funnel) -> HttpResponse:
    """One step; the page it answers goes on by itself, or by its button."""
    _require_change(request, found)
    step = repairs.repair_step(
        funnel_id=found.pk,
        actor=_actor(request),
        cards_before=read_key(request.POST.get("cards", "")),
        orders_before=read_key(request.POST.get("orders", "")),
        with_cards=request.POST.get("cards") != "done",
        with_orders=request.POST.get("orders") != "done",
    )
    sums = {
        name: (read_key(request.POST.get(name, "")) or 0) + getattr(step, name)
        for name in ("repaired", "left", "seen")
    }
    if not step.is_done:
        return render(request, "crm/funnels/drift_step.html", {"funnel": found, "step": step, **sums})
    sentence = ngettext("%(count)d was put right.", "%(count)d were put right.", sums["repaired"])
    messages.success(request, sentence % {"count": sums["repaired"]})
    if sums["left"]:
        sentence = ngettext("%(count)d needs a person.", "%(count)d need a person.", sums["left"])
        messages.warning(request, sentence % {"count": sums["left"]})
    return _to("crm:funnel-drift", found.slug)


@require_POST
@login_required
def order_to_board(request: HttpRequest, number: str) -> HttpResponse:
    """Give an order without a card one, on its shop's board, and go back to the order."""
    order = Order.objects.visible_to(request.user).filter(number=number).first()
    if order is None:
        raise Http404
    try:
        deal = repairs.create_deal_for_order(order_id=order.pk, actor=_actor(request))
    except DomainError as refusal:
        _raise_if_forbidden(refusal)
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _("The order is on “%(board)s” now.") % {"board": deal.funnel.name})
    return _to("crm:order", number)


def _visible(request: HttpRequest, slug: str) -> Funnel:
    found = visible_funnel(request.user, slug)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    return found


def _require_change(request: HttpRequest, found: Funnel) -> None:
    if not is_permitted(_actor(request), shop_id=found.shop_id, action=Action.MANAGE_FUNNELS):
        raise PermissionDenied


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]


def _raise_if_forbidden(refusal: DomainError) -> None:
    if isinstance(refusal, NotPermitted):
        raise PermissionDenied from refusal


def _to(name: str, *arguments: Any) -> HttpResponse:
    *values, anchor = arguments if str(arguments[-1]).startswith("#") else (*arguments, "")
    response = HttpResponseRedirect(reverse(name, args=values) + anchor)
    response.status_code = 303
    return response
