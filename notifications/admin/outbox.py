"""A look at the outbox from admin; the Messages page is where people work with it."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy

from notifications.models import Message
from shops.admin_scope import ReadOnly, ScopedRelatedFilter, ShopScopedAdmin


@admin.register(Message)
class MessageAdmin(ReadOnly, ShopScopedAdmin):
    """The outbox as it is."""

    list_display = ["created_at", "event", "channel", "recipient", "state", "why", "order", "shop"]
    list_filter = [("shop", ScopedRelatedFilter), "state", "channel", "event"]
    list_select_related = ["shop", "order"]
    list_before_template = "notifications/admin/parts/rooms.html"
    show_full_result_count = False
    ordering = ["-created_at", "-id"]
    fields = [
        ("shop", "order"),
        ("event", "channel", "recipient"),
        ("language", "written_in"),
        ("state", "why", "attempts"),
        ("created_at", "due_at", "sent_at"),
        ("via", "provider_id"),
        ("actor_kind", "actor_label"),
        "subject",
        "body",
    ]
    readonly_fields = ["why", "created_at"]

    class Media:
        css = {"all": ["css/template_editor.css"]}

    @admin.display(description=gettext_lazy("reason"))
    def why(self, message: Message) -> str:
        return message.reason
