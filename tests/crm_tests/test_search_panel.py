"""The search of every page: what a row answers, who comes first, who sees what, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.page_selectors import search as panel
from notifications.models import Message
from orders.models import Customer, Order
from orders.search import refresh_customer_terms
from orders.services import confirm_order
from shops import search
from shops.models import ClaimVisibility, Membership
from shops.permissions import Role
from tests.factories import ADDRESS, PAID, SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def shop():
    return make_shop("RO", order_prefix="RO-")


@pytest.fixture
def manager(client, shop):
    user = make_user(shop, first_name="Ion", last_name="Pop")
    client.force_login(user)
    return user


def ask(client, q: str):
    return client.get("/search/", {"q": q}, headers=HTMX)


def numbers(client, q: str) -> list[str]:
    return [row.order.number for row in ask(client, q).context["found"].orders]


def test_a_row_answers_the_caller_unopened(client, shop, manager):
    order = make_order(shop)
    confirm_order(order_id=order.pk, actor=SYSTEM)
    Message.objects.filter(order=order, channel="sms").delete()
    message = Message.objects.get(order=order, channel="email")
    Message.objects.filter(pk=message.pk).update(state="delivered", sent_at=timezone.now())
    Order.objects.filter(pk=order.pk).update(manager=manager)
    parcel = order.shipments.create(carrier="fan", tracking_number="2299881", actor_kind="system")

    response = ask(client, "taranu")

    page = response.content.decode()
    assert response.status_code == 200
    for text in (
        order.number,
        "Ana-Maria Țăranu",
        "Cluj-Napoca",
        'data-status="confirmed"',
        "FAN Courier",
        f'href="{parcel.tracking_url}"',
        "2299881",
        "10.00",
        "at the door",
        "E-mail: Order confirmed",
        'data-state="delivered"',
        ">IP<",
        f'href="/orders/{order.number}/"',
    ):
        assert text in page
    assert "<html" not in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "delivered"}, "paid to the courier"),
        ({"status": "cancelled"}, "nothing to pay"),
        (PAID, "Paid</b>"),
        ({"payment_method": "card"}, "Not paid</b>"),
        ({"payment_method": "card", "payment_status": "failed"}, "pay-failed"),
    ],
)
def test_it_says_what_is_due(client, shop, manager, fields, words):
    make_order(shop, **fields)

    assert words in ask(client, "taranu").content.decode()


@pytest.mark.parametrize(
    "q", ["TARANU", "Țăranu ana", "0722 334 455", "334455", "+40722334455", "ana@exa", "CANA-35", "awb"]
)
def test_it_finds_in_any_writing(client, shop, manager, q):
    product = make_product(shop, sku="CANĂ-350")
    order = make_order(shop, lines=(make_line(product),), status="shipped")

    assert numbers(client, q) == [order.number]


def test_the_very_number_comes_first_then_the_very_word(client, shop, manager):
    exact = make_order(shop, external_number="1048")
    longer = [make_order(shop, external_number=f"1048{n}") for n in range(3)]
    phone = make_order(shop, shipping=replace(ADDRESS, phone="0722 001 048", email="x@example.com"))
    Order.objects.filter(pk=exact.pk).update(placed_at=timezone.now() - timedelta(days=400))
    Order.objects.filter(pk=phone.pk).update(placed_at=timezone.now() - timedelta(days=300))

    assert numbers(client, "1048") == [exact.number, *(order.number for order in reversed(longer))]
    assert numbers(client, "ro-1048")[0] == exact.number
    assert numbers(client, "001048")[0] == phone.number
    first = ask(client, "1048").context["found"].orders[0]
    assert (first.is_exact, first.order) == (True, exact)


def test_the_very_number_is_there_among_many_newer_ones(client, shop, manager):
    exact = make_order(shop, external_number="77")
    for n in range(12):
        make_order(shop, external_number=f"77{n:02}", lines=())

    found = numbers(client, "77")

    assert found[0] == exact.number
    assert len(found) == panel.MOST_ORDERS


def test_it_shows_only_what_the_person_may_see(client, shop, manager):
    type(shop).objects.filter(pk=shop.pk).update(claim_visibility=ClaimVisibility.HIDDEN)
    mine, theirs, foreign = make_order(shop), make_order(shop), make_order(make_shop("PL"))
    Order.objects.filter(pk=theirs.pk).update(manager=make_user(shop))

    assert numbers(client, "taranu") == [mine.number]
    for hidden in (theirs, foreign):
        assert ask(client, hidden.number).context["found"].count == 0
        assert client.get("/search/", {"q": hidden.number})["Location"] == f"/orders/?q={hidden.number}"


def test_the_warehouse_sees_confirmed_orders_no_messages_and_no_customers(client, shop):
    client.force_login(make_user(shop, Role.WAREHOUSE))
    make_order(shop)
    confirmed = make_order(shop)
    confirm_order(order_id=confirmed.pk, actor=SYSTEM)
    lonely_customer(shop)

    found = ask(client, "taranu").context["found"]

    assert [row.order for row in found.orders] == [confirmed]
    assert found.orders[0].message is None
    assert found.customers == []


def lonely_customer(shop) -> Customer:
    customer = Customer.objects.create(shop=shop, name="Ana Țăranu-Nouă")
    refresh_customer_terms(customer.pk)
    return customer


def test_it_finds_customers_without_orders_and_products(client, shop, manager):
    order = make_order(shop)
    lonely = lonely_customer(shop)
    product = make_product(shop, name="Cană Țăranu", barcode="5941234567890")
    make_product(make_shop("PL"), name="Taranu elsewhere")

    found = ask(client, "taranu").context["found"]

    assert [row.order for row in found.orders] == [order]
    assert (found.customers, found.products) == ([lonely], [product])
    assert ask(client, "5941234567890").context["found"].products == [product]


@pytest.mark.parametrize("spelling", ["{}", " {} ", "#{}"])
def test_a_whole_number_opens_its_order(client, shop, manager, spelling):
    order = make_order(shop, external_number="10482", status="shipped")
    make_order(shop, external_number="104821")
    awb = order.shipments.get().tracking_number

    for whole in ("RO-10482", "ro-10482", "10482", awb, awb.lower()):
        response = client.get("/search/", {"q": spelling.format(whole)})
        assert (response.status_code, response["Location"]) == (302, f"/orders/{order.number}/")


def test_anything_else_leads_to_the_list(client, shop, manager):
    make_order(shop)

    assert client.get("/search/", {"q": " ana  țăranu "})["Location"] == "/orders/?q=ana+%C8%9B%C4%83ranu"
    assert client.get("/search/")["Location"] == "/orders/"
    assert client.get("/search/")["Vary"].count("HX-Request") == 1


@pytest.mark.parametrize(
    "q",
    [
        "%",
        "_",
        "%%%",
        "'",
        '"; DROP TABLE orders_order; --',
        "<img src=x onerror=alert(1)>",
        "   ",
        "a",
        "🦆🦆",
    ],
)
def test_it_takes_odd_questions_for_words(client, shop, manager, q):
    make_order(shop, shipping=replace(ADDRESS, name="<img src=x onerror=alert(1)>"))

    response = ask(client, q)

    page = response.content.decode()
    assert response.status_code == 200
    assert "<img src=x" not in page
    assert client.get("/search/", {"q": q}).status_code == 302
    assert Order.objects.exists()


def test_it_takes_ten_thousand_characters(client, shop, manager):
    for q in ("a" * 10_000, "ana " * 2_500, "1" * 10_000, "țăranu " + "%" * 10_000):
        assert ask(client, q).status_code == 200
        assert len(client.get("/search/", {"q": q})["Location"]) < 1000


def test_it_says_what_to_try_when_there_is_nothing(client, shop, manager):
    page = ask(client, "nobody <b>").content.decode()

    assert "Nothing found for “nobody &lt;b&gt;”." in page
    assert "Try the end of the phone number" in page
    assert "Type one more letter" in ask(client, "a").content.decode()


def test_common_words_find_the_same(client, shop, manager, monkeypatch):
    order = make_order(shop)
    make_order(shop, shipping=replace(ADDRESS, name="Ana Pop", phone="0733111222", email="p@example.com"))
    questions = (
        "taranu",
        "ana taranu",
        "ana 334455",
        "taranu 0722 334 455",
        "RO-1001 0722334455",
        "nobody ana",
    )
    usual = {q: sorted(numbers(client, q)) for q in questions}

    monkeypatch.setattr(search, "MOST_LISTED", 0)

    assert {q: sorted(numbers(client, q)) for q in questions} == usual
    assert usual["ana taranu"] == [order.number]


def test_it_costs_the_same_whatever_is_found(client, shop, manager):
    other = make_shop("PL")
    Membership.objects.create(user=manager, shop=other, role=Role.MANAGER)
    product = make_product(shop, name="Taranu")
    lonely_customer(shop)
    make_order(shop)
    ask(client, "taranu")
    with CaptureQueriesContext(connection) as few:
        ask(client, "taranu")
    for n in range(30):
        make_order((shop, other)[n % 2], lines=(make_line(product),) if n % 2 == 0 else ())

    with CaptureQueriesContext(connection) as many:
        response = ask(client, "taranu")
    with CaptureQueriesContext(connection) as worded:
        ask(client, "ana maria taranu 0722 334 455")

    assert len(response.context["found"].orders) == panel.MOST_ORDERS
    assert len(worded) < len(many) == len(few) == 8


@pytest.mark.parametrize("most_listed", [500, 0])
def test_it_reads_no_table_of_terms_or_orders_whole(client, shop, manager, monkeypatch, most_listed):
    make_order(shop)
    monkeypatch.setattr(search, "MOST_LISTED", most_listed)
    with CaptureQueriesContext(connection) as captured:
        ask(client, "taranu 0722334455")

    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            cursor.execute("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        for query in captured.captured_queries:
            if not query["sql"].startswith("SELECT"):
                continue
            cursor.execute(f"{explain} {query['sql']}")
            plan = " ".join(str(column) for row in cursor.fetchall() for column in row)
            for table in (
                "orders_orderterm",
                "orders_customerterm",
                "inventory_productterm",
                "orders_shipment",
            ):
                assert f"SCAN {table} " not in f"{plan} "
                assert f"Seq Scan on {table}" not in plan


def test_strangers_sign_in(client):
    assert client.get("/search/?q=a")["Location"].startswith("/login/")
