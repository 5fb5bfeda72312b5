"""The admin of templates: the editor, and the page that shows which texts a shop has."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from simple_history.admin import SimpleHistoryAdmin

from notifications.admin.editing import EditorViews, order_label, shop_by_key
from notifications.admin.shop_choice import choose_shop
from notifications.admin.versions import VersionViews
from notifications.coverage import coverage_of, languages_of, starting_text
from notifications.forms import TemplateForm
from notifications.models import MessageTemplate
from notifications.previews import latest_orders, names_shown, preview_facts
from notifications.statuses import Channel
from shops.admin_scope import ScopedRelatedFilter, ShopScopedAdmin
from shops.models import Shop

BODY_ROWS = 14
SHORT = 60


@admin.register(MessageTemplate)
class MessageTemplateAdmin(EditorViews, VersionViews, SimpleHistoryAdmin, ShopScopedAdmin):
    """The words of messages, beside the names that may stand in them and what they give on a real order."""

    list_display = ["event", "channel", "language", "words", "shop", "updated_at"]
    list_display_links = ["event", "words"]
    list_filter = [("shop", ScopedRelatedFilter), "event", "channel", "language"]
    list_select_related = ["shop"]
    list_before_template = "notifications/admin/parts/rooms.html"
    search_fields = ["subject", "body"]
    search_help_text = gettext_lazy("Words of the subject or the text")
    fields = [("shop", "event", "channel", "language"), "subject", "body", "plain_letters"]
    compressed_fields = False  # labels above the fields: four choices share a row
    form = TemplateForm
    change_form_template = "notifications/admin/template_form.html"

    class Media:
        css = {"all": ["css/template_editor.css"]}
        js = ["js/template_editor.js"]

    @admin.display(description=gettext_lazy("subject or text"))
    def words(self, template: MessageTemplate) -> str:
        return template.subject or Truncator(template.body).chars(SHORT)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "body" and field is not None:
            field.widget.attrs |= {"rows": BODY_ROWS, "spellcheck": "true"}
        if db_field.name == "shop" and field is not None:  # a text is no place to change a shop
            for door in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
                setattr(field.widget, door, False)
        return field

    def get_urls(self) -> list[Any]:
        coverage = path(
            "languages/",
            self.admin_site.admin_view(self.coverage),
            name="notifications_messagetemplate_coverage",
        )
        return [coverage, *super().get_urls()]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new text starts from the default in its language, or from what customers get in its place."""
        initial = super().get_changeform_initial_data(request)
        shop = shop_by_key(request, str(initial.get("shop", "")))
        if shop is None:
            return initial
        place = {name: str(initial.get(name, "")) for name in ("event", "channel", "language")}
        subject, body = starting_text(shop=shop, **place)
        return {"subject": subject, "body": body, **initial}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        template = self.get_object(request, object_id) if object_id else self._new(request)
        context = self._editor_context(request, template) if isinstance(template, MessageTemplate) else {}
        return super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def coverage(self, request: HttpRequest) -> HttpResponse:
        """Every moment and channel of a shop in every language: its own text, what is used instead, or nothing."""
        shop, shops = choose_shop(request)
        rows = coverage_of(shop)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Texts in every language"),
            "opts": self.opts,
            "shop": shop,
            "shops": shops,
            "rows": rows,
            "failing": [row for row in rows if row.will_fail],
            "languages": languages_of(shop),
            "names": dict(languages_of(shop)),
        }
        return TemplateResponse(request, "notifications/admin/coverage.html", context)

    def _new(self, request: HttpRequest) -> MessageTemplate:
        """What the add form is about before anything is chosen: the shop named in the address, or the first."""
        shop = shop_by_key(request, request.GET.get("shop", "")) or choose_shop(request)[0]
        place = {name: request.GET.get(name, "") for name in ("event", "language")}
        return MessageTemplate(shop=shop, channel=request.GET.get("channel", Channel.EMAIL), **place)

    def _editor_context(self, request: HttpRequest, template: MessageTemplate) -> dict[str, Any]:
        shop: Shop = template.shop
        orders = latest_orders(shop.pk)
        newest = orders[0] if orders else None
        if template.language not in dict(languages_of(shop)):
            template.language = shop.language
        return {
            "names": names_shown(preview_facts(template, newest)),
            "orders": [(order.number, order_label(order)) for order in orders],
            "newest": newest,
            "seen": template.history.values_list("history_id", flat=True).first() if template.pk else None,
            "own_address": getattr(request.user, "email", ""),
            "start_shop": shop,
        }
