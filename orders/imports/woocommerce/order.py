"""One WooCommerce order: from the JSON text to a draft, its status and what it says about money.

Amounts in WooCommerce are net beside their tax; ours are gross. The field reference is WooCommerce's REST API v3
documentation, "Order properties".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NoReturn

from babel.numbers import list_currencies
from django.utils.translation import gettext as _

from orders.drafts import LARGEST_VAT_RATE, LineDraft, OrderDraft
from orders.imports.errors import PayloadError
from orders.imports.woocommerce.addresses import language_of, read_addresses
from orders.imports.woocommerce.delivery import payment_method_of, read_delivery
from orders.imports.woocommerce.fields import ZERO, Node, clean
from orders.statuses import PaymentStatus
from shops.money import quantise

CENT = Decimal("0.01")
NOTE_LIMIT = 5000


@dataclass(frozen=True)
class SourceOrder:
    """What the source says: the draft, its own words for status and payment method, and the money that moved."""

    draft: OrderDraft
    status: str
    gateway: str
    refunded: Decimal

    @property
    def is_paid(self) -> bool:
        """Whether the source saw the money (it never does for cash on delivery, whatever date it notes)."""
        return self.draft.paid_at is not None


def is_ping(body: bytes) -> bool:
    """Whether this is the activation ping: `webhook_id=<number>`, form-encoded and, from WooCommerce, unsigned."""
    return re.fullmatch(rb"webhook_id=[0-9]{1,20}", body.strip()) is not None


def load_json(body: bytes) -> Any:
    """The JSON value in a body (UTF-8, exact decimals); raises `PayloadError` for anything else."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise PayloadError([_("The body is not JSON.")]) from error


def parse_order(payload: Any, *, zone: tzinfo = UTC) -> SourceOrder:
    """Read one order. Raises `PayloadError` naming every field that is wrong; never anything else.

    `zone` is the site's time zone, used only where the payload has no `…_gmt` dates.
    """
    if not isinstance(payload, Mapping):
        raise PayloadError([_("An order must be a JSON object.")])
    if isinstance(payload.get("order"), Mapping) and "line_items" not in payload:
        raise PayloadError(
            [
                _(
                    "This is the old API's format; set the webhook's API version to “WP REST API Integration v3”."
                )
            ]
        )
    problems: list[str] = []
    order = Node(payload, "", problems)
    external_id = order.whole("id", at_most=2**63)
    status = order.key("status", 40).removeprefix("wc-")
    if not status:
        order.problem("status", _("is missing"))
    currency = order.text("currency", 10)
    if currency not in _CURRENCIES:
        order.problem("currency", _("must be a currency code like RON"))
        currency = "EUR"
    draft = _draft(order, str(external_id), currency, zone)
    refunded = quantise(-sum((row.money("total") for row in order.children("refunds")), ZERO), currency)
    if problems:
        raise PayloadError(problems)
    return SourceOrder(draft, status, order.text("payment_method", 100), max(refunded, ZERO))


_CURRENCIES = frozenset(list_currencies())


def _draft(order: Node, external_id: str, currency: str, zone: tzinfo) -> OrderDraft:
    shipping, billing = read_addresses(order)
    delivery = read_delivery(order, shipping)
    shipping_vat = order.money("shipping_tax")
    fees = order.children("fee_lines")
    return OrderDraft(
        source="woocommerce",
        external_id=external_id,
        external_number=_number(order) or external_id,
        currency=currency,
        shipping=shipping,
        billing=billing,
        lines=_lines(order, currency),
        total=_total(order, currency),
        shipping_total=quantise(order.money("shipping_total") + shipping_vat, currency),
        shipping_vat=quantise(shipping_vat, currency),
        fees_total=quantise(_sum(fees, "total") + _sum(fees, "total_tax"), currency),
        fees_vat=quantise(_sum(fees, "total_tax"), currency),
        language=language_of(order),
        delivery_kind=delivery.kind,
        delivery_title=delivery.title,
        pickup_point=delivery.pickup_point,
        courier=delivery.courier,
        payment_method=payment_method_of(
            order.text("payment_method", 100), order.text("payment_method_title", 200)
        ),
        payment_title=order.text("payment_method_title", 200),
        payment_url=order.text("payment_url", 500),
        payment_status=PaymentStatus.PENDING,
        paid_at=order.moment("date_paid", zone),
        customer_note=order.text("customer_note", NOTE_LIMIT),
        placed_at=order.moment("date_created", zone),
        source_modified_at=order.moment("date_modified", zone),
    )


def _number(order: Node) -> str:
    """The number people know, fit for a web address: numbering plugins put signs and slashes into it."""
    return re.sub(r"[^\w.-]+", "-", order.key("number", 30)).strip("-.")


def _total(order: Node, currency: str) -> Decimal:
    total = quantise(order.money("total", required=True), currency)
    if total < 0:
        order.problem("total", _("must not be negative"))
    return total


def _lines(order: Node, currency: str) -> tuple[LineDraft, ...]:
    percents = _rate_percents(order)
    lines = tuple(_line(row, currency, percents) for row in order.children("line_items"))
    if not lines and not order.problems:
        order.problem("line_items", _("must have at least one product"))
    return lines


def _line(row: Node, currency: str, percents: Mapping[str, Decimal]) -> LineDraft:
    quantity = row.whole("quantity")
    net, tax = row.money("total", required=True), row.money("total_tax")
    before_net = row.money("subtotal") if row.value.get("subtotal") not in (None, "") else net
    before_tax = row.money("subtotal_tax") if row.value.get("subtotal_tax") not in (None, "") else tax
    before, total = before_net + before_tax, quantise(net + tax, currency)
    name = row.text("name")
    if not name:
        row.problem("name", _("is missing"))
    if total < 0:
        row.problem("total", _("must not be negative"))
    return LineDraft(
        name=name,
        quantity=quantity,
        unit_price=(before / quantity).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP),
        total=total,
        sku=row.key("sku", 100),
        variant=_variant(row),
        discount=max(quantise(before, currency) - total, ZERO),
        vat_rate=_vat_rate(row, before_net, before_tax, percents),
        vat_amount=quantise(tax, currency),
        external_id=row.key("id", 64),
        external_product_id=_external(row, "product_id"),
        external_variation_id=_external(row, "variation_id"),
    )


def _external(row: Node, name: str) -> str:
    """A product's key at the source; 0 means that there is none (a deleted product, a simple one's variation)."""
    key = row.key(name, 64)
    return "" if key == "0" else key


def _variant(row: Node) -> str:
    """The chosen attributes and fields of a line, as people read them: `Color: Black, Size: M`."""
    parts = []
    for meta in row.value.get("meta_data") or [] if isinstance(row.value.get("meta_data"), list) else []:
        if (
            not isinstance(meta, Mapping)
            or not isinstance(meta.get("key"), str)
            or meta["key"].startswith("_")
        ):
            continue
        label = (
            meta.get("display_key")
            or meta["key"].removeprefix("pa_").replace("-", " ").replace("_", " ").capitalize()
        )
        value = meta.get("display_value") or meta.get("value")
        if (
            isinstance(label, str)
            and isinstance(value, (str, int))
            and not isinstance(value, bool)
            and value != ""
        ):
            parts.append(
                f"{clean(label, 60)}: {clean(re.sub(r'<[^<>]{0,200}>', '', str(value)[:500]) or value, 120)}"
            )
    return ", ".join(parts)[:255]


def _rate_percents(order: Node) -> dict[str, Decimal]:
    """The percentage of each tax rate, where WooCommerce (5.1 and later) names it."""
    return {
        row.text("rate_id", 20): row.money("rate_percent")
        for row in order.children("tax_lines")
        if row.value.get("rate_percent")
    }


def _vat_rate(row: Node, net: Decimal, tax: Decimal, percents: Mapping[str, Decimal]) -> Decimal:
    """The line's rate in percent: as named, else from its amounts, a whole number where that explains them to the cent.

    Zero where the amounts are so small that rounding makes more than a whole of them.
    """
    named = [
        percents[key]
        for key in (rate.text("id", 20) for rate in row.children("taxes") if rate.value.get("total"))
        if key in percents
    ]
    if named:
        rate = sum(named, ZERO)
    elif net <= 0 or tax <= 0:
        return ZERO
    else:
        rate = tax / net * 100
        whole = rate.to_integral_value(rounding=ROUND_HALF_UP)
        rate = whole if abs(net * whole / 100 - tax) <= CENT else rate
    return rate.quantize(CENT, rounding=ROUND_HALF_UP) if 0 <= rate <= LARGEST_VAT_RATE else ZERO


def _sum(rows: list[Node], name: str) -> Decimal:
    return sum((row.money(name) for row in rows), ZERO)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
