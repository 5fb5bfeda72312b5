"""What products sold, as the orders tell it: which orders count, in which currency, over which days."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory import services as inventory
from inventory.models import FiguresRun, ProductFigures, StockSettings
from orders.models import Order
from orders.services.sales import refresh_due_figures, refresh_figures
from orders.statuses import Status
from orders.tasks import refresh_stock_figures
from shops import wakeups
from shops.actors import Actor
from shops.errors import NotPermitted
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make_shop()


def figures(product):
    return ProductFigures.objects.get(product=product)


def test_it_sums_units_and_what_customers_pay(shop):
    mug, pot = make_product(shop), make_product(shop)
    make_order(shop, lines=(make_line(mug, 2, total=Decimal("19.00")), make_line(pot, 1)))
    last = make_order(shop, lines=(make_line(mug, 3, total=Decimal("30.00")),))

    count = refresh_figures(shop_id=shop.pk, actor=SYSTEM)

    assert count == 2
    assert (figures(mug).units_sold, figures(mug).revenue) == (5, Decimal("49.00"))
    assert figures(mug).last_sold_at == last.placed_at
    assert (figures(pot).units_sold, figures(pot).revenue) == (1, Decimal("10.00"))


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.RETURNED])
def test_cancelled_and_returned_orders_sold_nothing(shop, status):
    product = make_product(shop)
    make_order(shop, status=status, lines=(make_line(product, 2),))

    refresh_figures(shop_id=shop.pk, actor=SYSTEM)

    assert (figures(product).units_sold, figures(product).revenue) == (0, 0)
    assert figures(product).last_sold_at is None


def test_other_currencies_are_named_and_never_added_up(shop):
    product = make_product(shop)
    make_order(shop, lines=(make_line(product, 1),))
    for _number in range(2):
        make_order(shop, lines=(make_line(product, 1, total=Decimal("7.50")),), currency="EUR")

    refresh_figures(shop_id=shop.pk, actor=SYSTEM)

    assert figures(product).revenue == Decimal("10.00")
    assert FiguresRun.objects.get(shop=shop).left_out == [{"currency": "EUR", "orders": 2, "amount": "15.00"}]


def test_the_period_is_the_shops_and_ends_today_in_its_time_zone(shop):
    StockSettings.objects.create(shop=shop, abc_days=2)
    product = make_product(shop)
    # Bucharest is two hours ahead: 22:00 UTC of the 9th is the 10th there.
    placed = [datetime(2026, 3, 9, 21, 59, tzinfo=UTC), datetime(2026, 3, 9, 22, 0, tzinfo=UTC)]
    for moment in placed:
        order = make_order(shop, lines=(make_line(product, 1),))
        Order.objects.filter(pk=order.pk).update(placed_at=moment)

    with time_machine.travel(datetime(2026, 3, 11, 12, tzinfo=UTC), tick=False):
        refresh_figures(shop_id=shop.pk, actor=SYSTEM)

    run = FiguresRun.objects.get(shop=shop)
    assert (run.since.isoformat(), run.until.isoformat()) == ("2026-03-10", "2026-03-11")
    assert figures(product).units_sold == 1


def test_other_shops_do_not_count(shop):
    other = make_shop()
    make_order(other)

    refresh_figures(shop_id=shop.pk, actor=SYSTEM)

    assert not ProductFigures.objects.exists()


def test_it_refuses_strangers_and_writes_nothing(shop):
    make_order(shop)
    stranger = Actor.person(make_user(make_shop()))

    with pytest.raises(NotPermitted):
        refresh_figures(shop_id=shop.pk, actor=stranger)

    assert not FiguresRun.objects.exists()
    assert not ProductFigures.objects.exists()


def test_it_leaves_a_shop_alone_while_another_worker_computes_it(shop):
    make_order(shop)
    inventory.claim_figures(shop_id=shop.pk)

    assert refresh_figures(shop_id=shop.pk, actor=SYSTEM) is None
    assert not ProductFigures.objects.exists()


def test_figures_are_due_once_a_day_and_when_somebody_asks(shop):
    assert refresh_due_figures() == 1
    assert refresh_due_figures() == 0

    inventory.request_figures(shop_id=shop.pk, actor=SYSTEM)
    assert refresh_due_figures() == 1
    assert refresh_due_figures() == 0

    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert refresh_due_figures() == 1


@pytest.mark.django_db(transaction=True)
def test_asking_wakes_a_worker_once_it_is_committed(shop, monkeypatch):
    woken = []
    monkeypatch.setattr(wakeups, "send_wake_up", woken.append)

    with transaction.atomic():
        inventory.request_figures(shop_id=shop.pk, actor=SYSTEM)
        inventory.request_figures(shop_id=shop.pk, actor=SYSTEM)
        assert woken == []

    assert woken == [refresh_stock_figures.name]


def test_one_shops_failure_does_not_keep_the_others_waiting(shop, monkeypatch):
    other = make_shop()
    make_order(other)

    def fail_for_one(**arguments):
        if arguments["shop_id"] == shop.pk:
            raise RuntimeError("disk full")
        return store(**arguments)

    store = inventory.store_figures
    monkeypatch.setattr(inventory, "store_figures", fail_for_one)

    with pytest.raises(ExceptionGroup):
        refresh_due_figures()

    assert ProductFigures.objects.filter(product__shop=other).exists()
    assert refresh_due_figures() == 0, "the failed one is not tried again at once"


def test_it_asks_as_many_questions_for_many_orders_as_for_one(shop):
    def cost():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            refresh_figures(shop_id=shop.pk, actor=SYSTEM)
        return len(queries)

    product = make_product(shop)
    make_order(shop, lines=(make_line(product, 1),))
    refresh_figures(shop_id=shop.pk, actor=SYSTEM)
    few = cost()
    for _number in range(8):
        make_order(shop, lines=(make_line(product, 1),))

    assert cost() == few


def test_the_command_computes_and_says_what_it_did(shop, capsys):
    make_order(shop)

    call_command("stock_figures", shop=shop.slug)

    assert "1 product" in capsys.readouterr().out
    assert ProductFigures.objects.count() == 1


def test_the_command_names_a_shop_that_does_not_exist():
    with pytest.raises(CommandError, match="nowhere"):
        call_command("stock_figures", shop="nowhere")
