"""The admin of products and stock. Counters are never typed in: stock changes by a verb, with a reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from simple_history.admin import SimpleHistoryAdmin
from unfold.decorators import action
from unfold.paginator import InfinitePaginator

from inventory.errors import StockError
from inventory.forms.settings import StockSettingsForm
from inventory.models import (
    Category,
    Product,
    ProductFamily,
    Reservation,
    StockItem,
    StockMovement,
    StockSettings,
    Warehouse,
)
from inventory.search import search_products
from inventory.selectors import with_counters
from inventory.services.editing import refuse_untracking
from shops.admin_scope import ReadOnly, ScopedRelatedFilter, ShopScopedAdmin, ShopScopedTabularInline


class StockItemInline(ReadOnly, ShopScopedTabularInline):
    """A product's counters, to look at."""

    model = StockItem
    fields = ["warehouse", "on_hand", "reserved", "available", "safety_stock"]
    readonly_fields = ["on_hand", "reserved", "available"]
    extra = 0

    @admin.display(description=gettext_lazy("available"))
    def available(self, item: StockItem) -> int:
        return item.available


class ProductAdminForm(forms.ModelForm):
    """A product in the admin, held to the rules of its page that concern its stock and its shop."""

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        if self.instance.pk and not self.cleaned_data.get("is_tracked", True):
            with transaction.atomic():
                try:
                    refuse_untracking(Product.objects.get(pk=self.instance.pk))
                except StockError as refusal:
                    self.add_error("is_tracked", refusal.sentence)
        shop_id = self.instance.shop_id or getattr(self.cleaned_data.get("shop"), "pk", None)
        for name in ("category", "family"):
            chosen = self.cleaned_data.get(name)
            if chosen is not None and chosen.shop_id != shop_id:
                self.add_error(name, _("This belongs to another shop."))
        return values


@admin.register(Product)
class ProductAdmin(ShopScopedAdmin):
    """Products. Searching ignores case and diacritics; stock is changed on the stock pages."""

    list_display = ["name", "sku", "shop", "on_hand", "reserved", "available", "is_tracked", "is_active"]
    list_filter = [("shop", ScopedRelatedFilter), "is_tracked", "is_active"]
    list_select_related = ["shop"]
    search_fields = ["search_text"]
    show_full_result_count = False
    autocomplete_fields = ["family"]
    form = ProductAdminForm
    inlines = [StockItemInline]
    actions_detail = ["open_page"]
    fieldsets = [
        (
            None,
            {"fields": ["shop", "barcode", "sku", "name", "family", "variant", "category", "unit", "place"]},
        ),
        (
            gettext_lazy("Price"),
            {"fields": ["price", "price_currency", "vat_rate", "cost", "cost_currency", "weight_grams"]},
        ),
        (
            gettext_lazy("Stock"),
            {"fields": ["is_tracked", "allow_backorder", "preorder_from", "expected_on", "is_active"]},
        ),
        (gettext_lazy("Supply"), {"fields": ["supplier", "lead_time_days", "pack_size"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return with_counters(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        return search_products(queryset, search_term), False

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> list[str]:
        return ["shop"] if obj else []

    @admin.display(description=gettext_lazy("on hand"), ordering="on_hand")
    def on_hand(self, product: Any) -> int | None:
        return product.on_hand if product.is_tracked else None

    @admin.display(description=gettext_lazy("reserved"), ordering="reserved")
    def reserved(self, product: Any) -> int | None:
        return product.reserved if product.is_tracked else None

    @admin.display(description=gettext_lazy("available"), ordering="available")
    def available(self, product: Any) -> int | None:
        return product.available if product.is_tracked else None

    @action(description=gettext_lazy("Its page: stock, movements, who waits"), url_path="open-page")
    def open_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect("inventory:product", object_id)


class NamedOfShopAdmin(ShopScopedAdmin):
    """What a shop has by name; products made with it keep their shop, so it never changes its own."""

    list_display = ["name", "shop"]
    list_filter = [("shop", ScopedRelatedFilter)]
    list_select_related = ["shop"]
    search_fields = ["name"]
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["shop"] if obj else []


@admin.register(Category)
class CategoryAdmin(NamedOfShopAdmin):
    """The shelves of the catalogue."""


@admin.register(ProductFamily)
class ProductFamilyAdmin(NamedOfShopAdmin):
    """What the variants of one article share."""


class SearchedByProduct:
    """Lists found by their product's folded words."""

    product_path = "stock_item__product"
    search_fields = ["stock_item__product__search_text"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        found = search_products(Product.objects.visible_to(request.user), search_term)
        return queryset.filter(**{f"{self.product_path}__in": found.order_by().values("pk")}), False


@admin.register(Warehouse)
class WarehouseAdmin(ShopScopedAdmin):
    """Places that hold stock."""

    list_display = ["name", "shop", "is_default"]
    list_filter = [("shop", ScopedRelatedFilter)]
    list_select_related = ["shop"]

    def get_readonly_fields(self, request: HttpRequest, obj: Warehouse | None = None) -> list[str]:
        # Goods stand in it: a warehouse neither changes its shop nor stops being the one where goods arrive.
        return ["shop", "is_default"] if obj else ["is_default"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.is_default)


@admin.register(StockItem)
class StockItemAdmin(SearchedByProduct, ShopScopedAdmin):
    """Counters by warehouse; only the safety stock is set by hand."""

    list_display = ["product", "warehouse", "on_hand", "reserved", "available", "safety_stock"]
    list_filter = [("warehouse", ScopedRelatedFilter)]
    list_select_related = ["product", "warehouse"]
    product_path = "product"
    search_fields = ["product__search_text"]
    show_full_result_count = False
    fields = ["product", "warehouse", "on_hand", "reserved", "available", "safety_stock"]
    readonly_fields = ["product", "warehouse", "on_hand", "reserved", "available"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: StockItem, form: Any, change: bool) -> None:
        # The counters belong to the stock verbs and may have moved since the page was opened.
        obj.changed_at = timezone.now()
        obj.save(update_fields=["safety_stock", "changed_at"])

    @admin.display(description=gettext_lazy("available"))
    def available(self, item: StockItem) -> int:
        return item.available


@admin.register(StockMovement)
class StockMovementAdmin(SearchedByProduct, ReadOnly, ShopScopedAdmin):
    """The ledger, newest first."""

    list_display = ["at", "stock_item", "kind", "quantity", "reference", "reason", "actor_label"]
    list_filter = ["kind", ("stock_item__warehouse", ScopedRelatedFilter)]
    paginator = InfinitePaginator
    list_select_related = ["stock_item__product", "stock_item__warehouse"]
    ordering = ["-pk"]
    show_full_result_count = False


@admin.register(Reservation)
class ReservationAdmin(SearchedByProduct, ReadOnly, ShopScopedAdmin):
    """What is held, for whom, and who waits; oldest first."""

    list_display = ["reference", "stock_item", "reserved", "backordered", "created_at"]
    list_select_related = ["stock_item__product", "stock_item__warehouse"]
    list_filter = [("stock_item__warehouse", ScopedRelatedFilter)]
    ordering = ["created_at", "pk"]
    paginator = InfinitePaginator
    show_full_result_count = False


@admin.register(StockSettings)
class StockSettingsAdmin(SimpleHistoryAdmin, ShopScopedAdmin):
    """Whom a shop tells what runs low, and over which periods it looks at its stock; every version is kept."""

    form = StockSettingsForm
    list_display = ["shop", "abc_days", "slow_days", "demand_days", "lead_time_days"]
    list_select_related = ["shop"]
    fields = ["shop", *StockSettingsForm.Meta.fields]

    def get_readonly_fields(self, request: HttpRequest, obj: StockSettings | None = None) -> list[str]:
        return ["shop"] if obj else []
