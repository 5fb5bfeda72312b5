"""The admin of the ground floor: shops with their preset, people with their roles, keys that are shown once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from shops import services
from shops.admin_scope import (
    ScopedRelatedFilter,
    ShopScopedAdmin,
    ShopScopedTabularInline,
    administered_shops,
    is_owner,
)
from shops.forms import AddApiKeyForm, AddShopForm, ShopForm
from shops.models import ApiKey, Membership, Shop, User

# Roles are per shop and live in memberships: groups decide nothing here, so nobody is led to think they do.
admin.site.unregister(Group)


class ShopMembershipInline(ShopScopedTabularInline):
    """The people of a shop."""

    model = Membership
    fields = ["user", "role"]
    autocomplete_fields = ["user"]
    extra = 0


@admin.register(Shop)
class ShopAdmin(SimpleHistoryAdmin, ShopScopedAdmin):
    """A shop's settings. Adding one asks for its country and creates everything that comes with it."""

    form = ShopForm
    list_display = ["name", "country", "currency", "domain", "is_active"]
    search_fields = ["name", "slug", "domain"]
    add_fieldsets = [
        (None, {"fields": ["country", "name", "slug", "order_prefix"]}),
        (gettext_lazy("For customers"), {"fields": ["domain", "phone"]}),
    ]
    fieldsets = [
        (
            gettext_lazy("Identity"),
            {"fields": ["name", "slug", "country", "domain", "phone", "logo", "currency", "language"]},
        ),
        (gettext_lazy("Messages"), {"fields": ["sender_name", "sender_email", "sms_sender", "undo_seconds"]}),
        (gettext_lazy("Calendar"), {"fields": ["time_zone", "working_hours", "holidays"]}),
        (
            gettext_lazy("Orders and stock"),
            {"fields": ["order_prefix", "next_order_number", "stock_master", "reserve_at"]},
        ),
        (
            gettext_lazy("Switches"),
            {"fields": ["confirm_unpaid", "auto_confirm_paid", "claim_visibility", "is_active"]},
        ),
    ]

    def get_form(
        self, request: HttpRequest, obj: Shop | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = AddShopForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Shop | None = None) -> list[str]:
        return ["slug"] if obj else []

    def get_inlines(self, request: HttpRequest, obj: Shop | None) -> list[Any]:
        return [ShopMembershipInline] if obj else []

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_owner(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_owner(request)

    def save_model(self, request: HttpRequest, obj: Shop, form: Any, change: bool) -> None:
        if change:
            # Only what was edited: the counter of order numbers may have moved on meanwhile.
            obj.save(update_fields=[name for name in form.changed_data if name != "slug"])
        else:
            created = services.create_shop(**form.cleaned_data)
            obj.__dict__.update(created.__dict__)

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        # An old version would bring back the order number counter of its day.
        return True

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, *more: Any
    ) -> HttpResponse:
        if request.method != "GET":
            raise PermissionDenied
        return super().history_form_view(request, object_id, version_id, *more)


class PersonMembershipInline(TabularInline):
    """The shops a person works in; a shop's admin sees and gives roles in their own shops only, and must give one."""

    model = Membership
    fields = ["shop", "role"]
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admits(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admits(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admits(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admits(request)

    def get_min_num(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if is_owner(request) else 1

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, validate_min=not is_owner(request), **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        rows = super().get_queryset(request)
        return rows if is_owner(request) else rows.filter(shop_id__in=administered_shops(request))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "shop" and not is_owner(request):
            kwargs["queryset"] = Shop.objects.filter(pk__in=administered_shops(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _admits(self, request: HttpRequest) -> bool:
        return is_owner(request) or bool(administered_shops(request))


@admin.register(User)
class PersonAdmin(UserAdmin, ShopScopedAdmin):
    """People. A shop's admin changes those who work in their shops only; owners and staff are made by owners."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = [PersonMembershipInline]
    list_display = ["username", "first_name", "last_name", "email", "is_active", "last_login"]
    list_filter = ["is_active"]
    filter_horizontal = ()
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (gettext_lazy("Person"), {"fields": ["first_name", "last_name", "email", "language"]}),
        (gettext_lazy("Access"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
        (gettext_lazy("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "password1", "password2"]}),
        (gettext_lazy("Person"), {"fields": ["first_name", "last_name", "email", "language"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        reserved = [] if is_owner(request) else ["is_staff", "is_superuser"]
        return ["last_login", "date_joined", *reserved]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admits(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admits(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None or is_owner(request):
            return self._admits(request)
        works_in = set(obj.memberships.values_list("shop_id", flat=True))
        return not obj.is_superuser and bool(works_in) and works_in <= administered_shops(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_owner(request)


@admin.register(ApiKey)
class ApiKeyAdmin(ShopScopedAdmin):
    """Keys of machines: made here and shown once, afterwards only revoked."""

    form = AddApiKeyForm
    list_display = ["name", "shop", "prefix", "created_at", "last_used_at", "revoked_at"]
    list_filter = [("shop", ScopedRelatedFilter)]
    list_select_related = ["shop"]
    fields = ["shop", "name"]
    actions = ["revoke"]
    _shown_once = "_new_api_key"

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        kept = ["prefix", "created_at", "last_used_at", "revoked_at"] if obj else []
        return ["shop", "name", *kept]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admits(request, obj)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        key = services.create_api_key(shop_id=obj.shop_id, name=obj.name)
        obj.__dict__.update(ApiKey.objects.get(digest=services.digest_of(key)).__dict__)
        setattr(request, self._shown_once, key)

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The key itself, on a page that browsers do not keep (no admin page is kept) and that is never shown again."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Copy the key now"),
            "opts": self.opts,
            "key": getattr(request, self._shown_once),
            "api_key": obj,
        }
        return TemplateResponse(request, "shops/admin/new_api_key.html", context)

    @admin.action(description=gettext_lazy("Revoke the selected keys"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        keys = list(queryset.filter(revoked_at=None).values_list("pk", flat=True))
        for key_id in keys:
            services.revoke_api_key(key_id=key_id)
        done = ngettext("%(count)s key was revoked.", "%(count)s keys were revoked.", len(keys))
        self.message_user(request, done % {"count": len(keys)}, messages.SUCCESS)
