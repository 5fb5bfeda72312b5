"""The short forms that change one product's stock: receive, write off, adjust, move, bring back.

They check what was typed and put it into the words of a service; what may happen to stock the service decides.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from django import forms
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory import services
from inventory.models import MovementKind, Product, Warehouse
from inventory.services import Change
from inventory.services.limits import LARGEST_COST, LONGEST_REFERENCE
from inventory.services.sheet import LARGEST_QUANTITY

SPACES = re.compile(r"[\s\u00a0\u202f]+")
REASONS = "usual-reasons"


class UnitsField(forms.IntegerField):
    """Whole units from 1 to a million, in plain digits; spaces between thousands are allowed."""

    widget = forms.TextInput
    default_error_messages = {
        "invalid": _("Write a whole number in digits, for example 12."),
        "required": _("How many units?"),
        "min_value": _("At least %(limit_value)s."),
        "max_value": _("At most %(limit_value)s units at once. Was a barcode scanned into this field?"),
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_QUANTITY, **options)
        self.widget.attrs |= {"inputmode": "numeric", "autocomplete": "off", "data-quantity": ""}

    def to_python(self, value: Any) -> int | None:
        text = SPACES.sub("", "" if value is None else str(value))
        if text and not re.fullmatch(r"[+-]?[0-9]{1,40}", text):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


class CostField(forms.DecimalField):
    """An amount with up to two decimals, after a point or a comma."""

    widget = forms.TextInput

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=LARGEST_COST, max_digits=12, decimal_places=2, **options)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value: Any) -> Any:
        text = SPACES.sub("", "" if value is None else str(value)).replace(",", ".")
        if text and not re.fullmatch(r"[+-]?[0-9]{0,40}\.?[0-9]{0,40}", text):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


class Way(models.TextChoices):
    MORE = "more", _("More are here than the system says")
    LESS = "less", _("Fewer are here than the system says")


class MovementForm(forms.Form):
    """One change of one product's stock. `key` is the form's own, by which a second click is recognised."""

    verb: ClassVar[Any]
    kept: ClassVar[tuple[str, ...]] = ("warehouse", "reason")

    quantity = UnitsField(label=_("Quantity"))
    warehouse = forms.ModelChoiceField(
        label=_("Warehouse"), queryset=Warehouse.objects.none(), empty_label=None
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=forms.TextInput(attrs={"list": REASONS}),
        error_messages={"required": _("Say why; it stays in the ledger.")},
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        product: Product,
        posted: Any = None,
        *,
        warehouses: Sequence[Warehouse],
        may_edit_product: bool = False,
        initial: dict[str, Any] | None = None,
    ) -> None:
        first = {"key": uuid.uuid4(), **self.first_values(product, warehouses), **(initial or {})}
        super().__init__(posted, initial=first, auto_id="movement-%s")
        self.product = product
        self.may_edit_product = may_edit_product
        for name, chosen in self.fields.items():
            if isinstance(chosen, forms.ModelChoiceField):
                chosen.queryset = Warehouse.objects.filter(shop_id=product.shop_id).order_by(
                    "-is_default", "name"
                )
                # The page has read them already; every choice field would read them again.
                chosen.choices = [(place.pk, place.name) for place in warehouses]
            if name == "quantity":
                chosen.widget.attrs["autofocus"] = True

    @classmethod
    def first_values(cls, product: Product, warehouses: Sequence[Warehouse]) -> dict[str, Any]:
        """What stands in the fields before anybody typed."""
        return {"warehouse": warehouses[0].pk if warehouses else None}

    def arguments(self) -> dict[str, Any]:
        """The verb's own arguments, out of clean values."""
        values = self.cleaned_data
        return {
            "quantity": values["quantity"],
            "warehouse_id": values["warehouse"].pk,
            "reason": values["reason"],
        }

    def change(self) -> Change:
        """The change this form asks for; only of a valid form."""
        return Change(type(self).verb, self.product.pk, self.arguments())

    def remembered(self) -> dict[str, Any]:
        """What the next form of this kind begins with, so that a delivery is typed once."""
        values = ((name, self.cleaned_data.get(name)) for name in self.kept)
        return {name: value.pk if isinstance(value, Warehouse) else value for name, value in values}


class ReceiveForm(MovementForm):
    """Goods came in, at a cost."""

    verb = staticmethod(services.receive)
    kept = ("warehouse", "reason", "reference", "cost_currency")

    unit_cost = CostField(
        label=_("Cost of one unit"), required=False, help_text=_("Without VAT; it stays on the movement.")
    )
    cost_currency = forms.CharField(
        label=_("Currency"), max_length=3, required=False, widget=forms.TextInput(attrs={"size": 4})
    )
    update_cost = forms.BooleanField(label=_("Also set as the product's cost"), required=False)
    reference = forms.CharField(
        label=_("Document number"),
        max_length=LONGEST_REFERENCE,
        required=False,
        help_text=_("Delivery note or invoice of the supplier."),
    )
    field_order = [
        "quantity",
        "warehouse",
        "unit_cost",
        "cost_currency",
        "update_cost",
        "reference",
        "reason",
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False
        if self.product.cost is not None:
            self.fields["unit_cost"].widget.attrs["placeholder"] = str(self.product.cost)
        if not self.may_edit_product:
            del self.fields["update_cost"]

    @classmethod
    def first_values(cls, product: Product, warehouses: Sequence[Warehouse]) -> dict[str, Any]:
        currency = product.cost_currency or product.shop.currency
        return {**super().first_values(product, warehouses), "cost_currency": currency}

    def clean_cost_currency(self) -> str:
        return self.cleaned_data["cost_currency"].strip().upper()

    def arguments(self) -> dict[str, Any]:
        names = ("unit_cost", "cost_currency", "reference")
        more = {name: self.cleaned_data[name] for name in names}
        return {**super().arguments(), **more, "update_cost": self.cleaned_data.get("update_cost", False)}


class WriteOffForm(MovementForm):
    """Goods are broken or lost."""

    verb = staticmethod(services.write_off)

    from_reserved = forms.BooleanField(
        label=_("Also take reserved units; the newest orders wait again"), required=False
    )
    field_order = ["quantity", "warehouse", "from_reserved", "reason"]

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "from_reserved": self.cleaned_data["from_reserved"]}


class AdjustForm(MovementForm):
    """The shelf holds more or fewer than the system says."""

    verb = staticmethod(services.adjust)

    way = forms.ChoiceField(
        label=_("What is wrong"), choices=Way.choices, initial=Way.LESS, widget=forms.RadioSelect
    )
    field_order = ["way", "quantity", "warehouse", "reason"]

    def arguments(self) -> dict[str, Any]:
        values = super().arguments()
        units = values.pop("quantity")
        return {**values, "difference": units if self.cleaned_data["way"] == Way.MORE else -units}


class TransferForm(MovementForm):
    """Goods go from one warehouse of the shop to another."""

    verb = staticmethod(services.transfer)
    kept = ("from_warehouse", "to_warehouse", "reason")

    warehouse = None  # type: ignore[assignment]
    from_warehouse = forms.ModelChoiceField(
        label=_("From"), queryset=Warehouse.objects.none(), empty_label=None
    )
    to_warehouse = forms.ModelChoiceField(label=_("To"), queryset=Warehouse.objects.none(), empty_label=None)
    field_order = ["from_warehouse", "to_warehouse", "quantity", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False

    @classmethod
    def first_values(cls, product: Product, warehouses: Sequence[Warehouse]) -> dict[str, Any]:
        keys = [place.pk for place in warehouses] + [None, None]
        return {"from_warehouse": keys[0], "to_warehouse": keys[1]}

    def arguments(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "quantity": values["quantity"],
            "from_warehouse_id": values["from_warehouse"].pk,
            "to_warehouse_id": values["to_warehouse"].pk,
            "reason": values["reason"],
        }


class ReturnForm(MovementForm):
    """Goods came back from somebody and are sold again."""

    verb = staticmethod(services.return_to_stock)
    kept = ("warehouse", "reason")

    reference = forms.CharField(
        label=_("Order or return number"),
        max_length=LONGEST_REFERENCE,
        required=False,
        help_text=_("Whose they were; only so that the ledger says it."),
    )
    field_order = ["quantity", "warehouse", "reference", "reason"]

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "reference": self.cleaned_data["reference"]}


@dataclass(frozen=True)
class Kind:
    """One of the short forms: its address, its words and the reasons people usually give."""

    slug: str
    form: type[MovementForm]
    movement: str
    icon: str
    title: Promise
    explanation: Promise
    usual: Collection[Promise] = ()


KINDS = {
    kind.slug: kind
    for kind in (
        Kind(
            "receive",
            ReceiveForm,
            MovementKind.RECEIPT,
            "package-check",
            pgettext_lazy("stock", "Receive"),
            _("Goods came in. Whoever waits for them gets them first, the longest waiting first."),
            (_("Delivery"), _("Production")),
        ),
        Kind(
            "write-off",
            WriteOffForm,
            MovementKind.WRITE_OFF,
            "package-x",
            pgettext_lazy("stock", "Write off"),
            _("Goods are broken, expired or lost, and leave the stock."),
            (_("Damaged"), _("Expired"), _("Lost"), _("Used as a sample")),
        ),
        Kind(
            "adjust",
            AdjustForm,
            MovementKind.ADJUSTMENT,
            "pencil",
            pgettext_lazy("stock", "Adjust"),
            _("The shelf holds more or fewer than the system says, and nobody can say why."),
            (_("Found"), _("Wrongly booked"), _("Difference on the shelf")),
        ),
        Kind(
            "transfer",
            TransferForm,
            MovementKind.TRANSFER,
            "truck",
            pgettext_lazy("stock", "Move"),
            _("Goods go from one warehouse to another; what is reserved stays where it is."),
            (_("Refilling the shop"),),
        ),
        Kind(
            "return",
            ReturnForm,
            MovementKind.RESTOCK,
            "undo-2",
            pgettext_lazy("stock", "Return to stock"),
            _(
                "Goods came back and can be sold again. A return that was announced is received on its order's page."
            ),
            (_("Came back in good condition"), _("Not picked up")),
        ),
    )
}


def asked_values(form: type[MovementForm], asked: Any) -> dict[str, str]:
    """What an address fills in: the fields it names, whatever they say."""
    names = [name for name in cast(Any, form).base_fields if name != "key"]
    return {name: asked[name][:200] for name in names if asked.get(name)}
