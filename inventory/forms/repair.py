"""The short form under what a repair will change: why, and, where somebody counted, how many there are."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inventory.models import StockItem
from inventory.selectors import Sums
from inventory.services import repair_stock
from inventory.services.sheet import LARGEST_STOCK
from shops.actors import Actor


class RepairForm(forms.Form):
    """Repairs one stock item, unless its numbers moved since they were shown."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("For example “restored from a backup”. It stays in the record."),
    )
    counted = forms.IntegerField(
        label=_("Counted on the shelf"),
        min_value=0,
        max_value=LARGEST_STOCK,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_("If you counted, enter how many there are: a movement then brings the ledger to it."),
    )
    shown = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput())

    def __init__(self, item: StockItem, sums: Sums, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.item = item
        self.fields["shown"].initial = sums.mark
        if sums.ledger < 0:
            self.fields["counted"].required = True

    def save(self, actor: Actor) -> None:
        """Make the repair; raises `StockError` or `NotPermitted` with a sentence for the page."""
        repair_stock(
            stock_item_id=self.item.pk,
            reason=self.cleaned_data["reason"],
            counted=self.cleaned_data["counted"],
            shown=self.cleaned_data["shown"],
            actor=actor,
        )
