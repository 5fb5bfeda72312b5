"""The admin of orders: look-ups that lead to the pages, where orders and customers are worked on."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.paginator import InfinitePaginator

from orders.models import Customer, CustomerContact, Order, OrderLine
from orders.search import search_customers, search_orders
from shops.admin_scope import ReadOnly, ScopedRelatedFilter, ShopScopedAdmin, ShopScopedTabularInline

FOUND_BY = gettext_lazy("Number, name, phone, e-mail, SKU or AWB; the beginning of a word is enough.")


class LineInline(ReadOnly, ShopScopedTabularInline):
    """What was ordered."""

    model = OrderLine
    fields = ["sku", "name", "variant", "quantity", "unit_price", "discount", "total"]
    extra = 0


class ContactInline(ReadOnly, ShopScopedTabularInline):
    """How the customer is reached."""

    model = CustomerContact
    fields = ["kind", "value"]
    extra = 0


class LookUp(ReadOnly, ShopScopedAdmin):
    """Rows to find, never to write; lists are not counted, because they grow without bound."""

    paginator = InfinitePaginator
    show_full_result_count = False
    search_fields = ["pk"]
    search_help_text = FOUND_BY
    ordering = ["-pk"]
    list_per_page = 50


@admin.register(Order)
class OrderAdmin(LookUp):
    """Orders, to look up."""

    list_display = ["number", "shop", "status", "total", "currency", "placed_at", "page_link"]
    list_filter = [("shop", ScopedRelatedFilter), "status"]
    list_select_related = ["shop"]
    inlines = [LineInline]
    fields = [
        "number",
        "shop",
        "status",
        "source",
        "external_id",
        "customer",
        "manager",
        "payment_method",
        "payment_status",
        "goods_total",
        "shipping_total",
        "total",
        "currency",
        "placed_at",
    ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return search_orders(queryset, search_term), False

    @admin.display(description=gettext_lazy("page"))
    def page_link(self, order: Order) -> SafeString:
        return format_html('<a href="/orders/{}/">{}</a>', quote(order.number), _("Open"))


@admin.register(Customer)
class CustomerAdmin(LookUp):
    """Customers, to look up."""

    list_display = ["__str__", "shop", "company", "created_at", "page_link"]
    list_filter = [("shop", ScopedRelatedFilter)]
    list_select_related = ["shop"]
    inlines = [ContactInline]
    fields = ["name", "company", "tax_id", "shop", "language", "note", "created_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return search_customers(queryset, search_term), False

    @admin.display(description=gettext_lazy("page"))
    def page_link(self, customer: Customer) -> SafeString:
        return format_html('<a href="/customers/{}/">{}</a>', customer.pk, _("Open"))
