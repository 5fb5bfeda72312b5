"""`manage.py seed_orders`: many orders, fast, and nothing about them contradicts anything."""

from collections import Counter
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import BoardChange, Deal
from inventory.models import Product, Reservation
from notifications.models import Message
from oms.demo import mass
from oms.verification import problems
from orders.models import Order, OrderEvent
from orders.search import search_orders
from orders.services import cancel_order, place_order
from orders.statuses import Status
from shops.actors import Actor
from shops.models import ReserveAt, Shop, StockMaster
from tests.factories import make_draft, make_line, make_product, make_shop

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def seed(shop: Shop, count: int) -> str:
    out = StringIO()
    call_command("seed_orders", count=count, shop=shop.slug, stdout=out)
    return out.getvalue()


def test_it_makes_that_many_orders_and_verify_finds_nothing() -> None:
    shop = make_shop()

    said = seed(shop, 150)

    assert Order.objects.count() == Deal.objects.count() == 150
    assert list(problems()) == []
    assert "150 of 150 orders" in said


def test_most_are_through_and_some_stand_in_every_open_status() -> None:
    shop = make_shop()

    seed(shop, 400)

    counted = Counter(Order.objects.values_list("status", flat=True))
    assert counted[Status.DELIVERED] > 200
    assert all(counted[status] for status in Status.values)


def test_nobody_is_told_and_no_open_board_is_asked_to_look() -> None:
    shop = make_shop()

    seed(shop, 50)

    assert not Message.objects.exists()
    assert not BoardChange.objects.exists()


def test_orders_are_found_and_live_on_like_any_other() -> None:
    shop = make_shop()
    seed(shop, 40)
    order = Order.objects.filter(status=Status.NEW).earliest("pk")

    found = search_orders(Order.objects.all(), order.shipping_address.phone)
    cancel_order(order_id=order.pk, actor=Actor.system(), reason_code="customer", notify=False)

    assert order in found
    assert not Reservation.objects.filter(reference=order.stock_reference).exists()
    assert list(problems()) == []


def test_the_shop_goes_on_counting_where_it_stopped() -> None:
    shop = make_shop(order_prefix="X-")
    draft = make_draft(shop, make_line(make_product(shop)), external_id="7", external_number="1003")
    place_order(shop_id=shop.pk, draft=draft, actor=Actor.system(), notify=False)

    seed(shop, 5)
    own = place_order(shop_id=shop.pk, draft=make_draft(shop), actor=Actor.system(), notify=False)

    numbers = sorted(Order.objects.filter(source="seed").values_list("number", flat=True))
    assert numbers == ["X-1001", "X-1002", "X-1004", "X-1005", "X-1006"]
    assert own.number == "X-1007"


def test_batches_come_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oms.management.commands.seed_orders.BATCH", 20)
    shop = make_shop()

    said = seed(shop, 50)

    assert Order.objects.count() == 50
    assert [line.split(" of ")[0].strip() for line in said.splitlines()[:-1]] == ["20", "40", "50"]


@pytest.mark.parametrize(
    "settings",
    [{"stock_master": StockMaster.NOBODY}, {"reserve_at": ReserveAt.CONFIRMATION}, {"country": "other"}],
)
def test_the_shops_own_rules_are_kept(settings: dict[str, str]) -> None:
    shop = make_shop(**settings)

    seed(shop, 60)

    new = Order.objects.filter(status=Status.NEW)
    held = Reservation.objects.filter(reference__in=[order.stock_reference for order in new])
    assert list(problems()) == []
    assert held.exists() == ("country" in settings)


def test_a_batch_costs_statements_by_the_thousand_rows_not_by_the_order() -> None:
    shop = make_shop()
    world = mass.enter_world(shop, 100)

    with CaptureQueriesContext(
        connection,
    ) as small:
        mass.seed_batch(world, 50)
    with CaptureQueriesContext(connection) as large:
        mass.seed_batch(world, 100)

    # SQLite takes some hundred rows per statement, so twice the orders may cost a few statements more.
    assert len(large) <= len(small) * 2
    assert OrderEvent.objects.count() > 300


def test_it_refuses_what_makes_no_sense() -> None:
    with pytest.raises(CommandError, match="no shop “nowhere”"):
        call_command("seed_orders", count=1, shop="nowhere")
    with pytest.raises(CommandError, match="at least one"):
        call_command("seed_orders", count=0, shop="nowhere")
    assert not Product.objects.exists()
