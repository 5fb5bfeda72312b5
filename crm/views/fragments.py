"""What answers to an open board are made of: cards, column heads, toasts, a dialog, the Today strip.

Each is a partial of the board's own template; `board.js` puts it where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Funnel, ListPage, Stage
from crm.selectors.board import WINDOW, Column, Filters, counts_of, load_cards
from crm.selectors.cards import Card
from crm.selectors.filters import condition
from crm.selectors.today import Today, conditions, today
from crm.selectors.views import ViewRow, views_and_name
from crm.services import MoveResult
from crm.templatetags.ui import money
from crm.views.addresses import WHOSE, BoardAddress
from crm.views.chips import Chip, chips
from notifications.page_selectors import Promise, promise_of_move
from orders.statuses import Status
from shops.models import ClaimVisibility, Shop
from shops.permissions import Action, role_allows
from shops.selectors import keep_standings, role_of

TEMPLATE = "crm/board.html"


@dataclass(frozen=True)
class Toast:
    """A line at the foot of the page. With an `undo_url` it counts down `seconds`; `promise` is what will be sent."""

    title: str
    detail: str = ""
    icon: str = "circle-check"
    is_bad: bool = False
    seconds: int = 0
    undo_url: str = ""
    promise: Promise | None = None
    zone: str = ""


@dataclass(frozen=True)
class Figure:
    """One figure of the Today strip, as a link that narrows the board to it, or back."""

    code: str
    text: str
    label: str
    url: str
    is_on: bool = False
    is_hot: bool = False
    is_warm: bool = False
    is_none: bool = False
    is_last: bool = False
    work_url: str = ""


class CardMenus:
    """The menus of cards. Menus of cards of one kind differ in their card's key and title only, so each kind is drawn
    once and filled in: drawing every menu would be a third of what a board costs."""

    # Of Unicode's private use: no name or number holds them.
    PK, TITLE = "\ue000", "\ue001"

    def __init__(self, page: BoardPage, context: dict[str, Any]) -> None:
        self._page, self._context = page, context
        self._drawn: dict[tuple[str, bool, bool, bool], str] = {}

    def of(self, card: Card) -> SafeString:
        """The menu of this card."""
        manager = card.deal.manager_id
        kind = (card.stage.slug, manager is None, manager == self._page.user.pk, card.has_unread_reply)
        if kind not in self._drawn:
            self._drawn[kind] = self._draw(kind)
        filled = self._drawn[kind].replace(self.PK, str(card.deal.pk))
        return mark_safe(filled.replace(self.TITLE, escape(card.deal.title)))  # noqa: S308 - a rendered partial

    def _draw(self, kind: tuple[str, bool, bool, bool]) -> str:
        names = ("stage", "is_free", "is_mine", "has_reply")
        menu = dict(zip(names, kind, strict=True)) | {"pk": self.PK, "title": self.TITLE}
        return self._page.render("card-menu", {**self._context, "menu": menu})


class BoardPage:
    """Everything the partials of one person's board need; reads what it is asked for, once."""

    def __init__(self, request: HttpRequest, funnel: Funnel, address: BoardAddress) -> None:
        self.request, self.funnel, self.address = request, funnel, address
        self.user: Any = request.user

    def keep(self) -> None:
        """Read the funnel's stages and the person's roles now, once: they stay with these instances."""
        prefetch_related_objects([self.funnel], "stages")
        keep_standings(self.user)

    @cached_property
    def figures(self) -> dict[str, Any]:
        self.keep()
        return conditions(self.funnel)

    @cached_property
    def filters(self) -> Filters:
        """What the address narrows the board to; a figure's condition is only built when one is asked for."""
        words = self.address.words
        where = condition(self.address.wanted, self.funnel, timezone.now())
        for figure in {words.show, "late" if words.age == "late" else ""} - {""}:
            where &= self.figures[figure]
        return Filters(words.whose, self.user.pk, where)

    @cached_property
    def _views(self) -> tuple[list[ViewRow], str]:
        person = self.address.whose
        return views_and_name(
            self.user,
            ListPage.BOARD,
            shop_id=self.funnel.shop_id,
            funnel_id=self.funnel.pk,
            person_id=int(person) if person.isdecimal() else None,
        )

    @property
    def views(self) -> list[ViewRow]:
        """The person's saved views of this board."""
        return self._views[0]

    @property
    def chips(self) -> list[Chip]:
        """The filters in force, each with the address without it."""
        return chips(self.address, self._views[1])

    @cached_property
    def locks_others(self) -> bool:
        """Whether a colleague's claim keeps this person's hands off a card."""
        if self.funnel.shop.claim_visibility == ClaimVisibility.VISIBLE:
            return False
        role = role_of(self.user, self.funnel.shop_id)
        return role_allows(role, Action.CONFIRM) and not role_allows(role, Action.TAKE_OVER)

    def context(self, stages: Iterable[Stage]) -> dict[str, Any]:
        """What every card and head looks up."""
        options = format_html_join("", '<option value="{}">{}</option>', ((s.slug, s.name) for s in stages))
        context = {
            "funnel": self.funnel,
            # One for the page, so that what is drawn apart carries the same.
            "csrf_token": get_token(self.request),
            # Looked up once: each card has five addresses below its own.
            "deals_at": reverse("crm:deal", args=[0]).removesuffix("0/"),
            "stage_options": format_html('<option value="">{}</option>{}', _("Move to…"), options),
            "locks_others": self.locks_others,
        }
        return {**context, "menus": CardMenus(self, context)}

    def shown(self, column: Column) -> dict[str, Any]:
        """A column with its links, as its partial shows it."""
        stage, address = column.stage, self.address
        is_shown = address.opens_side_stages and not stage.is_terminal and bool(column.count)
        is_open = is_shown or stage.slug in address.unfolded
        last = column.cards[-1].deal.pk if column.cards else 0
        joiner = "&" if "?" in address.url() else "?"
        limit = stage.wip_limit
        return {
            "stage": stage,
            "cards": column.cards,
            "count": column.count,
            "totals": [{"currency": code, "amount": total} for code, total in sorted(column.totals.items())],
            "is_folded": stage.is_folded and not is_open,
            "is_over_limit": limit is not None and column.count > limit,
            "is_at_limit": limit is not None and column.count == limit,
            "is_hard_limit": limit is not None and stage.wip_is_hard,
            "limit_words": _limit_words(stage),
            "open_url": address.toggled(stage.slug),
            "work_url": self.work_url(stage) if column.count else "",
            "fold_url": address.toggled(stage.slug) if stage.is_folded and not is_shown else "",
            "more_url": f"{address.url()}{joiner}column={stage.slug}&after={last}" if column.has_more else "",
            "window_days": WINDOW.days if stage.is_terminal else 0,
        }

    def today(self) -> list[Figure]:
        """The strip's figures; the one of calls that narrows the board leads on to working through them."""
        figures = today_figures(today(self.user, self.funnel, self.figures), self.funnel, self.address)
        stage = self._stage_of_calls()
        if stage is None:
            return figures
        return [replace(row, work_url=self.work_url(stage)) if row.is_on else row for row in figures]

    def _stage_of_calls(self) -> Stage | None:
        """Where the calls stand that the board is narrowed to: to make, or to make again."""
        is_side = {"call": False, "retry": True}.get(self.address.show)
        stages = [stage for stage in self.funnel.stages.all() if stage.status == Status.NEW]
        found = (stage for stage in stages if stage.is_side == is_side and not stage.condition)
        return next(found, None)

    def work_url(self, stage: Stage) -> str:
        """Where this column is worked through one order at a time; empty for who calls nobody, and closed columns."""
        if stage.is_terminal or not stage.status or not self.may_call:
            return ""
        narrowed = self.address.query(unfolded=())
        query = urlencode({"stage": stage.slug}) + (f"&{narrowed}" if narrowed else "")
        return f"{reverse('crm:work', args=[self.funnel.slug])}?{query}"

    @cached_property
    def may_call(self) -> bool:
        """Whether this person calls customers of the shop."""
        return role_allows(role_of(self.user, self.funnel.shop_id), Action.CALL)

    def owners(self) -> list[dict[str, Any]]:
        """All, mine, unclaimed: as links."""
        labels = {"": _("All"), "mine": _("Mine"), "unclaimed": _("Unclaimed")}
        here = self.address.whose
        return [
            {"label": labels[code], "url": self.address.url(whose=code), "is_on": code == here}
            for code in WHOSE
        ]

    def render(self, partial: str, context: dict[str, Any]) -> SafeString:
        # Hours on cards are those of the shop.
        with timezone.override(self.funnel.shop.time_zone):
            return render_to_string(f"{TEMPLATE}#{partial}", context, request=self.request)

    def answer(
        self,
        *,
        deal_ids: Iterable[int] = (),
        cards: Iterable[Card] | None = None,
        removed: Iterable[int] = (),
        toasts: Iterable[Toast] = (),
        extra: str = "",
        columns: list[Column] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """Fragments for an open board: these cards as they are now, every column's head, and words.

        `cards` and `columns` save the reading where the caller has them.
        """
        self.keep()
        heads = columns if columns is not None else counts_of(self.user, self.funnel, self.filters)
        context = self.context(column.stage for column in heads)
        shown = load_cards(self.funnel, deal_ids).values() if cards is None else cards
        # Heads first: one that opens makes room for its first card.
        parts = [self.render("column-head", {**context, "column": self.shown(column)}) for column in heads]
        parts += [self.render("deal-card", {**context, "card": card}) for card in shown]
        parts += [format_html('<i data-removed="{}"></i>', pk) for pk in removed]
        parts += [self.render("toast", {"toast": toast}) for toast in toasts]
        return HttpResponse(mark_safe("".join(parts) + extra), status=status)  # noqa: S308 - rendered partials


def _limit_words(stage: Stage) -> str:
    if stage.wip_limit is None:
        return ""
    return (
        _("takes no more than its limit") if stage.wip_is_hard else _("should not hold more than its limit")
    )


def today_figures(now: Today, funnel: Funnel, address: BoardAddress) -> list[Figure]:
    """The figures with their words and links."""
    road = money(now.cod_on_road, funnel.shop.currency)
    rows = [
        ("call", now.to_call, _("to call"), "", False),
        ("late", now.late, _("late"), "is_hot", False),
        ("retry", now.retry, _("retry now"), "is_hot", False),
        ("unpaid", now.unpaid, _("unpaid"), "", False),
        ("short", now.short, _("short stock"), "is_warm", False),
        ("arrived", now.arrived, _("goods arrived"), "", False),
        ("no-awb", now.no_awb, _("packed without AWB"), "is_warm", False),
        (
            "problem",
            now.problem,
            ngettext("delivery problem", "delivery problems", now.problem),
            "is_warm",
            False,
        ),
        ("failed", now.failed, ngettext("message failed", "messages failed", now.failed), "is_hot", False),
        ("due", now.due, ngettext("reminder due", "reminders due", now.due), "is_warm", False),
        ("cod", now.cod_on_road, _("COD on the road"), "", True),
    ]
    figures = []
    for code, value, label, tone, is_money in rows:
        is_on = address.show == code
        figures.append(
            Figure(
                code=code,
                text=road if is_money else str(value),
                label=label,
                url=address.url(show="" if is_on else code),
                is_on=is_on,
                is_hot=tone == "is_hot" and bool(value),
                is_warm=tone == "is_warm" and bool(value),
                is_none=not value,
                is_last=is_money,
            )
        )
    return figures


def moved_toast(title: str, result: MoveResult, shop: Shop) -> Toast | None:
    """“RO-1 → Confirmed”, with Undo while it can be undone and what the customer will be told when.

    A card that only changed its place in the column needs no words.
    """
    if result.from_stage.pk == result.to_stage.pk:
        return None
    return Toast(
        title=f"{title} → {result.to_stage.name}",
        seconds=seconds_until(result.undo_until),
        undo_url=reverse("crm:move-undo", args=[result.move_id]) if result.undo_until else "",
        promise=promise_of_move(result.move_id, shop) if result.status_changed else None,
        zone=shop.time_zone,
    )


def refused_toast(sentence: str) -> Toast:
    return Toast(title=sentence, icon="circle-alert", is_bad=True, seconds=9)


def seconds_until(moment: datetime | None) -> int:
    return max(1, round((moment - timezone.now()).total_seconds())) if moment else 0
