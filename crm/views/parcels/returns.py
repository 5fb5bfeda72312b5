"""The returns desk: a parcel is scanned, one key says what it is, and the field waits for the next one."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.page_selectors.parcels.returning import (
    ANNOUNCE,
    ReturnCard,
    parcels_of_scan,
    return_card,
    visible_parcel,
)
from crm.services import undo_move
from crm.views.parcels.access import actor_of, choose_shops, person, show
from orders.models import OrderEvent, Shipment
from orders.services import receive_return
from orders.services.awbs import settle_parcel
from orders.statuses import ReturnKind, ReturnState
from shops.errors import DomainError
from shops.keyset import read_key
from shops.permissions import Action

LOG = "returns_log"
MOST_LOGGED = 50
GOOD, DAMAGED = "good", "damaged"


@require_safe
@login_required
def returns(request: HttpRequest) -> HttpResponse:
    """The scan field; `?scan=` shows the parcel of that AWB, or says that it is not known."""
    choose_shops(request, Action.RETURN)
    scan = request.GET.get("scan", "").replace("\0", "").strip()[:80]
    if not scan:
        return _desk(request)
    found = parcels_of_scan(person(request), scan)
    if len(found) == 1:
        return _desk(request, card=return_card(person(request), found[0]))
    said = (
        _("More than one order has the AWB “%(number)s”; open the right one and note it there.")
        if found
        else _("No parcel with AWB “%(number)s” is known here.")
    ) % {"number": scan}
    _write_log(request, {"number": scan, "said": said, "is_bad": True})
    return _desk(request, error=said, status=200)


@require_POST
@login_required
def settle(request: HttpRequest) -> HttpResponse:
    """One key for a parcel: refused, unclaimed, or received good or damaged; 422 with the sentence where it cannot be."""
    choose_shops(request, Action.RETURN)
    parcel = _parcel(request)
    verb = request.POST.get("do", "")
    try:
        if verb in ANNOUNCE:
            _announce(request, parcel, ANNOUNCE[verb])
        elif verb in (GOOD, DAMAGED):
            _receive(request, parcel, is_good=verb == GOOD)
        else:
            raise Http404
    except DomainError as error:
        _write_log(request, _line(parcel, error.sentence) | {"is_bad": True})
        card = return_card(person(request), _parcel(request))
        return _desk(request, card=card, error=error.sentence, status=422)
    return _answer(request, parcel)


@require_POST
@login_required
def undo(request: HttpRequest) -> HttpResponse:
    """Take back a return that was registered by a wrong scan, as long as it can be undone."""
    choose_shops(request, Action.RETURN)
    parcel = _parcel(request)
    try:
        move_id = uuid.UUID(request.POST.get("move", ""))
    except ValueError as error:
        raise Http404 from error
    if not OrderEvent.objects.filter(move_id=move_id, order_id=parcel.order_id).exists():
        raise Http404
    try:
        undo_move(move_id=move_id, actor=actor_of(request))
    except DomainError as error:
        return _desk(request, error=error.sentence, status=422)
    _forget(request, "move", str(move_id))
    _write_log(request, _line(parcel, _("taken back")))
    return _answer(request, parcel)


def _announce(request: HttpRequest, parcel: Shipment, kind: ReturnKind) -> None:
    settled = settle_parcel(shipment_id=parcel.pk, actor=actor_of(request), outcome=kind)
    line = _line(parcel, str(kind.label))
    if settled.move_id is None:
        line["said"] = _("%(kind)s, as was known") % {"kind": kind.label}
    else:
        event = OrderEvent.objects.filter(move_id=settled.move_id).latest("pk")
        if event.undo_until is not None:
            line |= {"move": str(settled.move_id), "until": event.undo_until.isoformat()}
    _write_log(request, line)


def _receive(request: HttpRequest, parcel: Shipment, *, is_good: bool) -> None:
    note = parcel.order.returns.filter(state=ReturnState.ANNOUNCED).order_by("pk").first()
    if note is None:
        raise DomainError(_("Say first why it came back: refused (R) or unclaimed (U)."), code="no_return")
    good = dict(note.lines.values_list("pk", "quantity")) if is_good else {}
    receive_return(return_id=note.pk, actor=actor_of(request), restocked=good)
    _forget(request, "parcel", parcel.pk)
    said = _("received, back in stock") if is_good else _("received damaged, not in stock")
    _write_log(request, _line(parcel, said))


# --- The page and what was scanned so far


def _desk(
    request: HttpRequest, *, card: ReturnCard | None = None, error: str = "", status: int = 200
) -> HttpResponse:
    template = "returns.html#desk" if request.htmx else "returns.html"  # type: ignore[attr-defined]
    zone = choose_shops(request, Action.RETURN).shown[0].zone
    context: dict[str, Any] = {"card": card, "error": error, "log": _read_log(request), "zone": zone}
    return show(request, template, "returns", status=status, **context)


def _answer(request: HttpRequest, parcel: Shipment) -> HttpResponse:
    """The desk with the parcel as it is now: at once for a script, by way of its address for a form."""
    if request.htmx:  # type: ignore[attr-defined]
        return _desk(request, card=return_card(person(request), _parcel(request)))
    query = f"?{urlencode({'scan': parcel.tracking_number})}" if parcel.tracking_number else ""
    return HttpResponse(status=303, headers={"Location": reverse("crm:parcels-returns") + query})


def _parcel(request: HttpRequest) -> Shipment:
    found = visible_parcel(person(request), read_key(request.POST.get("parcel", "")) or 0)
    if found is None:
        raise Http404
    return found


def _line(parcel: Shipment, said: str) -> dict[str, Any]:
    return {
        "number": parcel.tracking_number,
        "order": parcel.order.number,
        "parcel": parcel.pk,
        "said": said,
    }


def _write_log(request: HttpRequest, line: dict[str, Any]) -> None:
    """Keep what was scanned in this session, newest first."""
    kept = request.session.get(LOG, [])
    request.session[LOG] = [line | {"at": timezone.now().isoformat()}, *kept][:MOST_LOGGED]


def _forget(request: HttpRequest, name: str, value: object) -> None:
    """Offer no Undo any more for the lines with this move, or of this parcel."""
    kept = request.session.get(LOG, [])
    request.session[LOG] = [
        {key: line[key] for key in line if key not in ("move", "until")} if line.get(name) == value else line
        for line in kept
    ]


def _read_log(request: HttpRequest) -> list[dict[str, Any]]:
    now = timezone.now()
    lines = []
    for line in request.session.get(LOG, []):
        until = line.get("until")
        seconds = (datetime.fromisoformat(until) - now).total_seconds() if until else 0
        lines.append(line | {"at": datetime.fromisoformat(line["at"]), "seconds": max(0, round(seconds))})
    return lines
