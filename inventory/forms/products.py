"""The forms of the catalogue: a product as a whole, its safety stock, a warehouse's name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory.errors import StockError
from inventory.models import Category, Product, ProductFamily
from inventory.services.editing import EDITABLE, NAMED, value_of
from inventory.services.pictures import Picture, read_picture
from inventory.services.sheet import LARGEST_QUANTITY
from inventory.services.warehouses import LONGEST_NAME
from shops.models import Shop
from shops.validators import validate_currency

MOST_SUGGESTED = 500
# One form, in the order in which it is filled in; each group has a heading.
GROUPS = (
    ("article", _("Article"), ("barcode", "sku", "name", "family", "variant", "category", "unit", "picture")),
    (
        "money",
        _("Price and cost"),
        ("price", "price_currency", "vat_rate", "cost", "cost_currency"),
    ),
    (
        "warehouse",
        _("In the warehouse"),
        ("place", "weight_grams", "is_tracked", "allow_backorder", "preorder_from", "expected_on"),
    ),
    ("supply", _("Supply"), ("supplier", "lead_time_days", "pack_size")),
    ("state", _("In the lists"), ("is_active",)),
)
HINTS = {
    "family": _("The article of which this is one variant. Pick one or write a new name."),
    "category": _("Pick one or write a new name."),
    "is_tracked": _(
        "On: receive or count it, and orders reserve it; a shortage is told. Off: it never blocks an order, and its"
        " numbers stay as they are. It stays on while orders hold some."
    ),
    "is_active": _(
        "Off: archived. It leaves the lists, counts and suggestions; its history, stock and orders stay, and an"
        " order that names it is still taken."
    ),
    "picture": _("JPEG, PNG or WebP, at most 5 MB. It is made smaller, and its metadata is removed."),
    "vat_rate": _("For example 21."),
}


class CurrencyField(forms.CharField):
    """A currency code, written in any case."""

    def to_python(self, value: Any) -> Any:
        return (super().to_python(value) or "").upper()


class ProductForm(forms.ModelForm):
    """A product as people write it. `values` are what changed, `shown` what the form had said before.

    It saves nothing: the services decide, and `refuse` puts their sentence beside the field it is about.
    """

    category = forms.CharField(
        label=pgettext_lazy("products", "Category"), max_length=100, required=False, strip=True
    )
    family = forms.CharField(label=_("Variant of"), max_length=255, required=False, strip=True)
    picture = forms.FileField(
        label=_("Picture"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    remove_picture = forms.BooleanField(label=_("Remove the picture"), required=False)
    shown_picture = forms.CharField(required=False, widget=forms.HiddenInput)
    price_currency = CurrencyField(
        label=_("Currency of the price"), max_length=3, required=False, validators=[validate_currency]
    )
    cost_currency = CurrencyField(
        label=_("Currency of the cost"), max_length=3, required=False, validators=[validate_currency]
    )
    vat_rate = forms.DecimalField(
        label=_("VAT rate, %"),
        max_digits=5,
        decimal_places=2,
        required=False,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )

    class Meta:
        model = Product
        fields = EDITABLE
        widgets = {
            "preorder_from": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "expected_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(
        self,
        posted: Any = None,
        files: Any = None,
        *,
        shop: Shop,
        instance: Product | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        said = {field: value_of(instance, field) for field in NAMED} if instance else {}
        said["shown_picture"] = instance.picture.name or "" if instance else ""
        super().__init__(posted, files, instance=instance, initial=said | (initial or {}))
        self.shop = shop
        self.prepared: Picture | None = None
        for name, field in self.fields.items():
            field.show_hidden_initial = instance is not None and name in (*EDITABLE, *NAMED)
            field.help_text = HINTS.get(name, field.help_text)
        self.fields["barcode"].widget.attrs |= {"data-scan": "", "autofocus": True, "autocomplete": "off"}
        self.fields["barcode"].help_text = _("Scan it: the reader then goes on to the next field.")
        for name in ("sku", "place", "price_currency", "cost_currency"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        for name in ("price_currency", "cost_currency"):
            self.fields[name].widget.attrs["placeholder"] = shop.currency
        for name in NAMED:
            self.fields[name].widget.attrs["list"] = f"{name}-names"
        for name in ("price", "cost"):
            self.fields[name].validators.append(MinValueValidator(0))
        self.fields["pack_size"].validators.append(MinValueValidator(1))

    def clean_picture(self) -> Any:
        upload = self.cleaned_data["picture"]
        if upload:
            try:
                self.prepared = read_picture(upload)
            except StockError as refusal:
                raise ValidationError(refusal.sentence) from refusal
        return upload

    @property
    def values(self) -> dict[str, Any]:
        """What is to be written: everything for a new product, what the person changed for a known one."""
        wanted = [*EDITABLE, *NAMED] if self.instance.pk is None else self.changed_data
        return {name: self.cleaned_data[name] for name in wanted if name in (*EDITABLE, *NAMED)}

    @property
    def shown(self) -> dict[str, Any]:
        """What the form said before the person wrote in it."""
        said: dict[str, Any] = {"picture": self.cleaned_data["shown_picture"]}
        for name in (*EDITABLE, *NAMED):
            bound, field = self[name], self.fields[name]
            hidden = field.hidden_widget().value_from_datadict(self.data, self.files, bound.html_initial_name)
            try:
                said[name] = field.to_python(hidden)
            except ValidationError:
                said[name] = None
        return said

    def refuse(self, refusal: StockError, now: Product | None = None) -> None:
        """Show a refusal beside its field; after a stale change the form knows what the field says `now`."""
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.sentence)
        if refusal.code != "stale" or now is None:
            return
        posted: Any = self.data.copy()  # type: ignore[attr-defined]
        if refusal.field == "picture":
            posted["shown_picture"] = now.picture.name or ""
        else:
            said = value_of(now, refusal.field)
            posted[self[refusal.field].html_initial_name] = "" if said is None else str(said)
        self.data = posted

    def groups(self) -> list[tuple[str, Any, list[BoundField]]]:
        """The fields by group, for the template."""
        return [(slug, title, [self[name] for name in names]) for slug, title, names in GROUPS]

    def known_names(self) -> dict[str, list[str]]:
        """The names offered while a category or a family is typed."""
        categories = Category.objects.filter(shop=self.shop).values_list("name", flat=True)
        families = ProductFamily.objects.filter(shop=self.shop).values_list("name", flat=True)
        return {"category": list(categories[:MOST_SUGGESTED]), "family": list(families[:MOST_SUGGESTED])}

    def _post_clean(self) -> None:
        # The instance is what the page says the product is: it must not take values nobody has saved.
        pass


class SafetyStockForm(forms.Form):
    """How little of a product one warehouse may have free."""

    safety_stock = forms.IntegerField(
        label=_("Safety stock"),
        min_value=0,
        max_value=LARGEST_QUANTITY,
        widget=forms.NumberInput(attrs={"autofocus": True, "inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("Below this much available you are warned; 0 means never."),
    )


class WarehouseForm(forms.Form):
    """The name of a warehouse."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)
