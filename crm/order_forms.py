"""The short forms of the order and customer pages: what a change needs, checked for shape only.

Whether a change may happen is decided by orders' services; a form here only makes plain values of what was typed.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.carriers import choices_for
from orders.drafts import AddressDraft
from orders.models import Order, OrderAddress, Return
from orders.selectors import units_of
from orders.statuses import CancelReason, DeliveryKind, PaymentMethod, PaymentStatus, ReturnKind

RESTOCKED = "restocked-"
UNITS = "units-"
ADDRESS_FIELDS = [field.name for field in fields(AddressDraft)]


class OrderForm(forms.Form):
    """A form about one order; `initial_of` fills it with what the order says now."""

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        self.prepare()

    def prepare(self) -> None:
        """Choices and texts that depend on the order."""

    @classmethod
    def initial_of(cls, order: Order) -> dict[str, Any]:
        return {}


class NothingForm(OrderForm):
    """A change that needs no more than the click."""


class ParcelForm(OrderForm):
    """A carrier and the number of the parcel; carriers of the shop's country come first."""

    carrier = forms.ChoiceField(label=_("Carrier"))
    tracking_number = forms.CharField(
        label=_("Tracking number (AWB)"),
        max_length=64,
        required=False,
        help_text=_("Empty only for own delivery."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True}),
    )

    def prepare(self) -> None:
        self._carrier().choices = choices_for(self.order.shop.country)

    def _carrier(self) -> forms.ChoiceField:
        field = self.fields["carrier"]
        assert isinstance(field, forms.ChoiceField)
        return field

    @classmethod
    def initial_of(cls, order: Order) -> dict[str, Any]:
        return {"carrier": order.courier}


class ShipForm(ParcelForm):
    """The same when handing over; with a prepared parcel there is nothing to type."""

    def prepare(self) -> None:
        super().prepare()
        if self.order.shipments.filter(state="prepared").exists():
            self._carrier().required = False
            self._carrier().choices = [
                ("", _("The parcel that is prepared")),
                *choices_for(self.order.shop.country),
            ]
            self.initial["carrier"] = ""
            self.fields["tracking_number"].help_text = _(
                "Empty for the parcel that is prepared, and for own delivery."
            )


class ShipRestForm(ParcelForm):
    """A further parcel: how many of the units that are here go, line by line."""

    def prepare(self) -> None:
        super().prepare()
        here = self.order.shop.blocks_on_shortage
        for row in units_of(self.order):
            most = row.ready(blocks_on_shortage=here)
            if most:
                self.fields[f"{UNITS}{row.line.pk}"] = forms.IntegerField(
                    label=" · ".join(filter(None, (row.line.name, row.line.variant))),
                    min_value=0,
                    max_value=most,
                    initial=most,
                    help_text=_("of %(units)d that can go now") % {"units": most},
                )

    @property
    def quantities(self) -> dict[int, int]:
        """Units that go, by line."""
        return {
            int(name.removeprefix(UNITS)): units
            for name, units in self.cleaned_data.items()
            if name.startswith(UNITS)
        }


class DropRestForm(OrderForm):
    reason = forms.CharField(
        label=_("Why"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class CancelForm(OrderForm):
    reason_code = forms.ChoiceField(label=_("Why"), choices=[("", _("Choose…")), *CancelReason.choices])
    reason = forms.CharField(
        label=_("In words"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReturnForm(OrderForm):
    return_kind = forms.ChoiceField(
        label=_("Kind of return"), choices=[("", _("Choose…")), *ReturnKind.choices]
    )
    reason = forms.CharField(
        label=_("In words"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReopenForm(OrderForm):
    reason = forms.CharField(
        label=_("Why is it reopened"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class PaymentForm(OrderForm):
    payment_status = forms.ChoiceField(label=_("Payment"), choices=PaymentStatus.choices)
    paid_at = forms.DateTimeField(
        label=_("Paid at"),
        required=False,
        help_text=_("Empty: now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(
        label=_("In words"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    @classmethod
    def initial_of(cls, order: Order) -> dict[str, Any]:
        return {"payment_status": order.payment_status, "paid_at": order.paid_at}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("payment_status") == PaymentStatus.PAID and not values.get("paid_at"):
            values["paid_at"] = timezone.now()
        return values


class NoteForm(OrderForm):
    text = forms.CharField(
        label=_("Internal note"), max_length=5000, widget=forms.Textarea(attrs={"rows": 3})
    )


class PostalForm(forms.Form):
    """The fields of a postal address; nothing is required, because completeness is judged when confirming."""

    name = forms.CharField(label=_("Name"), required=False)
    company = forms.CharField(label=_("Company"), required=False)
    tax_id = forms.CharField(label=_("Tax number"), required=False)
    phone = forms.CharField(label=_("Phone"), required=False, widget=forms.TextInput(attrs={"type": "tel"}))
    email = forms.EmailField(label=_("E-mail"), required=False)
    street = forms.CharField(label=_("Street and number"), required=False)
    street2 = forms.CharField(label=_("Apartment, floor"), required=False)
    postcode = forms.CharField(label=_("Postcode"), required=False)
    city = forms.CharField(label=_("Town"), required=False)
    county = forms.CharField(label=_("County"), required=False)
    country = forms.RegexField(
        label=_("Country"),
        regex=r"^[A-Za-z]{2}$",
        required=False,
        help_text=_("Two letters, for example RO."),
        error_messages={"invalid": _("Write the country as two letters, for example RO.")},
    )

    def limit_lengths(self) -> None:
        """No field takes more than its column does."""
        for name in ADDRESS_FIELDS:
            longest = OrderAddress._meta.get_field(name).max_length  # type: ignore[union-attr]
            self.fields[name].validators.append(MaxLengthValidator(longest or 0))
            self.fields[name].widget.attrs["maxlength"] = longest

    def clean_country(self) -> str:
        return self.cleaned_data["country"].upper()

    def draft(self) -> AddressDraft:
        return AddressDraft(**{name: self.cleaned_data[name] for name in ADDRESS_FIELDS})


class AddressForm(PostalForm, OrderForm):
    """An address of an order."""

    def prepare(self) -> None:
        self.limit_lengths()

    @classmethod
    def initial_of(cls, order: Order) -> dict[str, Any]:
        return cls.values_of(order.shipping_address)

    @staticmethod
    def values_of(address: OrderAddress) -> dict[str, Any]:
        return {name: getattr(address, name) for name in ADDRESS_FIELDS}


class BillingAddressForm(AddressForm):
    """The billing address, which starts as the delivery address where the order has none of its own."""

    @classmethod
    def initial_of(cls, order: Order) -> dict[str, Any]:
        return cls.values_of(order.billing_address or order.shipping_address)


class DeliveryForm(OrderForm):
    delivery_kind = forms.ChoiceField(label=_("Delivery"), choices=DeliveryKind.choices)
    courier = forms.ChoiceField(label=_("Courier"), required=False)
    pickup_point = forms.CharField(
        label=_("Locker or pick-up point"),
        max_length=100,
        required=False,
        help_text=_("Its code or its name."),
    )

    def prepare(self) -> None:
        courier = self.fields["courier"]
        assert isinstance(courier, forms.ChoiceField)
        courier.choices = [("", _("None chosen")), *choices_for(self.order.shop.country)]

    @classmethod
    def initial_of(cls, order: Order) -> dict[str, Any]:
        return {name: getattr(order, name) for name in ("delivery_kind", "courier", "pickup_point")}


class PaymentMethodForm(OrderForm):
    payment_method = forms.ChoiceField(label=_("Payment method"), choices=PaymentMethod.choices)

    @classmethod
    def initial_of(cls, order: Order) -> dict[str, Any]:
        return {"payment_method": order.payment_method}


class PartialForm(OrderForm):
    agreed = forms.BooleanField(label=_("The customer agreed to partial delivery"), required=False)

    @classmethod
    def initial_of(cls, order: Order) -> dict[str, Any]:
        return {"agreed": order.partial_agreed}


class ReceiveForm(OrderForm):
    """How many of the returned units go back into stock, line by line; the rest does not."""

    def __init__(self, *args: Any, return_note: Return, **kwargs: Any) -> None:
        self.return_note = return_note
        super().__init__(*args, **kwargs)

    def prepare(self) -> None:
        for row in self.return_note.lines.select_related("line"):
            self.fields[f"{RESTOCKED}{row.pk}"] = forms.IntegerField(
                label=row.line.name,
                min_value=0,
                max_value=row.quantity,
                initial=row.quantity,
                help_text=_("of %(units)d returned") % {"units": row.quantity},
            )

    @property
    def restocked(self) -> dict[int, int]:
        """Units that go back into stock, by line of the return."""
        return {int(name.removeprefix(RESTOCKED)): units for name, units in self.cleaned_data.items()}


class CustomerNoteForm(forms.Form):
    """What the shop wants to remember about a customer; `seen` is what the page said before it was typed over."""

    seen = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    note = forms.CharField(
        label=_("Note"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )
