"""The page of “Work through”: what it shows, what each form does, refusals in place, a fixed number of queries."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Deal, Funnel
from notifications.services import set_switches
from notifications.statuses import Channel, MessageEvent
from orders import services
from orders.models import Order
from orders.statuses import Status
from shops.actors import Actor
from shops.permissions import Role
from tests.factories import ADDRESS, make_line, make_order, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make_shop(undo_seconds=60)


@pytest.fixture
def product(shop):
    return make_product(shop, stock=1000, name="Cană albastră")


@pytest.fixture
def user(shop):
    return make_user(shop, language="en")


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


def work_url(shop, stage="new", rest=""):
    return f"/board/{Funnel.objects.get(shop=shop, is_default=True).slug}/work/?stage={stage}{rest}"


def act_url(shop, deal, action, stage="new"):
    return work_url(shop, stage).replace("/work/", f"/work/{deal.pk}/{action}/")


def deal_of(order):
    return Deal.objects.select_related("stage", "order").get(order=order)


def queue_of_calls(shop, product, count):
    made = [make_order(shop, lines=(make_line(product),)) for _ in range(count)]
    return [deal_of(order) for order in made]


def shown(response):
    found = re.search(r'data-deal="(\d+)"', response.content.decode())
    return int(found[1]) if found else None


HTMX = {"headers": {"HX-Request": "true"}}


def test_it_shows_what_a_caller_needs(client, shop, product):
    address = replace(ADDRESS, phone="0722 334 455")
    order = make_order(shop, lines=(make_line(product, 2),), shipping=address, customer_note="Ring twice")
    services.add_note(order_id=order.pk, actor=Actor.system("tests"), text="Likes red")
    other = make_order(shop, lines=(make_line(product),), shipping=address)
    back = make_order(shop, lines=(make_line(product),), shipping=address, status="returned")

    page = client.get(work_url(shop)).content.decode()

    assert 'href="tel:+40722334455"' in page
    assert "+40 722 334 455" in page
    for words in (
        order.number,
        "Ana-Maria Țăranu",
        "Cluj-Napoca",
        "Cană albastră",
        "in stock",
        "Ring twice",
        "Likes red",
        "To pay on delivery",
        f"other order {other.number} · New",
        "refused before ×1",
        "2 to go",
    ):
        assert words in page, words
    assert back.number not in page


def test_it_says_why_an_order_cannot_be_confirmed_yet(client, shop):
    make_order(shop, lines=(make_line(make_product(shop, stock=1), 3),))

    page = client.get(work_url(shop)).content.decode()

    assert "It cannot be confirmed yet. Not enough stock" in page
    assert "short stock" in page


def test_plain_forms_lead_from_order_to_order(client, shop, product):
    first, second, third, fourth = queue_of_calls(shop, product, 4)
    assert shown(client.get(work_url(shop))) == first.pk

    for deal, action, data in (
        (first, "confirm", {}),
        (second, "no-answer", {}),
        (third, "cancel", {"reason_code": "duplicate"}),
        (fourth, "snooze", {"choice": "hour"}),
    ):
        answer = client.post(act_url(shop, deal, action), data)
        assert (answer.status_code, answer["Location"]) == (303, work_url(shop))
        page = client.get(answer["Location"])

    assert [deal_of(deal.order).stage.slug for deal in (first, second, third, fourth)] == [
        *("confirmed", "no-answer", "cancelled", "new")
    ]
    assert shown(page) is None
    text = re.sub(r"<[^>]+>", "", page.content.decode())
    for words in ("All done here.", "1 confirmed", "1 no answer", "1 cancelled", "1 put off", "4 done"):
        assert words in text, words


def test_a_script_gets_the_next_order_with_undo_and_what_will_be_told(client, shop, product):
    first, second = queue_of_calls(shop, product, 2)
    client.get(work_url(shop))

    answer = client.post(act_url(shop, first, "confirm"), **HTMX)

    page = answer.content.decode()
    assert (answer.status_code, shown(answer)) == (200, second.pk)
    assert "<html" not in page
    assert f"{first.order.number} is confirmed." in page
    assert "e-mail and SMS in" in page
    undone = client.post(
        work_url(shop).replace("/work/", "/work/undo/"), hidden_fields(page, "work-undo"), **HTMX
    )
    assert shown(undone) == first.pk
    assert "is as it was before" in undone.content.decode()
    assert Order.objects.get(pk=first.order_id).status == Status.NEW
    assert Deal.objects.get(pk=second.pk).held_by is None


def hidden_fields(page, mark):
    form = page[page.index(f"data-{mark}") :]
    return dict(re.findall(r'name="(deal|move|kind)" value="([^"]*)"', form[: form.index("</form>")]))


def test_a_snooze_can_be_undone(client, shop, product):
    (deal,) = queue_of_calls(shop, product, 1)
    client.get(work_url(shop))
    answer = client.post(act_url(shop, deal, "snooze"), {"choice": "tomorrow"}, **HTMX)
    assert Deal.objects.get(pk=deal.pk).snoozed_until > timezone.now()

    undone = client.post(
        work_url(shop).replace("/work/", "/work/undo/"),
        hidden_fields(answer.content.decode(), "work-undo"),
        **HTMX,
    )

    assert shown(undone) == deal.pk
    assert Deal.objects.get(pk=deal.pk).snoozed_until is None


@pytest.mark.parametrize(
    ("action", "data", "sentence"),
    [
        ("confirm", {}, "Not enough stock"),
        ("cancel", {}, "Choose why the order is cancelled."),
        ("cancel", {"reason_code": "weather"}, "weather is not one of the available choices"),
        ("no-answer", {"next_try_at": "2020-01-01T10:00"}, "still ahead"),
        ("no-answer", {"next_try_at": "soon"}, "Enter a valid date/time."),
        ("snooze", {"choice": "never"}, "Choose until when"),
        ("snooze", {"choice": "own", "until": "2020-01-01T10:00"}, "still ahead"),
    ],
)
def test_a_refusal_is_shown_in_place_and_the_order_stays(client, shop, action, data, sentence):
    order = make_order(shop, lines=(make_line(make_product(shop, stock=1), 3),))
    deal = deal_of(order)
    client.get(work_url(shop))

    answer = client.post(act_url(shop, deal, action), data, **HTMX)

    assert (answer.status_code, shown(answer)) == (422, deal.pk)
    assert sentence in answer.content.decode()
    deal.refresh_from_db()
    assert (deal.stage.slug, deal.attempts, deal.snoozed_until, deal.manager) == ("new", 0, None, None)


def test_an_order_that_is_not_open_any_more_gives_way(client, shop, product):
    first, second = queue_of_calls(shop, product, 2)
    client.get(work_url(shop))
    client.post(act_url(shop, first, "no-answer"), **HTMX)

    again = client.post(act_url(shop, first, "no-answer"), **HTMX)

    assert (again.status_code, shown(again)) == (409, second.pk)
    assert "any more" in again.content.decode()
    assert deal_of(first.order).attempts == 1


def test_the_address_is_corrected_in_place(client, shop, product):
    order = make_order(shop, lines=(make_line(product),), shipping=replace(ADDRESS, street=""))
    deal = deal_of(order)
    assert "it lacks: street and number" in client.get(work_url(shop)).content.decode()
    values = {name: getattr(ADDRESS, name) for name in ("name", "phone", "city", "county", "country")}

    wrong = client.post(
        act_url(shop, deal, "address"), {**values, "street": "Lungă 3", "country": "Romania"}, **HTMX
    )
    right = client.post(act_url(shop, deal, "address"), {**values, "street": "Lungă 3"}, **HTMX)

    assert wrong.status_code == 422
    assert "Write the country as two letters" in wrong.content.decode()
    assert (right.status_code, shown(right)) == (200, deal.pk)
    assert "The address is saved." in right.content.decode()
    assert "is missing" not in right.content.decode()
    assert Order.objects.get(pk=order.pk).shipping_address.street == "Lungă 3"


def test_a_locker_is_named_with_the_address(client, shop, product):
    order = make_order(shop, lines=(make_line(product),), delivery_kind="locker", pickup_point="")
    client.get(work_url(shop))
    values = {"name": "Ana", "phone": "0722334455", "pickup_point": "CLJ-7"}

    client.post(act_url(shop, deal_of(order), "address"), values, **HTMX)

    assert Order.objects.get(pk=order.pk).pickup_point == "CLJ-7"


def test_skipping_leaves_an_order_for_the_end(client, shop, product):
    first, second = queue_of_calls(shop, product, 2)
    client.get(work_url(shop))

    answers = [client.post(act_url(shop, deal, "skip"), **HTMX) for deal in (first, second)]

    assert [shown(answer) for answer in answers] == [second.pk, None]
    assert "Go through the 2 you skipped" in answers[1].content.decode()
    assert Deal.objects.get(pk=first.pk).held_by is None
    assert shown(client.get(work_url(shop, rest="&again=1"))) == first.pk


def test_it_keeps_to_the_filters_of_the_board(client, shop, product, user):
    _first, second = queue_of_calls(shop, product, 2)
    Deal.objects.filter(pk=second.pk).update(manager=user)

    response = client.get(work_url(shop, rest="&whose=mine"))

    assert shown(response) == second.pk
    assert "whose=mine" in response.content.decode()


def test_another_status_counts_who_was_reached(client, shop, product):
    order = make_order(shop, lines=(make_line(product),), status="shipped")
    deal = deal_of(order)
    assert shown(client.get(work_url(shop, "shipped"))) == deal.pk

    answer = client.post(act_url(shop, deal, "reached", "shipped"), **HTMX)

    assert shown(answer) is None
    assert "the customer answered." in answer.content.decode()
    assert order.events.filter(kind="call").get().details["answered"]


def test_it_says_whether_the_customer_is_told(client, shop, product):
    (deal,) = queue_of_calls(shop, product, 1)
    assert "does not write to customers who did not answer" in client.get(work_url(shop)).content.decode()

    set_switches(shop_id=shop.pk, switches={(MessageEvent.NO_ANSWER, Channel.SMS): True})
    assert "tell the customer by SMS" in client.get(work_url(shop)).content.decode()
    answer = client.post(act_url(shop, deal, "no-answer"), {"notify": "on"}, **HTMX)

    assert "SMS in" in answer.content.decode()


def test_the_hold_is_renewed_and_released_by_the_page(client, shop, product, user):
    (deal,) = queue_of_calls(shop, product, 1)
    client.get(work_url(shop))
    stale = Deal.objects.get(pk=deal.pk).held_until.isoformat()

    renewed = client.post(act_url(shop, deal, "hold")).json()["until"]

    late = client.post(act_url(shop, deal, "release"), {"held": stale})
    assert (late.status_code, Deal.objects.get(pk=deal.pk).held_by_id) == (204, user.pk)
    client.post(act_url(shop, deal, "release"), {"held": renewed})
    assert Deal.objects.get(pk=deal.pk).held_by_id is None
    assert client.post(act_url(shop, deal, "hold")).status_code == 409


def test_others_and_the_warehouse_have_no_calls(shop, product):
    (deal,) = queue_of_calls(shop, product, 1)
    answers = []
    for someone in (make_user(shop, Role.WAREHOUSE), make_user(make_shop())):
        client = Client()
        client.force_login(someone)
        answers += [
            client.get(work_url(shop)).status_code,
            client.post(act_url(shop, deal, "no-answer")).status_code,
            client.post(act_url(shop, deal, "hold")).status_code,
        ]

    assert answers == [403, 403, 403, 404, 404, 404]
    assert (Deal.objects.get(pk=deal.pk).attempts, Deal.objects.get(pk=deal.pk).held_by) == (0, None)


def test_an_empty_column_says_when_the_next_one_comes(client, shop, product):
    (deal,) = queue_of_calls(shop, product, 1)
    Deal.objects.filter(pk=deal.pk).update(retry_at=timezone.now() + timedelta(hours=3))

    page = client.get(work_url(shop)).content.decode()

    assert "Nobody is to be called here now." in page
    assert "The next one comes" in page


def queries_of(client, shop, deal):
    client.get(work_url(shop))
    with CaptureQueriesContext(connection) as page:
        client.get(work_url(shop))
    with CaptureQueriesContext(connection) as answer:
        client.post(act_url(shop, deal, "no-answer"), **HTMX)
    return len(page), len(answer)


def test_the_number_of_queries_does_not_follow_the_column(client, shop, product):
    few = queries_of(client, shop, queue_of_calls(shop, product, 3)[0])

    queue_of_calls(shop, product, 57)
    many = queries_of(client, shop, Deal.objects.filter(stage__slug="new").order_by("rank").first())

    assert few == many
    assert few <= (30, 68)
