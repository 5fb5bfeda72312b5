"""The actions of the order page, one table: address, words, form, permission and the one service each of them calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from crm import order_forms as forms
from orders import guards, services
from orders.models import Order
from orders.selectors import facts_of, rest_facts, units_of
from orders.services import RestChange, StatusChange
from orders.statuses import Transition
from shops.actors import Actor
from shops.permissions import Action, require

Run = Callable[[Order, Actor, Any, int | None], Any]
Words = str | Promise


@dataclass(frozen=True)
class OrderAction:
    """One action: `service` gets the order, the actor, the valid form and the key of the parcel or return it is about."""

    slug: str
    title: Words
    button: Words
    permission: Action
    service: Run
    done: Words
    form_class: type[forms.OrderForm] = forms.NothingForm
    explanation: Words = ""
    transition: str = ""
    is_danger: bool = False
    target: str = ""
    guard: Callable[[Order], guards.Refusal | None] | None = None

    def has_target(self, order: Order, target_id: int | None) -> bool:
        """Whether the parcel or return it is about belongs to the order; true where it is about the order itself."""
        if not self.target or target_id is None:
            return not self.target and target_id is None
        return getattr(order, self.target).filter(pk=target_id).exists()

    def form(self, order: Order, target_id: int | None, data: Mapping[str, Any] | None) -> forms.OrderForm:
        """The action's form, filled from the order or from what was posted."""
        kwargs: dict[str, Any] = {"order": order, "initial": self.form_class.initial_of(order), "data": data}
        if self.target == "returns" and target_id is not None:
            kwargs["return_note"] = order.returns.get(pk=target_id)
        return self.form_class(**kwargs)

    def require_permitted(self, order: Order, actor: Actor) -> None:
        """Raise NotPermitted unless the actor's role includes the action."""
        require(actor, shop_id=order.shop_id, action=self.permission)

    def why_not(self, order: Order) -> str:
        """Why the order is not ready for it, whatever is filled in; empty when it is, or when nobody can say before."""
        refusal = None
        if self.transition:
            refusal = guards.check(self.transition, facts_of(order.pk))
        elif self.guard is not None:
            refusal = self.guard(order)
        return refusal.sentence if refusal and not refusal.form else ""

    def run(self, order: Order, actor: Actor, form: Any, target_id: int | None) -> str:
        """Call the service and return what to tell the person, or nothing where the toast with Undo tells it.

        Raises what the service raises.
        """
        change = self.service(order, actor, form, target_id)
        if getattr(change, "undo_until", None):
            return ""
        return str(self.done) % {"number": order.number}


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


def _claim(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.claim_order(order_id=order.pk, actor=actor)


def _release(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.release_order(order_id=order.pk, actor=actor)


def _payment(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.record_payment(order_id=order.pk, actor=actor, **form.cleaned_data)


def _note(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.add_note(order_id=order.pk, actor=actor, **form.cleaned_data)


def _address(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.edit_address(order_id=order.pk, actor=actor, which="shipping", values=form.draft())


def _billing(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.edit_address(order_id=order.pk, actor=actor, which="billing", values=form.draft())


def _delivery(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.edit_delivery(order_id=order.pk, actor=actor, **form.cleaned_data)


def _partial(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.set_partial_agreed(order_id=order.pk, actor=actor, **form.cleaned_data)


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


_TABLE = (
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
    OrderAction(
        "claim",
        gettext_lazy("Take the order"),
        gettext_lazy("Take it"),
        Action.CLAIM,
        _claim,
        gettext_lazy("%(number)s is yours."),
    ),
    OrderAction(
        "release",
        gettext_lazy("Release the order"),
        gettext_lazy("Release"),
        Action.CLAIM,
        _release,
        gettext_lazy("%(number)s is free again."),
    ),
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
        "notes",
        gettext_lazy("Add an internal note"),
        gettext_lazy("Add the note"),
        Action.COMMENT,
        _note,
        gettext_lazy("The note is saved."),
        forms.NoteForm,
        explanation=gettext_lazy("Customers never see it."),
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
        "partial",
        gettext_lazy("Partial delivery"),
        gettext_lazy("Save"),
        Action.EDIT_ORDER,
        _partial,
        gettext_lazy("Saved."),
        forms.PartialForm,
        explanation=gettext_lazy("With the customer's agreement the order goes ahead with what is in stock."),
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
ACTIONS: dict[str, OrderAction] = {action.slug: action for action in _TABLE}
