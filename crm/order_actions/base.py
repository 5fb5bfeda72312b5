"""What an action of the order page is: its words, its form, who may do it, and the one service it calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from crm import order_forms as forms
from orders import guards
from orders.models import Order
from orders.selectors import facts_of
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
        return "" if getattr(change, "undo_until", None) else self.words_of(order)

    def words_of(self, order: Order) -> str:
        """What to tell the person when it is done."""
        return str(self.done) % {"number": order.number}
