"""The steps of the order's status."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from crm import order_forms as forms
from crm.order_actions.base import OrderAction
from orders import services
from orders.models import Order
from orders.services import StatusChange
from orders.statuses import Transition
from shops.actors import Actor
from shops.permissions import Action


def _confirm(order: Order, actor: Actor, form: Any, target_id: int | None) -> StatusChange:
    return services.confirm_order(order_id=order.pk, actor=actor)


def _start(order: Order, actor: Actor, form: Any, target_id: int | None) -> StatusChange:
    return services.start_processing(order_id=order.pk, actor=actor)


def _ship(order: Order, actor: Actor, form: Any, target_id: int | None) -> StatusChange:
    return services.ship_order(order_id=order.pk, actor=actor, **form.cleaned_data)


def _deliver(order: Order, actor: Actor, form: Any, target_id: int | None) -> StatusChange:
    return services.deliver_order(order_id=order.pk, actor=actor)


def _cancel(order: Order, actor: Actor, form: Any, target_id: int | None) -> StatusChange:
    return services.cancel_order(order_id=order.pk, actor=actor, **form.cleaned_data)


def _return(order: Order, actor: Actor, form: Any, target_id: int | None) -> StatusChange:
    return services.return_order(order_id=order.pk, actor=actor, **form.cleaned_data)


def _reopen(order: Order, actor: Actor, form: Any, target_id: int | None) -> StatusChange:
    return services.reopen_order(order_id=order.pk, actor=actor, **form.cleaned_data)


ACTIONS = (
    OrderAction(
        "confirm",
        gettext_lazy("Confirm the order"),
        gettext_lazy("Confirm"),
        Action.CONFIRM,
        _confirm,
        gettext_lazy("%(number)s is confirmed."),
        explanation=gettext_lazy("Stock is reserved, and the customer is told."),
        transition=Transition.CONFIRM,
    ),
    OrderAction(
        "start-processing",
        gettext_lazy("Start picking"),
        gettext_lazy("Start picking"),
        Action.PROCESS,
        _start,
        gettext_lazy("%(number)s is being picked."),
        transition=Transition.START_PROCESSING,
    ),
    OrderAction(
        "ship",
        gettext_lazy("Ship the order"),
        gettext_lazy("Ship"),
        Action.SHIP,
        _ship,
        gettext_lazy("%(number)s is shipped."),
        forms.ShipForm,
        explanation=gettext_lazy("Stock leaves, and the customer gets the tracking number."),
        transition=Transition.SHIP,
    ),
    OrderAction(
        "deliver",
        gettext_lazy("Mark as delivered"),
        gettext_lazy("Mark as delivered"),
        Action.DELIVER,
        _deliver,
        gettext_lazy("%(number)s is delivered."),
        transition=Transition.DELIVER,
    ),
    OrderAction(
        "cancel",
        gettext_lazy("Cancel the order"),
        gettext_lazy("Cancel the order"),
        Action.CANCEL,
        _cancel,
        gettext_lazy("%(number)s is cancelled."),
        forms.CancelForm,
        explanation=gettext_lazy("Reserved stock becomes free, and the customer is told."),
        transition=Transition.CANCEL,
        is_danger=True,
    ),
    OrderAction(
        "return",
        gettext_lazy("Register a return"),
        gettext_lazy("Register the return"),
        Action.RETURN,
        _return,
        gettext_lazy("%(number)s is returned."),
        forms.ReturnForm,
        explanation=gettext_lazy("The goods go back into stock when the parcel is received."),
        transition=Transition.RETURN,
    ),
    OrderAction(
        "reopen",
        gettext_lazy("Reopen the order"),
        gettext_lazy("Reopen"),
        Action.REOPEN,
        _reopen,
        gettext_lazy("%(number)s is new again."),
        forms.ReopenForm,
        explanation=gettext_lazy("Stock is reserved again."),
        transition=Transition.REOPEN,
    ),
)
