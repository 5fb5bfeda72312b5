"""Orders and customers are found by the beginning of any word or number, in any script and any way of writing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Customer, CustomerTerm, Order, OrderTerm
from orders.search import (
    refresh_order_terms,
    refresh_terms_of_orders,
    search_customers,
    search_orders,
)
from shops import search
from tests.factories import ADDRESS, make_line, make_order, make_product, make_shop

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def found(q: str) -> list[str]:
    return sorted(search_orders(Order.objects.all(), q).values_list("number", flat=True))


@pytest.fixture
def romanian() -> Order:
    shop = make_shop("RO", order_prefix="RO-")
    product = make_product(shop, sku="CANĂ-350 DOR")
    shipping = replace(ADDRESS, company="Țesături Ștefan SRL")
    return make_order(
        shop, lines=(make_line(product),), shipping=shipping, external_number="10482", status="shipped"
    )


@pytest.fixture
def ukrainian() -> Order:
    shipping = replace(
        ADDRESS, name="Соломія Ґалаґан", phone="+380 (67) 123-45-67", email="SOL@Example.com", country="UA"
    )
    return make_order(make_shop("UA"), shipping=shipping)


@pytest.mark.parametrize(
    "q",
    [
        "RO-10482",
        "ro-10482",
        "ro10482",
        "10482",
        "#10482",
        "1048",
        "taranu",
        "Ţăranu",
        "ȚĂRANU ana",
        "ana-maria",
        "maria",
        "tesaturi stefan",
        "ana@example.com",
        "ANA@EXA",
        "cana-350",
        "cana350dor",
        "CANĂ-350 DOR",
        "țăranu 10482",
    ],
)
def test_it_finds_an_order_by_its_words(romanian, q):
    assert found(q) == [romanian.number]


@pytest.mark.parametrize(
    "q",
    [
        "0722334455",
        "0722 334 455",
        "0722-334-455",
        "+40722334455",
        "+40 722 334 455",
        "+40 (0) 722 334 455",
        "0040 722 334 455",
        "40722334455",
        "(0722) 334.455",
        "722334455",
        "334455",
        "334 455",
        "0722 33",
        "taranu 334455",
    ],
)
def test_it_finds_an_order_by_its_phone(romanian, q):
    assert found(q) == [romanian.number]


@pytest.mark.parametrize(
    "q",
    [
        "соломія",
        "СОЛОМІЯ",
        "галаган",
        "Ґалаґан",
        "sol@example.com",
        "067 123 45 67",
        "+380671234567",
        "0671234567",
    ],
)
def test_it_finds_cyrillic_names_and_ukrainian_phones(ukrainian, q):
    assert found(q) == [ukrainian.number]


def test_it_finds_an_order_by_its_awb(romanian):
    number = romanian.shipments.get().tracking_number

    assert found(number) == [romanian.number]
    assert found(number.lower()) == [romanian.number]
    assert found(number[:6]) == [romanian.number]
    assert found(number[-4:]) == [romanian.number]


@pytest.mark.parametrize("q", ["taranu ionescu", "10483", "0723334455", "aranu", "4455", "%", "_"])
def test_it_finds_nothing_by_words_that_do_not_fit(romanian, q):
    assert found(q) == []


@pytest.mark.parametrize("q", ["", "  ", "\\ ( ) „"])
def test_it_leaves_everything_without_a_question(romanian, ukrainian, q):
    assert found(q) == sorted([romanian.number, ukrainian.number])


def test_it_finds_by_an_unreadable_phone_as_it_stands():
    order = make_order(shipping=replace(ADDRESS, phone="int. 12 / 556677"))

    assert found("556677") == [order.number]


def test_it_takes_two_numbers_for_two_words_and_for_one_phone(romanian):
    assert found("10482 722334455") == [romanian.number]
    assert found("0722 334455") == [romanian.number]


def test_it_finds_customers(romanian, ukrainian):
    def customers(q: str) -> list[int]:
        return list(search_customers(Customer.objects.all(), q).values_list("pk", flat=True))

    assert customers("taranu") == [romanian.customer_id]
    assert customers("0722 334 455") == [romanian.customer_id]
    assert customers("stefan srl") == [romanian.customer_id]
    assert customers("sol@example.com") == [ukrainian.customer_id]
    assert customers("10482") == []
    assert CustomerTerm.objects.filter(customer_id=romanian.customer_id, term="ana@example.com").count() == 1


def test_it_writes_only_the_difference(romanian):
    before = dict(OrderTerm.objects.filter(order=romanian).values_list("term", "pk"))
    address = romanian.shipping_address
    address.name = "Ana-Maria Ionescu"
    address.save()
    romanian.customer.name = "Ana-Maria Ionescu"
    romanian.customer.save()

    refresh_order_terms(romanian.pk)

    after = dict(OrderTerm.objects.filter(order=romanian).values_list("term", "pk"))
    assert set(before) - set(after) == {"taranu"}
    assert set(after) - set(before) == {"ionescu"}
    assert all(after[term] == pk for term, pk in before.items() if term in after)


def test_it_refreshes_many_orders_in_as_many_queries_as_one(romanian, ukrainian, django_assert_num_queries):
    OrderTerm.objects.all().delete()
    third = make_order(romanian.shop)
    OrderTerm.objects.all().delete()

    with django_assert_num_queries(5):
        refresh_terms_of_orders([romanian.pk])
    with django_assert_num_queries(5):
        refresh_terms_of_orders([ukrainian.pk, third.pk])

    assert found("taranu") == sorted([romanian.number, third.number])


@pytest.mark.parametrize("q", ["taranu", "ana 334455", "10482", "0722 33"])
def test_it_finds_the_same_by_a_common_word(romanian, ukrainian, monkeypatch, q):
    monkeypatch.setattr(search, "MOST_LISTED", 0)

    assert found(q) == [romanian.number]
    assert found(f"{q} nobody") == []


def test_it_loses_no_order_to_words_that_repeat_in_another(romanian, monkeypatch):
    second = make_order(romanian.shop)
    monkeypatch.setattr(search, "MOST_LISTED", 2)

    assert found("ana") == sorted([romanian.number, second.number])


@pytest.mark.parametrize("most_listed", [500, 0])
def test_it_never_reads_all_terms(romanian, monkeypatch, most_listed):
    monkeypatch.setattr(search, "MOST_LISTED", most_listed)
    with CaptureQueriesContext(connection) as captured:
        assert found("taranu 0722 334 455") == [romanian.number]

    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            cursor.execute("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        for query in captured.captured_queries:
            cursor.execute(f"{explain} {query['sql']}")
            plan = " ".join(str(column) for row in cursor.fetchall() for column in row)
            assert "SCAN orders_orderterm" not in plan
            assert "Seq Scan on orders_orderterm" not in plan
    assert len(captured) == 3
