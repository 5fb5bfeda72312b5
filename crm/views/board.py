"""The board: the page, more cards of a column, what changed, and the sheet of its colours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from crm.models import Funnel, ListPage, Stage
from crm.selectors.board import board as load_board
from crm.selectors.board import column_page, deals_on
from crm.selectors.changes import MOST_SEEN, changes_since, latest_change
from crm.selectors.filter_choices import choices_for
from crm.selectors.funnels import funnel_by_slug, funnels_of, home_funnel_of
from crm.services import stages_to_begin_with
from crm.views.addresses import address_of
from crm.views.chips import age_words, payment_words, reminder_words, unreadable
from crm.views.fragments import BoardPage
from crm.views.saved import views_menu
from shops.keyset import read_key
from shops.permissions import Action, role_allows
from shops.selectors import picks_only, role_of
from shops.services import remember_shop

FOR_A_YEAR = "private, max-age=31536000, immutable"
MOST_LOOKED_AT = 20
AGES = ("late", "4h", "12h", "1d", "3d", "7d")


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the board of the shop the person used last, warehouse people to the orders to pick; a page says so without one."""
    if picks_only(request.user):  # type: ignore[arg-type]
        return HttpResponseRedirect(reverse("crm:parcels-pick"))
    funnel = home_funnel_of(request.user)  # type: ignore[arg-type]
    if funnel is None:
        return render(request, "crm/no_board.html")
    return HttpResponseRedirect(reverse("crm:board", args=[funnel.slug]))


@require_safe
@login_required
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """One funnel as columns of cards. `column` and `after` ask for more of one column.

    A bare address opens the person's default view; `?view=all` shows everything all the same.
    """
    funnels = list(funnels_of(request.user))  # type: ignore[arg-type]
    funnel = next((found for found in funnels if found.slug == slug), None)
    if funnel is None:
        raise Http404
    page = BoardPage(request, funnel, address_of(request, slug))
    page.keep()
    if "column" in request.GET and request.htmx:  # type: ignore[attr-defined]
        return _more_cards(request, page)
    if page.user.last_shop_id != funnel.shop_id:
        remember_shop(user_id=page.user.pk, shop_id=funnel.shop_id)
    default = next((view for view in page.views if view.is_default), None)
    if default is not None and not page.address.is_explicit:
        return HttpResponseRedirect(f"{request.path}?{default.query or 'view=all'}")
    with timezone.override(funnel.shop.time_zone):
        return render(request, "crm/board.html", _page_context(request, page, funnels))


def _page_context(request: HttpRequest, page: BoardPage, funnels: list[Funnel]) -> dict[str, Any]:
    funnel, address = page.funnel, page.address
    start = latest_change(funnel)
    found = load_board(
        page.user,
        funnel,
        page.filters,
        unfolded=address.unfolded,
        with_side_stages=address.opens_side_stages,
    )
    if "column" in request.GET:
        stage, more = _column_asked_for(request, page)
        for column in found.columns:
            if column.stage.pk == stage.pk:
                column.cards, column.has_more = more.cards, more.has_more
    stages = [column.stage for column in found.columns]
    return {
        **page.context(stages),
        "columns": [page.shown(column) for column in found.columns],
        "is_empty": not any(column.count for column in found.columns),
        "is_filtered": address.is_filtered,
        "all_url": address.cleared(),
        "chips": page.chips,
        "unreadable": unreadable(address),
        "filters_url": address.url("crm:board-filters"),
        "views": views_menu(
            request,
            page.views,
            page=ListPage.BOARD,
            shop=funnel.shop,
            path=request.path,
            query=address.query(),
            funnel=funnel,
        ),
        "funnels": funnels,
        "may_place": role_allows(role_of(page.user, funnel.shop_id), Action.PLACE_ORDER),
        "takes_deals": bool(stages_to_begin_with(funnel)),
        "owner_choices": page.owners(),
        "today": page.today(),
        "cursor": start.cursor,
        "seen": ",".join(map(str, start.seen)),
        "newest": start.newest_deal,
        "changes_url": address.url("crm:board-changes"),
        "stage_styles_url": f"{reverse('crm:stage-styles', args=[funnel.slug])}?v={_version(stages)}",
    }


def _more_cards(request: HttpRequest, page: BoardPage) -> HttpResponse:
    _stage, column = _column_asked_for(request, page)
    context = {**page.context(page.funnel.stages.all()), "column": page.shown(column)}
    return HttpResponse(page.render("column-cards", context))


def _column_asked_for(request: HttpRequest, page: BoardPage) -> tuple[Stage, Any]:
    stage = next((stage for stage in page.funnel.stages.all() if stage.slug == request.GET["column"]), None)
    after = request.GET.get("after", "")
    last = deals_on(page.user, page.funnel).filter(pk=read_key(after) or 0).first()
    if stage is None or (last is None and after not in ("", "0")):
        raise Http404
    return stage, column_page(page.user, page.funnel, stage, page.filters, last)


@require_safe
@login_required
def filters(request: HttpRequest, slug: str) -> HttpResponse:
    """The filters as a form that leads to the board: a page, or a dialog over an open board."""
    page = BoardPage(request, _visible_funnel(request, slug), address_of(request, slug))
    choices = choices_for(page.user, page.funnel)
    words = page.address.words
    context = {
        "funnel": page.funnel,
        "words": words,
        "unfolded": page.address.unfolded,
        "all_url": page.address.cleared(),
        "colleagues": [(str(person.pk), person) for person in choices.colleagues],
        "tags": _with_chosen(choices.tags, words.tag),
        "sources": _with_chosen(choices.sources, words.source),
        "payments": payment_words().items(),
        "reminders": reminder_words().items(),
        "ages": [(age, age_words(age)) for age in _with_chosen(AGES, words.age)],
    }
    template = "crm/board_filters.html#dialog" if request.htmx else "crm/board_filters.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _with_chosen(offered: Sequence[str], chosen: str) -> list[str]:
    """What is offered, and what the address asks for although nobody would be offered it."""
    return [*offered, *([chosen] if chosen and chosen not in offered else [])]


@require_safe
@login_required
def changes(request: HttpRequest, slug: str) -> HttpResponse:
    """What is new on an open board since its cursor: 204, or fragments. `look` names cards to show anew."""
    page = BoardPage(request, _visible_funnel(request, slug), address_of(request, slug))
    seen = _keys(request.GET.get("seen", "").split(",")[-MOST_SEEN:])
    news = changes_since(
        page.user,
        page.funnel,
        cursor=read_key(request.GET.get("cursor", "")) or 0,
        seen=seen,
        filters=page.filters,
        look=_keys(request.GET.get("look", "").split(",")[:MOST_LOOKED_AT]),
    )
    if news is None:
        return HttpResponse(status=204)
    if news.overflow:
        return HttpResponse(status=204, headers={"HX-Redirect": page.address.url()})
    mark = format_html('<i data-cursor="{}" data-seen="{}"></i>', news.cursor, ",".join(map(str, news.seen)))
    strip = page.render("today", {"today": page.today()})
    return page.answer(cards=news.cards, removed=news.removed, columns=news.columns, extra=strip + mark)


@require_safe
@login_required
def stage_styles(request: HttpRequest, slug: str) -> HttpResponse:
    """The funnel's colours, as a sheet of its own: the content policy allows no colour in the page itself.

    Cards take the colour of the column they are over, not of the one they belong to.
    """
    stages = Stage.objects.filter(funnel=_visible_funnel(request, slug))
    rules = "\n".join(
        f'[data-stage="{stage.slug}"]:not(.deal-card) {{ --stage: {stage.colour}; }}' for stage in stages
    )
    response = HttpResponse(rules + "\n", content_type="text/css; charset=utf-8")
    response["Cache-Control"] = FOR_A_YEAR if "v" in request.GET else "private, no-cache"
    return response


def _keys(texts: list[str]) -> set[int]:
    return {key for key in map(read_key, texts) if key is not None}


def _visible_funnel(request: HttpRequest, slug: str) -> Funnel:
    funnel = funnel_by_slug(request.user, slug)  # type: ignore[arg-type]
    if funnel is None:
        raise Http404
    return funnel


def _version(stages: list[Stage]) -> str:
    """Changes whenever a colour does, so that the sheet may be kept for ever."""
    return hashlib.sha256("".join(f"{s.slug}{s.colour}" for s in stages).encode()).hexdigest()[:10]
