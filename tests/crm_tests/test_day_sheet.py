"""The day sheet: it adds up, equals independent SQL, links to the rows it counts, and shows each role its part."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.page_selectors.day import OF_PEOPLE, day_sheet
from crm.page_selectors.order_filters import orders_wanted, read_order_filter
from orders import services
from orders.models import Order, OrderEvent
from orders.services.payments import record_payment
from orders.statuses import CancelReason, PaymentStatus
from shops.actors import Actor
from shops.models import ClaimVisibility
from shops.permissions import Role
from tests.factories import SYSTEM, bring_to, make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# In Bucharest this day had 25 hours: from 21:00 UTC on the 24th to 22:00 UTC on the 25th.
DAY = date(2026, 10, 25)
BEGINS, ENDS = datetime(2026, 10, 24, 21, tzinfo=UTC), datetime(2026, 10, 25, 22, tzinfo=UTC)
NOON = datetime(2026, 10, 25, 11, tzinfo=UTC)


@pytest.fixture
def shop():
    return make_shop("RO")


@pytest.fixture
def leader(client, shop):
    user = make_user(shop, Role.SUPERVISOR, first_name="Delia", last_name="Sârbu")
    client.force_login(user)
    return user


def at(moment: datetime):
    return time_machine.travel(moment, tick=False)


def placed(shop, product, moment: datetime, **fields) -> Order:
    with at(moment):
        return make_order(shop, lines=(make_line(product),), **fields)


def a_day(shop, person) -> dict[str, Order]:
    """Orders at both edges of the day, one of each kind of change in it, and changes that do not count."""
    product, actor = make_product(shop, stock=500), Actor.person(person)
    orders = {
        "before": placed(shop, product, BEGINS - timedelta(seconds=1)),
        "first": placed(shop, product, BEGINS, source="woocommerce"),
        "last": placed(shop, product, ENDS - timedelta(seconds=1)),
        "after": placed(shop, product, ENDS),
        "shipped": placed(shop, product, BEGINS - timedelta(hours=3)),
        "cancelled": placed(shop, product, NOON - timedelta(hours=1), currency="EUR"),
        "reopened": placed(shop, product, BEGINS - timedelta(days=2)),
        "undone": placed(shop, product, BEGINS - timedelta(days=2)),
        "delivered": placed(shop, product, BEGINS - timedelta(days=3)),
        "refused": placed(shop, product, BEGINS - timedelta(days=3)),
    }
    with at(BEGINS - timedelta(days=1)):
        services.cancel_order(order_id=orders["reopened"].pk, actor=SYSTEM, reason_code=CancelReason.OTHER)
        for name in ("delivered", "refused"):
            bring_to(orders[name], "shipped")
    with at(NOON):
        bring_to(orders["shipped"], "shipped")
        services.confirm_order(order_id=orders["first"].pk, actor=actor)
        services.cancel_order(
            order_id=orders["cancelled"].pk, actor=actor, reason_code=CancelReason.NO_ANSWER
        )
        services.reopen_order(order_id=orders["reopened"].pk, actor=actor, reason="asked again")
        services.deliver_order(order_id=orders["delivered"].pk, actor=SYSTEM)
        services.return_order(order_id=orders["refused"].pk, actor=SYSTEM, return_kind="refused")
        services.log_call(order_id=orders["before"].pk, actor=actor, answered=False)
        services.log_call(order_id=orders["before"].pk, actor=actor, answered=True)
        record_payment(order_id=orders["delivered"].pk, actor=SYSTEM, payment_status=PaymentStatus.PAID)
        change = services.cancel_order(
            order_id=orders["undone"].pk, actor=actor, reason_code=CancelReason.OTHER
        )
        services.revert_move(move_id=change.move_id, actor=actor)
    with at(ENDS + timedelta(seconds=1)):
        services.cancel_order(order_id=orders["last"].pk, actor=actor, reason_code=CancelReason.OTHER)
    return orders


def sql(text: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall()


def one(text: str, *values: object) -> int:
    return sql(text, *values)[0][0]


EVENTS = """
    SELECT count(*) FROM orders_orderevent e JOIN orders_order o ON o.id = e.order_id
    WHERE o.shop_id = %s AND e.at >= %s AND e.at < %s AND e.reverted_at IS NULL AND
"""


def test_it_equals_sql_on_a_day_of_twenty_five_hours(shop, leader):
    a_day(shop, leader)
    other = make_shop("RO")
    a_day(other, make_user(other))

    with at(ENDS + timedelta(days=3)):
        sheet = day_sheet(leader, shop, DAY)

    bounds = shop.pk, BEGINS.replace(tzinfo=None), ENDS.replace(tzinfo=None)
    if connection.vendor == "postgresql":
        bounds = shop.pk, BEGINS, ENDS
    for name, where in {
        "confirmed": "e.kind = 'status' AND e.to_status = 'confirmed'",
        "cancelled": "e.kind = 'status' AND e.to_status = 'cancelled'",
        "reopened": "e.kind = 'status' AND e.to_status = 'new'",
        "shipped": "e.kind = 'status' AND e.to_status = 'shipped'",
        "delivered": "e.kind = 'status' AND e.to_status = 'delivered'",
        "returned": "e.kind = 'status' AND e.to_status = 'returned'",
        "called": "e.kind = 'call'",
        "paid": "e.kind = 'payment'",
    }.items():
        assert sheet.happened[name].count == one(EVENTS + where, *bounds) > 0, name
    received = "FROM orders_order o WHERE o.shop_id = %s AND o.placed_at >= %s AND o.placed_at < %s"
    assert sheet.received.count == one(f"SELECT count(*) {received}", *bounds) == 3
    by_source = sql(f"SELECT source, count(*) {received} GROUP BY source ORDER BY source", *bounds)
    assert [(source, figure.count) for source, figure in sheet.sources.items()] == by_source
    parcels = (
        "SELECT count(*) FROM orders_shipment s JOIN orders_order o ON o.id = s.order_id WHERE o.shop_id = %s"
    )
    sent = f"{parcels} AND s.handed_over_at >= %s AND s.handed_over_at < %s AND s.state <> 'voided'"
    assert sheet.sent.count == one(sent, *bounds) == 1
    messages = "SELECT count(*) FROM notifications_message WHERE shop_id = %s AND created_at >= %s AND created_at < %s"
    told = sum(figure.count for channel in sheet.told.values() for figure in channel.values())
    assert told == one(f"{messages} AND order_id IS NOT NULL", *bounds)


def test_it_adds_up(shop, leader):
    a_day(shop, leader)

    with at(ENDS + timedelta(days=3)):
        sheet = day_sheet(leader, shop, DAY)

    happened = {name: figure.count for name, figure in sheet.happened.items()}
    # before, shipped and undone were open; of the three received one was cancelled; reopened came back.
    assert (sheet.opening.count, sheet.received.count, happened["reopened"]) == (3, 3, 1)
    assert (happened["cancelled"], happened["shipped"], sheet.closing.count) == (1, 1, 5)
    assert sheet.other == 0
    assert happened["called"] == happened["answered"] + happened["unanswered"] == 2
    assert sheet.received.count == sum(figure.count for figure in sheet.sources.values())
    assert sheet.closing.count == sum(figure.count for _name, _colour, figure in sheet.stages)
    assert happened["cancelled"] == sum(figure.count for figure in sheet.reasons.values())
    for name in OF_PEOPLE:
        assert happened[name] == sum(person.figures[name].count for person in sheet.people), name
    assert sheet.received.money == [("EUR", Decimal("10.00")), ("RON", Decimal("20.00"))]


def test_every_figure_links_to_the_rows_it_counts(shop, leader):
    a_day(shop, leader)

    with at(ENDS + timedelta(days=3)):
        sheet = day_sheet(leader, shop, DAY)
        parts = [*sheet.sources.values(), *sheet.reasons.values(), *sheet.kinds.values()]
        parts += [figure for courier in sheet.couriers for figure in (courier.sent, courier.arrived)]
        parts += [figure for person in sheet.people for figure in person.cells]
        parts += [figure for _name, _colour, figure in sheet.stages]
        figures = [*sheet.happened.values(), sheet.received, sheet.opening, sheet.closing, *parts]
        linked = [
            (
                figure.query,
                figure.count,
                len(orders_wanted(leader, read_order_filter(parse_qs(figure.query)), [shop])),
            )
            for figure in figures
        ]

    # Two calls were made to one order; everything else happened to as many orders as it counts.
    different = {query: (count, rows) for query, count, rows in linked if count != rows}
    assert all("called" in query for query in different)
    assert all(rows == 1 and count == 2 for count, rows in different.values())
    assert sum(count for _query, count, _rows in linked) > 30


def test_money_on_delivery_goes_with_the_first_parcel_and_not_with_paid_orders(shop, leader):
    product = make_product(shop, stock=500)
    two, paid = placed(shop, product, BEGINS), placed(shop, product, BEGINS)
    with at(NOON):
        record_payment(order_id=paid.pk, actor=SYSTEM, payment_status=PaymentStatus.PAID)
    with at(NOON + timedelta(minutes=1)):
        bring_to(two, "shipped")
        bring_to(paid, "shipped")
        two.shipments.create(
            carrier="gls", tracking_number="2", state="handed_over", handed_over_at=NOON, actor_kind="system"
        )
    with at(NOON + timedelta(hours=1)):
        services.deliver_order(order_id=paid.pk, actor=SYSTEM)

    sheet = day_sheet(leader, shop, DAY)

    fan, gls = sheet.couriers
    assert (fan.code, fan.sent.count, fan.numbered, fan.sent.money) == (
        "fan",
        2,
        2,
        [("RON", Decimal("10.00"))],
    )
    assert (gls.code, gls.sent.count, gls.sent.money) == ("gls", 1, [])
    assert (sheet.arrived.count, sheet.arrived.money) == (1, [])


def test_it_costs_the_same_with_few_and_many_orders(client, shop, leader):
    a_day(shop, leader)
    path = f"/reports/day/?date={DAY}&shop={shop.slug}"
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for _more in range(2):
        a_day(shop, make_user(shop))

    with CaptureQueriesContext(connection) as many:
        response = client.get(path)

    assert response.context["sheet"].happened["confirmed"].count == 6
    assert len(many) == len(few) <= 20


def test_the_warehouse_sees_parcels_and_no_money(client, shop, leader):
    a_day(shop, leader)
    client.force_login(make_user(shop, Role.WAREHOUSE))

    response = client.get(f"/reports/day/?date={DAY}&shop={shop.slug}")

    page = response.content.decode()
    assert "FAN Courier" in page
    assert response.context["sheet"].sent.count == 1
    assert "RON" not in page
    assert "By person" not in page
    assert client.get(f"/reports/day.csv?date={DAY}&shop={shop.slug}").status_code == 403


def test_a_manager_does_not_see_what_a_colleague_hides(client, shop, leader):
    orders = a_day(shop, leader)
    shop.claim_visibility = ClaimVisibility.HIDDEN
    shop.save()
    Order.objects.filter(pk=orders["first"].pk).update(manager=leader)
    manager = make_user(shop)
    Order.objects.filter(pk=orders["before"].pk).update(manager=manager)

    sheet = day_sheet(manager, shop, DAY)

    assert sheet.happened["confirmed"].count == 1
    assert sheet.received.count == 2
    assert sheet.other == 0


def test_another_shop_is_not_found_and_a_wrong_day_is_named(client, shop, leader):
    foreign = make_shop("PL")

    assert client.get(f"/reports/day/?shop={foreign.slug}").status_code == 404
    for wrong in ("2026-13-45", "yesterday", "0001-01-01", "9999-12-31"):
        response = client.get("/reports/day/", {"date": wrong, "shop": shop.slug})
        assert response.status_code == 200
        assert "is no day; this is today" in response.content.decode()
    assert client.get("/reports/")["Location"] == "/reports/day/"


def test_days_long_past_do_not_tell_what_was_open(client, shop, leader):
    a_day(shop, leader)

    with at(ENDS + timedelta(days=200)):
        sheet = day_sheet(leader, shop, DAY)

    assert sheet.opening is None
    assert sheet.received.count == 3


def test_the_file_holds_the_figures(client, shop, leader):
    a_day(shop, leader)

    response = client.get(f"/reports/day.csv?date={DAY}&shop={shop.slug}&sep=comma")

    text = b"".join(response.streaming_content).decode()
    assert "Orders,Received,3,10.00,EUR" in text
    assert "By person: confirmed,Delia Sârbu,1,10.00,RON" in text
    assert f"day-{DAY}-{shop.slug}" in response["Content-Disposition"]


def test_a_day_is_found_by_its_time(shop, leader):
    a_day(shop, leader)

    plan = OrderEvent.objects.filter(kind="status", at__gte=BEGINS, at__lt=ENDS).order_by().explain()

    # PostgreSQL walks a table as small as this one.
    assert "events_of_a_day" in plan or connection.vendor == "postgresql"
