"""How the stock pages show the orders behind reservations and movements."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from inventory.references import Named
from orders.models import Order

if TYPE_CHECKING:
    from shops.models import User


def orders_behind(references: Collection[str], user: User) -> dict[str, Named]:
    """The orders behind "order:<key>" references: number and page for those the person may see. One query."""
    keys = {reference: _key(reference) for reference in references}
    wanted = [key for key in keys.values() if key is not None]
    numbers = dict(Order.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", "number"))
    return {reference: _named(numbers.get(key or 0)) for reference, key in keys.items()}


def orders_called(number: str, user: User) -> list[str]:
    """The references of the orders with this number that the person may see. One query."""
    found = Order.objects.visible_to(user).filter(number__in={number, number.upper()})
    return [f"order:{pk}" for pk in found.values_list("pk", flat=True)]


def _key(reference: str) -> int | None:
    key = reference.partition(":")[2]
    return int(key) if key.isascii() and key.isdigit() and len(key) < 19 else None


def _named(number: str | None) -> Named:
    if number is None:
        return Named(_("an order"))
    return Named(number, reverse("crm:order", args=[number]))
