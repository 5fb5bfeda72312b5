"""The mapping table of a connection, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from orders.imports.models import Connection
from shops.admin_scope import ScopedRelatedFilter, ShopScopedAdmin


@admin.register(Connection)
class ConnectionAdmin(ShopScopedAdmin):
    list_display = ("shop", "source", "last_delivery_at", "last_ok_at", "rejected_count")
    list_filter = (("shop", ScopedRelatedFilter),)
    list_select_related = ("shop",)
    fields = ("shop", "source", "table", "last_delivery_at", "last_ok_at", "rejected_count", "created_at")
    readonly_fields = ("shop", "source", "last_delivery_at", "last_ok_at", "rejected_count", "created_at")

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """A connection is opened on the shop's page, where its secret is made and shown."""
        return False
