"""The short forms of “Work through”: what a call came to, checked for shape only; the services judge the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.order_forms import AddressForm, OrderForm
from crm.selectors.moments import QuickChoice
from orders.models import Order
from orders.statuses import CancelReason

LOCAL = "%Y-%m-%dT%H:%M"


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL)
    return forms.DateTimeField(label=label, required=False, input_formats=[LOCAL], widget=widget)


class MissedForm(forms.Form):
    """Nobody answered: when to try again, and whether the customer is told."""

    next_try_at = _moment(_("Next try"))
    notify = forms.BooleanField(required=False)
    note = forms.CharField(max_length=500, required=False)


class CancelCallForm(forms.Form):
    """Why the order is cancelled."""

    reason_code = forms.ChoiceField(
        choices=CancelReason.choices, error_messages={"required": _("Choose why the order is cancelled.")}
    )
    reason = forms.CharField(max_length=500, required=False)


class SnoozeForm(forms.Form):
    """Until when an order is put off: one of the offers, or a moment of one's own."""

    choice = forms.CharField(required=False, max_length=20)
    until = _moment(_("Another time"))

    def __init__(self, *args: Any, offers: Sequence[QuickChoice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = {offer.code: offer.at for offer in offers}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("choice") in self.offers:
            values["until"] = self.offers[values["choice"]]
        if not values.get("until") and "until" not in self.errors:
            self.add_error("until", _("Choose until when the order is put off."))
        return values


class CalledAddressForm(AddressForm):
    """The delivery address, and the locker or pick-up point where the order goes to one."""

    pickup_point = forms.CharField(label=_("Locker or pick-up point"), max_length=100, required=False)

    def prepare(self) -> None:
        super().prepare()
        if not self.order.is_collected:
            del self.fields["pickup_point"]

    @classmethod
    def initial_of(cls, order: Order) -> dict[str, Any]:
        return {**super().initial_of(order), "pickup_point": order.pickup_point}


def address_form(order: Order, values: Any = None) -> CalledAddressForm:
    """The form filled from the order, or from what was sent."""
    form_class: type[OrderForm] = CalledAddressForm
    form = form_class(values, order=order, initial=CalledAddressForm.initial_of(order), auto_id="call-%s")
    assert isinstance(form, CalledAddressForm)
    return form


def next_try_text(at: datetime) -> str:
    """A moment as the browser's own field for date and time wants it, in the clock that is in force."""
    return timezone.localtime(at).strftime(LOCAL)
