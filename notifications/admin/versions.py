"""The versions of a template: who changed it and when, what became of the words, and putting them back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from notifications.admin.differences import Piece, differences
from notifications.models import MessageTemplate
from notifications.services import restore_template
from notifications.statuses import Channel
from shops.actors import Actor
from shops.errors import DomainError

VERSIONS_A_PAGE = 50


@dataclass(frozen=True)
class Version:
    """One version of a template as it is listed: what differs from the one before it, in short."""

    number: int
    at: datetime
    who: str
    subject: str
    is_first: bool
    is_newest: bool
    changed: list[str]


@dataclass(frozen=True)
class FieldChange:
    """One field then and now, in pieces."""

    label: str
    pieces: list[Piece]

    @property
    def is_same(self) -> bool:
        return all(piece.kind == "same" for piece in self.pieces)


class VersionViews:
    """Versions instead of the usual history page; mix it into the admin of templates."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[Any]:
        def named(address: str, view: Any, name: str) -> Any:
            name = f"notifications_messagetemplate_{name}"
            return path(address, self.admin_site.admin_view(view), name=name)

        return [
            named("<int:template_id>/history/<int:version>/", self.version_view, "version"),
            named("<int:template_id>/history/<int:version>/restore/", self.restore_view, "restore"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """All versions of a template, newest first."""
        template = self._template(request, object_id)
        before = request.GET.get("before", "")
        versions, older = list_versions(template, int(before) if before.isdecimal() else None)
        context = {"versions": versions, "older": older, "title": _("Versions")}
        return self._versions_page(request, "notifications/admin/versions.html", template, context)

    def version_view(self, request: HttpRequest, template_id: int, version: int) -> HttpResponse:
        """One version beside the words of today."""
        template = self._template(request, template_id)
        then = template.history.select_related("history_user").filter(history_id=version).first()
        if then is None:
            raise Http404
        changes = changes_between(then, template)
        context = {
            "title": _("Version compared with today"),
            "then": then,
            "who": name_of(then.history_user),
            "changes": changes,
            "is_same": all(change.is_same for change in changes),
        }
        return self._versions_page(request, "notifications/admin/version.html", template, context)

    def restore_view(self, request: HttpRequest, template_id: int, version: int) -> HttpResponse:
        """Put a version back; the words are checked anew."""
        template = self._template(request, template_id)
        if request.method != "POST":
            return redirect("admin:notifications_messagetemplate_version", template.pk, version)
        actor = Actor.person(request.user)  # type: ignore[arg-type]
        try:
            restore_template(template_id=template.pk, version=version, actor=actor)
        except DomainError as error:
            messages.error(request, error.sentence)
            return redirect("admin:notifications_messagetemplate_history", template.pk)
        messages.success(request, _("The earlier words are back, as the newest version."))
        return redirect("admin:notifications_messagetemplate_change", template.pk)

    def _template(self, request: HttpRequest, key: int | str) -> MessageTemplate:
        template: MessageTemplate | None = self.get_object(request, str(key))  # type: ignore[attr-defined]
        if template is None:
            raise Http404
        if not self.has_change_permission(request, template):  # type: ignore[attr-defined]
            raise PermissionDenied
        return template

    def _versions_page(
        self, request: HttpRequest, name: str, template: MessageTemplate, context: dict[str, Any]
    ) -> HttpResponse:
        full = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "template": template,
            "original": template,
            "back": reverse("admin:notifications_messagetemplate_change", args=[template.pk]),
            **context,
        }
        return TemplateResponse(request, name, full)


def list_versions(template: MessageTemplate, before: int | None) -> tuple[list[Version], int | None]:
    """A page of versions, newest first, and the number to go on from; two queries."""
    history = template.history.select_related("history_user").order_by("-history_id")
    newest = history.values_list("history_id", flat=True).first()
    rows = list((history.filter(history_id__lt=before) if before else history)[: VERSIONS_A_PAGE + 1])
    shown = rows[:VERSIONS_A_PAGE]
    earlier = [*rows[1:], None][: len(shown)]
    versions = [_version(row, one_before, newest) for row, one_before in zip(shown, earlier, strict=True)]
    return versions, shown[-1].history_id if len(rows) > VERSIONS_A_PAGE else None


def _version(row: Any, before: Any, newest: int | None) -> Version:
    return Version(
        number=row.history_id,
        at=row.history_date,
        who=name_of(row.history_user),
        subject=row.subject,
        is_first=before is None,
        is_newest=row.history_id == newest,
        changed=[
            str(label) for name, label in _labels() if before and getattr(row, name) != getattr(before, name)
        ],
    )


def name_of(user: Any) -> str:
    """Who made a version."""
    return str(user.get_full_name() or user.get_username()) if user else _("the system")


def changes_between(then: Any, now: MessageTemplate) -> list[FieldChange]:
    """The words of a version and of today, field by field."""
    return [
        FieldChange(str(label), differences(_as_text(getattr(then, name)), _as_text(getattr(now, name))))
        for name, label in _labels()
        if name != ("plain_letters" if now.channel == Channel.EMAIL else "subject")
    ]


def _labels() -> list[tuple[str, Any]]:
    names = ("subject", "body", "plain_letters")
    return [(name, MessageTemplate._meta.get_field(name).verbose_name) for name in names]  # type: ignore[union-attr]


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)
