"""A crash between any two statements leaves everything as it was: each verb, stopped before its 1st, 2nd, 3rd … one."""

import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection, transaction

from inventory import services as stock
from inventory.models import Reservation, StockItem, StockMovement, StockRepair, Warehouse
from inventory.selectors import stock_problems
from inventory.services import counting
from inventory.services.posting import post_count
from oms.verification import problems
from orders import services as orders
from orders.statuses import Status
from tests.factories import SYSTEM, make_draft, make_line, make_order, make_product, make_shop
from tests.state import assert_sound, everything

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
MOST_STATEMENTS = 400


class Crash(Exception):
    """The machine stopped here."""


class StopBefore:
    """Lets `count` statements through, and stops before the next one."""

    def __init__(self, count):
        self.left = count

    def __call__(self, execute, sql, params, many, context):
        if self.left == 0:
            raise Crash(sql)
        self.left -= 1
        return execute(sql, params, many, context)


def scarce_shop():
    """Two products; an order that holds one and waits for the other, and a second one that waits, too."""
    shop = make_shop()
    plenty, scarce = make_product(shop, stock=10), make_product(shop, stock=2, allow_backorder=True)
    lines = (make_line(plenty, 2), make_line(scarce, 2))
    order = make_order(shop, lines=lines, status=Status.CONFIRMED)
    waiting = make_order(shop, lines=(make_line(scarce, 3),))
    return shop, plenty, scarce, order, waiting


def by_hand(product, **more):
    return {"product_id": product.pk, "reason": "because", "actor": SYSTEM, **more}


def place(shop, plenty, scarce, order, waiting):
    draft = make_draft(shop, make_line(scarce, 1), make_line(plenty, 1))
    return lambda: orders.place_order(shop_id=shop.pk, draft=draft, actor=SYSTEM)


def confirm(shop, plenty, scarce, order, waiting):
    return lambda: orders.confirm_order(order_id=waiting.pk, actor=SYSTEM)


def cancel(shop, plenty, scarce, order, waiting):
    return lambda: orders.cancel_order(order_id=order.pk, actor=SYSTEM, reason_code="customer")


def ship(shop, plenty, scarce, order, waiting):
    orders.start_processing(order_id=order.pk, actor=SYSTEM)
    return lambda: orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="77")


def receive(shop, plenty, scarce, order, waiting):
    return lambda: stock.receive(quantity=4, **by_hand(scarce))


def adjust(shop, plenty, scarce, order, waiting):
    return lambda: stock.adjust(difference=4, **by_hand(scarce))


def write_off(shop, plenty, scarce, order, waiting):
    return lambda: stock.write_off(quantity=2, from_reserved=True, **by_hand(scarce))


def transfer(shop, plenty, scarce, order, waiting):
    first = Warehouse.objects.get(shop=shop)
    second = Warehouse.objects.create(shop=shop, name="Second")
    ends = {"from_warehouse_id": first.pk, "to_warehouse_id": second.pk}
    return lambda: stock.transfer(quantity=3, **ends, **by_hand(plenty))


def return_to_stock(shop, plenty, scarce, order, waiting):
    return lambda: stock.return_to_stock(quantity=4, **by_hand(scarce))


def count(shop, plenty, scarce, order, waiting):
    return lambda: stock.count(counted=7, **by_hand(scarce))


def post_a_count(shop, plenty, scarce, order, waiting):
    warehouse_id = Warehouse.objects.get(shop=shop).pk
    opened = counting.open_count(shop_id=shop.pk, warehouse_id=warehouse_id, name="All", actor=SYSTEM)
    for product, found in ((plenty, 12), (scarce, 1)):
        entry = {"product_id": product.pk, "quantity": found, "key": uuid.uuid4()}
        counting.enter_count(count_id=opened.pk, actor=SYSTEM, **entry)
    counting.finish_counting(count_id=opened.pk, actor=SYSTEM)
    return lambda: post_count(count_id=opened.pk, actor=SYSTEM)


VERBS = (
    *(place, confirm, cancel, ship),
    *(receive, adjust, write_off, transfer, return_to_stock, count, post_a_count),
)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_it_leaves_nothing_half_written(verb):
    call = verb(*scarce_shop())
    before = everything()
    for count_of_statements in range(MOST_STATEMENTS):
        try:
            with connection.execute_wrapper(StopBefore(count_of_statements)):
                call()
        except Crash:
            assert everything() == before, f"after {count_of_statements} statements"
            continue

        assert everything() != before
        assert_sound()
        return
    pytest.fail("the verb never came to its end")


def test_a_repair_is_all_or_nothing():
    _shop, _plenty, scarce, _order, _waiting = scarce_shop()
    item = StockItem.objects.get(product=scarce)
    StockItem.objects.filter(pk=item.pk).update(on_hand=9, reserved=9)
    for count_of_statements in range(MOST_STATEMENTS):
        try:
            with connection.execute_wrapper(StopBefore(count_of_statements)):
                stock.repair_stock(stock_item_id=item.pk, reason="restored", actor=SYSTEM)
        except Crash:
            item.refresh_from_db()
            assert (item.on_hand, item.reserved) == (9, 9)
            assert not StockRepair.objects.exists()
            continue

        assert StockRepair.objects.count() == 2
        assert list(stock_problems()) == []
        return
    pytest.fail("the repair never came to its end")


def test_without_a_transaction_the_same_crash_leaves_half(monkeypatch):
    """The control: were the verb not one transaction, a crash would leave counters without their ledger."""
    _shop, plenty, _scarce, _order, _waiting = scarce_shop()
    bare = stock.receive.__wrapped__
    halves = 0
    for count_of_statements in range(20):
        with monkeypatch.context() as patch, suppress(Crash):
            patch.setattr("inventory.services.sheet.lock", lambda rows, pks: list(rows.filter(pk__in=pks)))
            patch.setattr("inventory.services.sheet.publish", lambda event: None)
            patch.setattr(transaction.Atomic, "__enter__", lambda self: None)
            patch.setattr(transaction.Atomic, "__exit__", lambda self, *error: None)
            with connection.execute_wrapper(StopBefore(count_of_statements)):
                bare(quantity=1, **by_hand(plenty))
        halves += bool(list(stock_problems()))

    assert halves > 0


KILLED = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = {name!r}
from inventory import services
from shops.actors import Actor
seen = 0
def pause(execute, sql, params, many, context):
    global seen
    answer = execute(sql, params, many, context)
    if sql.startswith(("INSERT", "UPDATE", "DELETE")):
        seen += 1
        if seen == {after}:
            print("ready", flush=True)
            sys.stdin.read()
    return answer
with connection.execute_wrapper(pause):
    services.receive(product_id={product}, quantity=5, reason="killed", actor=Actor.system("killed"))
print("done", flush=True)
"""


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_process_killed_in_the_middle_leaves_the_books_in_order(after):
    _shop, _plenty, scarce, _order, _waiting = scarce_shop()
    before = everything()
    script = KILLED.format(name=str(connection.settings_dict["NAME"]), after=after, product=scarce.pk)
    victim = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"TEST_DATABASE_URL": os.environ.get("TEST_DATABASE_URL", "")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert victim.stdout is not None
    assert victim.stdout.readline().strip() == "ready"

    victim.send_signal(signal.SIGKILL)
    victim.wait(timeout=30)

    wait_until_its_locks_are_gone(scarce)
    assert everything() == before
    assert list(problems()) == []
    stock.receive(quantity=5, **by_hand(scarce))
    assert Reservation.objects.filter(backordered__gt=0).count() == 0
    assert list(problems()) == []
    assert not StockMovement.objects.filter(reason="killed").exists()


def wait_until_its_locks_are_gone(product):
    """PostgreSQL notices a dead client when it next speaks to it; until then its locks stand."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with transaction.atomic():
                rows = StockItem.objects.filter(product=product)
                if connection.features.has_select_for_update_nowait:
                    rows = rows.select_for_update(nowait=True)
                list(rows)
            return
        except Exception:
            time.sleep(0.2)
    pytest.fail("the killed process still holds its locks")
