"""The admin of the board: funnels with their stages, in words a shop owner understands; deals to look up only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from simple_history.admin import SimpleHistoryAdmin
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminColorInputWidget

from crm import projection
from crm.models import Deal, Funnel, Stage, Tag
from crm.services import remove_unused_tags
from crm.services.stages import lock_mapping
from orders.models import Order
from orders.search import search_orders
from orders.statuses import Status
from shops.actors import Actor
from shops.admin_scope import ReadOnly, ScopedRelatedFilter, ShopScopedAdmin, ShopScopedStackedInline
from shops.keyset import read_key

HELP = {
    "name": gettext_lazy("The heading of the column."),
    "slug": gettext_lazy("In the board's web address; letters, digits and dashes."),
    "colour": gettext_lazy("The stripe above the column."),
    "position": gettext_lazy("Columns stand from left to right, the lowest number first."),
    "kind": gettext_lazy("Won and lost stages end a deal; the board folds them to a narrow rail."),
    "condition": gettext_lazy("Cards of other orders cannot be moved here."),
    "wip_limit": gettext_lazy("How many cards may stand here at once; empty: any number."),
    "requires_previous": gettext_lazy(
        "A card comes here only from the column before; side stages do not count."
    ),
}


class StageForm(forms.ModelForm):
    """One stage, with a word about each field."""

    class Meta:
        model = Stage
        fields = [
            "name",
            "slug",
            "colour",
            "position",
            "kind",
            "status",
            "is_entry",
            "is_side",
            "condition",
            "wip_limit",
            "wip_is_hard",
            "time_limit_hours",
            "requires_previous",
        ]
        widgets = {"colour": UnfoldAdminColorInputWidget}
        help_texts = HELP

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("is_entry") and not values.get("status"):
            self.add_error("status", _("An entry stage needs the order status whose cards come here."))
        return values


class StageFormSet(BaseInlineFormSet):
    """The stages of a funnel together: rules no single stage can see."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.is_valid() and not form.cleaned_data.get("DELETE")]
        self._refuse_second_entries(kept)
        self._refuse_new_statuses(kept)

    def save(self, commit: bool = True) -> Any:
        # An entry may wander from one stage to another in one save: the old one gives it up first.
        given_up = [form.instance.pk for form in self.initial_forms if not form.cleaned_data.get("is_entry")]
        if commit and given_up:
            Stage.objects.filter(pk__in=given_up, is_entry=True).update(is_entry=False)
        # Whether a stage is where deals end follows from its kind and status; its cards are counted by that.
        saved = super().save(commit)
        for stage in [*self.new_objects, *(row for row, _changed in self.changed_objects)] if commit else []:
            projection.count_as_open(stage)
        return saved

    def _refuse_second_entries(self, kept: list[Any]) -> None:
        entries: dict[str, str] = {}
        for form in kept:
            status, name = form.cleaned_data.get("status"), form.cleaned_data.get("name")
            if not status or not form.cleaned_data.get("is_entry"):
                continue
            if status in entries:
                form.add_error(
                    "is_entry",
                    _("“%(name)s” is the entry of “%(status)s” already; a status has one.")
                    % {"name": entries[status], "status": Status(status).label},
                )
            entries.setdefault(status, name)
        if any(form.errors for form in kept):
            raise ValidationError(_("Some stages do not fit together; see the marked fields."))

    def _refuse_new_statuses(self, kept: list[Any]) -> None:
        changed = {
            form.instance.pk: form for form in kept if form.instance.pk and "status" in form.changed_data
        }
        for pk, count in _cards_on(changed):
            changed[pk].add_error(
                "status",
                _full(
                    changed[pk].instance,
                    count,
                    _("Move them to another stage before it gets another status."),
                ),
            )
        if any(form.errors for form in kept):
            raise ValidationError(_("Some stages do not fit together; see the marked fields."))


def _cards_on(stage_ids: Any) -> QuerySet[Any, tuple[int, int]]:
    return (
        Deal.objects.filter(stage_id__in=list(stage_ids))
        .order_by()
        .values_list("stage_id")
        .annotate(Count("pk"))
    )


def _full(stage: Stage, count: int, what_to_do: str) -> SafeString:
    """How many cards are in the way, what to do, and a link to the page that moves them."""
    sentence = ngettext("%(count)d card stands on “%(name)s”.", "%(count)d cards stand on “%(name)s”.", count)
    return format_html(
        '{} {} <a href="{}">{}</a>',
        sentence % {"count": count, "name": stage.name},
        what_to_do,
        reverse("crm:funnel-stage", args=[stage.funnel.slug, stage.pk]),
        _("Move its cards"),
    )


def _refuse_deleting_full_stage(form: Any) -> None:
    """In place of the admin's own list of everything that stands in the way, which may be a million cards."""
    if not form.cleaned_data.get("DELETE") or form.instance.pk is None:
        return
    for _pk, count in _cards_on([form.instance.pk]):
        raise ValidationError(
            _full(form.instance, count, _("Move them to another stage before you delete it."))
        )


class StageInline(ShopScopedStackedInline):
    """The columns of a funnel."""

    model = Stage
    form = StageForm
    formset = StageFormSet
    extra = 0
    collapsible = True
    ordering = ["position", "pk"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("name", "colour", "position"),
                    ("status", "is_entry"),
                    ("kind", "is_side"),
                    ("condition", "requires_previous"),
                    ("wip_limit", "wip_is_hard"),
                    ("time_limit_hours", "slug"),
                ]
            },
        )
    ]

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.hand_clean_DELETE = _refuse_deleting_full_stage
        return formset


class FunnelForm(forms.ModelForm):
    """A funnel; a shop's orders have one board to appear on."""

    class Meta:
        model = Funnel
        fields = [
            "shop",
            "name",
            "slug",
            "is_default",
            "is_active",
            "creates_deals",
            "follows_orders",
            "position",
        ]
        help_texts = {
            "name": gettext_lazy("As managers see it above the board."),
            "is_default": gettext_lazy(
                "A shop has one such funnel: the cards of its new orders are placed there."
            ),
            "is_active": gettext_lazy("Off: the board is not offered any more; its cards are kept."),
            "position": gettext_lazy("The order in the menu of boards."),
        }

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        shop = values.get("shop") or getattr(self.instance, "shop", None)
        if values.get("is_default") and shop is not None:
            other = Funnel.objects.filter(shop=shop, is_default=True).exclude(pk=self.instance.pk).first()
            if other is not None:
                self.add_error(
                    "is_default",
                    _("Orders of this shop appear in “%(name)s”; switch it off there first.")
                    % {"name": other.name},
                )
        return values


@admin.register(Funnel)
class FunnelAdmin(SimpleHistoryAdmin, ShopScopedAdmin):
    """Boards. A funnel that holds deals is switched off rather than deleted."""

    form = FunnelForm
    inlines = [StageInline]
    list_display = ["name", "shop", "is_default", "is_active", "board_link", "mapping_link"]
    list_filter = [("shop", ScopedRelatedFilter), "is_active"]
    list_select_related = ["shop"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    actions = None

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else dict(self.prepopulated_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["shop", "slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and Deal.objects.filter(funnel=obj).exists():
            return False
        return super().has_delete_permission(request, obj)

    @admin.display(description=gettext_lazy("board"))
    def board_link(self, funnel: Funnel) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("crm:board", args=[funnel.slug]), _("Open"))

    @admin.display(description=gettext_lazy("what happens and where the card goes"))
    def mapping_link(self, funnel: Funnel) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("crm:funnel", args=[funnel.slug]), _("Set up"))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """A save holds the funnel's rules alone, as the mapping page does: no card is placed meanwhile."""
        key = read_key(object_id or "")
        if request.method != "POST" or key is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction.atomic():
            if Funnel.objects.visible_to(request.user).filter(pk=key).exists():
                lock_mapping(key)
            return super().changeform_view(request, object_id, form_url, extra_context)


@admin.register(Deal)
class DealAdmin(ReadOnly, ShopScopedAdmin):
    """Deals, to look up; the board and the deal's page change them."""

    list_display = ["title", "funnel", "stage", "manager", "amount", "currency", "page_link"]
    list_filter = [("funnel", ScopedRelatedFilter), "is_open"]
    list_select_related = ["funnel", "stage", "manager"]
    search_fields = ["title"]
    search_help_text = gettext_lazy("The order's number, name, phone, e-mail, SKU or AWB.")
    fields = [
        "title",
        "funnel",
        "stage",
        "order",
        "customer",
        "manager",
        "amount",
        "currency",
        "stage_entered_at",
        "created_at",
    ]
    ordering = ["-pk"]
    paginator = InfinitePaginator
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(order__in=search_orders(Order.objects.all(), search_term)), False

    @admin.display(description=gettext_lazy("page"))
    def page_link(self, deal: Deal) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("crm:deal", args=[deal.pk]), _("Open"))


@admin.register(Tag)
class TagAdmin(ShopScopedAdmin):
    """The words a shop marks deals and customers with; managers make them as they go, here they are tidied up."""

    list_display = ["name", "shop", "colour_mark", "deal_count", "customer_count"]
    list_filter = [("shop", ScopedRelatedFilter)]
    list_select_related = ["shop"]
    search_fields = ["name"]
    fields = ["shop", "name", "colour"]
    actions = ["remove_unused"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "colour":
            kwargs["widget"] = UnfoldAdminColorInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["shop"] if obj else []

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        counted = super().get_queryset(request)
        return counted.annotate(
            on_deals=Count("deals", distinct=True), on_customers=Count("customers", distinct=True)
        )

    @admin.display(description=gettext_lazy("colour"))
    def colour_mark(self, tag: Tag) -> SafeString:
        return format_html(
            '<svg width="14" height="14" viewBox="0 0 8 8" aria-hidden="true"><circle cx="4" cy="4" r="4" fill="{}"/></svg> {}',
            tag.colour,
            tag.colour,
        )

    @admin.display(description=gettext_lazy("on deals"))
    def deal_count(self, tag: Any) -> int:
        return tag.on_deals

    @admin.display(description=gettext_lazy("on customers"))
    def customer_count(self, tag: Any) -> int:
        return tag.on_customers

    @admin.action(description=gettext_lazy("Remove those that nothing wears"))
    def remove_unused(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        actor = Actor.person(request.user)  # type: ignore[arg-type]
        shop_ids = set(queryset.values_list("shop_id", flat=True))
        removed = sum(remove_unused_tags(shop_id=shop_id, actor=actor) for shop_id in shop_ids)
        said = ngettext("%(count)d tag was removed.", "%(count)d tags were removed.", removed)
        self.message_user(request, said % {"count": removed})
