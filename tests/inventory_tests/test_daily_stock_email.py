"""The daily report of what runs low: when it is due, that it goes out once, and what stands in it."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from inventory import services
from inventory.events import StockReportDue
from inventory.models import StockItem, StockReport, StockSettings
from inventory.services.alerts import report_low_stock
from inventory.tasks import report_low_stock as beat_task
from oms import subscriptions
from shops import bus
from shops.actors import Actor
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
HOURS = {day: ["09:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
# A Tuesday; Bucharest is two hours ahead.
BEFORE = datetime(2026, 3, 10, 6, 59, tzinfo=UTC)
OPEN = datetime(2026, 3, 10, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def heard():
    """The reports published during the test."""
    events = []
    bus.subscribe({**subscriptions.TABLE, StockReportDue: (events.append,)})
    yield events
    subscriptions.install()


@pytest.fixture(autouse=True)
def wanted(shop):
    shop.working_hours, shop.holidays = HOURS, ["2026-03-11"]
    shop.save()
    return StockSettings.objects.create(shop=shop, alert_emails="ana@example.com\nbo@example.com")


@pytest.fixture
def make_low(make_product):
    def make(sku, **fields):
        product = make_product(sku, stock=2, **fields)
        StockItem.objects.filter(product=product).update(safety_stock=5)
        return product

    return make


def test_it_goes_out_when_the_shops_day_begins(shop, make_low, heard):
    make_low("MUG")

    assert report_low_stock(shop_id=shop.pk, now=BEFORE) is False
    assert report_low_stock(shop_id=shop.pk, now=OPEN) is True
    assert [event.day for event in heard] == [date(2026, 3, 10)]


def test_it_goes_out_once_a_day(shop, make_low, heard):
    make_low("MUG")

    told = [report_low_stock(shop_id=shop.pk, now=OPEN + timedelta(hours=hour)) for hour in range(8)]
    next_open_day = report_low_stock(shop_id=shop.pk, now=OPEN + 2 * DAY)

    assert told == [True] + [False] * 7
    assert next_open_day is True
    assert [event.day for event in heard] == [date(2026, 3, 10), date(2026, 3, 12)]


@pytest.mark.parametrize("days", [1, 4, 5])
def test_nobody_is_told_on_a_holiday_or_a_weekend(shop, make_low, heard, days):
    make_low("MUG")

    assert report_low_stock(shop_id=shop.pk, now=OPEN + days * DAY) is False
    assert heard == []


def test_a_shop_without_hours_is_told_at_eight(shop, make_low, heard):
    make_low("MUG")
    shop.working_hours = {}
    shop.save()

    assert report_low_stock(shop_id=shop.pk, now=datetime(2026, 3, 10, 5, 59, tzinfo=UTC)) is False
    assert report_low_stock(shop_id=shop.pk, now=datetime(2026, 3, 10, 6, 0, tzinfo=UTC)) is True


def test_nobody_is_told_that_nothing_runs_low(shop, make_product, heard):
    make_product("MUG", stock=9)

    assert report_low_stock(shop_id=shop.pk, now=OPEN) is False
    assert heard == []
    assert StockReport.objects.get().stock_items == []


@pytest.mark.parametrize("addresses", ["", " \n "])
def test_a_shop_that_named_nobody_is_not_looked_at(shop, wanted, make_low, heard, addresses):
    make_low("MUG")
    StockSettings.objects.update(alert_emails=addresses)

    assert report_low_stock(shop_id=shop.pk, now=OPEN) is False
    assert heard == []
    assert not StockReport.objects.exists()


def test_it_says_everything_an_e_mail_needs(shop, make_low, heard):
    mug = make_low("MUG", pack_size=4)
    services.reserve(
        reference="order:1", shop_id=shop.pk, wanted={mug.pk: 3}, on_shortage="backorder", actor=BY
    )

    report_low_stock(shop_id=shop.pk, now=OPEN)

    payload = json.loads(json.dumps(heard[0].payload()))
    assert payload["shop_id"] == shop.pk
    assert payload["day"] == "2026-03-10"
    assert payload["recipients"] == ["ana@example.com", "bo@example.com"]
    assert (payload["total"], payload["new"]) == (1, 1)
    assert payload["lines"] == [
        {
            "product_id": mug.pk,
            "sku": "MUG",
            "name": "Product MUG",
            "warehouse": mug.stock_items.get().warehouse.name,
            "available": 0,
            "safety_stock": 5,
            "waiting": 1,
            "suggested": 8,
            "is_new": True,
        }
    ]


def test_what_newly_ran_low_comes_first(shop, make_low, heard):
    make_low("OLD", name="A")
    report_low_stock(shop_id=shop.pk, now=OPEN)
    make_low("NEW", name="Z")

    report_low_stock(shop_id=shop.pk, now=OPEN + 2 * DAY)

    assert [(line.sku, line.is_new) for line in heard[1].lines] == [("NEW", True), ("OLD", False)]
    assert (heard[1].total, heard[1].new) == (2, 1)


def test_a_long_list_is_cut_and_counted(shop, make_low, heard, monkeypatch):
    monkeypatch.setattr("inventory.services.alerts.MOST_LINES", 2)
    for number in range(4):
        make_low(f"S{number}")

    report_low_stock(shop_id=shop.pk, now=OPEN)

    assert len(heard[0].lines) == 2
    assert heard[0].total == 4


def test_other_shops_goods_are_not_in_it(shop, make_low, heard):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    make_low("FOREIGN", shop=other)

    assert report_low_stock(shop_id=shop.pk, now=OPEN) is False
    assert heard == []


def test_a_report_whose_handler_failed_goes_out_later(shop, make_low, heard):
    make_low("MUG")

    def fail(event):
        raise RuntimeError("no room")

    bus.subscribe({StockReportDue: (fail,)})
    with pytest.raises(RuntimeError):
        report_low_stock(shop_id=shop.pk, now=OPEN)
    assert not StockReport.objects.exists()

    bus.subscribe({StockReportDue: (heard.append,)})
    assert report_low_stock(shop_id=shop.pk, now=OPEN + timedelta(minutes=15)) is True


def test_beat_reports_every_shop_although_one_fails(shop, make_low, heard):
    other = create_shop(country="RO", name="Other", slug="other", order_prefix="PL-")
    StockSettings.objects.create(shop=other, alert_emails="cy@example.com")
    make_low("MUG")
    make_low("POT", shop=other)

    def fail_for_first(event):
        if event.shop_id == shop.pk:
            raise RuntimeError("no room")
        heard.append(event)

    bus.subscribe({StockReportDue: (fail_for_first,)})
    with time_machine.travel(OPEN + timedelta(hours=3), tick=False), pytest.raises(ExceptionGroup):
        beat_task()

    assert [event.shop_id for event in heard] == [other.pk]


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_tell_once(shop, make_low, heard, in_threads):
    make_low("MUG")

    told = in_threads([lambda: report_low_stock(shop_id=shop.pk, now=OPEN)] * 4)

    assert sorted(told) == [False, False, False, True]
    assert len(heard) == 1
