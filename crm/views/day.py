"""The day sheet over HTTP: one shop and one day, on screen, on paper and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from crm.page_selectors.day import MACHINE, Figure, Sheet, day_sheet
from crm.page_selectors.narrowing import FIRST_DAY, LAST_DAY
from crm.templatetags.ui import reason_label, source_name
from crm.views.list_files import list_file
from notifications.statuses import Channel
from orders.carriers import carrier_name
from shops.models import Shop
from shops.permissions import Action
from shops.selectors import shop_ids_where, shops_of


@require_safe
@login_required
def reports(request: HttpRequest) -> HttpResponse:
    """The first of the reports: today's sheet."""
    return HttpResponse(status=302, headers={"Location": "/reports/day/"})


@require_safe
@login_required
def day(request: HttpRequest) -> HttpResponse:
    """One day of one shop; 404 for a shop this person does not work in. A day nobody can read is said, and today shown."""
    shops, shop = _shops(request)
    wanted, problem = _day(request, shop)
    context = {
        "sheet": day_sheet(request.user, shop, wanted),  # type: ignore[arg-type]
        "shops": shops,
        "shop": shop,
        "day": wanted,
        "problem": problem,
        "before": wanted - timedelta(days=1),
        "after": wanted + timedelta(days=1),
        "is_today": wanted == timezone.localdate(timezone=shop.zone),
        "may_export": shop.pk in shop_ids_where(request.user, Action.EXPORT),  # type: ignore[arg-type]
        "channels": dict(Channel.choices),
        "machine": MACHINE,
    }
    return render(request, "crm/day.html", context)


@require_safe
@login_required
def day_file(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The sheet as a file; 403 for a role that may not take lists away or see money."""
    _all, shop = _shops(request)
    for action in (Action.EXPORT, Action.VIEW_REVENUE):
        if shop.pk not in shop_ids_where(request.user, action):  # type: ignore[arg-type]
            raise PermissionDenied
    wanted, _problem = _day(request, shop)
    sheet = day_sheet(request.user, shop, wanted)  # type: ignore[arg-type]
    name = f"day-{wanted.isoformat()}"
    return list_file(request, _rows(sheet), kind=kind, name=name, shops=[shop], query=wanted.isoformat())


def _shops(request: HttpRequest) -> tuple[list[Shop], Shop]:
    """The person's shops, and the one asked for, else the one used last."""
    shops = list(shops_of(request.user))  # type: ignore[arg-type]
    slug = request.GET.get("shop", "")
    last = [shop for shop in shops if shop.pk == request.user.last_shop_id]  # type: ignore[union-attr]
    found = [shop for shop in shops if shop.slug == slug] if slug else last + shops
    if not found:
        raise Http404
    return shops, found[0]


def _day(request: HttpRequest, shop: Shop) -> tuple[date, str]:
    """The day asked for, else today by the shop's clock, with a sentence where it was no day."""
    today, text = timezone.localdate(timezone=shop.zone), request.GET.get("date", "")
    if not text:
        return today, ""
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None or not FIRST_DAY < found < LAST_DAY:
        return today, _("“%(value)s” is no day; this is today.") % {"value": text.replace("\0", " ")[:40]}
    return found, ""


def _rows(sheet: Sheet) -> Iterator[Sequence[Any]]:
    """Section, line, count, amount and currency; a line with several currencies is several rows."""
    yield [_("Section"), _("Line"), pgettext("how many", "Count"), _("Amount"), _("Currency")]
    for section, line, figure in _lines(sheet):
        money: list[tuple[str, Decimal | None]] = [*figure.money] or [("", None)]
        for index, (currency, amount) in enumerate(money):
            yield [section, line, figure.count if not index else None, amount, currency]


def _lines(sheet: Sheet) -> Iterator[tuple[str, str, Figure]]:
    happened, orders = sheet.happened, _("Orders")
    if sheet.opening and sheet.closing:
        yield orders, _("Open when the day began"), sheet.opening
    yield orders, _("Received"), sheet.received
    yield orders, _("Reopened"), happened["reopened"]
    yield orders, _("Cancelled"), happened["cancelled"]
    yield orders, _("Shipped"), happened["shipped"]
    if sheet.opening and sheet.closing:
        yield orders, _("Open when the day ended"), sheet.closing
    for name, label in (
        ("confirmed", _("Confirmed")),
        ("delivered", _("Delivered")),
        ("returned", _("Returned or refused")),
        ("came_back", _("Returns received")),
        ("answered", _("Calls answered")),
        ("unanswered", _("Calls without an answer")),
        ("paid", _("Paid")),
        ("refunded", _("Refunded")),
    ):
        yield _("The day"), label, happened[name]
    yield from ((_("Received, by source"), source_name(key), row) for key, row in sheet.sources.items())
    yield from ((_("Cancelled, by reason"), reason_label(key), row) for key, row in sheet.reasons.items())
    yield from ((_("Returned, by kind"), reason_label(key), row) for key, row in sheet.kinds.items())
    for courier in sheet.couriers:
        yield _("Parcels handed over; to be collected"), carrier_name(courier.code), courier.sent
        yield _("Parcels delivered; collected"), carrier_name(courier.code), courier.arrived
    yield from ((_("Open when the day ended, by stage"), name, row) for name, _colour, row in sheet.stages)
    for person in sheet.people:
        name = person.name or _("Machines")
        yield from (
            (_("By person: %(what)s") % {"what": what}, name, person.figures[key]) for key, what in _verbs()
        )
    for channel, figures in sheet.told.items():
        yield _("Messages sent"), str(Channel(channel).label), figures["told"]
        yield _("Messages that did not arrive"), str(Channel(channel).label), figures["untold"]


def _verbs() -> list[tuple[str, str]]:
    return [
        ("called", _("calls")),
        ("confirmed", _("confirmed")),
        ("cancelled", _("cancelled")),
        ("shipped", _("shipped")),
    ]
