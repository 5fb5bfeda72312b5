"""Stock and value by day: what is kept at a day's end, what the ledger tells of the past, and the page."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from inventory import services
from inventory.models import StockDay, StockMovement
from inventory.services.stock_days import record_ended_days, stock_now
from inventory.tasks import record_stock_days
from shops.actors import Actor
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
NOON = datetime(2026, 3, 10, 10, tzinfo=UTC)


@pytest.fixture
def person(client, shop):
    user = User.objects.create_user("wanda", password="x")
    Membership.objects.create(user=user, shop=shop, role=Role.WAREHOUSE)
    client.force_login(user)
    return user


def receive(product, quantity, at, **more):
    known = set(StockMovement.objects.values_list("pk", flat=True))
    services.receive(product_id=product.pk, quantity=quantity, reason="delivery", actor=BY, **more)
    StockMovement.objects.exclude(pk__in=known).update(at=at)


def write_off(product, quantity, at):
    known = set(StockMovement.objects.values_list("pk", flat=True))
    services.write_off(product_id=product.pk, quantity=quantity, reason="broken", actor=BY)
    StockMovement.objects.exclude(pk__in=known).update(at=at)


def days(shop):
    rows = StockDay.objects.filter(shop=shop).order_by("day", "currency")
    return [(row.day.isoformat(), row.currency, row.units, row.value) for row in rows]


@time_machine.travel(NOON, tick=False)
def test_a_day_holds_units_and_value_by_currency(shop, make_product):
    mug = make_product("MUG", cost=Decimal("2.50"))
    pot = make_product("POT", cost=Decimal("3.00"), cost_currency="EUR")
    gift = make_product("GIFT")
    for product, units in ((mug, 4), (pot, 2), (gift, 7)):
        receive(product, units, NOON - timedelta(days=3))

    services.record_stock_day(shop_id=shop.pk, day=date(2026, 3, 9))

    assert days(shop) == [
        ("2026-03-09", "", 7, 0),
        ("2026-03-09", "EUR", 2, Decimal("6.00")),
        ("2026-03-09", "RON", 4, Decimal("10.00")),
    ]


@time_machine.travel(NOON, tick=False)
def test_what_moved_after_the_days_end_is_taken_back(shop, make_product):
    mug = make_product("MUG", cost=Decimal("1.00"))
    # In Bucharest the 9th ends at 22:00 UTC.
    receive(mug, 5, datetime(2026, 3, 9, 21, 59, tzinfo=UTC))
    receive(mug, 3, datetime(2026, 3, 9, 22, 0, tzinfo=UTC))

    services.record_stock_day(shop_id=shop.pk, day=date(2026, 3, 9))

    assert days(shop) == [("2026-03-09", "RON", 5, Decimal("5.00"))]
    assert [(row.units, row.value) for row in stock_now(shop.pk)] == [(8, Decimal("8.00"))]


@time_machine.travel(NOON, tick=False)
def test_recording_a_day_again_replaces_it(shop, make_product):
    mug = make_product("MUG", cost=Decimal("1.00"))
    receive(mug, 5, NOON - timedelta(days=2))
    services.record_stock_day(shop_id=shop.pk, day=date(2026, 3, 9))
    receive(mug, 1, NOON - timedelta(days=2))

    services.record_stock_day(shop_id=shop.pk, day=date(2026, 3, 9))

    assert days(shop) == [("2026-03-09", "RON", 6, Decimal("6.00"))]


@time_machine.travel(NOON, tick=False)
def test_the_past_is_rebuilt_from_the_ledger_at_the_costs_of_its_time(shop, make_product):
    mug = make_product("MUG", cost=Decimal("9.00"))
    receive(mug, 10, NOON - timedelta(days=5))
    receive(mug, 10, NOON - timedelta(days=3), unit_cost=Decimal("2.00"))
    write_off(mug, 4, NOON - timedelta(days=2))
    receive(mug, 1, NOON - timedelta(days=1), unit_cost=Decimal("3.00"))

    count = services.rebuild_stock_days(shop_id=shop.pk, since=date(2026, 3, 4))

    assert count == 6
    assert days(shop) == [
        ("2026-03-04", "", 0, 0),
        ("2026-03-05", "RON", 10, Decimal("90.00")),
        ("2026-03-06", "RON", 10, Decimal("90.00")),
        ("2026-03-07", "RON", 20, Decimal("40.00")),
        ("2026-03-08", "RON", 16, Decimal("32.00")),
        ("2026-03-09", "RON", 17, Decimal("51.00")),
    ]


@time_machine.travel(NOON, tick=False)
def test_a_cost_from_before_the_first_day_is_known_on_it(shop, make_product):
    mug = make_product("MUG", cost=Decimal("9.00"))
    receive(mug, 10, NOON - timedelta(days=50), unit_cost=Decimal("2.00"))

    services.rebuild_stock_days(shop_id=shop.pk, since=date(2026, 3, 9))

    assert days(shop) == [("2026-03-09", "RON", 10, Decimal("20.00"))]


@time_machine.travel(NOON, tick=False)
def test_rebuilding_and_recording_agree_where_costs_did_not_change(shop, make_product):
    mug = make_product("MUG", cost=Decimal("2.00"))
    receive(mug, 10, NOON - timedelta(days=9))
    write_off(mug, 3, NOON - timedelta(days=1))
    services.record_stock_day(shop_id=shop.pk, day=date(2026, 3, 9))
    recorded = days(shop)

    services.rebuild_stock_days(shop_id=shop.pk, since=date(2026, 3, 9))

    assert days(shop) == recorded == [("2026-03-09", "RON", 7, Decimal("14.00"))]


@time_machine.travel(NOON, tick=False)
def test_other_shops_are_left_alone(shop, make_product):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    receive(make_product("THERE", shop=other, cost=Decimal(1)), 5, NOON - timedelta(days=9))
    services.record_stock_day(shop_id=other.pk, day=date(2026, 3, 9))

    services.rebuild_stock_days(shop_id=shop.pk, since=date(2026, 3, 9))

    assert days(other) == [("2026-03-09", "PLN", 5, Decimal(5))]
    assert days(shop) == [("2026-03-09", "", 0, 0)]


def test_each_shops_day_ends_in_its_own_time_zone(shop, make_product):
    create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")

    # 22:30 UTC: the 10th is over in Bucharest, not in Warsaw.
    with time_machine.travel(datetime(2026, 3, 10, 22, 30, tzinfo=UTC), tick=False):
        record_stock_days()
        again = record_ended_days()

    found = {row.shop.slug: row.day.isoformat() for row in StockDay.objects.select_related("shop")}
    assert found == {"shop": "2026-03-10", "other": "2026-03-09"}
    assert again == 0


def test_it_asks_as_many_questions_for_many_movements_as_for_one(
    shop, make_product, django_assert_num_queries
):
    since = timezone.now().date() - timedelta(days=30)
    for number in range(12):
        make_product(f"S{number}", stock=3, cost=Decimal(1))

    with django_assert_num_queries(8):
        services.rebuild_stock_days(shop_id=shop.pk, since=since)


def plot_of(response):
    found = re.search(r'<script id="value-plot"[^>]*>(.*?)</script>', response.content.decode(), re.DOTALL)
    return json.loads(found[1])


def test_the_page_draws_the_days_kept_and_today_as_it_is_now(client, person, shop, make_product):
    make_product("MUG", stock=4, cost=Decimal("2.50"))
    today = timezone.now().astimezone(shop.zone).date()
    StockDay.objects.create(
        shop=shop, day=today - timedelta(days=1), currency="RON", units=9, value=Decimal("30.00")
    )

    plot = plot_of(client.get("/stock/value/"))

    assert plot["days"] == [(today - timedelta(days=1)).isoformat(), today.isoformat()]
    assert [series["values"] for series in plot["series"]] == [[30.0, 10.0], [9, 4]]


def test_the_page_shows_one_currency_at_a_time(client, person, shop, make_product):
    make_product("MUG", stock=4, cost=Decimal("2.50"))
    make_product("POT", stock=1, cost=Decimal("3.00"), cost_currency="EUR")
    make_product("GIFT", stock=7)

    own = client.get("/stock/value/").content.decode()
    euro = client.get("/stock/value/", {"currency": "EUR"}).content.decode()
    unknown = client.get("/stock/value/", {"currency": "ZZZ"}).content.decode()

    assert re.search(r"Value now</span>\s*<strong>10.00\sRON", own)
    assert re.search(r"Value now</span>\s*<strong>€3\.00", euro)
    assert "RON" in unknown
    assert "units, not in the value" in own


@pytest.mark.parametrize(("asked", "span"), [("30", 30), ("365", 365), ("7", 90), ("x", 90), ("", 90)])
def test_the_page_shows_as_many_days_as_asked_for(client, person, shop, asked, span):
    today = timezone.now().astimezone(shop.zone).date()
    StockDay.objects.bulk_create(
        StockDay(shop=shop, day=today - timedelta(days=ago), currency="RON", units=1, value=1)
        for ago in range(1, 400)
    )

    assert len(plot_of(client.get("/stock/value/", {"days": asked}))["days"]) == span


def test_the_page_says_when_there_is_no_history(client, person):
    assert "There is no history yet." in client.get("/stock/value/").content.decode()


def test_it_costs_the_same_queries_for_one_day_as_for_many(
    client, person, shop, make_product, django_assert_max_num_queries
):
    def cost():
        with django_assert_max_num_queries(20) as queries:
            client.get("/stock/value/")
        return len(queries)

    make_product("MUG", stock=1)
    few = cost()
    for number in range(20):
        make_product(f"S{number}", stock=1, cost=Decimal(2))
    services.rebuild_stock_days(shop_id=shop.pk, since=timezone.now().date() - timedelta(days=80))

    assert cost() == few
