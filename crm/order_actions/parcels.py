"""Parcels on their way out and back, and what was left behind."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from crm import order_forms as forms
from crm.order_actions.base import OrderAction
from orders import guards, services
from orders.models import Order
from orders.selectors import rest_facts, units_of
from orders.services import RestChange
from shops.actors import Actor
from shops.permissions import Action


def _add_parcel(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.add_shipment(order_id=order.pk, actor=actor, **form.cleaned_data)


def _void_parcel(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.void_shipment(shipment_id=target_id or 0, actor=actor)


def _at_pickup(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.mark_at_pickup(shipment_id=target_id or 0, actor=actor)


def _deliver_parcel(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.deliver_parcel(shipment_id=target_id or 0, actor=actor)


def _ship_rest(order: Order, actor: Actor, form: Any, target_id: int | None) -> RestChange:
    return services.ship_rest(
        order_id=order.pk,
        actor=actor,
        carrier=form.cleaned_data["carrier"],
        tracking_number=form.cleaned_data["tracking_number"],
        quantities=form.quantities,
    )


def _drop_rest(order: Order, actor: Actor, form: Any, target_id: int | None) -> RestChange:
    return services.drop_rest(order_id=order.pk, actor=actor, **form.cleaned_data)


def _rest_refusal(order: Order) -> guards.Refusal | None:
    return guards.can_ship_rest(rest_facts(order, units_of(order)))


def _drop_refusal(order: Order) -> guards.Refusal | None:
    return guards.can_drop_rest(rest_facts(order, units_of(order)))


def _receive(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.receive_return(return_id=target_id or 0, actor=actor, restocked=form.restocked)


ACTIONS = (
    OrderAction(
        "ship-rest",
        gettext_lazy("Send the rest"),
        gettext_lazy("Send the rest"),
        Action.SHIP,
        _ship_rest,
        gettext_lazy("The rest of %(number)s is on its way."),
        forms.ShipRestForm,
        explanation=gettext_lazy(
            "What arrived leaves in a parcel of its own, and the customer gets its tracking number."
        ),
        guard=_rest_refusal,
    ),
    OrderAction(
        "drop-rest",
        gettext_lazy("Don't send the rest"),
        gettext_lazy("Don't send it"),
        Action.CANCEL,
        _drop_rest,
        gettext_lazy("The rest of %(number)s will not be sent."),
        forms.DropRestForm,
        explanation=gettext_lazy(
            "The order waits for nothing more, and what is reserved for it becomes free. The customer gets no message about it."
        ),
        is_danger=True,
        guard=_drop_refusal,
    ),
    OrderAction(
        "shipments",
        gettext_lazy("Prepare a parcel"),
        gettext_lazy("Add the parcel"),
        Action.SHIP,
        _add_parcel,
        gettext_lazy("The parcel is prepared."),
        forms.ParcelForm,
        explanation=gettext_lazy("Stock leaves later, when the order is shipped."),
    ),
    OrderAction(
        "void",
        gettext_lazy("Remove the parcel"),
        gettext_lazy("Remove"),
        Action.SHIP,
        _void_parcel,
        gettext_lazy("The parcel is removed."),
        is_danger=True,
        target="shipments",
    ),
    OrderAction(
        "at-pickup",
        gettext_lazy("The parcel can be collected"),
        gettext_lazy("It waits at the pick-up point"),
        Action.DELIVER,
        _at_pickup,
        gettext_lazy("Noted: the parcel waits at the pick-up point."),
        explanation=gettext_lazy("The customer is told where to collect it."),
        target="shipments",
    ),
    OrderAction(
        "delivered",
        gettext_lazy("The parcel arrived"),
        gettext_lazy("Mark as delivered"),
        Action.DELIVER,
        _deliver_parcel,
        gettext_lazy("The parcel is delivered."),
        explanation=gettext_lazy("The order itself stays as it is."),
        target="shipments",
    ),
    OrderAction(
        "receive",
        gettext_lazy("Receive the return"),
        gettext_lazy("Receive"),
        Action.RETURN,
        _receive,
        gettext_lazy("The return is received."),
        forms.ReceiveForm,
        explanation=gettext_lazy("How many units are good and go back into stock?"),
        target="returns",
    ),
)
