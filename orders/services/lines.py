"""Changing what an order holds before it leaves: quantities, prices, lines that go and products that come.

Totals follow by the calculation orders are placed with, stock follows what is wanted, and the history says both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from inventory.models import Product
from orders.drafts import AddressDraft, LineDraft, OrderDraft
from orders.errors import OrderError
from orders.events import OrderEdited
from orders.models import Order, OrderLine
from orders.models.history import EventKind
from orders.search import refresh_order_terms
from orders.services.access import lock_order
from orders.services.effects import follow_lines, wanted_units
from orders.services.placing import LARGEST_AMOUNT, LARGEST_QUANTITY, MOST_LINES, cents, set_totals
from orders.services.recording import record
from orders.statuses import BEFORE_HANDOVER, Status
from shops.actors import Actor
from shops.bus import publish
from shops.money import ZERO, quantise
from shops.permissions import Action

MANUAL = "manual"
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class LineChange:
    """One line as it is to be: an existing one by `line_id` (quantity 0 removes it), or a new one of `product_id`.

    `unit_price` is gross, in the order's currency; None keeps the line's price, or takes the product's.
    """

    quantity: int
    line_id: int | None = None
    product_id: int | None = None
    unit_price: Decimal | None = None


def is_mastered_elsewhere(order: Order) -> bool:
    """Whether a sales channel keeps this order, too, and does not hear of what is changed here."""
    return bool(order.external_id) and order.source != MANUAL


@transaction.atomic
def edit_lines(
    *, order_id: int, actor: Actor, changes: Sequence[LineChange], only_here: bool = False
) -> tuple[str, ...]:
    """Change the lines of an order that was not handed over; returns the names of what changed, or nothing.

    A changed line keeps its price and discount per unit; shipping, fees and rounding stay. An order that a sales
    channel keeps, too, is changed only when the caller knows that it stays `only_here`. Raises NotPermitted,
    `StockShort` (nothing is written) where a confirmed order would get what is not in the house, or OrderError.
    """
    order = lock_order(order_id=order_id, actor=actor, action=Action.EDIT_ORDER)
    _require_editable(order, only_here)
    before = list(order.lines.select_related("product").order_by("position"))
    kept, gone, added = _plan(order, before, changes)
    words = _differences(order, kept, gone, added)
    if not words:
        return ()
    if len(gone) == len(before) and not added:
        raise OrderError(
            _("An order needs at least one line. Cancel the order instead."), code="empty", field="lines"
        )
    wanted_before, total_before = wanted_units(order), order.total
    other_vat = order.vat_total - sum((line.vat_amount for line in before), ZERO)
    _write(order, kept, gone, added)
    _set_totals(order, other_vat)
    follow_lines(order, wanted_before, actor, on_shortage=_on_shortage(order))
    if order.total != total_before:
        words["total"] = [str(total_before), str(order.total)]
    return _record(order, actor, words)


def _require_editable(order: Order, only_here: bool) -> None:
    if order.status not in BEFORE_HANDOVER:
        raise OrderError(
            _("Order %(number)s was handed over or closed; its lines can no longer be changed.")
            % {"number": order.number},
            code="handed_over",
        )
    if is_mastered_elsewhere(order) and not only_here:
        raise OrderError(
            _(
                "This order came from a sales channel, which does not hear of the change. Tick that you know it."
            ),
            code="mastered_elsewhere",
            field="only_here",
        )


@dataclass(frozen=True)
class _Kept:
    line: OrderLine
    quantity: int
    unit_price: Decimal

    @property
    def is_changed(self) -> bool:
        return self.quantity != self.line.quantity or self.unit_price != self.line.unit_price


def _plan(
    order: Order, before: list[OrderLine], changes: Sequence[LineChange]
) -> tuple[list[_Kept], list[OrderLine], list[OrderLine]]:
    """The lines that stay (changed or not), those that go, and those that come (not saved yet)."""
    own = {line.pk: line for line in before}
    asked = {change.line_id: change for change in changes if change.line_id is not None}
    if asked.keys() - own.keys():
        raise OrderError(
            _("A colleague removed one of these lines meanwhile; look again."),
            code="line_gone",
            field="lines",
        )
    kept, gone = [], []
    for line in before:
        change = asked.get(line.pk)
        if change is None:
            kept.append(_Kept(line, line.quantity, line.unit_price))
            continue
        _check(f"line-{line.pk}", change, least=0)
        if change.quantity == 0:
            gone.append(line)
        else:
            price = line.unit_price if change.unit_price is None else change.unit_price
            kept.append(_Kept(line, change.quantity, price))
    added = _new_lines(order, before, [change for change in changes if change.line_id is None])
    if len(kept) + len(added) > MOST_LINES:
        raise OrderError(
            _("At most %(count)d lines fit in one order.") % {"count": MOST_LINES},
            code="invalid",
            field="lines",
        )
    return kept, gone, added


def _check(field: str, change: LineChange, *, least: int) -> None:
    if isinstance(change.quantity, bool) or not least <= change.quantity <= LARGEST_QUANTITY:
        raise OrderError(
            _("The quantity must be between %(least)d and %(most)d.")
            % {"least": least, "most": LARGEST_QUANTITY},
            code="invalid",
            field=field,
        )
    price = change.unit_price
    if price is not None and (not price.is_finite() or not 0 <= price <= LARGEST_AMOUNT):
        raise OrderError(_("The price is not a sum of money."), code="invalid", field=field)


def _new_lines(order: Order, before: Iterable[OrderLine], changes: list[LineChange]) -> list[OrderLine]:
    keys = [change.product_id for change in changes]
    found = Product.objects.filter(shop_id=order.shop_id, pk__in=[key for key in keys if key is not None])
    products = {product.pk: product for product in found}
    position = max((line.position for line in before), default=0)
    rows = []
    for change in changes:
        product = products.get(change.product_id or 0)
        if product is None:
            raise OrderError(_("A product is not one of this shop."), code="unknown_product", field="product")
        _check("quantity", change, least=1)
        position += 1
        rows.append(_new_line(order, product, change, position))
    return rows


def _new_line(order: Order, product: Product, change: LineChange, position: int) -> OrderLine:
    price = change.unit_price if change.unit_price is not None else _catalogue_price(order, product)
    if price is None:
        raise OrderError(
            _("“%(name)s” has no price in %(currency)s in the catalogue; give one.")
            % {"name": product.name, "currency": order.currency},
            code="no_price",
            field="price",
        )
    line = OrderLine(
        order=order,
        position=position,
        product=product,
        sku=product.sku[:100],
        name=product.name[:255],
        quantity=change.quantity,
        unit_price=price,
        vat_rate=product.vat_rate or ZERO,
    )
    _price(line, change.quantity, price, ZERO)
    return line


def _catalogue_price(order: Order, product: Product) -> Decimal | None:
    currency = product.price_currency or order.shop.currency
    return product.price if currency == order.currency else None


def _price(line: OrderLine, quantity: int, unit_price: Decimal, discount: Decimal) -> None:
    """Fill a line: gross total after discount, and the VAT that is in it by the line's rate. Raises OrderError."""
    currency = line.order.currency
    line.quantity, line.unit_price = quantity, unit_price
    if unit_price * quantity > LARGEST_AMOUNT:
        raise OrderError(_("The amount is not a sum of money."), code="invalid", field="lines")
    gross = quantise(unit_price * quantity, currency)
    line.discount = min(discount, gross)
    line.total = cents(gross - line.discount)
    line.vat_amount = cents(quantise(line.total * line.vat_rate / (HUNDRED + line.vat_rate), currency))


def _differences(
    order: Order, kept: list[_Kept], gone: list[OrderLine], added: list[OrderLine]
) -> dict[str, Any]:
    """What the history tells, by line: [before, after] as “2 × Mug”, with the price where that changed."""
    words: dict[str, Any] = {}
    for row in kept:
        if row.is_changed:
            priced = row.unit_price != row.line.unit_price
            words[f"line.{row.line.pk}"] = [
                _words(row.line.name, row.line.quantity, row.line.unit_price if priced else None),
                _words(row.line.name, row.quantity, row.unit_price if priced else None),
            ]
    for line in gone:
        words[f"line.{line.pk}"] = [_words(line.name, line.quantity), ""]
    for line in added:
        words[f"line.new-{line.position}"] = ["", _words(line.name, line.quantity, line.unit_price)]
    return words


def _words(name: str, quantity: int, price: Decimal | None = None) -> str:
    return f"{quantity} × {name}" + (f" @ {price:.2f}" if price is not None else "")


def _write(order: Order, kept: list[_Kept], gone: list[OrderLine], added: list[OrderLine]) -> None:
    for row in kept:
        if not row.is_changed:
            continue
        per_unit = row.line.discount * row.quantity / row.line.quantity
        _price(row.line, row.quantity, row.unit_price, quantise(per_unit, order.currency))
        row.line.save(update_fields=["quantity", "unit_price", "discount", "total", "vat_amount"])
    try:
        order.lines.filter(pk__in=[line.pk for line in gone]).delete()
    except ProtectedError as error:
        raise OrderError(
            _("This line lies in a parcel already; remove the parcel first."),
            code="in_a_parcel",
            field="lines",
        ) from error
    OrderLine.objects.bulk_create(added)


def _set_totals(order: Order, other_vat: Decimal) -> None:
    """The order's totals from its lines as they are now; shipping, fees and rounding stay as they were."""
    lines = tuple(
        LineDraft(
            name=line.name,
            quantity=line.quantity,
            unit_price=line.unit_price,
            total=line.total,
            vat_amount=line.vat_amount,
        )
        for line in order.lines.all()
    )
    goods = sum((line.total for line in lines), ZERO)
    total = goods + order.shipping_total + order.fees_total + order.rounding
    if total > LARGEST_AMOUNT:
        raise OrderError(_("The amount is not a sum of money."), code="invalid", field="lines")
    # What a sales channel took off the whole order stays, as rounding; a parcel must not ask for less than nothing.
    if total < ZERO <= order.total:
        raise OrderError(
            _(
                "The discount of the whole order is larger than what would be left to pay. Keep more in the order, "
                "or cancel it and place a new one."
            ),
            code="below_zero",
            field="lines",
        )
    draft = OrderDraft(
        currency=order.currency,
        shipping=AddressDraft(),
        lines=lines,
        total=total,
        shipping_total=order.shipping_total,
        shipping_vat=other_vat,
        fees_total=order.fees_total,
    )
    set_totals(order, draft)
    order.save(
        update_fields=[
            "goods_total",
            "shipping_total",
            "fees_total",
            "rounding",
            "vat_total",
            "total",
            "updated_at",
        ]
    )


def _on_shortage(order: Order) -> Literal["refuse", "backorder"]:
    """A new order may wait; a confirmed one was promised, and gets only what is here or may be waited for."""
    may_wait = order.status == Status.NEW or order.partial_agreed or not order.shop.blocks_on_shortage
    return "backorder" if may_wait else "refuse"


def _record(order: Order, actor: Actor, words: dict[str, Any]) -> tuple[str, ...]:
    refresh_order_terms(order.pk)
    event = record(order, kind=EventKind.EDITED, actor=actor, details=words, notify=False)
    publish(
        OrderEdited(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=False,
            changes=("lines",),
        )
    )
    return ("lines",)
