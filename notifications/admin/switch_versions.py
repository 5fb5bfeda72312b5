"""The versions of a shop's switches: who turned what on or off and when, compared with today, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from notifications.admin.shop_choice import choose_shop
from notifications.admin.versions import name_of
from notifications.models import MessageSwitch
from notifications.selectors import SwitchRow, switch_rows, switches_as_they_were
from notifications.services import restore_switches
from notifications.statuses import Channel, MessageEvent
from orders.statuses import PaymentMethod
from shops.actors import Actor
from shops.errors import DomainError

ROWS_A_PAGE = 200
# Rows one press of a button wrote lie this close together.
ONE_PRESS = timedelta(seconds=5)


@dataclass(frozen=True)
class SwitchVersion:
    """What one person changed at once, in words; `number` is the history's number after it, `before` the one before."""

    number: int
    before: int
    at: datetime
    who: str
    changes: list[str]


class SwitchVersionViews:
    """Puts the versions of switches beside an admin's own addresses."""

    admin_site: Any
    opts: Any
    media: Any

    def get_urls(self) -> list[Any]:
        def named(address: str, view: Any, name: str) -> Any:
            return path(address, self.admin_site.admin_view(view), name=f"notifications_messageswitch_{name}")

        return [
            named("versions/", self.versions_view, "versions"),
            named("versions/<int:version>/", self.version_view, "version"),
            named("versions/<int:version>/restore/", self.restore_view, "restore"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def versions_view(self, request: HttpRequest) -> HttpResponse:
        """Everything that was turned on or off, newest first."""
        shop, shops = choose_shop(request)
        before = request.GET.get("before", "")
        found, older = list_switch_versions(shop.pk, int(before) if before.isdecimal() else None)
        context = {"title": _("Versions of the switches"), "versions": found, "older": older, "shops": shops}
        return self._version_page(request, "notifications/admin/switch_versions.html", shop, context)

    def version_view(self, request: HttpRequest, version: int) -> HttpResponse:
        """The switches as they stood then, compared with today."""
        shop, _shops = choose_shop(request)
        then = switches_as_they_were(shop.pk, version=version)
        context = {
            "title": _("Switches compared with today"),
            "version": version,
            "changes": ways_back(then, switch_rows(shop.pk)),
        }
        return self._version_page(request, "notifications/admin/switch_version.html", shop, context)

    def restore_view(self, request: HttpRequest, version: int) -> HttpResponse:
        """Put all switches back to how they stood then."""
        if request.method != "POST":
            raise PermissionDenied
        shop, _shops = choose_shop(request)
        actor = Actor.person(request.user)  # type: ignore[arg-type]
        try:
            changed = restore_switches(shop_id=shop.pk, version=version, actor=actor)
        except DomainError as error:
            messages.error(request, error.sentence)
        else:
            said = _("The switches are back as they were.") if changed else _("This is how it was already.")
            messages.success(request, said)
        return redirect(f"{reverse('admin:notifications_messageswitch_changelist')}?shop={shop.slug}")

    def _version_page(
        self, request: HttpRequest, name: str, shop: Any, context: dict[str, Any]
    ) -> HttpResponse:
        full = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "shop": shop,
            **context,
        }
        return TemplateResponse(request, name, full)


def list_switch_versions(shop_id: int, before: int | None) -> tuple[list[SwitchVersion], int | None]:
    """A page of versions, newest first, and the number to go on from; one query."""
    history = MessageSwitch.history.filter(shop_id=shop_id).select_related("history_user")
    if before:
        history = history.filter(history_id__lt=before)
    rows = list(history.order_by("-history_id")[: ROWS_A_PAGE + 1])
    shown = rows[:ROWS_A_PAGE]
    presses: list[list[Any]] = []
    for row in shown:
        if presses and _is_same_press(presses[-1][-1], row):
            presses[-1].append(row)
        else:
            presses.append([row])
    older = shown[-1].history_id if len(rows) > ROWS_A_PAGE else None
    return [_version(press) for press in presses], older


def ways_back(then: list[SwitchRow], now: list[SwitchRow]) -> list[str]:
    """What putting `then` back would change today, in words."""
    today = {(row.event, row.channel, row.payment_method, row.source): row for row in now}
    changes = []
    for row in then:
        current = today.pop((row.event, row.channel, row.payment_method, row.source), None)
        if current is None or current.is_on != row.is_on:
            changes.append(f"{rule_words(row)}: {_state(current)} → {_state(row)}")
    return changes + [f"{rule_words(row)}: {_state(row)} → {_state(None)}" for row in today.values()]


def rule_words(row: SwitchRow) -> str:
    """A switch in words: "Order confirmed · E-mail · emag · Cash on delivery"."""
    parts = [
        str(MessageEvent(row.event).label),
        str(Channel(row.channel).label),
        row.source,
        str(PaymentMethod(row.payment_method).label) if row.payment_method else "",
    ]
    return " · ".join(part for part in parts if part)


def _is_same_press(newer: Any, older: Any) -> bool:
    return (
        newer.history_user_id == older.history_user_id and newer.history_date - older.history_date < ONE_PRESS
    )


def _version(press: list[Any]) -> SwitchVersion:
    newest, oldest = press[0], press[-1]
    return SwitchVersion(
        number=newest.history_id,
        before=oldest.history_id - 1,
        at=newest.history_date,
        who=name_of(newest.history_user),
        changes=[_change(row) for row in reversed(press)],
    )


def _change(row: Any) -> str:
    plain = SwitchRow(row.event, row.channel, row.payment_method, row.source, row.is_on)
    if row.history_type == "-":
        return _("%(rule)s: exception removed") % {"rule": rule_words(plain)}
    return f"{rule_words(plain)}: {_state(plain)}"


def _state(row: SwitchRow | None) -> str:
    if row is None:
        return _("no rule")
    return _("on") if row.is_on else _("off")
