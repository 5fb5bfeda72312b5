"""The customer's page: what it says, what it keeps to itself, and that wrong links all look the same."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext

from crm.templatetags.ui import money
from notifications.models import MessageSettings
from orders import services
from orders.models import Order, OrderEvent
from orders.tracking import digest_of, token_for
from shops.actors import Actor
from tests.factories import PAID, SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db


def link(order: Order) -> str:
    return f"/t/{token_for(order.uuid, order.tracking_version)}/"


@pytest.fixture
def shop():
    return make_shop("RO", name="Casa Dor", language="en", phone="+40 264 000 111")


def test_it_shows_where_the_order_stands(client, shop):
    product = make_product(shop, name="Cană „Dor”")
    order = make_order(shop, status="shipped", lines=(make_line(product, 2),))

    response = client.get(link(order))

    page = response.content.decode()
    assert response.status_code == 200
    for text in (
        order.number,
        "On its way",
        "Cană „Dor”",
        money(Decimal("20.00"), "RON"),
        "Casa Dor",
        "tel:+40264000111",
        "FAN Courier",
    ):
        assert text in page
    assert f'href="{order.shipments.get().tracking_url}"' in page
    assert "To pay at delivery" in page


def test_it_keeps_the_customer_to_itself(client, shop):
    order = make_order(shop, customer_note="ring twice", pickup_point="Locker 7")

    page = client.get(link(order)).content.decode()

    for secret in (
        "Ana",
        "Țăranu",
        "0722",
        "334",
        "ana@example.com",
        "Morii",
        "Cluj",
        "400001",
        "ring twice",
        "Locker 7",
    ):
        assert secret not in page


def test_it_offers_nothing_to_click_but_the_shop_and_the_parcel(client, shop):
    page = client.get(link(make_order(shop))).content.decode()

    assert "<form" not in page
    assert "<script" not in page
    assert "<button" not in page


def test_it_is_not_stored_indexed_or_passed_on(client, shop):
    response = client.get(link(make_order(shop)))

    assert response["Cache-Control"] == "no-store, private"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"].startswith("noindex")
    assert '<meta name="robots" content="noindex' in response.content.decode()
    assert not response.cookies


def test_it_answers_every_dead_link_alike(client, shop):
    order = make_order(shop)
    old = link(order)
    order.tracking_version = 2
    order.tracking_digest = digest_of(token_for(order.uuid, 2))
    order.save()

    answers = [
        client.get(path)
        for path in (old, "/t/AAAAAAAAAAAAAAAAAAAAAA/", "/t/x/", "/t/%F0%9F%98%80/", f"/t/{'z' * 900}/")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert client.get(link(order)).status_code == 200


def test_it_costs_one_look_up_for_a_dead_link(client, shop, django_assert_num_queries):
    with django_assert_num_queries(1):
        client.get("/t/AAAAAAAAAAAAAAAAAAAAAA/")
    with django_assert_num_queries(1):
        client.get("/t/x/")


def test_it_costs_seven_queries_however_much_there_is(client, shop, django_assert_num_queries):
    small = make_order(shop, status="delivered")
    lines = tuple(make_line(make_product(shop), 2) for _ in range(9))
    large = make_order(shop, status="delivered", lines=lines)

    for order in (small, large):
        with django_assert_num_queries(7):
            client.get(link(order))


def test_it_speaks_the_orders_language_and_the_shops_time(client, shop):
    order = make_order(shop, language="pl")
    Order.objects.filter(pk=order.pk).update(placed_at="2026-07-01T21:30:00Z")

    page = client.get(link(order), headers={"accept-language": "uk"}).content.decode()

    with translation.override("pl"):
        heading, sentence = (
            gettext("Received"),
            gettext("We have received your order and will confirm it soon."),
        )
    assert heading != "Received"
    assert '<html lang="pl">' in page
    assert f"<h1>{heading}</h1>" in page
    assert sentence in page
    assert "2 lipca, 00:30" in page


def test_it_does_not_show_a_step_that_was_undone(client, shop):
    order = make_order(shop)
    manager = make_user(shop)
    change = services.confirm_order(order_id=order.pk, actor=Actor.person(manager))
    services.revert_move(move_id=change.move_id, actor=Actor.person(manager))

    page = client.get(link(order)).content.decode()

    assert "<h1>Received</h1>" in page
    assert page.count("<time") == 1


def test_it_forgets_the_way_before_an_order_was_reopened(client, shop):
    order = make_order(shop, status="cancelled")
    services.reopen_order(order_id=order.pk, actor=SYSTEM, reason="called back")

    page = client.get(link(order)).content.decode()

    assert "<h1>Received</h1>" in page
    assert "Cancelled" not in page


def test_it_ends_with_the_cancellation(client, shop):
    page = client.get(link(make_order(shop, status="cancelled"))).content.decode()

    assert "<h1>Cancelled</h1>" in page
    assert "Delivered" not in page
    assert "To pay" not in page


def test_it_asks_no_money_of_who_has_paid(client, shop):
    page = client.get(link(make_order(shop, **PAID))).content.decode()

    assert "To pay at delivery" not in page
    assert "Paid" in page


def test_it_leaves_a_removed_parcel_out(client, shop):
    order = make_order(shop, status="confirmed")
    parcel = services.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="GONE77")
    services.void_shipment(shipment_id=parcel.pk, actor=SYSTEM)

    assert "GONE77" not in client.get(link(order)).content.decode()


def test_it_orders_the_steps_by_the_workflow_whatever_the_clock_says(client, shop):
    order = make_order(shop, status="processing")
    OrderEvent.objects.filter(order=order, to_status="confirmed").update(
        at=timezone.now() - timedelta(days=3)
    )

    page = client.get(link(order)).content.decode()

    assert page.index("Received") < page.index("Confirmed") < page.index("On its way")


def test_it_does_not_send_customers_after_a_parcel_that_came_back(client, shop):
    order = make_order(shop, status="returned")

    page = client.get(link(order)).content.decode()

    assert "<h1>Returned</h1>" in page
    assert order.shipments.get().tracking_number in page
    assert "Follow the parcel" not in page


def test_it_closes_with_the_shop(client, shop):
    order = make_order(shop)
    shop.is_active = False
    shop.save()

    assert client.get(link(order)).status_code == 404


def parcels_of_two(shop):
    """A shipped order of two products, one of which travels in a parcel of its own."""
    order = make_order(
        shop, status="shipped", lines=tuple(make_line(make_product(shop), 2) for _ in range(2))
    )
    first = order.shipments.get()
    content = first.lines.order_by("pk").last()
    return order, first, content


def test_a_parcel_that_waits_is_the_headline_and_names_the_place(client, shop):
    order = make_order(shop, status="shipped", delivery_kind="locker", pickup_point="easybox Central")
    before = client.get(link(order)).content.decode()
    order.shipments.update(at_pickup_at=timezone.now())

    page = client.get(link(order)).content.decode()

    assert "easybox Central" not in before
    assert "<h1>Ready to collect</h1>" in page
    assert "waits for you at easybox Central" in page


def test_a_parcel_that_waits_is_no_headline_while_another_is_on_the_road(client, shop):
    order, first, _content = parcels_of_two(shop)
    first.__class__.objects.filter(pk=first.pk).update(at_pickup_at=timezone.now())
    first.__class__.objects.create(order=order, carrier="fan", tracking_number="SECOND", state="handed_over")

    page = client.get(link(order)).content.decode()

    assert "<h1>On its way</h1>" in page
    assert "Parcel 1 of 2" in page
    assert "SECOND" in page


def test_it_says_what_is_in_each_parcel_and_what_follows(client, shop):
    order, _first, content = parcels_of_two(shop)
    late = content.line.name
    content.delete()

    page = client.get(link(order)).content.decode()

    rest = page[page.index("The rest follows") :].partition("</section>")[0]
    assert f"2 × {late}" in rest


def test_what_will_not_be_sent_does_not_follow(client, shop):
    order, _first, content = parcels_of_two(shop)
    content.line.__class__.objects.filter(pk=content.line_id).update(dropped=2)
    content.delete()

    assert "The rest follows" not in client.get(link(order)).content.decode()


@pytest.mark.parametrize(
    ("status", "words"),
    [("failed", "Your payment did not go through."), ("pending", "We are waiting for your payment.")],
)
def test_it_leads_to_where_the_order_can_be_paid(client, shop, status, words):
    order = make_order(
        shop, payment_method="card", payment_status=status, payment_url="https://pay.example/7?a=1&b=2"
    )

    page = client.get(link(order)).content.decode()

    assert words in page
    assert 'href="https://pay.example/7?a=1&amp;b=2"' in page


def test_an_address_to_pay_at_that_is_none_is_not_offered(client, shop):
    order = make_order(shop, payment_method="card", payment_status="failed")
    Order.objects.filter(pk=order.pk).update(payment_url="javascript:alert(1)")

    page = client.get(link(order)).content.decode()

    assert "javascript:" not in page
    assert "did not go through" in page


@pytest.mark.parametrize(
    ("status", "payment", "words"),
    [
        ("cancelled", "paid", "The money you paid comes back to you."),
        ("cancelled", "refunded", "Your money was sent back to you."),
        ("delivered", "partly_refunded", "A part of your money was sent back to you."),
    ],
)
def test_it_says_where_the_money_is(client, shop, status, payment, words):
    order = make_order(shop, status=status, **PAID)
    Order.objects.filter(pk=order.pk).update(payment_status=payment)

    page = client.get(link(order)).content.decode()

    assert words in page
    assert "Pay " not in page


def test_it_wears_the_shops_colour_without_an_inline_style(client, shop):
    MessageSettings.objects.create(shop=shop, accent_colour="#BE185D")

    page = client.get(link(make_order(shop))).content.decode()
    css = client.get("/t/colour/be185d.css")

    assert 'href="/t/colour/be185d.css"' in page
    assert "style=" not in page
    assert css.headers["Content-Type"].startswith("text/css")
    assert "--shop: #be185d; --on-shop: #ffffff;" in css.content.decode()
    for bad in ("red", "be185d}a", "BE185D", "'"):
        assert client.get(f"/t/colour/{bad}.css").status_code == 404
