"""The forms of a stock count: opening one, entering what was found, posting the differences."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory.models import Category, StockCount, StockCountLine, Warehouse
from inventory.services.counting import LONGEST_NAME, default_name, enter_count, open_count
from inventory.services.posting import post_count
from inventory.services.sheet import LARGEST_QUANTITY
from shops.actors import Actor
from shops.models import Shop


class OpenCountForm(forms.Form):
    """What is to be counted, and how."""

    warehouse = forms.ModelChoiceField(
        label=_("Warehouse"), queryset=Warehouse.objects.none(), empty_label=None
    )
    category = forms.ModelChoiceField(
        label=pgettext_lazy("products", "Category"),
        queryset=Category.objects.none(),
        required=False,
        empty_label=_("Everything in the warehouse"),
    )
    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)
    hides_expected = forms.BooleanField(
        label=_("Do not show what is expected while counting"),
        required=False,
        help_text=_("People who see the expected number tend to find it."),
    )

    def __init__(self, shop: Shop, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shop = shop
        warehouses = Warehouse.objects.filter(shop=shop).order_by("-is_default", "name")
        cast(forms.ModelChoiceField, self.fields["warehouse"]).queryset = warehouses
        categories = Category.objects.filter(shop=shop)
        cast(forms.ModelChoiceField, self.fields["category"]).queryset = categories

    @staticmethod
    def first_values() -> dict[str, Any]:
        """What a fresh form proposes."""
        return {"name": default_name(), "hides_expected": True}

    def save(self, actor: Actor) -> StockCount:
        """Open the count; raises `StockError` or `NotPermitted` with a sentence for the page."""
        category = self.cleaned_data["category"]
        return open_count(
            shop_id=self.shop.pk,
            warehouse_id=self.cleaned_data["warehouse"].pk,
            category_id=category.pk if category else None,
            name=self.cleaned_data["name"],
            hides_expected=self.cleaned_data["hides_expected"],
            actor=actor,
        )


class EntryForm(forms.Form):
    """How many of one product were found. `key` makes a form that is sent twice count once."""

    product = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)
    quantity = forms.IntegerField(
        label=_("How many are here?"),
        min_value=0,
        max_value=LARGEST_QUANTITY,
        error_messages={
            "required": _("Enter how many you found; 0 if there are none."),
            "invalid": _("Enter a whole number, for example 12."),
            "min_value": _("Fewer than none cannot be there."),
            "max_value": _(
                "This looks like a barcode, not like a quantity. Nothing was saved: enter the quantity, then scan the next product."
            ),
        },
    )

    @staticmethod
    def fresh(product_id: int) -> EntryForm:
        """An empty form for one product."""
        return EntryForm(initial={"product": product_id, "key": uuid.uuid4()}, auto_id="entry-%s")

    def save(self, count_id: int, actor: Actor, *, replaces: bool) -> StockCountLine:
        """Make the entry; raises `StockError` or `NotPermitted` with a sentence for the page."""
        return enter_count(
            count_id=count_id,
            product_id=self.cleaned_data["product"],
            quantity=self.cleaned_data["quantity"],
            key=self.cleaned_data["key"],
            replaces=replaces,
            actor=actor,
        )


class PostForm(forms.Form):
    """What becomes of the products nobody counted, and that the differences are meant."""

    uncounted = forms.ChoiceField(
        label=_("Products nobody counted"),
        choices=[
            ("leave", _("Leave them as they are")),
            ("zero", _("None are here: set them to 0")),
        ],
        initial="leave",
        widget=forms.RadioSelect,
    )

    def save(self, count_id: int, actor: Actor) -> StockCount:
        """Post the count; raises `StockError` or `NotPermitted` with a sentence for the page."""
        return post_count(count_id=count_id, uncounted=self.cleaned_data["uncounted"], actor=actor)
