"""The plot of a product: every day once, walked back from what is on hand, in the shop's own days."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from inventory import services
from inventory.models import StockItem, StockMovement, Warehouse
from inventory.page_selectors.product import plot_days, plot_of, plot_sentence
from shops.actors import Actor

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
# In Bucharest it is half past one at night on the 11th already.
NOW = datetime(2026, 6, 10, 22, 30, tzinfo=UTC)


@pytest.fixture
def moved(make_product):
    """A product of which 10 came 100 days ago, 4 left 3 days ago, 1 was lost yesterday, 2 came just now."""
    with time_machine.travel(NOW, tick=False):
        product = make_product("MUG")
        item = StockItem.objects.create(product=product, warehouse=Warehouse.objects.get(shop=product.shop))
        for kind, units, days in (
            ("receipt", 10, 100),
            ("shipment", -5, 3),
            ("shipment_reversed", 1, 3),
            ("write_off", -1, 1),
            ("receipt", 2, 0),
        ):
            line = StockMovement.objects.create(
                stock_item=item, kind=kind, quantity=units, actor_kind="system", actor_label="test"
            )
            StockMovement.objects.filter(pk=line.pk).update(at=NOW - timedelta(days=days))
        StockItem.objects.filter(pk=item.pk).update(on_hand=7)
    return product


def days_of(product, span=90):
    items = list(StockItem.objects.filter(product=product).values_list("pk", flat=True))
    with time_machine.travel(NOW, tick=False):
        return plot_days(product.shop, items, span=span)


def test_it_says_what_was_on_hand_at_the_end_of_each_day(moved):
    days = days_of(moved)

    assert len(days) == 90
    assert [day.on_hand for day in days[-5:]] == [10, 6, 6, 5, 7]
    assert {day.on_hand for day in days[:-4]} == {10}


def test_it_says_what_came_and_what_was_shipped(moved):
    days = days_of(moved)

    assert [(day.came, day.went) for day in days[-5:]] == [(0, 0), (0, 4), (0, 0), (0, 0), (2, 0)]
    assert [day.has_moved for day in days[-5:]] == [False, True, False, True, True]


def test_it_counts_the_days_of_the_shops_clock(moved):
    days = days_of(moved)

    assert days[-1].day.isoformat() == "2026-06-11"
    assert days[-4].day.isoformat() == "2026-06-08"


def test_it_begins_before_the_first_movement_with_nothing(moved):
    days = days_of(moved, span=180)

    assert [days[0].on_hand, days[-101].on_hand, days[-102].on_hand] == [0, 10, 0]


def test_it_adds_the_warehouses_up(moved):
    second = Warehouse.objects.create(shop=moved.shop, name="Second")
    with time_machine.travel(NOW, tick=False):
        services.receive(product_id=moved.pk, quantity=3, reason="", actor=BY, warehouse_id=second.pk)

    assert days_of(moved)[-1].on_hand == 10


def test_it_costs_two_queries_however_many_days_moved(moved, django_assert_num_queries):
    items = list(StockItem.objects.filter(product=moved).values_list("pk", flat=True))

    with django_assert_num_queries(2):
        plot_days(moved.shop, items, span=365)


def test_it_is_a_flat_line_without_stock(shop):
    days = plot_days(shop, [], span=90)

    assert {(day.on_hand, day.came, day.went) for day in days} == {(0, 0, 0)}


def test_it_gives_the_page_as_many_values_as_days(moved):
    days = days_of(moved)

    plot = plot_of(days, "pcs")

    assert plot["days"][0] < plot["days"][-1]
    assert {len(series["values"]) for series in plot["series"]} == {len(plot["days"])}


def test_it_says_the_same_in_words(moved):
    sentence = plot_sentence(days_of(moved))

    assert sentence == "Over the last 90 days: 10 on hand at first, 7 now; 2 came in, 4 were shipped."
