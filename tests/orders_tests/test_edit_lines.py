"""Changing an order's lines: totals to the cent, stock that follows, and what is refused."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.db import connection

from inventory.errors import StockShort
from inventory.models import Reservation, StockItem
from inventory.selectors import reservations_of
from orders import services
from orders.errors import OrderError
from orders.models import Order, OrderEvent
from orders.services import LineChange
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.models import ClaimVisibility
from shops.permissions import Role
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db


def held(order: Order) -> dict[int, tuple[int, int]]:
    rows = reservations_of([order.stock_reference])[order.stock_reference]
    return {key: (row.reserved, row.backordered) for key, row in rows.items()}


def snapshot(order: Order) -> tuple[object, ...]:
    fresh = Order.objects.get(pk=order.pk)
    lines = list(fresh.lines.values_list("pk", "quantity", "unit_price", "discount", "total", "vat_amount"))
    return (fresh.total, fresh.vat_total, lines, held(order), OrderEvent.objects.count())


def test_it_changes_removes_and_adds_with_totals_to_the_cent() -> None:
    shop = make_shop()
    mug, plate, cup = (
        make_product(shop, name=name, vat_rate=Decimal(21)) for name in ("Mug", "Plate", "Cup")
    )
    mug_line = make_line(
        mug, 3, unit_price=Decimal("9.9900"), discount=Decimal("3.00"), total=Decimal("26.97"),
        vat_rate=Decimal(21), vat_amount=Decimal("4.68"),
    )  # fmt: skip
    order = make_order(
        shop,
        lines=(mug_line, make_line(plate, 2)),
        shipping_total=Decimal("19.99"),
        shipping_vat=Decimal("3.47"),
        fees_total=Decimal("2.00"),
        total=Decimal("68.95"),
    )
    first, second = order.lines.all()
    user = make_user(shop)

    changed = services.edit_lines(
        order_id=order.pk,
        actor=Actor.person(user),
        changes=[
            LineChange(line_id=first.pk, quantity=2),
            LineChange(line_id=second.pk, quantity=0),
            LineChange(product_id=cup.pk, quantity=4, unit_price=Decimal("2.55")),
        ],
    )

    after = Order.objects.get(pk=order.pk)
    kept, new = after.lines.all()
    assert changed == ("lines",)
    assert (kept.pk, kept.quantity, kept.discount, kept.total) == (
        first.pk,
        2,
        Decimal("2.00"),
        Decimal("17.98"),
    )
    assert kept.vat_amount == Decimal("3.12")
    assert (new.name, new.quantity, new.total, new.vat_amount) == (
        "Cup",
        4,
        Decimal("10.20"),
        Decimal("1.77"),
    )
    assert after.goods_total == Decimal("28.18")
    assert after.rounding == Decimal("-0.01")
    assert after.total == Decimal("28.18") + Decimal("19.99") + Decimal("2.00") - Decimal("0.01")
    assert after.vat_total == Decimal("3.12") + Decimal("1.77") + Decimal("3.47")
    assert held(order) == {mug.pk: (2, 0), cup.pk: (4, 0)}
    event = OrderEvent.objects.filter(order=order, kind="edited").get()
    assert event.actor_user == user
    assert event.details[f"line.{first.pk}"] == ["3 × Mug", "2 × Mug"]
    assert event.details[f"line.{second.pk}"] == ["2 × Plate", ""]
    assert event.details["total"] == ["68.95", str(after.total)]


def test_the_same_lines_are_no_change() -> None:
    order = make_order()
    line = order.lines.get()
    before = snapshot(order)

    changes = [LineChange(line_id=line.pk, quantity=line.quantity, unit_price=line.unit_price)]

    assert services.edit_lines(order_id=order.pk, actor=SYSTEM, changes=changes) == ()
    assert snapshot(order) == before


def test_a_confirmed_order_gets_nothing_that_is_not_here() -> None:
    shop = make_shop()
    product = make_product(shop, stock=3)
    order = make_order(shop, status=Status.CONFIRMED, lines=(make_line(product, 2),))
    line, before = order.lines.get(), snapshot(order)

    with pytest.raises(StockShort):
        services.edit_lines(
            order_id=order.pk, actor=SYSTEM, changes=[LineChange(line_id=line.pk, quantity=4)]
        )

    assert snapshot(order) == before
    services.edit_lines(order_id=order.pk, actor=SYSTEM, changes=[LineChange(line_id=line.pk, quantity=3)])
    assert held(order) == {product.pk: (3, 0)}


def test_a_new_order_may_wait_and_freed_units_go_to_who_waits() -> None:
    shop = make_shop()
    product = make_product(shop, stock=3)
    first = make_order(shop, lines=(make_line(product, 2),))
    second = make_order(shop, lines=(make_line(product, 3),))
    line = first.lines.get()
    assert held(second) == {product.pk: (1, 2)}

    services.edit_lines(order_id=first.pk, actor=SYSTEM, changes=[LineChange(line_id=line.pk, quantity=1)])

    assert held(first) == {product.pk: (1, 0)}
    assert held(second) == {product.pk: (2, 1)}
    services.edit_lines(order_id=first.pk, actor=SYSTEM, changes=[LineChange(line_id=line.pk, quantity=3)])
    assert held(first) == {product.pk: (1, 2)}


@pytest.mark.parametrize("status", [Status.SHIPPED, Status.DELIVERED, Status.CANCELLED, Status.RETURNED])
def test_after_the_handover_the_lines_stay(status: str) -> None:
    order = make_order(status=status)
    line, before = order.lines.get(), snapshot(order)

    with pytest.raises(OrderError, match="handed over or closed"):
        services.edit_lines(
            order_id=order.pk, actor=SYSTEM, changes=[LineChange(line_id=line.pk, quantity=5)]
        )

    assert snapshot(order) == before


def test_an_order_kept_elsewhere_is_changed_only_knowingly() -> None:
    order = make_order(source="woocommerce", external_id="77")
    line, before = order.lines.get(), snapshot(order)
    changes = [LineChange(line_id=line.pk, quantity=5)]

    with pytest.raises(OrderError) as refused:
        services.edit_lines(order_id=order.pk, actor=SYSTEM, changes=changes)

    assert refused.value.field == "only_here"
    assert snapshot(order) == before
    services.edit_lines(order_id=order.pk, actor=SYSTEM, changes=changes, only_here=True)
    assert order.lines.get().quantity == 5


def test_it_refuses_what_is_no_line() -> None:
    shop = make_shop()
    order, foreign = make_order(shop), make_product(make_shop())
    line, before = order.lines.get(), snapshot(order)
    priceless = make_product(shop, price=None)
    bad: list[list[LineChange]] = [
        [LineChange(line_id=line.pk, quantity=0)],
        [LineChange(line_id=line.pk, quantity=-1)],
        [LineChange(line_id=line.pk, quantity=1_000_001)],
        [LineChange(line_id=line.pk, quantity=1, unit_price=Decimal("NaN"))],
        [LineChange(line_id=line.pk, quantity=1, unit_price=Decimal(-1))],
        [LineChange(line_id=line.pk, quantity=1_000_000, unit_price=Decimal("999999999.99"))],
        [LineChange(line_id=line.pk + 999, quantity=1)],
        [LineChange(product_id=foreign.pk, quantity=1)],
        [LineChange(product_id=priceless.pk, quantity=1)],
        [LineChange(quantity=1)],
    ]

    for changes in bad:
        with pytest.raises(DomainError):
            services.edit_lines(order_id=order.pk, actor=SYSTEM, changes=changes)

    assert snapshot(order) == before


def test_the_warehouse_and_people_shut_out_by_a_claim_change_no_line() -> None:
    shop = make_shop(claim_visibility=ClaimVisibility.READ_ONLY)
    order = make_order(shop)
    services.claim_order(order_id=order.pk, actor=Actor.person(make_user(shop)))
    line, before = order.lines.get(), snapshot(order)
    changes = [LineChange(line_id=line.pk, quantity=5)]

    with pytest.raises(NotPermitted):
        services.edit_lines(
            order_id=order.pk, actor=Actor.person(make_user(shop, Role.WAREHOUSE)), changes=changes
        )
    with pytest.raises(OrderError, match="works on order"):
        services.edit_lines(order_id=order.pk, actor=Actor.person(make_user(shop)), changes=changes)

    assert snapshot(order) == before


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_orders_that_grow_at_once_never_share_a_unit() -> None:
    shop = make_shop()
    product = make_product(shop, stock=6)
    orders = [
        make_order(shop, status=Status.CONFIRMED, lines=(make_line(product, 1),)) for _number in range(4)
    ]
    lines = {order.pk: order.lines.get().pk for order in orders}
    refused: list[int] = []

    def grow(order: Order) -> None:
        try:
            changes = [LineChange(line_id=lines[order.pk], quantity=2)]
            services.edit_lines(order_id=order.pk, actor=SYSTEM, changes=changes)
        except StockShort:
            refused.append(order.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=grow, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    item = StockItem.objects.get(product=product)
    assert len(refused) == 2
    assert (item.on_hand, item.reserved) == (6, 6)
    assert sum(row.reserved for row in Reservation.objects.filter(stock_item=item)) == 6
    for order in orders:
        fresh = Order.objects.get(pk=order.pk)
        assert fresh.total == fresh.lines.get().total == Decimal(10) * (1 if order.pk in refused else 2)


def test_an_order_is_not_left_with_less_than_nothing_to_pay() -> None:
    shop = make_shop()
    dear = make_line(make_product(shop), 1, unit_price=Decimal(70), total=Decimal(70))
    cheap = make_line(make_product(shop), 1, unit_price=Decimal(30), total=Decimal(30))
    order = make_order(shop, lines=(dear, cheap), total=Decimal(50))
    first, second = order.lines.all()
    before = snapshot(order)

    with pytest.raises(OrderError, match="discount of the whole order") as refused:
        services.edit_lines(
            order_id=order.pk, actor=SYSTEM, changes=[LineChange(line_id=first.pk, quantity=0)]
        )
    assert (refused.value.field, snapshot(order)) == ("lines", before)
    services.edit_lines(order_id=order.pk, actor=SYSTEM, changes=[LineChange(line_id=second.pk, quantity=0)])

    assert Order.objects.get(pk=order.pk).total == Decimal(20)
