"""Changing something only while it is still what the person saw: what a colleague changed meanwhile is not overwritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm.errors import ChangedMeanwhile
from orders.models import Order
from shops.locks import lock_one

T = TypeVar("T")


@transaction.atomic
def change_if_unchanged(
    *, order_id: int, seen: str, print_of: Callable[[Order], str], change: Callable[[], T]
) -> T:
    """Lock the order and run `change`, a service, if `print_of` the order still says `seen` (empty: do not ask).

    Raises ChangedMeanwhile where somebody was quicker, else what the service raises; then nothing was written.
    """
    lock_one(Order.objects.all(), order_id)
    order = Order.objects.select_related("shop", "customer", "shipping_address", "billing_address").get(
        pk=order_id
    )
    if seen and print_of(order) != seen:
        raise changed_meanwhile()
    return change()


def changed_meanwhile() -> ChangedMeanwhile:
    """The refusal, in words."""
    return ChangedMeanwhile(
        _(
            "This was changed meanwhile. Below is what you typed; “Back” shows what it says now, "
            "and saving once more replaces it."
        ),
        code="changed_meanwhile",
    )
