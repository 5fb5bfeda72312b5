"""One week of a shop, worked out by hand: after each step the four numbers of each warehouse stand here as literals."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory import services as inventory
from inventory.models import Product, Reservation, StockItem, StockMovement, Warehouse
from inventory.selectors import available_units
from inventory.services.counting import enter_count, finish_counting, open_count
from inventory.services.posting import post_count
from oms.verification import problems
from orders import services as orders
from orders.models import Order, ShipmentLine
from orders.statuses import CancelReason, ReturnKind, Status
from shops.actors import Actor
from shops.models import Shop
from shops.permissions import Role
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db


def shelf(product: Product, warehouse: Warehouse) -> tuple[int, int, int, int]:
    """(on hand, reserved, waiting, available) of the product in one warehouse."""
    item = StockItem.objects.get(product=product, warehouse=warehouse)
    waiting = sum(Reservation.objects.filter(stock_item=item).values_list("backordered", flat=True))
    return item.on_hand, item.reserved, waiting, item.available


def confirmed(shop: Shop, mug: Product, units: int) -> Order:
    return make_order(shop, status=Status.CONFIRMED, lines=(make_line(mug, units),))


def ship(order: Order) -> None:
    orders.advance_order(order_id=order.pk, to=Status.PROCESSING, actor=SYSTEM)
    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number=f"AWB{order.pk}")


def parcels(order: Order) -> list[int]:
    lines = ShipmentLine.objects.filter(shipment__order=order).order_by("pk")
    return list(lines.values_list("quantity", flat=True))


def test_a_week_adds_up_as_by_hand(client: Client) -> None:
    shop = make_shop("RO")
    person = make_user(shop, Role.ADMIN)
    by_hand: dict[str, Any] = {"actor": Actor.person(person)}
    mug = make_product(shop, stock=0)
    home = Warehouse.objects.get(shop=shop, is_default=True)
    annex = inventory.add_warehouse(shop_id=shop.pk, name="Annex", **by_hand)

    # Monday. Two deliveries: 0 + 20 + 10 = 30, nothing is promised yet.
    for units, cost in ((20, "4.00"), (10, "5.00")):
        inventory.receive(
            product_id=mug.pk, quantity=units, unit_cost=Decimal(cost), reason="delivery", **by_hand
        )
    assert shelf(mug, home) == (30, 0, 0, 30)

    # Order A, five: promised, 30 - 5 = 25 left to sell; then gone, 30 - 5 = 25 on the shelf.
    order_a = confirmed(shop, mug, 5)
    assert shelf(mug, home) == (30, 5, 0, 25)
    ship(order_a)
    assert shelf(mug, home) == (25, 0, 0, 25)

    # Tuesday. Order B, twelve, is promised; order C, three, is promised and leaves.
    order_b = confirmed(shop, mug, 12)
    assert shelf(mug, home) == (25, 12, 0, 13)
    order_c = confirmed(shop, mug, 3)
    assert shelf(mug, home) == (25, 15, 0, 10)
    ship(order_c)
    assert shelf(mug, home) == (22, 12, 0, 10)

    # Wednesday. A shelf falls: 14 broken. The 10 free ones are not enough, 4 of B's 12 are among them and wait.
    inventory.write_off(product_id=mug.pk, quantity=14, reason="a shelf fell", from_reserved=True, **by_hand)
    assert shelf(mug, home) == (8, 8, 4, 0)

    # B's customer takes what is there: 8 leave, 4 are owed.
    orders.set_partial_agreed(order_id=order_b.pk, actor=SYSTEM, agreed=True)
    ship(order_b)
    assert shelf(mug, home) == (0, 0, 4, 0)

    # Thursday. Nine arrive: 4 of them are B's at once, 9 - 4 = 5 are free; then B's rest leaves.
    inventory.receive(product_id=mug.pk, quantity=9, unit_cost=Decimal("5.50"), reason="delivery", **by_hand)
    assert shelf(mug, home) == (9, 4, 0, 5)
    orders.ship_rest(order_id=order_b.pk, actor=SYSTEM, carrier="fan", tracking_number="REST")
    assert shelf(mug, home) == (5, 0, 0, 5)
    assert parcels(order_b) == [8, 4]

    # C was refused at the door. On its way back it changes nothing; of the 3 that arrive 2 are good: 5 + 2 = 7.
    orders.return_order(order_id=order_c.pk, actor=SYSTEM, return_kind=ReturnKind.REFUSED)
    assert shelf(mug, home) == (5, 0, 0, 5)
    note = order_c.returns.get()
    orders.receive_return(return_id=note.pk, actor=SYSTEM, restocked={note.lines.get().pk: 2})
    assert shelf(mug, home) == (7, 0, 0, 7)

    # Friday. Three go to the annex, where one turns out to be missing: 7 - 3 = 4, and 3 - 1 = 2.
    inventory.transfer(
        product_id=mug.pk,
        quantity=3,
        from_warehouse_id=home.pk,
        to_warehouse_id=annex.pk,
        reason="for the market",
        **by_hand,
    )
    assert (shelf(mug, home), shelf(mug, annex)) == ((4, 0, 0, 4), (3, 0, 0, 3))
    inventory.adjust(
        product_id=mug.pk, difference=-1, warehouse_id=annex.pk, reason="one is missing", **by_hand
    )
    assert (shelf(mug, home), shelf(mug, annex)) == ((4, 0, 0, 4), (2, 0, 0, 2))

    # Order D, two, and order E, one, are promised from the first warehouse: 2 + 1 = 3 of its 4.
    order_d, order_e = confirmed(shop, mug, 2), confirmed(shop, mug, 1)
    assert (shelf(mug, home), shelf(mug, annex)) == ((4, 3, 0, 1), (2, 0, 0, 2))

    # Saturday. 3 of 4 are found; then E leaves while the count is open: 4 - 1 = 3 on the books.
    count = open_count(shop_id=shop.pk, warehouse_id=home.pk, **by_hand)
    enter_count(count_id=count.pk, product_id=mug.pk, quantity=3, key=uuid.uuid4(), **by_hand)
    ship(order_e)
    assert (shelf(mug, home), shelf(mug, annex)) == ((3, 2, 0, 1), (2, 0, 0, 2))

    # The count writes what was missing when it was counted, 3 - 4 = -1, and not E's unit again: 3 - 1 = 2, all D's.
    finish_counting(count_id=count.pk, **by_hand)
    post_count(count_id=count.pk, **by_hand)
    assert (shelf(mug, home), shelf(mug, annex)) == ((2, 2, 0, 0), (2, 0, 0, 2))

    # D is cancelled: its 2 are free again.
    orders.cancel_order(order_id=order_d.pk, actor=SYSTEM, reason_code=CancelReason.CUSTOMER)
    assert (shelf(mug, home), shelf(mug, annex)) == ((2, 0, 0, 2), (2, 0, 0, 2))
    assert available_units([mug.pk]) == {mug.pk: 4}

    # Sunday. The books: in 20 + 10 + 9 + 2 = 41, out 5 + 3 + 14 + 8 + 4 + 1 + 1 + 1 = 37, so 4 are left.
    receipts = StockMovement.objects.filter(kind="receipt").order_by("pk")
    assert list(receipts.values_list("unit_cost", flat=True)) == [
        Decimal("4.00"),
        Decimal("5.00"),
        Decimal("5.50"),
    ]
    client.force_login(person)
    page = client.get(reverse("inventory:product", args=[mug.pk])).context["page"]
    assert [(line.movement.kind, line.movement.quantity, line.after) for line in page.ledger] == [
        ("count", -1, 4),
        ("shipment", -1, 5),
        ("adjustment", -1, 6),
        ("transfer", 3, 7),
        ("transfer", -3, 4),
        ("restock", 2, 7),
        ("shipment", -4, 5),
        ("receipt", 9, 9),
        ("shipment", -8, 0),
        ("write_off", -14, 8),
        ("shipment", -3, 22),
        ("shipment", -5, 25),
        ("receipt", 10, 30),
        ("receipt", 20, 20),
    ]
    assert list(problems()) == []
