"""What is corrected while the parcel is here, and what was paid."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from crm import order_forms as forms
from crm.order_actions.base import OrderAction
from orders import services
from orders.models import Order
from shops.actors import Actor
from shops.permissions import Action


def _payment(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.record_payment(order_id=order.pk, actor=actor, **form.cleaned_data)


def _address(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.edit_address(order_id=order.pk, actor=actor, which="shipping", values=form.draft())


def _billing(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.edit_address(order_id=order.pk, actor=actor, which="billing", values=form.draft())


def _delivery(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.edit_delivery(order_id=order.pk, actor=actor, **form.cleaned_data)


def _payment_method(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.edit_payment_method(order_id=order.pk, actor=actor, **form.cleaned_data)


def _partial(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.set_partial_agreed(order_id=order.pk, actor=actor, **form.cleaned_data)


ACTIONS = (
    OrderAction(
        "payment",
        gettext_lazy("Record a payment"),
        gettext_lazy("Save"),
        Action.RECORD_PAYMENT,
        _payment,
        gettext_lazy("The payment of %(number)s is saved."),
        forms.PaymentForm,
    ),
    OrderAction(
        "address",
        gettext_lazy("Delivery address"),
        gettext_lazy("Save the address"),
        Action.EDIT_ORDER,
        _address,
        gettext_lazy("The address is saved."),
        forms.AddressForm,
    ),
    OrderAction(
        "billing",
        gettext_lazy("Billing address"),
        gettext_lazy("Save the address"),
        Action.EDIT_ORDER,
        _billing,
        gettext_lazy("The address is saved."),
        forms.BillingAddressForm,
    ),
    OrderAction(
        "delivery",
        gettext_lazy("Delivery"),
        gettext_lazy("Save"),
        Action.EDIT_ORDER,
        _delivery,
        gettext_lazy("The delivery is saved."),
        forms.DeliveryForm,
    ),
    OrderAction(
        "payment-method",
        gettext_lazy("Payment method"),
        gettext_lazy("Save"),
        Action.EDIT_ORDER,
        _payment_method,
        gettext_lazy("The payment method is saved."),
        forms.PaymentMethodForm,
    ),
    OrderAction(
        "partial",
        gettext_lazy("Partial delivery"),
        gettext_lazy("Save"),
        Action.EDIT_ORDER,
        _partial,
        gettext_lazy("Saved."),
        forms.PartialForm,
        explanation=gettext_lazy("With the customer's agreement the order goes ahead with what is in stock."),
    ),
)
