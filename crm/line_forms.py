"""The form of an order's lines: a quantity and a price for each, and products that come; shape only."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inventory.models import Product
from orders.models import Order, OrderLine
from orders.services import LineChange, is_mastered_elsewhere
from orders.services.placing import LARGEST_QUANTITY

LINE, NEW = "line", "new"


class LinesForm(forms.Form):
    """Every line of an order, and the `added` products; a quantity of 0 takes a line away."""

    def __init__(
        self, *args: Any, order: Order, lines: Sequence[OrderLine], added: Sequence[Product], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lines, self.added = lines, added
        for line in lines:
            self._add_fields(f"{LINE}-{line.pk}", line.name, 0, line.quantity, line.unit_price)
        for product in added:
            self._add_fields(f"{NEW}-{product.pk}", product.name, 1, 1, product.price)
        if is_mastered_elsewhere(order):
            self.fields["only_here"] = forms.BooleanField(
                label=_("I know that the sales channel does not hear of this"),
                error_messages={"required": _("Tick that you know it, or change the order in the shop.")},
            )

    def _add_fields(self, key: str, name: str, least: int, quantity: int, price: Decimal | None) -> None:
        self.fields[f"{key}-quantity"] = forms.IntegerField(
            label=_("Quantity"),
            min_value=least,
            max_value=LARGEST_QUANTITY,
            initial=quantity,
            widget=forms.NumberInput(attrs={"inputmode": "numeric", "class": "input input-units"}),
        )
        self.fields[f"{key}-price"] = forms.DecimalField(
            label=_("Unit price"),
            min_value=0,
            max_digits=14,
            decimal_places=4,
            initial=_plain(price),
            widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "input input-price"}),
        )

    def rows(self) -> list[dict[str, Any]]:
        """The lines with their fields, as the page shows them; a new one with the product's key."""
        rows = [self._row(f"{LINE}-{line.pk}", line.name, line.variant, line.sku) for line in self.lines]
        new = [
            {**self._row(f"{NEW}-{row.pk}", row.name, row.variant, row.sku), "product_id": row.pk}
            for row in self.added
        ]
        return rows + new

    def _row(self, key: str, name: str, variant: str, sku: str) -> dict[str, Any]:
        return {
            "name": name,
            "variant": variant,
            "sku": sku,
            "quantity": self[f"{key}-quantity"],
            "price": self[f"{key}-price"],
        }

    @property
    def changes(self) -> list[LineChange]:
        """What the service is asked for; prices that stayed are not named, so that no digit of them is lost."""
        found = []
        for line in self.lines:
            quantity, price = self._values(f"{LINE}-{line.pk}")
            kept = None if price == _plain(line.unit_price) else price
            found.append(LineChange(line_id=line.pk, quantity=quantity, unit_price=kept))
        for product in self.added:
            quantity, price = self._values(f"{NEW}-{product.pk}")
            found.append(LineChange(product_id=product.pk, quantity=quantity, unit_price=price))
        return found

    def _values(self, key: str) -> tuple[int, Decimal]:
        return self.cleaned_data[f"{key}-quantity"], self.cleaned_data[f"{key}-price"]


def _plain(price: Decimal | None) -> Decimal | None:
    """A price without needless zeros, but with its cents."""
    if price is None:
        return None
    cents = price.quantize(Decimal("0.01"))
    return cents if cents == price else price.normalize()
