"""How the stock pages show the orders behind reservations and movements."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from inventory.references import Named
from orders.models import Order
from shops.selectors import shop_ids_of

if TYPE_CHECKING:
    from shops.models import User


def orders_behind(references: Collection[str], user: User) -> dict[str, Named]:
    """The orders behind "order:<key>" references: the number, and the page for those the person may see. Three queries.

    Goods that arrive are put aside for an order by its number, also before warehouse people may open it. An order of
    a shop where the person has no business stays “an order”: references are also typed by hand.
    """
    keys = {reference: _key(reference) for reference in references}
    wanted = [key for key in keys.values() if key is not None]
    mine = Order.objects.filter(pk__in=wanted, shop_id__in=shop_ids_of(user))
    numbers = dict(mine.values_list("pk", "number"))
    visible = set(Order.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", flat=True))
    return {
        reference: _named(numbers.get(key or 0), is_visible=key in visible) for reference, key in keys.items()
    }


def orders_called(number: str, user: User) -> list[str]:
    """The references of the orders with this number that the person may see. One query."""
    found = Order.objects.visible_to(user).filter(number__in={number, number.upper()})
    return [f"order:{pk}" for pk in found.values_list("pk", flat=True)]


def _key(reference: str) -> int | None:
    key = reference.partition(":")[2]
    return int(key) if key.isascii() and key.isdigit() and len(key) < 19 else None


def _named(number: str | None, *, is_visible: bool) -> Named:
    if number is None:
        return Named(_("an order"))
    return Named(number, reverse("crm:order", args=[number]) if is_visible else "")
