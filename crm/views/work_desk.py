"""One person's place at “Work through”: the column they work on, what they have done of it, and the page's answers."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from crm import services
from crm.models import Deal, Stage
from crm.page_selectors.work import call_page, queue_page
from crm.selectors.funnels import funnel_by_slug
from crm.selectors.moments import quick_choices
from crm.services import Outcome
from crm.templatetags.ui import clock, day
from crm.views.addresses import address_of
from crm.views.fragments import BoardPage
from crm.work_forms import address_form, next_try_text
from notifications.page_selectors import Promise, promise_of_move
from orders.models import Order
from shops.actors import Actor

KINDS = ("confirmed", "reached", "missed", "cancelled", "snoozed")
KEPT = "calls"
MOST_SKIPPED = 300
# Fixed, for fingers learn them: in the evening there is no second one.
SNOOZE_DIGITS = {"hour": 1, "afternoon": 2, "tomorrow": 3, "monday": 4}
# A snooze can be taken back for ever; its toast stays as long as the others'.
SNOOZE_SHOWN = timedelta(seconds=10)


@dataclass(frozen=True)
class Last:
    """What was done last, in words, with the form that takes it back while that is possible."""

    kind: str
    deal_id: int
    move: str
    title: str
    seconds: int
    promise: Promise | None


class Tally:
    """What the person has done of one column today, kept with their session; a figure for them, no record."""

    def __init__(self, session: MutableMapping[str, Any], queue: str, today: str) -> None:
        kept = session.get(KEPT)
        if not isinstance(kept, dict) or (kept.get("queue"), kept.get("day")) != (queue, today):
            kept = {"queue": queue, "day": today, "skipped": [], "last": None}
        self._session, self._kept = session, kept

    def __getitem__(self, kind: str) -> int:
        return int(self._kept.get(kind, 0))

    @property
    def done(self) -> int:
        return sum(self[kind] for kind in KINDS)

    @property
    def skipped(self) -> list[int]:
        return list(self._kept["skipped"])

    @property
    def last(self) -> dict[str, Any] | None:
        return self._kept["last"]

    def count(self, kind: str, last: dict[str, Any]) -> None:
        self._keep(**{kind: self[kind] + 1}, last=last)

    def take_back(self, kind: str) -> None:
        if kind in KINDS:
            self._keep(**{kind: max(0, self[kind] - 1)}, last=None)

    def skip(self, deal_id: int) -> None:
        self._keep(skipped=[*self.skipped, deal_id][-MOST_SKIPPED:])

    def forget_skipped(self) -> None:
        self._keep(skipped=[])

    def _keep(self, **values: Any) -> None:
        self._kept = self._kept | values
        self._session[KEPT] = self._kept


class Desk:
    """A person, a column and the filters of the address. Raises Http404 where they cannot see the column."""

    def __init__(self, request: HttpRequest, slug: str) -> None:
        self.request = request
        user: Any = request.user
        self.user = user
        self.actor = Actor.person(user)
        found = funnel_by_slug(user, slug)
        if found is None:
            raise Http404
        self.funnel, self.shop = found, found.shop
        self.board = BoardPage(request, found, address_of(request, slug))
        self.board.keep()
        self.stage = self._stage()
        today = timezone.localdate(timezone=self.shop.zone).isoformat()
        self.tally = Tally(request.session, f"{slug}/{self.stage.slug}", today)

    def _stage(self) -> Stage:
        wanted = self.request.GET.get("stage", "")
        for stage in self.funnel.stages.all():
            if stage.slug == wanted and not stage.is_terminal:
                return stage
        raise Http404

    @property
    def query(self) -> str:
        """The query string every address of this desk carries."""
        narrowed = self.board.address.query()
        return urlencode({"stage": self.stage.slug}) + (f"&{narrowed}" if narrowed else "")

    @property
    def url(self) -> str:
        return f"{reverse('crm:work', args=[self.funnel.slug])}?{self.query}"

    def next(self) -> Deal | None:
        """Give the person the next order that they did not skip."""
        return services.take_next(
            user=self.user, stage=self.stage, filters=self.board.filters, skipped=self.tally.skipped
        )

    def open(self, deal_id: int) -> Deal | None:
        """The order they have open, renewed; the next one where it is theirs no more."""
        if services.keep_open(deal_id=deal_id, user=self.user) is None:
            return self.next()
        return Deal.objects.get(pk=deal_id)

    def order_of(self, deal_id: int) -> Order:
        order = Order.objects.select_related("shop", "shipping_address").filter(
            pk__in=Deal.objects.filter(pk=deal_id).values("order_id")
        )
        found = order.first()
        if found is None:
            raise Http404
        return found

    # --- Answers

    def done(self, kind: str, outcome: Outcome) -> HttpResponse:
        """Count what was done, say it, and give the next order."""
        until = outcome.undo_until or timezone.now() + SNOOZE_SHOWN
        self.tally.count(
            kind,
            {
                "kind": kind,
                "deal": outcome.deal_id,
                "move": str(outcome.move_id or ""),
                "title": _title(kind, outcome),
                "until": until.isoformat(),
                "undo": bool(outcome.undo_until) or kind == "snoozed",
                "tells": outcome.tells,
            },
        )
        return self.answer(self.next(), with_last=True)

    def answer(self, deal: Deal | None, **words: Any) -> HttpResponse:
        """The order as a fragment for the script; a plain form is sent back to the page (303)."""
        if self.request.htmx:  # type: ignore[attr-defined]
            return self.page(deal, **words)
        if words.get("saved"):
            messages.success(self.request, _("The address is saved."))
        return HttpResponse(status=303, headers={"Location": self.url})

    def page(
        self,
        deal: Deal | None,
        *,
        address: forms.Form | None = None,
        error: str = "",
        bad: str = "",
        back: int = 0,
        saved: bool = False,
        with_last: bool = False,
        status: int = 200,
    ) -> HttpResponse:
        """One order, or that none is left. `error` stands beside its actions; `bad` is about another one."""
        is_script = bool(self.request.htmx)  # type: ignore[attr-defined]
        call = call_page(self.user, deal) if deal is not None else None
        context: dict[str, Any] = {
            "funnel": self.funnel,
            "stage": self.stage,
            "query": self.query,
            "url": self.url,
            "board_url": self.board.address.url(),
            "is_filtered": self.board.address.is_filtered,
            "call": call,
            "held": deal.held_until.isoformat() if deal is not None and deal.held_until else "",
            "queue": queue_page(self.user, self.stage, self.board.filters, self.tally.skipped),
            "tally": {kind: self.tally[kind] for kind in KINDS},
            "done": self.tally.done,
            "skipped": len(self.tally.skipped),
            "error": error,
            "bad": bad,
            "back": back,
            "saved": saved,
            "last": self._last() if with_last else None,
        }
        if call is not None:
            context |= {
                "address_form": address or address_form(call.order),
                "address_is_open": address is not None,
                "next_try": next_try_text(call.next_try_at),
                "offers": [
                    (SNOOZE_DIGITS[offer.code], offer)
                    for offer in quick_choices(self.shop.calendar, timezone.now())
                ],
            }
        template = "crm/work.html#answer" if is_script else "crm/work.html"
        return render(self.request, template, context, status=status)

    def _last(self) -> Last | None:
        kept = self.tally.last
        until = parse_datetime(kept["until"]) if kept else None
        seconds = int((until - timezone.now()).total_seconds()) if until else 0
        if kept is None or seconds < 1:
            return None
        return Last(
            kind=kept["kind"],
            deal_id=kept["deal"],
            move=kept["move"],
            title=kept["title"],
            seconds=seconds if kept["undo"] else 0,
            promise=promise_of_move(kept["move"], self.shop) if kept["tells"] else None,
        )


def _title(kind: str, outcome: Outcome) -> str:
    words = {"number": outcome.title, "time": _when(outcome.again_at)}
    sentences = {
        "confirmed": _("%(number)s is confirmed."),
        "reached": _("%(number)s: the customer answered."),
        "missed": _("%(number)s: no answer. Next try %(time)s."),
        "cancelled": _("%(number)s is cancelled."),
        "snoozed": _("%(number)s comes again %(time)s."),
    }
    return sentences[kind] % words


def _when(at: datetime | None) -> str:
    """A moment close by: today only the hour, else the day, too."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    if local.date() == timezone.localdate():
        return _("at %(time)s") % {"time": clock(local)}
    return _("on %(day)s at %(time)s") % {"day": day(local), "time": clock(local)}
