"""The columns of the order list: what each is called, which are there by themselves, and what a file holds of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.models import Stage, Tag
from orders.carriers import carrier_name
from orders.models import Order, OrderLine, Shipment

Cell = str | int | Decimal | datetime | None
Label = str | Promise


@dataclass(frozen=True)
class OrderRow:
    """One line of the list, with what its chosen columns need; the others are empty."""

    order: Order
    parcels: Sequence[Shipment]
    stage: Stage | None = None
    tags: Sequence[Tag] = ()
    lines: Sequence[OrderLine] = ()

    @property
    def more_lines(self) -> int:
        """Lines beyond the three that a cell has room for."""
        return max(0, len(self.lines) - 3)


@dataclass(frozen=True)
class Column:
    """One column; `headings` and `cells` are what it is in a file, where it may be several. `needs` is what to read for it."""

    key: str
    label: Label
    headings: tuple[Label, ...]
    cells: Callable[[OrderRow], tuple[Cell, ...]]
    is_default: bool = True
    needs: str = ""
    is_number: bool = False


def _when(moment: datetime | None, order: Order) -> datetime | None:
    """A moment on the shop's clock, as spreadsheets keep it: to the second, without a zone."""
    if moment is None:
        return None
    return timezone.localtime(moment, order.shop.zone).replace(microsecond=0, tzinfo=None)


def _person(row: OrderRow) -> str:
    manager = row.order.manager
    return (manager.get_full_name() or manager.username) if manager else ""


def _parcels(row: OrderRow) -> tuple[Cell, ...]:
    carriers = dict.fromkeys(carrier_name(parcel.carrier) for parcel in row.parcels)
    numbers = [parcel.tracking_number for parcel in row.parcels if parcel.tracking_number]
    chosen = carrier_name(row.order.courier) if row.order.courier else ""
    return ", ".join(carriers) or chosen, ", ".join(numbers)


def _address(row: OrderRow) -> tuple[Cell, ...]:
    place = row.order.shipping_address
    street = ", ".join(filter(None, (place.street, place.street2)))
    return street, place.postcode, place.city, place.county, place.country


def _products(row: OrderRow) -> tuple[Cell, ...]:
    return ("; ".join(f"{line.quantity} × {line.sku or line.name}" for line in row.lines),)


_COLUMNS = (
    Column("number", _("Number"), (_("Number"),), lambda row: (row.order.number,)),
    Column("shop", _("Shop"), (_("Shop"),), lambda row: (row.order.shop.name,), is_default=False),
    Column("source", _("Source"), (_("Source"),), lambda row: (row.order.source,)),
    Column("status", _("Status"), (_("Status"),), lambda row: (row.order.get_status_display(),)),
    Column(
        "stage",
        _("Stage"),
        (_("Stage"),),
        lambda row: (row.stage.name if row.stage else "",),
        needs="stage",
    ),
    Column("placed", _("Placed"), (_("Placed"),), lambda row: (_when(row.order.placed_at, row.order),)),
    Column(
        "customer",
        _("Customer"),
        (pgettext_lazy("person", "Name"), _("Company")),
        lambda row: (
            row.order.shipping_address.name or str(row.order.customer),
            row.order.shipping_address.company,
        ),
    ),
    Column(
        "contact",
        _("Phone and e-mail"),
        (_("Phone"), _("E-mail")),
        lambda row: (row.order.shipping_address.phone, row.order.shipping_address.email),
        is_default=False,
    ),
    Column(
        "address",
        _("Address"),
        (_("Street"), _("Postcode"), _("Town"), _("County"), _("Country")),
        _address,
        is_default=False,
    ),
    Column(
        "amount",
        _("Amount"),
        (_("Amount"), _("Currency")),
        lambda row: (row.order.total, row.order.currency),
        is_number=True,
    ),
    Column(
        "pay",
        _("Payment"),
        (_("Payment"), _("Payment method")),
        lambda row: (row.order.get_payment_status_display(), row.order.get_payment_method_display()),
    ),
    Column("parcel", _("Parcel"), (_("Courier"), _("AWB")), _parcels),
    Column(
        "delivery",
        _("Delivery"),
        (_("Delivery"), _("Pick-up point")),
        lambda row: (row.order.get_delivery_kind_display(), row.order.pickup_point),
        is_default=False,
    ),
    Column("products", _("Products"), (_("Products"),), _products, is_default=False, needs="lines"),
    Column(
        "tags",
        _("Tags"),
        (_("Tags"),),
        lambda row: (", ".join(tag.name for tag in row.tags),),
        is_default=False,
        needs="stage",
    ),
    Column("manager", _("Manager"), (_("Manager"),), lambda row: (_person(row),)),
    Column(
        "note",
        _("Customer's note"),
        (_("Customer's note"),),
        lambda row: (row.order.customer_note,),
        is_default=False,
    ),
)
ORDER_COLUMNS: Mapping[str, Column] = {column.key: column for column in _COLUMNS}
ALWAYS = "number"


def order_columns(keys: Iterable[str]) -> list[Column]:
    """The columns of these keys in their own order, the number always; unknown keys are left out, none means the usual ones."""
    asked = {key for key in keys if key in ORDER_COLUMNS}
    if not asked - {ALWAYS}:
        return [column for column in _COLUMNS if column.is_default]
    return [column for column in _COLUMNS if column.key in asked or column.key == ALWAYS]
