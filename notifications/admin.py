"""The admin of messages: their words with a preview on a real order, which ones are on, and a look at the outbox."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from simple_history.admin import SimpleHistoryAdmin

from notifications.errors import TemplateError
from notifications.facts import facts_of_order
from notifications.forms import SwitchesForm, no_template_warnings
from notifications.layout import sample_link, write
from notifications.models import Message, MessageSwitch, MessageTemplate
from notifications.segments import length_of
from notifications.services import set_switches
from notifications.statuses import Channel
from notifications.vocabulary import LINE_NAMES, NAMES, sample
from orders.models import Order
from shops.admin_scope import ReadOnly, ScopedRelatedFilter, ShopScopedAdmin, scope
from shops.models import Shop

LATEST_ORDERS = 20
BODY_ROWS = 18


@admin.register(MessageTemplate)
class MessageTemplateAdmin(SimpleHistoryAdmin, ShopScopedAdmin):
    """The words of messages, beside the names that may stand in them."""

    list_display = ["event", "channel", "language", "subject", "shop", "updated_at"]
    list_display_links = ["event", "subject"]
    list_filter = [("shop", ScopedRelatedFilter), "event", "channel", "language"]
    list_select_related = ["shop"]
    search_fields = ["subject", "body"]
    fields = ["shop", "event", "channel", "language", "subject", "body", "plain_letters"]
    change_form_template = "notifications/admin/template_form.html"
    history_list_display = ["subject"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "body" and field is not None:
            field.widget.attrs["rows"] = BODY_ROWS
        return field

    def get_urls(self) -> list[Any]:
        preview = path(
            "preview/",
            self.admin_site.admin_view(self.preview),
            name="notifications_messagetemplate_preview",
        )
        return [preview, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        template = self.get_object(request, object_id) if object_id else None
        shop_id = template.shop_id if isinstance(template, MessageTemplate) else None
        context = {"names": NAMES, "line_names": LINE_NAMES, "orders": _latest_orders(request, shop_id)}
        return super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The text as it stands in the form, saved or not, on an order of its shop or on an example."""
        template = _unsaved(request)
        if request.method != "POST" or template is None or not self._admits(request, template):
            raise PermissionDenied
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("Preview"),
            "opts": self.opts,
            "template": template,
        }
        try:
            template.clean_fields(exclude=["shop", "subject", "body"])
            template.clean()
            written = write(
                template, _preview_facts(request, template), shop=template.shop, link=sample_link()
            )
        except (ValidationError, TemplateError) as error:
            context["problems"] = error.messages if isinstance(error, ValidationError) else error.sentences
        else:
            context |= {"written": written}
            context["length"] = length_of(written.text) if template.channel == Channel.SMS else None
        return TemplateResponse(request, "notifications/admin/preview.html", context)


def _unsaved(request: HttpRequest) -> MessageTemplate | None:
    shops = scope(Shop.objects.all(), request)
    shop_id = request.POST.get("shop", "")
    shop = shops.filter(pk=int(shop_id)).first() if shop_id.isdecimal() else None
    if shop is None:
        return None
    texts = {name: request.POST.get(name, "") for name in ("event", "channel", "language", "subject", "body")}
    return MessageTemplate(shop=shop, plain_letters="plain_letters" in request.POST, **texts)


def _preview_facts(request: HttpRequest, template: MessageTemplate) -> dict[str, Any]:
    number = request.POST.get("_order", "")
    order = Order.objects.filter(shop_id=template.shop_id, number=number).first() if number else None
    if order is None:
        return sample()
    return facts_of_order(order.pk).snapshot(template.channel, template.event, template.language)


def _latest_orders(request: HttpRequest, shop_id: int | None) -> QuerySet[Order]:
    if shop_id is None:
        return Order.objects.none()
    orders = scope(Order.objects.all(), request).filter(shop_id=shop_id).select_related("customer")
    return orders.order_by("-placed_at", "-id")[:LATEST_ORDERS]


@admin.register(MessageSwitch)
class MessageSwitchAdmin(ShopScopedAdmin):
    """Which messages a shop sends, as one page of checkboxes: moments down, channels across."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shops = list(scope(Shop.objects.filter(is_active=True), request).order_by("name"))
        slug = request.POST.get("shop") or request.GET.get("shop", "")
        shop = next((shop for shop in shops if shop.slug == slug), None if slug else next(iter(shops), None))
        if shop is None:
            raise PermissionDenied
        form = SwitchesForm(request.POST or None, shop_id=shop.pk)
        if request.method == "POST" and form.is_valid():
            return self._save(request, shop, form)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Which messages are sent"),
            "opts": self.opts,
            "shops": shops,
            "shop": shop,
            "form": form,
            "channels": Channel.labels,
        }
        return TemplateResponse(request, "notifications/admin/switches.html", context)

    def change_view(self, request: HttpRequest, *arguments: Any, **kwargs: Any) -> HttpResponse:
        """Single switches have no page of their own."""
        return redirect("admin:notifications_messageswitch_changelist")

    def _save(self, request: HttpRequest, shop: Shop, form: SwitchesForm) -> HttpResponse:
        set_switches(shop_id=shop.pk, switches=form.switches)
        written = set(MessageTemplate.objects.filter(shop=shop).values_list("event", "channel"))
        for warning in no_template_warnings(form.switches, written):
            messages.warning(request, warning)
        messages.success(request, _("The switches of %(shop)s were saved.") % {"shop": shop.name})
        return redirect(f"{reverse('admin:notifications_messageswitch_changelist')}?shop={shop.slug}")


@admin.register(Message)
class MessageAdmin(ReadOnly, ShopScopedAdmin):
    """The outbox as it is; the Messages page is where people work with it."""

    list_display = ["created_at", "event", "channel", "recipient", "state", "why", "order", "shop"]
    list_filter = [("shop", ScopedRelatedFilter), "state", "channel", "event"]
    list_select_related = ["shop", "order"]
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

    @admin.display(description=gettext_lazy("reason"))
    def why(self, message: Message) -> str:
        return message.reason
