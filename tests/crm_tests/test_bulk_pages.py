"""The pages around a move of many: plain forms all the way, the same queries for three cards and for a hundred."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from crm.models import BulkMove, Deal, Funnel
from orders.models import Order
from orders.statuses import Status
from shops.permissions import Role
from tests.factories import make_line, make_order, make_product, make_shop, make_user
from tests.state import status_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def shop():
    return make_shop()


@pytest.fixture
def person(shop, client):
    user = make_user(shop, language="en")
    client.force_login(user)
    return user


def make_orders(shop, count):
    product = make_product(shop, stock=200)
    return [make_order(shop, lines=(make_line(product),)) for _ in range(count)]


def address(shop, tail=""):
    return f"/board/{Funnel.objects.get(shop=shop, is_default=True).slug}/bulk/{tail}"


def cards(rows):
    return [f"{Deal.objects.get(order=order).pk}:new" for order in rows]


def begin(client, shop, rows, **more):
    fields = {"deal": cards(rows), "stage": "confirmed", "start": uuid.uuid4(), **more}
    client.post(address(shop), fields)
    return BulkMove.objects.latest("created_at")


def test_it_shows_what_will_happen_then_moves_by_plain_forms(shop, person, client):
    rows = make_orders(shop, 2)

    summary = client.post(address(shop), {"deal": cards(rows), "stage": "confirmed"})
    begun = client.post(
        address(shop), {"deal": cards(rows), "stage": "confirmed", "start": str(summary.context["key"])}
    )
    bulk = BulkMove.objects.get()
    page = client.get(begun["Location"])
    client.post(f"/bulk-moves/{bulk.pk}/continue/")

    assert "2 cards will move." in summary.text
    assert (begun.status_code, begun["Location"]) == (303, f"/bulk-moves/{bulk.pk}/?go=1")
    assert "0 of 2" in page.text
    assert [status_of(order) for order in rows] == [Status.CONFIRMED] * 2
    assert "2 cards moved" in client.get(f"/bulk-moves/{bulk.pk}/").text


def test_a_move_that_was_left_says_how_far_it_came(shop, person, client):
    bulk = begin(client, shop, make_orders(shop, 2))

    page = client.get(f"/bulk-moves/{bulk.pk}/")
    reminder = client.get(address(shop, "unfinished/"), headers=HTMX)

    assert "stopped after 0 of 2" in page.text
    assert "Continue" in page.text
    assert "stopped after 0 of 2" in reminder.text


def test_a_board_is_reminded_of_nothing_once_it_is_too_late_to_undo(shop, person, client):
    bulk = begin(client, shop, make_orders(shop, 1))
    client.post(f"/bulk-moves/{bulk.pk}/continue/")
    assert client.get(address(shop, "unfinished/"), headers=HTMX).status_code == 200

    BulkMove.objects.update(undo_until=timezone.now() - timedelta(seconds=1))

    assert client.get(address(shop, "unfinished/"), headers=HTMX).status_code == 204


def test_orders_may_be_named_instead_of_cards(shop, person, client):
    rows = make_orders(shop, 2)

    choice = client.post(address(shop), {"order": [order.pk for order in rows]})
    summary = client.get(address(shop), {"order": [order.pk for order in rows], "stage": "confirmed"})

    assert "2 cards: move to…" in choice.text
    assert "2 cards will move." in summary.text


def test_it_asks_for_the_reason_once_and_says_when_it_is_missing(shop, person, client):
    rows = make_orders(shop, 2)
    fields = {"deal": cards(rows), "stage": "cancelled", "start": uuid.uuid4()}

    asked = client.post(address(shop), fields)
    done = client.post(address(shop), fields | {"reason_code": "customer"})
    client.post(done["Location"].replace("?go=1", "continue/"))

    assert asked.status_code == 422
    assert 'name="reason_code"' in asked.text
    assert [status_of(order) for order in rows] == [Status.CANCELLED] * 2


def test_undo_by_a_plain_form_and_the_list_of_what_stayed(shop, person, client):
    good, bad = rows = make_orders(shop, 2)
    Order.objects.filter(pk=bad.pk).update(payment_method="transfer")
    bulk = begin(client, shop, rows)

    client.post(f"/bulk-moves/{bulk.pk}/continue/")
    page = client.get(f"/bulk-moves/{bulk.pk}/")
    client.post(f"/bulk-moves/{bulk.pk}/undo/")

    assert "not paid" in page.text
    assert bad.number in page.text
    assert good.number not in page.text
    assert status_of(good) == Status.NEW


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"stage": "confirmed"}, 422),
        ({"deal": "no-number", "stage": "confirmed"}, 422),
        ({"deal": list(range(1, 502)), "stage": "confirmed"}, 422),
        ({"deal": "987654321", "stage": "confirmed"}, 404),
        ({"deal": "987654321"}, 404),
    ],
)
def test_what_names_no_card_is_answered_in_words_or_not_found(shop, person, client, fields, status):
    answer = client.post(address(shop), fields)

    assert answer.status_code == status
    assert BulkMove.objects.count() == 0


def test_a_card_of_another_shop_is_as_good_as_none(shop, person, client):
    foreign = make_order(make_shop("PL"))

    answer = client.post(
        address(shop), {"deal": cards([foreign]), "stage": "confirmed", "start": uuid.uuid4()}
    )

    assert answer.status_code == 404
    assert BulkMove.objects.count() == 0


def test_a_stage_that_is_not_on_the_board_is_not_found(shop, person, client):
    rows = make_orders(shop, 1)

    assert client.post(address(shop), {"deal": cards(rows), "stage": "nowhere"}).status_code == 404


def test_a_colleagues_move_is_not_found(shop, person, client):
    bulk = begin(client, shop, make_orders(shop, 1))
    client.force_login(make_user(shop, Role.ADMIN))

    answers = [client.post(f"/bulk-moves/{bulk.pk}/{verb}/") for verb in ("continue", "stop", "undo")]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert client.get(f"/bulk-moves/{bulk.pk}/").status_code == 404


def test_claiming_answers_with_a_toast(shop, person, client):
    rows = make_orders(shop, 2)

    answer = client.post(address(shop, "claim/"), {"deal": cards(rows)}, headers=HTMX)

    assert "2 cards are yours." in answer.text
    assert set(Deal.objects.values_list("manager", flat=True)) == {person.pk}


def test_all_of_a_column_are_named_also_those_not_shown(shop, person, client):
    rows = make_orders(shop, 3)
    Deal.objects.filter(order=rows[0]).update(manager=person)

    everybody = client.get(address(shop, "column/?stage=new")).json()
    mine = client.get(address(shop, "column/?stage=new&whose=mine")).json()

    assert [title for _pk, title in everybody["cards"]] == [order.number for order in rows]
    assert everybody["more"] is False
    assert [title for _pk, title in mine["cards"]] == [rows[0].number]


@pytest.mark.slow
def test_the_summary_costs_the_same_for_three_cards_and_for_a_hundred(
    shop, person, client, django_assert_num_queries
):
    rows = make_orders(shop, 100)

    def ask(some, limit):
        with django_assert_num_queries(limit, exact=False) as captured:
            answer = client.post(address(shop), {"deal": cards_of[:some], "stage": "confirmed"})
        assert f"{some} cards will move." in answer.text
        return len(captured.captured_queries)

    cards_of = cards(rows)
    few = ask(3, 24)

    assert ask(100, few) == few
