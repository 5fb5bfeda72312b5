"""One change of stock made by a person who has seen where it leads: shown first, booked once, and only as shown.

What a change leads to is not calculated a second time: it is made and taken back, so the preview is the result.
Nothing a handler of stock events does leaves the database, so taking it back leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.models import MovementKind, Product, Reservation, StockItem, StockMovement
from inventory.services.limits import stock_verb
from inventory.services.sheet import find_products, lock_items_of
from shops.actors import Actor
from shops.locks import lock
from shops.money import quantise

# Words on a movement change nothing about it: they may still be typed after it was shown.
WORDS = ("reason", "reference")


@dataclass(frozen=True)
class Change:
    """One call of a verb, put off: `arguments` are its own, without product and actor."""

    verb: Callable[..., None]
    product_id: int
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def make(self, actor: Actor) -> None:
        self.verb(product_id=self.product_id, actor=actor, **self.arguments)

    @property
    def digest(self) -> str:
        """What tells two changes apart, whatever is said about them."""
        told = sorted((name, str(value)) for name, value in self.arguments.items() if name not in WORDS)
        return _digest((self.verb.__name__, self.product_id, told))


@dataclass(frozen=True)
class Shift:
    """The counters of one warehouse, before and after, in whole units."""

    warehouse: str
    on_hand: tuple[int, int]
    reserved: tuple[int, int]

    @property
    def available(self) -> tuple[int, int]:
        return self.on_hand[0] - self.reserved[0], self.on_hand[1] - self.reserved[1]


@dataclass(frozen=True)
class Share:
    """Units that a reference gets by the change."""

    reference: str
    units: int


@dataclass(frozen=True)
class Outlook:
    """Where a change leads: counters, who gets waiting units, who waits again, and what the units are worth."""

    shifts: tuple[Shift, ...]
    gets: tuple[Share, ...] = ()
    waits: tuple[Share, ...] = ()
    value: Decimal | None = None
    currency: str = ""

    @property
    def digest(self) -> str:
        return _digest(self)


@dataclass(frozen=True)
class Booked:
    """What `book` did: nothing, if this form was booked before."""

    outlook: Outlook | None

    @property
    def was_known(self) -> bool:
        return self.outlook is None


def seal(change: Change, outlook: Outlook) -> str:
    """What a page posts back to say that this change, leading there, was seen."""
    return f"{change.digest}.{outlook.digest}"


@stock_verb
def foresee(*, change: Change, actor: Actor) -> Outlook:
    """Where the change would lead now. Writes nothing; raises what the change itself would raise."""
    with transaction.atomic():
        outlook = _make(change, actor)
        transaction.set_rollback(True)
    return outlook


@stock_verb
def book(*, change: Change, key: uuid.UUID, shown: str, actor: Actor) -> Booked:
    """Make the change if it still leads where `shown` (of `seal`) says; a key that was used before books nothing.

    Raises `StockError` with the code "outdated" where the stock changed meanwhile, "unseen" where another change was
    shown, and what the verb raises; then nothing is written.
    """
    _lock(change.product_id)
    if StockMovement.objects.filter(key=key).exists():
        return Booked(None)
    outlook = _make(change, actor)
    if seal(change, outlook) != shown:
        raise _not_as_shown(change, shown)
    _newest_movement(change.product_id).update(key=key)
    return Booked(outlook)


def _not_as_shown(change: Change, shown: str) -> StockError:
    if shown.startswith(f"{change.digest}."):
        sentence = _(
            "The stock changed meanwhile, and nothing was saved. Look at the new numbers, then save."
        )
        return StockError(sentence, code="outdated")
    return StockError(_("Nothing is saved before you have seen what it changes."), code="unseen")


def _make(change: Change, actor: Actor) -> Outlook:
    before, held = _lock(change.product_id), _reservations(change.product_id)
    change.make(actor)
    after, holds = _counters(change.product_id), _reservations(change.product_id)
    shares = {name: holds.get(name, 0) - held.get(name, 0) for name in held | holds}
    value, currency = _value_of(change.product_id)
    return Outlook(
        shifts=tuple(
            _shift(before.get(pk), item) for pk, item in after.items() if _differs(before.get(pk), item)
        ),
        gets=tuple(Share(name, units) for name, units in shares.items() if units > 0),
        waits=tuple(Share(name, -units) for name, units in reversed(shares.items()) if units < 0),
        value=value,
        currency=currency,
    )


def _lock(product_id: int) -> dict[int, StockItem]:
    """Lock the product, then its stock, as every verb does; answers the counters as they stand."""
    products = find_products([product_id])
    lock(Product.objects.all(), products)
    lock_items_of(products)
    return _counters(product_id)


def _counters(product_id: int) -> dict[int, StockItem]:
    items = StockItem.objects.filter(product_id=product_id).select_related("warehouse")
    return {item.pk: item for item in items.order_by("-warehouse__is_default", "pk")}


def _reservations(product_id: int) -> dict[str, int]:
    """Reserved units by reference, in the order in which they are served."""
    rows = Reservation.objects.filter(stock_item__product_id=product_id).order_by("created_at", "pk")
    held: dict[str, int] = {}
    for reference, reserved in rows.values_list("reference", "reserved"):
        held[reference] = held.get(reference, 0) + reserved
    return held


def _differs(before: StockItem | None, after: StockItem) -> bool:
    return before is None or (before.on_hand, before.reserved) != (after.on_hand, after.reserved)


def _shift(before: StockItem | None, after: StockItem) -> Shift:
    on_hand, reserved = (before.on_hand, before.reserved) if before else (0, 0)
    return Shift(after.warehouse.name, (on_hand, after.on_hand), (reserved, after.reserved))


def _newest_movement(product_id: int) -> Any:
    """The line that was written last: under the product's locks nobody else writes one."""
    lines = StockMovement.objects.filter(stock_item__product_id=product_id).order_by("-pk")
    return StockMovement.objects.filter(pk__in=list(lines.values_list("pk", flat=True)[:1]))


def _value_of(product_id: int) -> tuple[Decimal | None, str]:
    """What the moved units are worth: at the cost they were bought for, else at the product's; moving is no value."""
    line = _newest_movement(product_id).select_related("stock_item__product__shop").first()
    if line is None or line.kind == MovementKind.TRANSFER:
        return None, ""
    product = line.stock_item.product
    cost = product.cost if line.unit_cost is None else line.unit_cost
    if cost is None:
        return None, ""
    currency = line.cost_currency or product.cost_currency or product.shop.currency
    return quantise(cost * abs(line.quantity), currency), currency


def _digest(shown: object) -> str:
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:24]
