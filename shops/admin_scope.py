"""Who sees what in the admin: owners of the installation everything, a shop's admins their shops' rows.

Every admin class of a model that belongs to a shop derives from `ShopScopedAdmin` (inlines from
`ShopScopedTabularInline` or `ShopScopedStackedInline`). It fails closed: a model whose rows cannot be scoped to a
shop is for owners only. Django's own permissions and groups decide nothing here.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin import RelatedFieldListFilter
from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from shops.models import User
from shops.permissions import Role
from shops.scoping import ShopScopedQuerySet
from shops.selectors import roles_of


def is_owner(request: HttpRequest) -> bool:
    """Whether the person owns the installation (an active superuser)."""
    return bool(request.user.is_active and getattr(request.user, "is_superuser", False))


def administered_shops(request: HttpRequest) -> frozenset[int]:
    """The keys of the active shops this member of staff is admin of; read once per request."""
    known = getattr(request, "_administered_shops", None)
    if known is None:
        user = request.user
        admits = isinstance(user, User) and user.is_active and user.is_staff
        roles = roles_of(user) if admits and isinstance(user, User) else {}
        known = frozenset(shop_id for shop_id, role in roles.items() if role == Role.ADMIN)
        request._administered_shops = known  # type: ignore[attr-defined]
    return known


def scope(queryset: models.QuerySet[Any], request: HttpRequest) -> models.QuerySet[Any]:
    """The rows this person administers; none of a model that knows no shop, except people, who are found by theirs."""
    if is_owner(request):
        return queryset
    shop_ids = administered_shops(request)
    if isinstance(queryset, ShopScopedQuerySet):
        return queryset.visible_to(request.user).filter(**{f"{queryset.shop_path}__in": shop_ids})
    if queryset.model is User:
        return queryset.filter(pk__in=User.objects.filter(memberships__shop_id__in=shop_ids).values("pk"))
    return queryset.none()


def shop_id_of(row: models.Model) -> int | None:
    """The key of the shop a row belongs to, by its queryset's `shop_path`; None when it belongs to none."""
    queryset = type(row)._default_manager.all()
    value: Any = row
    for name in getattr(queryset, "shop_path", "").split("__"):
        value = getattr(value, name, None) if name else None
    return value.pk if isinstance(value, models.Model) else value


class ScopedRelatedFilter(RelatedFieldListFilter):
    """A sidebar filter that offers only rows of the person's shops: `list_filter = [("shop", ScopedRelatedFilter)]`."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        rows = scope(field.remote_field.model._default_manager.all(), request)
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to={"pk__in": rows.order_by().values("pk")}
        )


class ShopScope:
    """The rules of `ShopScopedAdmin`, for admin classes and inlines alike."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._admits(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admits(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._admits(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._admits(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._admits(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._choices(db_field, request, kwargs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._choices(db_field, request, kwargs)
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def _choices(self, db_field: Any, request: HttpRequest, given: dict[str, Any]) -> models.QuerySet[Any]:
        queryset = given.get("queryset")
        if queryset is None:
            queryset = db_field.remote_field.model._default_manager.all()
        return scope(queryset, request)

    def _admits(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        if is_owner(request):
            return True
        shop_ids = administered_shops(request)
        return bool(shop_ids) if obj is None else shop_id_of(obj) in shop_ids


class ShopScopedAdmin(ShopScope, ModelAdmin):
    """An admin of rows that belong to a shop: its lists, forms and choices hold only what the person administers."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return scope(super().get_queryset(request), request)


class ShopScopedTabularInline(ShopScope, TabularInline):
    """Rows of a parent, in a table; the permission questions are about the parent, whose shop decides."""


class ShopScopedStackedInline(ShopScope, StackedInline):
    """Rows of a parent, one form below the other."""


class ReadOnly:
    """Rows nobody writes by hand: put it before `ShopScopedAdmin` or an inline."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
