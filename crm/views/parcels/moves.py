"""Shipping and packing many: the page to choose from, the start, and the page that follows the moves and undoes them."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.models import BulkMove
from crm.page_selectors.bulk import bulk_of, bulk_progress, cards_with_words, seconds_left
from crm.page_selectors.parcels.shipping import ship_page
from crm.services.bulk import STEP, continue_bulk_move, undo_bulk_move
from crm.services.parcels import PACK, PICK, SHIP, start_parcel_moves
from crm.views.parcels.access import actor_of, choose_shops, chosen_orders, person, see, show
from shops.errors import DomainError

MOST_BOARDS = 10
ROOMS = {PICK: "parcels-pick", PACK: "parcels-pick", SHIP: "parcels-ship"}


@require_safe
@login_required
def ship(request: HttpRequest) -> HttpResponse:
    """Orders with an AWB, courier by courier, to be shipped together."""
    choice = choose_shops(request)
    page = ship_page(person(request), choice.shown_ids)
    return show(request, "ship.html", "ship", page=page, shops=choice.shops, shop_slug=choice.slug)


@require_POST
@login_required
def start(request: HttpRequest, goal: str) -> HttpResponse:
    """Begin to bring the chosen orders to a goal: 303 to the page that follows it, or back with a sentence."""
    choose_shops(request)
    try:
        begun = start_parcel_moves(
            order_ids=chosen_orders(request), goal=goal, actor=actor_of(request), user=person(request)
        )
    except DomainError as error:
        messages.error(request, error.sentence)
        return see(ROOMS[goal])
    for name, sentence in begun.refusals[:20]:
        messages.warning(request, f"{name}: {sentence}")
    if begun.done:
        said = ngettext("%(count)d order is done.", "%(count)d orders are done.", begun.done)
        messages.success(request, said % {"count": begun.done})
    if not begun.bulk_ids:
        if not (begun.done or begun.refusals):
            messages.error(request, _("None of these orders is known here."))
        return see(ROOMS[goal])
    return see("parcels-run", query=_query(begun.bulk_ids, goal))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def run(request: HttpRequest) -> HttpResponse:
    """How far moves of many orders are (`?bulk=`, one for each board); POST does the next step of them, or undoes it."""
    choose_shops(request)
    given = request.POST if request.method == "POST" else request.GET
    bulks = _bulks(request, given.getlist("bulk"))
    goal = given.get("goal", "")
    goal = goal if goal in ROOMS else SHIP
    is_undo = given.get("do") == "undo"
    if request.method == "POST":
        _step(request, bulks, is_undo)
        if not request.htmx:  # type: ignore[attr-defined]
            query = _query([bulk.pk for bulk in bulks], goal)
            return see("parcels-run", query=query)
        bulks = _bulks(request, given.getlist("bulk"))
    template = "run.html#run" if request.htmx else "run.html"  # type: ignore[attr-defined]
    room = ROOMS[goal].removeprefix("parcels-")
    return show(request, template, room, **_progress(bulks), goal=goal, is_undo=is_undo)


def _step(request: HttpRequest, bulks: list[BulkMove], is_undo: bool) -> None:
    verb = undo_bulk_move if is_undo else continue_bulk_move
    room = STEP
    for bulk in bulks:
        if room > 0:
            room -= len(verb(bulk_id=bulk.pk, actor=actor_of(request), most=room))


def _progress(bulks: list[BulkMove]) -> dict[str, Any]:
    steps = [bulk_progress(bulk) for bulk in bulks]
    waiting, moved = sum(s.waiting for s in steps), sum(s.moved for s in steps)
    is_going_back = any(s.is_going_back for s in steps)
    return {
        "bulks": bulks,
        "waiting": waiting,
        "moved": moved,
        "undone": sum(s.undone for s in steps),
        "done": sum(s.done for s in steps),
        "total": sum(s.total for s in steps),
        "is_going_back": is_going_back,
        "is_going": bool(waiting or (is_going_back and moved)),
        "can_be_undone": any(s.can_be_undone for s in steps),
        "seconds": max((seconds_left(bulk.undo_until) for bulk in bulks), default=0),
        "stayed": [card for bulk in bulks for card in cards_with_words(bulk)],
    }


def _bulks(request: HttpRequest, given: list[str]) -> list[BulkMove]:
    found = [bulk_of(person(request), key) for key in map(_uuid, given[:MOST_BOARDS]) if key is not None]
    bulks = [bulk for bulk in found if bulk is not None]
    if not bulks:
        raise Http404
    return bulks


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _query(bulk_ids: list[uuid.UUID], goal: str) -> str:
    return urlencode([("goal", goal), *(("bulk", str(key)) for key in bulk_ids)])
