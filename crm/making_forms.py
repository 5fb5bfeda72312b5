"""What is typed to make a deal or an order by hand, turned into drafts. Whether it may be, services decide."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Stage
from crm.order_forms import ADDRESS_FIELDS, PostalForm
from crm.services.making import DealDraft
from inventory.models import Product
from orders.carriers import choices_for
from orders.drafts import AddressDraft, LineDraft, OrderDraft
from orders.services.placing import LARGEST_AMOUNT, LARGEST_QUANTITY
from orders.statuses import DeliveryKind, PaymentMethod, PaymentStatus
from shops.models import Shop
from shops.money import ZERO, quantise

MOST_LINES = 100
HUNDRED = Decimal(100)


class KeyField(forms.UUIDField):
    """What tells a form that was sent twice: made with the form, sent back with it."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> uuid.UUID:
        try:
            return super().clean(value) or uuid.uuid4()
        except forms.ValidationError:
            return uuid.uuid4()


class DealForm(forms.Form):
    """A deal jotted down during a call."""

    form_key = KeyField(required=False)
    title = forms.CharField(
        label=_("What it is about"),
        max_length=200,
        error_messages={"required": _("Say in a few words what it is about.")},
        widget=forms.TextInput(attrs={"autofocus": True, "placeholder": _("20 mugs with a logo")}),
    )
    name = forms.CharField(label=_("Who"), max_length=200, required=False)
    phone = forms.CharField(
        label=_("Phone"), max_length=50, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    amount = forms.DecimalField(
        label=_("What it may bring"),
        min_value=0,
        max_value=LARGEST_AMOUNT,
        max_digits=14,
        decimal_places=2,
        required=False,
        localize=False,
    )
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    note = forms.CharField(
        label=_("Note for colleagues"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, stages: Sequence[Stage], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stage, amount = self.fields["stage"], self.fields["amount"]
        assert isinstance(stage, forms.ChoiceField)
        stage.choices = [(str(row.pk), row.name) for row in stages]
        amount.help_text = currency

    @property
    def stage_id(self) -> int | None:
        return int(self.cleaned_data["stage"]) if self.cleaned_data["stage"] else None

    def draft(self) -> DealDraft:
        values = self.cleaned_data
        contact = AddressDraft(name=values["name"], phone=values["phone"], email=values["email"])
        return DealDraft(values["title"], contact, values["amount"] or ZERO, values["note"])


class NewOrderForm(PostalForm):
    """Everything of an order but its lines."""

    form_key = KeyField(required=False)
    language = forms.ChoiceField(label=_("Customer's language"), choices=settings.LANGUAGES)
    delivery_kind = forms.ChoiceField(label=_("Delivery"), choices=DeliveryKind.choices)
    courier = forms.ChoiceField(label=_("Courier"), required=False)
    pickup_point = forms.CharField(
        label=_("Locker or pick-up point"),
        max_length=100,
        required=False,
        help_text=_("Its code or its name."),
    )
    shipping_total = forms.DecimalField(
        label=_("Price of delivery"),
        min_value=0,
        max_value=LARGEST_AMOUNT,
        max_digits=14,
        decimal_places=2,
        required=False,
    )
    payment_method = forms.ChoiceField(label=_("How it is paid"), choices=PaymentMethod.choices)
    is_paid = forms.BooleanField(label=_("It is paid already"), required=False)
    customer_note = forms.CharField(
        label=_("Customer's note"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shop = shop
        self.limit_lengths()
        courier = self.fields["courier"]
        assert isinstance(courier, forms.ChoiceField)
        courier.choices = [("", _("None chosen")), *choices_for(shop.country)]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("is_paid") and values.get("payment_method") == PaymentMethod.COD:
            self.add_error(
                "is_paid", _("Cash on delivery is paid at the door: choose another way of paying.")
            )
        return values

    def order_draft(self, lines: tuple[LineDraft, ...], rate: Decimal) -> OrderDraft:
        """The whole order. Delivery carries `rate` percent of VAT, the rate of the lines that weigh most."""
        values = self.cleaned_data
        shipping = values["shipping_total"] or ZERO
        return OrderDraft(
            currency=self.shop.currency,
            shipping=AddressDraft(**{name: values[name] for name in ADDRESS_FIELDS}),
            lines=lines,
            shipping_total=shipping,
            shipping_vat=vat_within(shipping, rate, self.shop.currency),
            language=values["language"],
            delivery_kind=values["delivery_kind"],
            courier=values["courier"],
            pickup_point=values["pickup_point"],
            payment_method=values["payment_method"],
            payment_status=PaymentStatus.PAID if values["is_paid"] else PaymentStatus.PENDING,
            paid_at=timezone.now() if values["is_paid"] else None,
            customer_note=values["customer_note"],
        )


class LineForm(forms.Form):
    """One line: a product of the shop, or something that is in no catalogue."""

    product = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("Name"), max_length=255, error_messages={"required": _("The line needs a name.")}
    )
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=LARGEST_QUANTITY)
    unit_price = forms.DecimalField(
        label=_("Unit price"),
        min_value=0,
        max_value=LARGEST_AMOUNT,
        max_digits=14,
        decimal_places=2,
    )
    discount = forms.DecimalField(
        label=_("Discount"),
        min_value=0,
        max_value=LARGEST_AMOUNT,
        max_digits=14,
        decimal_places=2,
        required=False,
    )
    vat_rate = forms.DecimalField(
        label=_("VAT rate, %"), min_value=0, max_value=100, max_digits=5, decimal_places=2, required=False
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        price, quantity = values.get("unit_price"), values.get("quantity")
        if price is not None and quantity is not None and (values.get("discount") or ZERO) > price * quantity:
            self.add_error("discount", _("The discount is larger than the line."))
        return values

    def total(self, currency: str) -> Decimal:
        """What the line costs, gross, after the discount."""
        values = self.cleaned_data
        return quantise(values["unit_price"] * values["quantity"] - (values["discount"] or ZERO), currency)

    def line(self, product: Product | None, currency: str) -> LineDraft:
        values = self.cleaned_data
        total, rate = self.total(currency), values["vat_rate"] or ZERO
        return LineDraft(
            name=product.name if product else values["name"],
            variant=product.variant if product else "",
            sku=product.sku if product else "",
            product_id=product.pk if product else None,
            quantity=values["quantity"],
            unit_price=values["unit_price"],
            discount=values["discount"] or ZERO,
            total=total,
            vat_rate=rate,
            vat_amount=vat_within(total, rate, currency),
        )


LineFormSet = forms.formset_factory(LineForm, extra=0, max_num=MOST_LINES, absolute_max=MOST_LINES)


def vat_within(gross: Decimal, rate: Decimal, currency: str) -> Decimal:
    """The VAT that a gross amount contains at a rate in percent: gross · rate / (100 + rate), to the cent."""
    return quantise(gross * rate / (HUNDRED + rate), currency)


def weightiest_rate(lines: Sequence[LineDraft]) -> Decimal:
    """The VAT rate under which most of the money of the lines stands; 0 without lines."""
    sums: dict[Decimal, Decimal] = {}
    for line in lines:
        sums[line.vat_rate] = sums.get(line.vat_rate, ZERO) + line.total
    return max(sums, key=lambda rate: (sums[rate], rate)) if sums else ZERO
