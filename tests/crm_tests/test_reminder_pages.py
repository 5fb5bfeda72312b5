"""The pages of reminders: set on a deal in the shop's time, the list across deals, done and put off in place, the bell."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Deal, Reminder, Stage
from shops.models import ClaimVisibility
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def shop():
    return make_shop("RO", time_zone="Europe/Bucharest")


@pytest.fixture
def manager(client, shop):
    user = make_user(shop)
    client.force_login(user)
    return user


def make_deal(shop) -> Deal:
    return Deal.objects.get(order=make_order(shop))


def remind(deal, person, minutes: int = 1, note: str = "call") -> Reminder:
    """A reminder that is due since so many minutes."""
    due_at = timezone.now() - timedelta(minutes=minutes)
    return Reminder.objects.create(deal=deal, person=person, due_at=due_at, note=note)


def notes(response) -> list[str]:
    return [row.reminder.note for day in response.context["found"].days for row in day.rows]


def test_a_typed_moment_is_the_shops(client, shop, manager):
    deal = make_deal(shop)
    wanted = (datetime.now(ZoneInfo("Europe/Bucharest")) + timedelta(days=3)).replace(
        hour=9, minute=30, second=0, microsecond=0
    )

    response = client.post(
        f"/deals/{deal.pk}/reminders/",
        {"note": "call", "person": manager.pk, "due_at": f"{wanted:%Y-%m-%dT%H:%M}"},
    )

    assert response.status_code == 303
    assert response["Location"] == f"/deals/{deal.pk}/#deal-reminders"
    assert Reminder.objects.get().due_at == wanted


def test_a_button_sets_one_in_place(client, shop, manager):
    deal = make_deal(shop)

    response = client.post(
        f"/deals/{deal.pk}/reminders/",
        {"note": "<b>size</b>", "person": manager.pk, "when": "tomorrow"},
        **HTMX,
    )

    page = response.content.decode()
    assert response.status_code == 200
    assert page.lstrip().startswith("<section")
    assert "&lt;b&gt;size&lt;/b&gt;" in page
    assert Reminder.objects.get().due_at > timezone.now()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose when"),
        ({"due_at": "2020-01-01T09:00"}, "That moment has passed"),
        ({"due_at": "soon"}, "Choose a day and a time"),
        ({"due_at": "9999-12-31T23:59"}, "within the next five years"),
        ({"when": "hour", "person": "0"}, "Select a valid choice"),
        ({"when": "hour", "note": "x" * 301}, "at most 300"),
    ],
)
def test_a_refusal_keeps_what_was_typed(client, shop, manager, sent, words):
    deal = make_deal(shop)

    response = client.post(
        f"/deals/{deal.pk}/reminders/", {"note": "about size", "person": manager.pk} | sent, **HTMX
    )

    assert response.status_code == 422
    assert words in response.content.decode()
    assert sent.get("note", "about size") in response.content.decode()
    assert not Reminder.objects.exists()


def test_the_list_shows_mine_with_whom_to_call(client, shop, manager):
    deal = make_deal(shop)
    remind(deal, manager, minutes=90, note="call about size")
    remind(make_deal(shop), make_user(shop), note="not mine")

    response = client.get("/reminders/")

    page = response.content.decode()
    assert notes(response) == ["call about size"]
    for text in (deal.title, "Ana-Maria Țăranu", 'href="tel:0722334455"', "New", "overdue 1 h 30", "Today"):
        assert text in page
    assert f'href="/deals/{deal.pk}/"' in page


def test_the_list_is_narrowed_by_person_colour_and_shop(client, shop, manager):
    colleague = make_user(shop, Role.SUPERVISOR, first_name="Ion", last_name="Pop")
    remind(make_deal(shop), manager, minutes=60, note="red")
    remind(make_deal(shop), manager, minutes=5, note="yellow")
    remind(make_deal(shop), colleague, minutes=-60, note="green")

    assert notes(client.get("/reminders/?whose=all")) == ["red", "yellow", "green"]
    assert notes(client.get(f"/reminders/?whose={colleague.pk}")) == ["green"]
    assert notes(client.get("/reminders/?whose=all&colour=yellow")) == ["yellow"]
    assert notes(client.get("/reminders/?whose=all&shop=elsewhere")) == []
    assert notes(client.get("/reminders/?whose=abc&colour=pink&after=x")) == ["red", "yellow"]


def test_the_list_shows_no_deal_the_person_does_not_see(client, shop, manager):
    foreign, theirs, closed = make_deal(make_shop()), make_deal(shop), make_deal(shop)
    type(shop).objects.filter(pk=shop.pk).update(claim_visibility=ClaimVisibility.HIDDEN)
    type(theirs.order).objects.filter(pk=theirs.order_id).update(manager=make_user(shop))
    Deal.objects.filter(pk=closed.pk).update(stage=Stage.objects.get(funnel__shop=shop, slug="cancelled"))
    hidden = [remind(deal, manager) for deal in (foreign, theirs, closed)]

    response = client.get("/reminders/?whose=all")

    assert notes(response) == []
    assert 'class="rail-badge"' not in response.content.decode()
    for reminder in hidden[:2]:
        assert client.post(f"/reminders/{reminder.pk}/done/").status_code == 404
    assert Reminder.objects.filter(done_at=None).count() == 3


def test_it_says_what_to_do_when_there_is_none(client, manager):
    assert "Open a deal and set a reminder" in client.get("/reminders/").content.decode()
    assert "No reminder matches." in client.get("/reminders/?colour=red").content.decode()


def test_the_list_pages_by_key(client, shop, manager):
    deal = make_deal(shop)
    due_at = timezone.now() - timedelta(hours=1)
    Reminder.objects.bulk_create(
        Reminder(deal=deal, person=manager, due_at=due_at + timedelta(minutes=n // 3), note=str(n))
        for n in range(60)
    )

    first = client.get("/reminders/")
    second = client.get(f"/reminders/?after={first.context['found'].after}")

    assert notes(first) + notes(second) == [str(n) for n in range(60)]
    assert second.context["found"].after == ""


def test_the_list_costs_the_same_with_one_and_with_forty(client, shop, manager):
    remind(make_deal(shop), manager)
    client.get("/reminders/?whose=all")
    with CaptureQueriesContext(connection) as few:
        client.get("/reminders/?whose=all")
    deals = [make_deal(shop) for _n in range(4)]
    for n in range(40):
        remind(deals[n % 4], manager, minutes=n)

    with CaptureQueriesContext(connection) as many:
        response = client.get("/reminders/?whose=all")

    assert len(notes(response)) == 41
    assert len(many) == len(few) <= 9


def test_done_and_put_off_answer_with_the_row(client, shop, manager):
    first, second = remind(make_deal(shop), manager), remind(make_deal(shop), manager)

    done = client.post(f"/reminders/{first.pk}/done/", {"back": "list"}, **HTMX)
    later = client.post(f"/reminders/{second.pk}/snooze/", {"back": "list", "when": "tomorrow"}, **HTMX)
    again = client.post(f"/reminders/{first.pk}/snooze/", {"back": "list", "when": "tomorrow"}, **HTMX)

    assert (done.status_code, later.status_code, again.status_code) == (200, 200, 422)
    for response in (done, later, again):
        assert response.content.decode().strip().startswith("<li") or "<li" in response.content.decode()[:400]
    assert "is-done" in done.content.decode()
    assert "This reminder is done already" in again.content.decode()
    assert Reminder.objects.get(pk=second.pk).due_at > timezone.now()


def test_it_works_as_plain_forms(client, shop, manager):
    reminder = remind(make_deal(shop), manager)
    path = f"/reminders/{reminder.pk}"

    form = client.get(f"{path}/edit/?back=list")
    empty = client.post(f"{path}/snooze/", {"back": "list"})
    edited = client.post(
        f"{path}/edit/", {"back": "list", "when": "tomorrow", "person": manager.pk, "note": "size"}
    )
    removed = client.post(f"{path}/remove/", {"back": "list", "next": "https://elsewhere.example/"})

    assert form.status_code == 200
    assert (
        f"{reminder.due_at.astimezone(ZoneInfo('Europe/Bucharest')):%Y-%m-%dT%H:%M}" in form.content.decode()
    )
    assert empty.status_code == 422
    assert (edited.status_code, removed.status_code) == (303, 303)
    assert removed["Location"] == "/reminders/"
    assert not Reminder.objects.exists()


def test_the_bell_counts_what_is_due(client, shop, manager):
    remind(make_deal(shop), manager)
    remind(make_deal(shop), manager, minutes=-5)
    remind(make_deal(shop), make_user(shop))

    page = client.get("/orders/").content.decode()

    assert 'aria-label="Reminders · 1 due"' in page
