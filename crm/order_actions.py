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
from orders.selectors import facts_of
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

    def has_target(self, order: Order, target_id: int | None) -> bool:
        """Whether the parcel or return it is about belongs to the order; true where it is about the order itself."""
        if not self.target:
            return target_id is None
        return getattr(order, self.target).filter(pk=target_id).exists()

    def form(self, order: Order, target_id: int | None, data: Mapping[str, Any] | None) -> forms.OrderForm:
        """The action's form, filled from the order or from what was posted."""
        kwargs: dict[str, Any] = {"order": order, "initial": self.form_class.initial_of(order), "data": data}
        if self.target == "returns":
            kwargs["return_note"] = order.returns.get(pk=target_id)
        return self.form_class(**kwargs)

    def require_permitted(self, order: Order, actor: Actor) -> None:
        """Raise NotPermitted unless the actor's role includes the action."""
        require(actor, shop_id=order.shop_id, action=self.permission)

    def why_not(self, order: Order) -> str:
        """Why the order is not ready for it, whatever is filled in; empty when it is, or when nobody can say before."""
        if not self.transition:
            return ""
        refusal = guards.check(self.transition, facts_of(order.pk))
        return refusal.sentence if refusal and not refusal.form else ""

    def run(self, order: Order, actor: Actor, form: Any, target_id: int | None) -> str:
        """Call the service and return what to tell the person; raises what the service raises."""
        self.service(order, actor, form, target_id)
        return str(self.done) % {"number": order.number}


def _confirm(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.confirm_order(order_id=order.pk, actor=actor)


def _start(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.start_processing(order_id=order.pk, actor=actor)


def _ship(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.ship_order(order_id=order.pk, actor=actor, **form.cleaned_data)


def _deliver(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.deliver_order(order_id=order.pk, actor=actor)


def _cancel(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.cancel_order(order_id=order.pk, actor=actor, **form.cleaned_data)


def _return(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.return_order(order_id=order.pk, actor=actor, **form.cleaned_data)


def _reopen(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.reopen_order(order_id=order.pk, actor=actor, **form.cleaned_data)


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


def _receive(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.receive_return(return_id=target_id or 0, actor=actor, restocked=form.restocked)


L = gettext_lazy
_TABLE = (
    OrderAction(
        "confirm",
        L("Confirm the order"),
        L("Confirm"),
        Action.CONFIRM,
        _confirm,
        L("%(number)s is confirmed."),
        explanation=L("Stock is reserved, and the customer is told."),
        transition=Transition.CONFIRM,
    ),
    OrderAction(
        "start-processing",
        L("Start picking"),
        L("Start picking"),
        Action.PROCESS,
        _start,
        L("%(number)s is being picked."),
        transition=Transition.START_PROCESSING,
    ),
    OrderAction(
        "ship",
        L("Ship the order"),
        L("Ship"),
        Action.SHIP,
        _ship,
        L("%(number)s is shipped."),
        forms.ShipForm,
        explanation=L("Stock leaves, and the customer gets the tracking number."),
        transition=Transition.SHIP,
    ),
    OrderAction(
        "deliver",
        L("Mark as delivered"),
        L("Mark as delivered"),
        Action.DELIVER,
        _deliver,
        L("%(number)s is delivered."),
        transition=Transition.DELIVER,
    ),
    OrderAction(
        "cancel",
        L("Cancel the order"),
        L("Cancel the order"),
        Action.CANCEL,
        _cancel,
        L("%(number)s is cancelled."),
        forms.CancelForm,
        explanation=L("Reserved stock becomes free, and the customer is told."),
        transition=Transition.CANCEL,
        is_danger=True,
    ),
    OrderAction(
        "return",
        L("Register a return"),
        L("Register the return"),
        Action.RETURN,
        _return,
        L("%(number)s is returned."),
        forms.ReturnForm,
        explanation=L("The goods go back into stock when the parcel is received."),
        transition=Transition.RETURN,
    ),
    OrderAction(
        "reopen",
        L("Reopen the order"),
        L("Reopen"),
        Action.REOPEN,
        _reopen,
        L("%(number)s is new again."),
        forms.ReopenForm,
        explanation=L("Stock is reserved again."),
        transition=Transition.REOPEN,
    ),
    OrderAction("claim", L("Take the order"), L("Take it"), Action.CLAIM, _claim, L("%(number)s is yours.")),
    OrderAction(
        "release",
        L("Release the order"),
        L("Release"),
        Action.CLAIM,
        _release,
        L("%(number)s is free again."),
    ),
    OrderAction(
        "payment",
        L("Record a payment"),
        L("Save"),
        Action.RECORD_PAYMENT,
        _payment,
        L("The payment of %(number)s is saved."),
        forms.PaymentForm,
    ),
    OrderAction(
        "notes",
        L("Add an internal note"),
        L("Add the note"),
        Action.COMMENT,
        _note,
        L("The note is saved."),
        forms.NoteForm,
        explanation=L("Customers never see it."),
    ),
    OrderAction(
        "address",
        L("Delivery address"),
        L("Save the address"),
        Action.EDIT_ORDER,
        _address,
        L("The address is saved."),
        forms.AddressForm,
    ),
    OrderAction(
        "billing",
        L("Billing address"),
        L("Save the address"),
        Action.EDIT_ORDER,
        _billing,
        L("The address is saved."),
        forms.BillingAddressForm,
    ),
    OrderAction(
        "delivery",
        L("Delivery"),
        L("Save"),
        Action.EDIT_ORDER,
        _delivery,
        L("The delivery is saved."),
        forms.DeliveryForm,
    ),
    OrderAction(
        "partial",
        L("Partial delivery"),
        L("Save"),
        Action.EDIT_ORDER,
        _partial,
        L("Saved."),
        forms.PartialForm,
        explanation=L("With the customer's agreement the order goes ahead with what is in stock."),
    ),
    OrderAction(
        "shipments",
        L("Prepare a parcel"),
        L("Add the parcel"),
        Action.SHIP,
        _add_parcel,
        L("The parcel is prepared."),
        forms.ParcelForm,
        explanation=L("Stock leaves later, when the order is shipped."),
    ),
    OrderAction(
        "void",
        L("Remove the parcel"),
        L("Remove"),
        Action.SHIP,
        _void_parcel,
        L("The parcel is removed."),
        is_danger=True,
        target="shipments",
    ),
    OrderAction(
        "receive",
        L("Receive the return"),
        L("Receive"),
        Action.RETURN,
        _receive,
        L("The return is received."),
        forms.ReceiveForm,
        explanation=L("How many units are good and go back into stock?"),
        target="returns",
    ),
)
ACTIONS: dict[str, OrderAction] = {action.slug: action for action in _TABLE}
