"""The people of an order hear once that the last goods it waited for arrived, and that reserved goods are missing."""

from threading import Barrier

import pytest
from django.db import connection, transaction

from inventory import services as inventory
from inventory.events import BackorderAllocated, ReservationShorted
from inventory.models import StockItem
from inventory.services.sheet import Sheet
from oms.verification import problems
from orders import handlers
from orders import services as orders
from orders.events import OrderBecameShippable
from orders.models import Order, OrderEvent
from orders.models.history import EventKind
from orders.selectors import with_goods_arrived
from orders.statuses import Status
from shops import bus
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user
from tests.state import held_for


@pytest.fixture
def heard(monkeypatch):
    """The orders that became shippable, as they were announced."""
    events = []
    monkeypatch.setitem(bus._handlers, OrderBecameShippable, (events.append,))
    return events


def goods_come(product, quantity=1):
    inventory.receive(product_id=product.pk, quantity=quantity, reason="delivery", actor=SYSTEM)


def news_of(order):
    return list(
        order.events.filter(kind=EventKind.STOCK).order_by("pk").values_list("reason_code", flat=True)
    )


def waiting_order(shop, *products, quantity=1):
    return make_order(shop, lines=tuple(make_line(product, quantity) for product in products))


@pytest.mark.django_db
def test_it_tells_when_the_last_goods_arrived_and_not_before(heard):
    shop = make_shop()
    cup, bowl = make_product(shop, stock=0, name="Cup"), make_product(shop, stock=0, name="Bowl")
    order = waiting_order(shop, cup, bowl, quantity=2)
    mara = make_user(shop)
    Order.objects.filter(pk=order.pk).update(manager=mara)

    goods_come(cup, 1)
    goods_come(cup, 1)
    assert (heard, news_of(order)) == ([], [])
    goods_come(bowl, 5)

    assert news_of(order) == ["arrived"]
    (event,) = heard
    row = order.events.get(kind=EventKind.STOCK)
    assert (event.order_id, event.shop_id, event.number) == (order.pk, shop.pk, order.number)
    assert (event.manager_id, event.lines, event.event_id) == (mara.pk, ("2 × Cup", "2 × Bowl"), row.pk)
    assert row.uid == event.uid


@pytest.mark.django_db
def test_two_products_that_arrive_at_once_are_one_piece_of_news(heard):
    shop = make_shop()
    products = [make_product(shop, stock=3), make_product(shop, stock=3)]
    first = make_order(shop, lines=tuple(make_line(product, 3) for product in products))
    second = waiting_order(shop, *products)

    orders.cancel_order(order_id=first.pk, actor=SYSTEM, reason_code="customer")

    assert (news_of(second), len(heard)) == (["arrived"], 1)


@pytest.mark.django_db
def test_it_tells_again_when_goods_were_missing_in_between(heard):
    shop = make_shop()
    product = make_product(shop, stock=0, name="Cup")
    order = waiting_order(shop, product)
    goods_come(product)
    item = StockItem.objects.get(product=product)
    with transaction.atomic():
        sheet = Sheet({product.pk: product}, actor=SYSTEM)
        sheet.shorten(sheet.item_in(product.pk, item.warehouse_id), 1)
        sheet.move(sheet.item_in(product.pk, item.warehouse_id), -1, "count")
        sheet.close()
    assert news_of(order) == ["arrived", "missing"]
    assert with_goods_arrived([order]) == set()

    goods_come(product)

    assert news_of(order) == ["arrived", "missing", "arrived"]
    assert order.events.filter(reason_code="missing").get().details == {"goods": ["1 × Cup"]}
    assert len(heard) == 2


@pytest.mark.django_db
def test_the_news_stand_until_the_order_moves_on():
    shop = make_shop()
    product = make_product(shop, stock=0)
    order = waiting_order(shop, product)
    goods_come(product)
    assert with_goods_arrived([Order.objects.get(pk=order.pk)]) == {order.pk}

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert with_goods_arrived([Order.objects.get(pk=order.pk)]) == set()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "reference", ["order:999999", "order:x", "order:", "loan:1", "order:²", f"order:{'9' * 30}"]
)
def test_references_of_others_are_left_alone(reference):
    told = OrderEvent.objects.count()
    common = {"shop_id": 1, "reference": reference, "product_id": 1, "quantity": 1}

    with transaction.atomic():
        handlers.note_goods_arrived(BackorderAllocated(**common))
        handlers.note_goods_missing(ReservationShorted(**common))

    assert OrderEvent.objects.count() == told


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_receiving_never_waits_for_an_order_that_is_being_changed(in_threads):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time, whatever it writes")
    shop = make_shop()
    product = make_product(shop, stock=0)
    order = waiting_order(shop, product)

    with transaction.atomic():
        Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        (failed,) = in_threads([lambda: _receive_at_once(product)])

    assert failed is None
    assert (held_for(order), news_of(order)) == ((1, 0), ["arrived"])


def _receive_at_once(product):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
        goods_come(product)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_goods_that_arrive_in_two_transactions_at_once_are_told_exactly_once(in_threads):
    shop = make_shop()
    rounds = 10
    for _round in range(rounds):
        products = [make_product(shop, stock=0) for _ in range(4)]
        order = waiting_order(shop, *products)

        outcomes = in_threads([lambda product=product: goods_come(product) for product in products])

        assert outcomes == [None] * 4
        assert (held_for(order), news_of(order)) == ((4, 0), ["arrived"])
    assert Order.objects.filter(shop=shop, status=Status.NEW).count() == rounds
    assert list(problems(shop.pk)) == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_without_the_gate_nobody_tells_what_two_transactions_completed(in_threads, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time, so nobody reads while somebody writes")
    shop = make_shop()
    products = [make_product(shop, stock=0), make_product(shop, stock=0)]
    order = waiting_order(shop, *products)
    both_have_read, read = Barrier(2), handlers.units_of_lines
    monkeypatch.setattr(handlers, "lock", lambda rows, pks: [])

    def read_and_wait(order_ids):
        units = read(order_ids)
        both_have_read.wait(timeout=20)
        return units

    monkeypatch.setattr(handlers, "units_of_lines", read_and_wait)

    outcomes = in_threads([lambda product=product: goods_come(product) for product in products])

    assert outcomes == [None, None]
    assert (held_for(order), news_of(order)) == ((2, 0), [])
