"""The short form that changes stock by hand: receive, write off or count, with a reason."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from inventory import services
from inventory.models import Product, StockItem, Warehouse
from inventory.services.sheet import LARGEST_STOCK
from shops.actors import Actor


class StockVerb(models.TextChoices):
    RECEIVE = "receive", _("Receive: goods came in")
    WRITE_OFF = "write_off", _("Write off: goods are broken or lost")
    COUNT = "count", _("Count: this many are on the shelf")


class StockForm(forms.Form):
    """One change of one product's stock. `on_hand_after` is what it would lead to; `save` makes it."""

    verb = forms.ChoiceField(
        label=_("What happened"), choices=StockVerb.choices, widget=UnfoldAdminSelectWidget
    )
    warehouse = forms.ModelChoiceField(
        label=_("Warehouse"),
        queryset=Warehouse.objects.none(),
        empty_label=None,
        widget=UnfoldAdminSelectWidget,
    )
    quantity = forms.IntegerField(
        label=_("Quantity"),
        min_value=0,
        max_value=LARGEST_STOCK,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Whole units: how many came in or are lost, or, for a count, how many there are."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("For example the delivery note, or “broken in the warehouse”. It stays in the ledger."),
    )

    def __init__(self, product: Product, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.product = product
        warehouses = Warehouse.objects.filter(shop_id=product.shop_id).order_by("-is_default", "name")
        cast(forms.ModelChoiceField, self.fields["warehouse"]).queryset = warehouses

    @property
    def shown(self) -> str:
        """What a preview was made of, so that nothing else is saved than what was shown."""
        return "{verb}/{warehouse.pk}/{quantity}".format(**self.cleaned_data)

    def on_hand_after(self) -> tuple[int, int]:
        """Units on hand in the chosen warehouse, now and after the change."""
        item = StockItem.objects.filter(
            product=self.product, warehouse=self.cleaned_data["warehouse"]
        ).first()
        now, quantity = item.on_hand if item else 0, self.cleaned_data["quantity"]
        after = {
            StockVerb.RECEIVE: now + quantity,
            StockVerb.WRITE_OFF: now - quantity,
            StockVerb.COUNT: quantity,
        }
        return now, after[StockVerb(self.cleaned_data["verb"])]

    def save(self, actor: Actor) -> None:
        """Make the change; raises `StockError` or `NotPermitted` with a sentence for the page."""
        verb, quantity = self.cleaned_data["verb"], self.cleaned_data["quantity"]
        amount = {"counted": quantity} if verb == StockVerb.COUNT else {"quantity": quantity}
        getattr(services, verb)(
            product_id=self.product.pk,
            reason=self.cleaned_data["reason"],
            warehouse_id=self.cleaned_data["warehouse"].pk,
            actor=actor,
            **amount,
        )
