"""How a shop reaches its customers: its look and quiet hours, whom it does not write to, and what they answered."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from simple_history.admin import SimpleHistoryAdmin

from notifications.models import MessageSettings, SmsReply, Suppression
from notifications.selectors import quiet_until
from notifications.services import lift_suppression, release_quiet, suppress_address
from notifications.sms_forms import MessageSettingsForm, SuppressionForm
from notifications.statuses import SuppressionReason
from shops.actors import Actor
from shops.admin_scope import ReadOnly, ScopedRelatedFilter, ShopScopedAdmin
from shops.errors import DomainError

ROOMS = "notifications/admin/parts/rooms.html"


@admin.register(MessageSettings)
class MessageSettingsAdmin(SimpleHistoryAdmin, ShopScopedAdmin):
    """A shop's look in e-mails and its quiet hours."""

    form = MessageSettingsForm
    list_display = ["shop", "hours", "accent_colour"]
    list_select_related = ["shop"]
    list_before_template = ROOMS
    fieldsets = [
        (None, {"fields": ["shop"]}),
        (
            gettext_lazy("Quiet hours"),
            {
                "fields": [("quiet_from", "quiet_until"), "hours"],
                "description": gettext_lazy(
                    "In the shop's time zone. An SMS that becomes due in them waits for their end; e-mails do not."
                ),
            },
        ),
        (gettext_lazy("Look of e-mails"), {"fields": ["accent_colour", "footer"]}),
    ]

    class Media:
        css = {"all": ["css/template_editor.css"]}

    def get_readonly_fields(self, request: HttpRequest, obj: MessageSettings | None = None) -> list[str]:
        return ["shop", "hours"] if obj else ["hours"]

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    @admin.display(description=gettext_lazy("in effect"))
    def hours(self, settings: MessageSettings) -> str:
        """The quiet hours in words, and whether they are on right now."""
        if settings.quiet_from is None or settings.quiet_until is None:
            return _("None: SMS leave at any hour.")
        words = _("Every day from %(begins)s until %(ends)s, %(zone)s.") % {
            "begins": time_format(settings.quiet_from, "H:i"),
            "ends": time_format(settings.quiet_until, "H:i"),
            "zone": settings.shop.time_zone,
        }
        ends = quiet_until(settings.shop, timezone.now())
        if ends is None:
            return words
        local = date_format(ends.astimezone(settings.shop.zone), "j M Y, H:i")
        return f"{words} " + _("Right now SMS wait until %(when)s.") % {"when": local}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: MessageSettings, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        release_quiet(shop_id=obj.shop_id)


class LiveFilter(admin.SimpleListFilter):
    """Which entries still hold; those are shown unless asked otherwise."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("live", gettext_lazy("not written to")), ("lifted", gettext_lazy("written to again"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> QuerySet[Suppression]:
        if self.value() in ("live", "lifted"):
            return queryset.filter(lifted_at__isnull=self.value() == "live")
        return queryset


@admin.register(Suppression)
class SuppressionAdmin(ShopScopedAdmin):
    """Addresses a shop does not write to: added by hand, by a customer's STOP or by a provider; lifted, never deleted."""

    form = SuppressionForm
    list_display = ["address", "channel", "reason", "words", "created_at", "actor_label", "lifted", "shop"]
    list_filter = [("shop", ScopedRelatedFilter), LiveFilter, "channel", "reason"]
    list_select_related = ["shop"]
    list_before_template = ROOMS
    search_fields = ["address"]
    show_full_result_count = False
    ordering = ["-id"]
    actions = ["lift"]

    class Media:
        css = {"all": ["css/template_editor.css"]}

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> list[str]:
        kept = ["reason", "created_at", "actor_label", "lifted_at", "lifted_by"] if obj else []
        return ["shop", "channel", "address", "words", *kept]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_lift_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admits(request, obj)

    @admin.display(description=gettext_lazy("lifted"))
    def lifted(self, row: Suppression) -> str:
        if row.lifted_at is None:
            return "–"
        return f"{date_format(timezone.localtime(row.lifted_at), 'SHORT_DATETIME_FORMAT')} · {row.lifted_by}"

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        suppress_address(
            shop_id=obj.shop_id,
            channel=obj.channel,
            address=obj.address,
            reason=SuppressionReason.PERSON,
            actor=_actor(request),
            words=obj.words,
        )
        stored = Suppression.objects.filter(shop_id=obj.shop_id, channel=obj.channel, lifted_at__isnull=True)
        obj.__dict__.update(stored.get(address=obj.address).__dict__)

    @admin.action(description=gettext_lazy("Write to the selected addresses again"), permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        lifted = 0
        for key in queryset.filter(lifted_at__isnull=True).values_list("pk", flat=True):
            try:
                lift_suppression(suppression_id=key, actor=_actor(request))
            except DomainError as error:
                self.message_user(request, error.sentence, messages.ERROR)
            else:
                lifted += 1
        done = ngettext(
            "%(count)s address is written to again.", "%(count)s addresses are written to again.", lifted
        )
        self.message_user(request, done % {"count": lifted}, messages.SUCCESS)


@admin.register(SmsReply)
class SmsReplyAdmin(ReadOnly, ShopScopedAdmin):
    """What customers answered by SMS."""

    list_display = ["at", "sender", "text", "wish", "order", "shop"]
    list_filter = [("shop", ScopedRelatedFilter), "wish"]
    list_select_related = ["shop", "order"]
    list_before_template = ROOMS
    search_fields = ["sender"]
    show_full_result_count = False
    ordering = ["-id"]
    fields = ["shop", "order", "at", "sender", "text", "wish"]

    class Media:
        css = {"all": ["css/template_editor.css"]}


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]
