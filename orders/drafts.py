"""What an order looks like before it exists: plain values that every way in (hook, file, form, API) fills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orders.statuses import DeliveryKind, PaymentMethod, PaymentStatus

LARGEST_VAT_RATE = Decimal("100")
# What a buyer or the shop can edit at the source, in parts that are taken over whole. Money that moves and dates are
# news of their own.
PARTS: Mapping[str, tuple[str, ...]] = {
    "shipping": ("shipping",),
    "billing": ("billing",),
    "lines": ("lines", "total", "shipping_total", "shipping_vat", "fees_total", "fees_vat"),
    "delivery": ("delivery_kind", "delivery_title", "pickup_point", "courier"),
    "payment": ("payment_method", "payment_title", "payment_url"),
    "note": ("customer_note",),
}


@dataclass(frozen=True)
class AddressDraft:
    """A postal address as given; nothing is required here, completeness is judged when confirming."""

    name: str = ""
    company: str = ""
    tax_id: str = ""
    phone: str = ""
    email: str = ""
    street: str = ""
    street2: str = ""
    city: str = ""
    county: str = ""
    postcode: str = ""
    country: str = ""


@dataclass(frozen=True)
class LineDraft:
    """One line. Money is gross, in the order's currency; `total` is after discount. A product is found or made from it."""

    name: str
    quantity: int
    unit_price: Decimal
    total: Decimal
    sku: str = ""
    variant: str = ""
    discount: Decimal = Decimal("0")
    vat_rate: Decimal = Decimal("0")
    vat_amount: Decimal = Decimal("0")
    external_id: str = ""
    external_product_id: str = ""
    external_variation_id: str = ""
    product_id: int | None = None


@dataclass(frozen=True)
class OrderDraft:
    """An order as given. `total` is what the source says; a difference to the sum of the parts becomes `rounding`."""

    currency: str
    shipping: AddressDraft
    lines: tuple[LineDraft, ...]
    total: Decimal | None = None
    billing: AddressDraft | None = None
    shipping_total: Decimal = Decimal("0")
    shipping_vat: Decimal = Decimal("0")
    fees_total: Decimal = Decimal("0")
    fees_vat: Decimal = Decimal("0")
    source: str = "manual"
    external_id: str = ""
    external_number: str = ""
    source_modified_at: datetime | None = None
    language: str = ""
    delivery_kind: str = DeliveryKind.DOOR
    delivery_title: str = ""
    pickup_point: str = ""
    courier: str = ""
    payment_method: str = PaymentMethod.COD
    payment_title: str = ""
    payment_url: str = ""
    payment_status: str = PaymentStatus.PENDING
    paid_at: datetime | None = None
    customer_note: str = ""
    placed_at: datetime | None = None
