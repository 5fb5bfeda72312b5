"""Reminders: their colour through time, which cards show it, handy moments, and setting, changing, ticking off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Subquery
from django.utils import timezone

from crm import services
from crm.models import BoardChange, Deal, Reminder
from crm.selectors.moments import quick_choices
from crm.selectors.reminders import colour_of, has_reminder, next_reminder
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.models import ClaimVisibility
from shops.working_hours import Calendar
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 11, 10, tzinfo=UTC)  # a Friday, 13:10 in Bucharest
BUCHAREST = ZoneInfo("Europe/Bucharest")
HOURS = {day: ["09:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


@pytest.fixture
def deal():
    return Deal.objects.get(order=make_order(make_shop()))


@pytest.fixture
def person(deal):
    return make_user(deal.funnel.shop)


def soon(**delta: int) -> datetime:
    return (timezone.now() + timedelta(**(delta or {"hours": 1}))).replace(second=0, microsecond=0)


def set_one(deal, person, due_at=None, **values) -> Reminder:
    reminder = services.set_reminder(
        deal_id=deal.pk, actor=Actor.person(person), due_at=due_at or soon(), **values
    )
    BoardChange.objects.all().delete()
    return reminder


@pytest.mark.parametrize(
    ("minutes", "colour"),
    [(-60, "green"), (-1, "green"), (0, "yellow"), (29, "yellow"), (30, "red"), (600, "red")],
)
def test_it_is_green_until_due_yellow_for_the_grace_and_red_after(minutes, colour):
    assert colour_of(NOW, NOW + timedelta(minutes=minutes)) == colour


def test_it_finds_the_cards_that_show_a_colour():
    shop = make_shop()
    deals = [Deal.objects.get(order=make_order(shop)) for _n in range(5)]
    person = make_user(shop)
    minutes = {0: [30], 1: [-5, 30], 2: [-40, -5, 30], 3: [-30]}
    for number, dues in minutes.items():
        for minute in dues:
            Reminder.objects.create(deal=deals[number], person=person, due_at=NOW + timedelta(minutes=minute))
    Reminder.objects.create(deal=deals[4], person=person, due_at=NOW - timedelta(days=1), done_at=NOW)

    found = {
        colour: sorted(Deal.objects.filter(has_reminder(colour, NOW)).values_list("pk", flat=True))
        for colour in ("green", "yellow", "red", "blue")
    }

    keys = [deal.pk for deal in deals]
    assert found == {"green": keys[:1], "yellow": keys[1:2], "red": keys[2:4], "blue": []}
    shown = Deal.objects.annotate(due=Subquery(next_reminder().values("due_at")[:1])).order_by("pk")
    assert [(deal.due and colour_of(deal.due, NOW)) for deal in shown] == [
        "green",
        "yellow",
        "red",
        "red",
        None,
    ]


def moments(calendar: Calendar, now: datetime) -> list[str]:
    return [
        f"{choice.code} {choice.at.astimezone(BUCHAREST):%a %H:%M}" for choice in quick_choices(calendar, now)
    ]


def test_it_offers_moments_within_working_hours():
    calendar = Calendar(HOURS, frozenset({"2026-11-23"}), BUCHAREST)
    always = Calendar({}, frozenset(), BUCHAREST)

    friday = moments(calendar, NOW)
    evening = moments(calendar, NOW + timedelta(hours=4, minutes=30))
    thursday = moments(calendar, NOW - timedelta(days=1))

    assert friday == ["hour Fri 14:10", "afternoon Fri 15:00", "tomorrow Tue 09:00"]
    assert evening == ["hour Tue 09:40", "tomorrow Tue 09:00"]
    assert thursday == ["hour Thu 14:10", "afternoon Thu 15:00", "tomorrow Fri 09:00", "monday Tue 09:00"]
    assert moments(always, NOW) == ["hour Fri 14:10", "tomorrow Sat 09:00", "monday Mon 09:00"]


def test_it_sets_one_and_tells_the_board(deal, person):
    due = soon()

    reminder = services.set_reminder(
        deal_id=deal.pk, actor=Actor.person(person), due_at=due, note="  call \n back "
    )

    assert (reminder.person, reminder.due_at, reminder.note) == (person, due, "call back")
    assert reminder.actor_user == person
    assert BoardChange.objects.filter(deal=deal).exists()


def test_it_refuses_a_moment_that_has_passed_or_is_absurdly_far(deal, person):
    for due in (timezone.now() - timedelta(minutes=5), timezone.now() + timedelta(days=365 * 6)):
        with pytest.raises(DomainError) as refusal:
            set_one(deal, person, due)
        assert refusal.value.field == "due_at"

    assert not Reminder.objects.exists()


def test_it_reminds_only_people_who_work_there_and_see_the_deal(deal, person):
    shop = deal.funnel.shop
    outsider, gone, colleague = make_user(make_shop()), make_user(shop, is_active=False), make_user(shop)
    shop.claim_visibility = ClaimVisibility.HIDDEN
    shop.save()
    type(deal.order).objects.filter(pk=deal.order_id).update(manager=person)

    for other in (outsider, gone, colleague):
        with pytest.raises(DomainError) as refusal:
            set_one(deal, person, person_id=other.pk)
        assert refusal.value.field == "person"

    assert not Reminder.objects.exists()


def test_it_asks_for_permission(deal, person):
    reminder = set_one(deal, person)
    stranger = Actor.person(make_user(make_shop()))

    for change in (
        lambda: services.set_reminder(deal_id=deal.pk, actor=stranger, due_at=soon()),
        lambda: services.snooze_reminder(reminder_id=reminder.pk, actor=stranger, due_at=soon(days=2)),
        lambda: services.finish_reminder(reminder_id=reminder.pk, actor=stranger),
        lambda: services.remove_reminder(reminder_id=reminder.pk, actor=stranger),
        lambda: services.edit_reminder(
            reminder_id=reminder.pk, actor=stranger, due_at=soon(), person_id=person.pk, note="x"
        ),
    ):
        with pytest.raises(NotPermitted):
            change()

    kept = Reminder.objects.get()
    assert (kept.due_at, kept.done_at, kept.note) == (reminder.due_at, None, "")
    assert not BoardChange.objects.exists()


def test_it_is_put_off_and_told_again(deal, person):
    reminder = set_one(deal, person)
    Reminder.objects.update(told_at=timezone.now())
    later = soon(days=1)

    services.snooze_reminder(reminder_id=reminder.pk, actor=Actor.person(person), due_at=later)

    kept = Reminder.objects.get()
    assert (kept.due_at, kept.told_at) == (later, None)
    assert BoardChange.objects.count() == 1


def test_it_keeps_a_passed_moment_when_only_the_words_change(deal, person):
    reminder = set_one(deal, person)
    past = soon(minutes=-90)
    Reminder.objects.update(due_at=past, told_at=past)
    change = {"reminder_id": reminder.pk, "actor": Actor.person(person), "person_id": person.pk}

    services.edit_reminder(**change, due_at=past, note="about the size")
    with pytest.raises(DomainError):
        services.edit_reminder(**change, due_at=past + timedelta(minutes=1), note="never")

    kept = Reminder.objects.get()
    assert (kept.due_at, kept.told_at, kept.note) == (past, past, "about the size")


def test_it_is_ticked_off_once_and_not_changed_after(deal, person):
    reminder, actor = set_one(deal, person), Actor.person(person)

    assert services.finish_reminder(reminder_id=reminder.pk, actor=actor) is True
    done_at = Reminder.objects.get().done_at
    assert services.finish_reminder(reminder_id=reminder.pk, actor=actor) is False
    with pytest.raises(DomainError):
        services.snooze_reminder(reminder_id=reminder.pk, actor=actor, due_at=soon(days=1))

    assert Reminder.objects.get().done_at == done_at is not None
    assert BoardChange.objects.count() == 1


def test_it_is_taken_away(deal, person):
    reminder = set_one(deal, person)

    services.remove_reminder(reminder_id=reminder.pk, actor=Actor.person(person))

    assert not Reminder.objects.exists()
    assert BoardChange.objects.filter(deal=deal).count() == 1
