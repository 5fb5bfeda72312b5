"""Verbs of stock that share a transaction lock by ascending key all the same, so that nobody waits in a circle."""

import pytest

from inventory.models import StockItem
from inventory.services import sheet
from orders import services as orders
from orders.guards import Arguments
from orders.statuses import Status
from shops.actors import Actor
from shops.models import StockMaster
from tests.factories import SYSTEM, make_draft, make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, held_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The stock items locked so far, each when it was locked first."""
    seen: list[int] = []
    lock = sheet.lock

    def noting(queryset, pks):
        rows = lock(queryset, pks)
        seen.extend(row.pk for row in rows if row.pk not in seen)
        return rows

    monkeypatch.setattr(sheet, "lock", noting)
    return seen


def test_undoing_a_shipment_that_left_a_part_behind_locks_by_key(locked):
    shop = make_shop()
    short, there = make_product(shop, stock=1), make_product(shop, stock=5)
    make_order(shop, lines=(make_line(short, 1),))
    order, mara = make_order(shop, lines=(make_line(short, 1), make_line(there, 1))), make_user(shop)
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    arguments = Arguments(carrier="fan", tracking_number="A1")
    orders.advance_order(order_id=order.pk, to=Status.PROCESSING, actor=SYSTEM)
    shipped = orders.advance_order(
        order_id=order.pk, to=Status.SHIPPED, actor=Actor.person(mara), arguments=arguments
    )
    locked.clear()

    orders.revert_move(move_id=shipped[0].move_id, actor=Actor.person(mara))

    assert len(locked) == 2
    assert locked == sorted(locked)
    assert held_for(order) == (1, 1)


def test_a_line_the_source_replaces_is_locked_by_key(locked):
    shop = make_shop()
    new, old = make_product(shop, stock=5), make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(old, 1),))
    locked.clear()

    orders.update_from_source(order_id=order.pk, draft=make_draft(shop, make_line(new, 1)), actor=SYSTEM)

    assert len(locked) == 2
    assert locked == sorted(locked)
    assert held_for(order) == (1, 0)
    assert_sound()


def test_a_shop_whose_stock_nobody_keeps_gets_no_stock_items():
    shop = make_shop(stock_master=StockMaster.NOBODY)
    old, new = make_product(shop, stock=0), make_product(shop, stock=0)
    order = make_order(shop, lines=(make_line(old, 1),))

    orders.update_from_source(order_id=order.pk, draft=make_draft(shop, make_line(new, 1)), actor=SYSTEM)

    assert not StockItem.objects.filter(product__shop=shop).exists()
