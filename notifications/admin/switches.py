"""Which messages a shop sends: one table for every order, the exceptions in words, and what holds for an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from notifications.admin.shop_choice import choose_shop
from notifications.admin.switch_versions import SwitchVersionViews, rule_words
from notifications.forms import (
    NarrowRuleForm,
    SwitchesForm,
    WhatHappensForm,
    known_sources,
    no_template_warnings,
)
from notifications.models import MessageSwitch, MessageTemplate
from notifications.selectors import SwitchRow, deciding_rows, switch_rows
from notifications.services import remove_rule, set_rules, set_switches
from notifications.statuses import MARKETPLACES, TEMPLATE_EVENTS, Channel
from orders.statuses import PaymentMethod
from shops.actors import Actor
from shops.admin_scope import ShopScopedAdmin
from shops.errors import DomainError
from shops.models import Shop

RULE_ID = "rule_%s"


@dataclass(frozen=True)
class Answer:
    """Whether a message of one channel would leave, and by which rule."""

    is_on: bool
    why: str


@dataclass(frozen=True)
class AnswerRow:
    label: str
    answers: list[Answer]


@admin.register(MessageSwitch)
class MessageSwitchAdmin(SwitchVersionViews, ShopScopedAdmin):
    """Which messages a shop sends, as one page."""

    class Media:
        css = {"all": ["css/template_editor.css"]}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        def named(address: str, view: Any, name: str) -> Any:
            return path(address, self.admin_site.admin_view(view), name=f"notifications_messageswitch_{name}")

        return [
            named("rules/add/", self.add_rule_view, "add_rule"),
            named("rules/<int:switch_id>/remove/", self.remove_rule_view, "remove_rule"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The table, the exceptions and the question what happens for an order."""
        shop, shops = choose_shop(request)
        form = SwitchesForm(request.POST or None, shop_id=shop.pk)
        if request.method == "POST" and form.is_valid():
            return self._save(request, shop, form)
        return self._page(request, shop, shops, form, NarrowRuleForm(auto_id=RULE_ID))

    def change_view(self, request: HttpRequest, *arguments: Any, **kwargs: Any) -> HttpResponse:
        """Single switches have no page of their own."""
        return redirect("admin:notifications_messageswitch_changelist")

    def add_rule_view(self, request: HttpRequest) -> HttpResponse:
        """Add an exception, or change what one says."""
        if request.method != "POST":
            raise PermissionDenied
        shop, shops = choose_shop(request)
        rule = NarrowRuleForm(request.POST, auto_id=RULE_ID)
        if not rule.is_valid():
            return self._page(request, shop, shops, SwitchesForm(shop_id=shop.pk), rule)
        try:
            changed = set_rules(shop_id=shop.pk, rules=rule.rules, actor=_actor(request))
        except DomainError as error:
            messages.error(request, error.sentence)
        else:
            messages.success(request, _("Saved.") if changed else _("This is how it was already."))
        return redirect(switches_address(shop))

    def remove_rule_view(self, request: HttpRequest, switch_id: int) -> HttpResponse:
        """Take an exception away."""
        if request.method != "POST":
            raise PermissionDenied
        shop, _shops = choose_shop(request)
        remove_rule(shop_id=shop.pk, switch_id=switch_id, actor=_actor(request))
        messages.success(request, _("The exception is gone; the wider rule decides again."))
        return redirect(switches_address(shop))

    def _save(self, request: HttpRequest, shop: Shop, form: SwitchesForm) -> HttpResponse:
        set_switches(shop_id=shop.pk, switches=form.changes)
        written = set(MessageTemplate.objects.filter(shop=shop).values_list("event", "channel"))
        for warning in no_template_warnings(form.changes, written):
            messages.warning(request, warning)
        messages.success(request, _("The switches of %(shop)s were saved.") % {"shop": shop.name})
        return redirect(switches_address(shop))

    def _page(
        self, request: HttpRequest, shop: Shop, shops: list[Shop], form: SwitchesForm, rule: NarrowRuleForm
    ) -> HttpResponse:
        asked = WhatHappensForm(request.GET if "payment_method" in request.GET else None, auto_id="asked_%s")
        narrower = MessageSwitch.objects.filter(shop=shop).exclude(payment_method="", source="")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Which messages are sent"),
            "opts": self.opts,
            "media": self.media,
            "shops": shops,
            "shop": shop,
            "form": form,
            "channels": Channel.labels,
            "rule_form": rule,
            "rules": [
                _rule(switch) for switch in narrower.order_by("source", "payment_method", "event", "channel")
            ],
            "sources": known_sources(),
            "asked": asked,
            "answers": _answers(switch_rows(shop.pk), **asked.cleaned_data) if asked.is_valid() else None,
            "asked_marketplace": asked.is_valid() and asked.cleaned_data["source"] in MARKETPLACES,
        }
        return TemplateResponse(request, "notifications/admin/switches.html", context)


def switches_address(shop: Shop) -> str:
    """The page of a shop's switches."""
    return f"{reverse('admin:notifications_messageswitch_changelist')}?shop={shop.slug}"


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]


def _rule(switch: MessageSwitch) -> dict[str, Any]:
    return {"pk": switch.pk, "words": rule_words(row_of(switch)), "is_on": switch.is_on}


def row_of(switch: MessageSwitch) -> SwitchRow:
    """A switch as the plain values it says."""
    return SwitchRow(switch.event, switch.channel, switch.payment_method, switch.source, switch.is_on)


def _answers(rows: list[SwitchRow], *, source: str, payment_method: str) -> list[AnswerRow]:
    by_event: dict[str, list[SwitchRow]] = {}
    for row in rows:
        by_event.setdefault(row.event, []).append(row)
    return [
        AnswerRow(str(label), _answers_of(by_event.get(event, []), source, payment_method))
        for event, label in TEMPLATE_EVENTS
    ]


def _answers_of(rows: list[SwitchRow], source: str, payment_method: str) -> list[Answer]:
    decided = deciding_rows(rows, payment_method=payment_method, source=source)
    return [_answer(decided.get(channel)) for channel in Channel.values]


def _answer(row: SwitchRow | None) -> Answer:
    if row is None:
        return Answer(False, "")
    payment = str(PaymentMethod(row.payment_method).label) if row.payment_method else ""
    narrow = " · ".join(filter(None, (row.source, payment)))
    return Answer(row.is_on, _("by the exception for %(rule)s") % {"rule": narrow} if narrow else "")
