"""One order's page: its parts, its buttons with their reasons, and every action by its own address."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Deal
from crm.templatetags.ui import money
from inventory.models import StockItem
from notifications.models import Message
from orders import services
from orders.drafts import LineDraft
from orders.guards import Arguments
from orders.models import Customer, Order, OrderEvent, Shipment
from shops.actors import Actor
from shops.models import ClaimVisibility
from shops.permissions import Role
from tests.factories import ADDRESS, PAID, SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make_shop("RO", order_prefix="RO-")


@pytest.fixture
def manager(client, shop):
    user = make_user(shop, first_name="Mara", last_name="Ilie")
    client.force_login(user)
    return user


def status_of(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


def page_of(client, order: Order) -> str:
    return client.get(f"/orders/{order.number}/").content.decode()


def test_it_shows_lines_totals_and_marks(client, shop, manager):
    cup = make_product(shop, sku="CANA-1", name="Cană")
    rare = make_product(shop, stock=1, sku="PAT-1", name="Pătură")
    gift = LineDraft(name="Ambalaj", quantity=1, unit_price=Decimal("12"), total=Decimal("12"))
    order = make_order(
        shop,
        lines=(make_line(cup, 2, total=Decimal("19.99")), make_line(rare, 3), gift),
        shipping_total=Decimal("17.99"),
        customer_note="Ring\ntwice",
    )

    page = page_of(client, order)

    for text in (
        "CANA-1",
        "2 reserved",
        "1 reserved",
        "2 awaited",
        "untracked",
        money(Decimal("19.99"), "RON"),
        money(Decimal("17.99"), "RON"),
        "Ring\ntwice",
    ):
        assert text in page
    assert order.total == Decimal("79.98")
    assert money(Decimal("79.98"), "RON") in page


def test_it_deals_one_reservation_out_to_two_lines_of_a_product(client, shop, manager):
    product = make_product(shop, stock=3)
    order = make_order(shop, lines=(make_line(product, 2), make_line(product, 2)))

    rows = client.get(f"/orders/{order.number}/").context["page"].lines

    assert [(row.reserved, row.backordered) for row in rows] == [(2, 0), (1, 1)]


def test_it_shows_why_an_action_is_off(client, shop, manager):
    order = make_order(shop, shipping=replace(ADDRESS, street="", phone=""))

    page = page_of(client, order)

    assert "The address is incomplete; it lacks: phone, street and number." in page
    assert 'disabled aria-describedby="why-confirm"' in page
    assert f"/orders/{order.number}/ship/" not in page


def test_it_costs_a_fixed_number_of_queries(client, shop, manager):
    small = make_order(shop)
    big = make_order(shop, lines=tuple(make_line(make_product(shop)) for _ in range(12)), status="returned")
    for n in range(8):
        services.add_note(order_id=big.pk, actor=SYSTEM, text=f"note {n}")
    client.get(f"/orders/{small.number}/")

    with CaptureQueriesContext(connection) as few:
        client.get(f"/orders/{small.number}/")
    with CaptureQueriesContext(connection) as many:
        client.get(f"/orders/{big.number}/")

    # The bigger one has a parcel and a return, whose lines are two look-ups more each; and messages, with what was
    # heard of them and the quiet hours they wait for.
    assert len(few) <= 32
    assert len(many) <= len(few) + 6


def test_it_tells_the_history_in_words(client, shop, manager):
    order = make_order(shop)
    actor = Actor.person(manager)
    services.edit_address(
        order_id=order.pk, actor=actor, which="shipping", values=replace(ADDRESS, city="Iași")
    )
    services.record_payment(order_id=order.pk, actor=actor, payment_status="paid")
    services.claim_order(order_id=order.pk, actor=actor)
    services.cancel_order(order_id=order.pk, actor=actor, reason_code="duplicate", reason="the same twice")
    services.report_from_source(
        order_id=order.pk, actor=Actor.source("WooCommerce", shop.pk), sentence="It says so."
    )

    page = page_of(client, order)

    for text in (
        "Changed: delivery address",
        "<del>Cluj-Napoca</del> → Iași",
        "Payment: Not paid → Paid",
        "The order was taken",
        "New → Cancelled",
        "Duplicate order · the same twice",
        "Mara Ilie",
        "It says so.",
    ):
        assert text in page


def test_it_confirms_with_one_click(client, shop, manager):
    order = make_order(shop)

    response = client.post(f"/orders/{order.number}/confirm/")

    assert (response.status_code, response["Location"]) == (303, f"/orders/{order.number}/")
    assert status_of(order) == "confirmed"
    page = page_of(client, order)
    move = OrderEvent.objects.get(order=order, kind="status").move_id
    assert f'action="/moves/{move}/undo/"' in page
    assert Message.objects.filter(order=order).exists()


def test_it_undoes_a_click_from_the_toast(client, shop, manager):
    order = make_order(shop)
    client.post(f"/orders/{order.number}/confirm/")
    move = OrderEvent.objects.get(order=order, kind="status").move_id

    response = client.post(f"/moves/{move}/undo/", {"next": f"/orders/{order.number}/"})

    assert response.status_code == 303
    assert status_of(order) == "new"
    assert "Undone: back from Confirmed to New" in page_of(client, order)
    assert f"/moves/{move}/undo/" not in page_of(client, order)


def test_it_undoes_a_click_on_an_order_without_a_card(client, shop, manager):
    order = make_order(shop)
    Deal.objects.filter(order=order).delete()
    client.post(f"/orders/{order.number}/confirm/")
    move = OrderEvent.objects.get(order=order, kind="status").move_id

    undone = client.post(f"/moves/{move}/undo/")
    again = client.post(f"/moves/{move}/undo/")

    assert (undone.status_code, undone["Location"]) == (303, f"/orders/{order.number}/")
    assert status_of(order) == "new"
    assert again.status_code == 422
    assert "This move was already undone." in again.content.decode()


def test_it_lets_only_who_may_undo_a_click_on_an_order_without_a_card(client, shop, manager):
    order = make_order(shop)
    Deal.objects.filter(order=order).delete()
    move = services.confirm_order(order_id=order.pk, actor=Actor.person(manager)).move_id
    colleague, stranger = make_user(shop), make_user(make_shop(), Role.ADMIN)

    answers = []
    for person in (colleague, stranger):
        client.force_login(person)
        answers.append(client.post(f"/moves/{move}/undo/"))

    assert [answer.status_code for answer in answers] == [403, 404]
    assert "Only Mara Ilie can undo this move." in answers[0].content.decode()
    assert status_of(order) == "confirmed"


def test_it_offers_no_undo_of_a_colleagues_click(client, shop, manager):
    order = make_order(shop)
    services.confirm_order(order_id=order.pk, actor=Actor.person(make_user(shop)))

    assert "/undo/" not in page_of(client, order)


def test_it_answers_a_lost_race_with_who_was_first(client, shop, manager):
    order = make_order(shop)
    services.confirm_order(
        order_id=order.pk, actor=Actor.person(make_user(shop, first_name="Vlad", last_name="Dinu"))
    )
    before = OrderEvent.objects.count(), Message.objects.count()

    response = client.post(f"/orders/{order.number}/confirm/")

    assert response.status_code == 409
    assert "Vlad Dinu already did this" in response.content.decode()
    assert (OrderEvent.objects.count(), Message.objects.count()) == before


def test_it_refuses_in_the_services_words_and_changes_nothing(client, shop, manager):
    order = make_order(shop, lines=(make_line(make_product(shop, stock=1), 2),))

    response = client.post(f"/orders/{order.number}/confirm/")

    assert response.status_code == 422
    assert "Not enough stock" in response.content.decode()
    assert status_of(order) == "new"
    assert not Message.objects.filter(order=order).exists()


def test_it_tells_a_role_what_it_may_not_do(client, shop):
    order = make_order(shop, status="confirmed")
    client.force_login(make_user(shop, Role.WAREHOUSE))

    shown = client.get(f"/orders/{order.number}/cancel/")
    posted = client.post(f"/orders/{order.number}/cancel/", {"reason_code": "other"})

    assert (shown.status_code, posted.status_code) == (403, 403)
    assert "Your role in this shop does not allow this" in posted.content.decode()
    assert status_of(order) == "confirmed"
    assert f"/orders/{order.number}/cancel/" not in page_of(client, order)


def test_it_asks_for_carrier_and_number_before_shipping(client, shop, manager):
    order = make_order(shop, status="processing")

    form = client.get(f"/orders/{order.number}/ship/")
    missing = client.post(f"/orders/{order.number}/ship/", {"carrier": "fan", "tracking_number": ""})
    done = client.post(f"/orders/{order.number}/ship/", {"carrier": "fan", "tracking_number": "2200AB"})

    assert 'name="tracking_number"' in form.content.decode()
    assert missing.status_code == 422
    assert "Give the tracking number" in missing.content.decode()
    assert done.status_code == 303
    assert status_of(order) == "shipped"
    assert Shipment.objects.get(order=order).tracking_number == "2200AB"


def test_it_ships_a_prepared_parcel_without_typing(client, shop, manager):
    order = make_order(shop, status="confirmed")
    added = client.post(f"/orders/{order.number}/shipments/", {"carrier": "fan", "tracking_number": "77XY"})
    services.start_processing(order_id=order.pk, actor=SYSTEM)

    response = client.post(f"/orders/{order.number}/ship/", {"carrier": "", "tracking_number": ""})

    assert (added.status_code, response.status_code) == (303, 303)
    assert Shipment.objects.get(order=order).state == "handed_over"


def test_it_removes_a_prepared_parcel_and_no_other_orders(client, shop, manager):
    order, other = make_order(shop, status="confirmed"), make_order(shop, status="confirmed")
    parcel = services.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="77XY")

    wrong = client.post(f"/orders/{other.number}/shipments/{parcel.pk}/void/")
    right = client.post(f"/orders/{order.number}/shipments/{parcel.pk}/void/")

    assert (wrong.status_code, right.status_code) == (404, 303)
    parcel.refresh_from_db()
    assert parcel.state == "voided"


def test_it_receives_a_return_into_stock(client, shop, manager):
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, 3),), status="returned")
    note = order.returns.get()
    row = note.lines.get()

    too_many = client.post(f"/orders/{order.number}/returns/{note.pk}/receive/", {f"restocked-{row.pk}": 4})
    response = client.post(f"/orders/{order.number}/returns/{note.pk}/receive/", {f"restocked-{row.pk}": 2})
    again = client.post(f"/orders/{order.number}/returns/{note.pk}/receive/", {f"restocked-{row.pk}": 2})

    assert (too_many.status_code, response.status_code, again.status_code) == (422, 303, 422)
    assert StockItem.objects.get(product=product).on_hand == 4
    assert "2 back in stock" in page_of(client, order)


def test_it_walks_an_order_through_its_whole_life(client, shop, manager):
    order = make_order(shop)
    steps = [
        ("confirm", {}, "confirmed"),
        ("start-processing", {}, "processing"),
        ("ship", {"carrier": "own", "tracking_number": ""}, "shipped"),
        ("deliver", {}, "delivered"),
        ("return", {"return_kind": "withdrawal", "reason": "too small"}, "returned"),
    ]
    for slug, fields, status in steps:
        response = client.post(f"/orders/{order.number}/{slug}/", fields)
        assert (response.status_code, status_of(order)) == (303, status)


def test_it_cancels_and_reopens_with_a_reason(client, shop, manager):
    order = make_order(shop)

    without = client.post(f"/orders/{order.number}/cancel/", {"reason_code": ""})
    cancelled = client.post(f"/orders/{order.number}/cancel/", {"reason_code": "customer"})
    silent = client.post(f"/orders/{order.number}/reopen/", {"reason": " "})
    reopened = client.post(f"/orders/{order.number}/reopen/", {"reason": "called back"})

    assert [r.status_code for r in (without, cancelled, silent, reopened)] == [422, 303, 422, 303]
    assert status_of(order) == "new"


def test_it_saves_address_billing_delivery_and_payment(client, shop, manager):
    order = make_order(shop)
    url = f"/orders/{order.number}"
    address = {**ADDRESS.__dict__, "city": "Iași", "country": "ro"}

    answers = [
        client.post(f"{url}/address/", address),
        client.post(f"{url}/billing/", {**address, "company": "Firma SRL", "tax_id": "RO123"}),
        client.post(
            f"{url}/delivery/", {"delivery_kind": "locker", "courier": "sameday", "pickup_point": "EB-7"}
        ),
        client.post(f"{url}/payment/", {"payment_status": "paid", "paid_at": "", "reason": ""}),
        client.post(f"{url}/partial/", {"agreed": "on"}),
        client.post(f"{url}/notes/", {"text": "call after four"}),
    ]

    assert {answer.status_code for answer in answers} == {303}
    order = Order.objects.get(pk=order.pk)
    assert (order.shipping_address.city, order.shipping_address.country) == ("Iași", "RO")
    assert (order.billing_address.company, order.pickup_point, order.courier) == (
        "Firma SRL",
        "EB-7",
        "sameday",
    )
    assert order.paid_at is not None
    assert order.partial_agreed
    assert "call after four" in page_of(client, order)


@pytest.mark.parametrize(
    ("slug", "fields", "sentence"),
    [
        ("address", {"country": "Romania"}, "Write the country as two letters"),
        ("address", {"name": "x" * 201}, "at most 200 characters"),
        ("address", {"email": "nobody"}, "Enter a valid email address"),
        ("delivery", {"delivery_kind": "drone"}, "Select a valid choice"),
        ("payment", {"payment_status": "maybe"}, "Select a valid choice"),
        ("notes", {"text": "  "}, "This field is required"),
    ],
)
def test_it_names_the_field_that_is_wrong(client, shop, manager, slug, fields, sentence):
    order = make_order(shop)
    before = OrderEvent.objects.count()

    response = client.post(f"/orders/{order.number}/{slug}/", fields)

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert OrderEvent.objects.count() == before


def test_it_locks_the_address_once_the_parcel_is_gone(client, shop, manager):
    order = make_order(shop, status="shipped")

    response = client.post(f"/orders/{order.number}/address/", {**ADDRESS.__dict__, "city": "Iași"})

    assert response.status_code == 422
    assert "can no longer be changed" in response.content.decode()
    assert Order.objects.get(pk=order.pk).shipping_address.city == "Cluj-Napoca"
    assert f"/orders/{order.number}/address/" not in page_of(client, order)


def test_it_takes_an_order_once(client, shop, manager):
    order = make_order(shop)
    first = client.post(f"/orders/{order.number}/claim/")
    client.force_login(make_user(shop))

    second = client.post(f"/orders/{order.number}/claim/")

    assert (first.status_code, second.status_code) == (303, 409)
    assert "Mara Ilie already works on order" in second.content.decode()
    assert Order.objects.get(pk=order.pk).manager == manager


def test_it_respects_a_colleagues_claim_where_the_shop_wants_it(client, shop, manager):
    shop.claim_visibility = ClaimVisibility.READ_ONLY
    shop.save()
    order = make_order(shop)
    services.claim_order(order_id=order.pk, actor=Actor.person(make_user(shop)))

    response = client.post(f"/orders/{order.number}/confirm/")

    assert response.status_code == 422
    assert status_of(order) == "new"
    assert page_of(client, order)


def test_it_gives_htmx_the_bare_form_and_sends_it_back_to_the_order(client, shop, manager):
    order = make_order(shop)
    htmx = {"hx-request": "true"}

    form = client.get(f"/orders/{order.number}/cancel/", headers=htmx)
    wrong = client.post(f"/orders/{order.number}/cancel/", {"reason_code": ""}, headers=htmx)
    done = client.post(f"/orders/{order.number}/cancel/", {"reason_code": "other"}, headers=htmx)

    assert form.content.decode().strip().startswith("<form")
    assert "<html" not in form.content.decode()
    assert wrong.status_code == 422
    assert (done.status_code, done["HX-Redirect"]) == (204, f"/orders/{order.number}/")


def test_it_says_on_the_form_page_why_it_cannot_be(client, shop, manager):
    order = make_order(shop)

    page = client.get(f"/orders/{order.number}/deliver/").content.decode()

    assert "Mark as delivered is not possible: the order is “New”." in page
    assert "disabled" in page


def test_it_answers_404_alike_for_foreign_and_absent_orders(client, shop, manager):
    foreign = make_order(make_shop("PL"))

    answers = [client.get(f"/orders/{number}/") for number in (foreign.number, "RO-0")]
    posted = client.post(f"/orders/{foreign.number}/confirm/")

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert posted.status_code == 404
    assert status_of(foreign) == "new"


def test_it_reads_numbers_with_signs_of_their_own(client, shop, manager):
    order = make_order(shop, external_number="2026/17#b?")

    listed = client.get("/orders/").content.decode()
    shown = client.get(f"/orders/{order.number.replace('#', '%23').replace('?', '%3F')}/")
    confirmed = client.post(f"/orders/{order.number.replace('#', '%23').replace('?', '%3F')}/confirm/")

    assert order.number in listed
    assert shown.status_code == 200
    assert confirmed.status_code == 303
    assert client.get(confirmed["Location"]).status_code == 200


def test_it_writes_what_people_typed_as_text(client, shop, manager):
    evil = "<img src=x onerror=alert(1)>"
    order = make_order(
        shop, shipping=replace(ADDRESS, name=evil, company=evil, city=evil), customer_note=evil, **PAID
    )
    services.add_note(order_id=order.pk, actor=SYSTEM, text=evil)
    Customer.objects.filter(pk=order.customer_id).update(name=evil)

    page = page_of(client, order)

    assert "<img src=x" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 5


def test_it_shows_times_of_the_shop(client, shop, manager):
    order = make_order(shop)
    Order.objects.filter(pk=order.pk).update(placed_at=datetime(2026, 7, 1, 21, 30, tzinfo=UTC))

    assert "2 Jul 2026, 00:30" in page_of(client, order)


def test_it_gives_a_reason_only_to_the_step_it_explains(client, shop, manager):
    order = make_order(shop)
    services.advance_order(
        order_id=order.pk,
        to="shipped",
        actor=SYSTEM,
        arguments=Arguments(carrier="own", reason_code="fraud"),
    )
    services.return_order(order_id=order.pk, actor=SYSTEM, return_kind="unclaimed")

    page = page_of(client, order)

    assert "Suspected fraud" not in page
    assert "Not collected" in page


def test_it_leads_from_a_returned_order_to_receiving_it(client, shop, manager):
    order = make_order(shop, status="returned")
    note = order.returns.get()

    before = page_of(client, order)
    services.receive_return(return_id=note.pk, actor=SYSTEM, restocked={})

    assert f'href="/orders/{order.number}/returns/{note.pk}/receive/"' in before
    after = page_of(client, order)
    assert "/receive/" not in after
    assert "Nothing is left to do with this order." in after


def test_it_reads_and_shows_times_by_the_shops_clock(client, shop, manager):
    order = make_order(shop)

    client.post(f"/orders/{order.number}/payment/", {"payment_status": "paid", "paid_at": "2026-07-01T12:00"})
    form = client.get(f"/orders/{order.number}/payment/").content.decode()

    assert Order.objects.get(pk=order.pk).paid_at == datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
    assert 'value="2026-07-01T12:00"' in form
