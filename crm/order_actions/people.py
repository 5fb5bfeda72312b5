"""Who works on the order, and what colleagues write on it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from crm import order_forms as forms
from crm.order_actions.base import OrderAction
from orders import services
from orders.models import Order
from shops.actors import Actor
from shops.permissions import Action


def _claim(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.claim_order(order_id=order.pk, actor=actor)


def _release(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.release_order(order_id=order.pk, actor=actor)


def _note(order: Order, actor: Actor, form: Any, target_id: int | None) -> None:
    services.add_note(order_id=order.pk, actor=actor, **form.cleaned_data)


ACTIONS = (
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
        "notes",
        gettext_lazy("Add an internal note"),
        gettext_lazy("Add the note"),
        Action.COMMENT,
        _note,
        gettext_lazy("The note is saved."),
        forms.NoteForm,
        explanation=gettext_lazy("Customers never see it."),
    ),
)
