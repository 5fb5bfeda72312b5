"""Plain functions that make the small cast of the tests: shops, people, goods and orders, through the real services."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any
from unittest import mock

from django.db import connection
from django.utils import timezone

from inventory import services as inventory
from inventory.models import Product
from notifications.models import MessageTemplate
from notifications.services import settings as message_settings
from orders import services as orders
from orders.drafts import AddressDraft, LineDraft, OrderDraft
from orders.guards import Arguments
from orders.models import Order
from orders.statuses import CancelReason, PaymentStatus, ReturnKind, Status
from shops.actors import Actor
from shops.models import Membership, Shop, User
from shops.permissions import Role
from shops.services import create_shop

_counter = itertools.count(1)
SYSTEM = Actor.system("tests")
ADDRESS = AddressDraft(
    name="Ana-Maria Țăranu",
    phone="0722 334 455",
    email="ana@example.com",
    street="Strada Morii 7",
    city="Cluj-Napoca",
    county="Cluj",
    postcode="400001",
    country="RO",
)


def make_shop(country: str = "RO", **fields: Any) -> Shop:
    """A shop made from its country's preset, with funnels, templates and a warehouse."""
    n = next(_counter)
    values = {
        "name": f"Shop {n}",
        "slug": f"shop-{n}",
        "order_prefix": f"S{n}-",
        "domain": f"shop{n}.example",
    }
    values |= {"phone": "+40 264 000 111", "sender_email": f"shop{n}@example.com"} | fields
    with mock.patch.object(message_settings, "_add_texts", _add_texts):
        return create_shop(country=country, **values)


# Half of what a shop costs is its default texts, and nearly every test makes a shop: after the first one of a process
# the same rows are written in two statements. `test_presets` holds them against those of the service.
_add_texts_by_service = message_settings._add_texts
_texts: list[tuple[Any, ...]] = []
_COLUMNS = "shop_id, event, channel, language, subject, body, plain_letters, updated_at"


def _add_texts(shop_id: int, events: set[str]) -> None:
    if not _texts:
        _add_texts_by_service(shop_id, events)
        names = _COLUMNS.split(", ")[1:-1]
        _texts.extend(MessageTemplate.objects.filter(shop_id=shop_id).order_by("pk").values_list(*names))
        return
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    values = [value for row in _texts for value in (shop_id, *row, now)]
    holes = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s)"] * len(_texts))
    table, history = MessageTemplate._meta.db_table, MessageTemplate.history.model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({_COLUMNS}) VALUES {holes}", values)
        cursor.execute(
            f"INSERT INTO {history} (id, {_COLUMNS}, history_relation_id, history_date, history_type)"
            f" SELECT id, {_COLUMNS}, id, updated_at, '+' FROM {table} WHERE shop_id = %s ORDER BY id",
            [shop_id],
        )


def make_user(shop: Shop | None = None, role: str = Role.MANAGER, **fields: Any) -> User:
    """A person, with a role in the shop if one is given; the password is `demo`."""
    username = fields.pop("username", f"person{next(_counter)}")
    user = User.objects.create_user(username=username, password="demo", **fields)
    if shop is not None:
        Membership.objects.create(user=user, shop=shop, role=role)
    return user


def make_product(shop: Shop, stock: int = 100, **fields: Any) -> Product:
    """A counted product with `stock` units on hand."""
    n = next(_counter)
    values: dict[str, Any] = {"sku": f"SKU-{n}", "name": f"Product {n}", "price": Decimal("10.00"), **fields}
    product = Product.objects.create(shop=shop, **values)
    if stock:
        inventory.receive(product_id=product.pk, quantity=stock, reason="opening stock", actor=SYSTEM)
    return product


def make_line(product: Product, quantity: int = 1, **fields: Any) -> LineDraft:
    """A line of a product at its price."""
    price = product.price or Decimal("10.00")
    values: dict[str, Any] = {"unit_price": price, "total": price * quantity, "sku": product.sku, **fields}
    return LineDraft(name=product.name, quantity=quantity, product_id=product.pk, **values)


def make_draft(shop: Shop, *lines: LineDraft, **fields: Any) -> OrderDraft:
    """A complete cash-on-delivery order to a door."""
    values: dict[str, Any] = {"currency": shop.currency, "shipping": ADDRESS, "courier": "fan", **fields}
    return OrderDraft(lines=lines, **values)


def make_order(
    shop: Shop | None = None,
    *,
    status: str = Status.NEW,
    lines: tuple[LineDraft, ...] = (),
    notify: bool = False,
    **fields: Any,
) -> Order:
    """An order in any status, brought there by the workflow itself."""
    shop = shop or make_shop()
    draft = make_draft(shop, *(lines or (make_line(make_product(shop)),)), **fields)
    order = orders.place_order(shop_id=shop.pk, draft=draft, actor=SYSTEM, notify=notify)
    bring_to(order, status)
    return Order.objects.get(pk=order.pk)


def bring_to(order: Order, status: str) -> None:
    """Walk an order to a status as the system."""
    if status == Status.NEW:
        return
    way = {Status.CANCELLED: Status.CANCELLED, Status.RETURNED: Status.SHIPPED}.get(Status(status), status)
    arguments = Arguments(
        carrier="fan", tracking_number=f"AWB{order.pk:06}", reason_code=CancelReason.CUSTOMER
    )
    orders.advance_order(order_id=order.pk, to=way, actor=SYSTEM, arguments=arguments)
    if status == Status.RETURNED:
        orders.return_order(order_id=order.pk, actor=SYSTEM, return_kind=ReturnKind.REFUSED)


PAID: dict[str, Any] = {"payment_method": "card", "payment_status": PaymentStatus.PAID}
