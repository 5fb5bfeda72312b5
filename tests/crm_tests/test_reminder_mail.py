"""Due reminders: one e-mail to the person, however many workers look; boards hear of what time alone changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.models import BoardChange, Deal, Reminder, Stage
from crm.services import tell_due_reminders
from notifications.models import Message
from oms.sweep import JOBS
from shops.models import ClaimVisibility, Membership
from tests.factories import make_order, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def deal():
    return Deal.objects.get(order=make_order(make_shop()))


@pytest.fixture
def person(deal):
    return make_user(deal.funnel.shop, email="ana@example.com", language="ro")


def remind(deal, person, minutes: int = 1, **values) -> Reminder:
    """A reminder that is due since so many minutes."""
    due_at = timezone.now() - timedelta(minutes=minutes)
    reminder = Reminder.objects.create(deal=deal, person=person, due_at=due_at, note="call", **values)
    BoardChange.objects.all().delete()
    return reminder


def test_it_writes_to_the_person_once(deal, person):
    reminder = remind(deal, person)

    assert tell_due_reminders() == 1
    assert tell_due_reminders() == 0

    note = Message.objects.get(recipient=person.email)
    assert (note.order_id, note.language, note.event) == (deal.order_id, "ro", "staff")
    assert deal.title in note.subject
    assert "call" in note.subject
    assert f"/deals/{deal.pk}/" in note.body
    reminder.refresh_from_db()
    assert reminder.told_at is not None
    assert BoardChange.objects.filter(deal=deal).count() == 1


def test_it_writes_again_after_it_was_put_off(deal, person):
    reminder = remind(deal, person)
    tell_due_reminders()
    Reminder.objects.update(due_at=timezone.now() - timedelta(seconds=1), told_at=None)

    tell_due_reminders()

    assert Message.objects.filter(recipient=person.email).count() == 2
    assert Reminder.objects.get(pk=reminder.pk).told_at is not None


@pytest.mark.parametrize("case", ["no address", "left the shop", "inactive", "sees it no more", "closed"])
def test_it_writes_to_nobody_who_should_not_hear(deal, person, case):
    shop = deal.funnel.shop
    if case == "no address":
        type(person).objects.update(email="")
    elif case == "left the shop":
        Membership.objects.filter(user=person).delete()
    elif case == "inactive":
        type(person).objects.filter(pk=person.pk).update(is_active=False)
    elif case == "sees it no more":
        type(shop).objects.update(claim_visibility=ClaimVisibility.HIDDEN)
        type(deal.order).objects.update(manager=make_user(shop))
    else:
        Deal.objects.update(stage=Stage.objects.get(funnel=deal.funnel, slug="cancelled"))
    remind(deal, person)

    assert tell_due_reminders() == 1

    assert not Message.objects.filter(event="staff").exists()
    assert tell_due_reminders() == 0


def test_it_leaves_alone_what_is_done_or_not_due(deal, person):
    remind(deal, person, done_at=timezone.now())
    remind(deal, person, minutes=-10)

    assert tell_due_reminders() == 0

    assert not Message.objects.filter(event="staff").exists()
    assert not BoardChange.objects.exists()


def test_it_shows_a_card_that_turned_red_once(deal, person):
    long_red = Deal.objects.get(order=make_order(deal.funnel.shop))
    told_at = timezone.now()
    remind(long_red, person, minutes=300, told_at=told_at)
    remind(deal, person, minutes=31, told_at=told_at)

    tell_due_reminders()
    tell_due_reminders()

    assert list(BoardChange.objects.values_list("deal_id", flat=True)) == [deal.pk]


def test_it_stops_when_the_worker_does(deal, person):
    remind(deal, person)

    assert tell_due_reminders(should_stop=lambda: True) == 0

    assert Reminder.objects.get().told_at is None


def test_every_worker_looks_for_them():
    assert any(getattr(job, "run", None) is tell_due_reminders for job in JOBS)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_write_one_e_mail(in_threads):
    deal = Deal.objects.get(order=make_order(make_shop()))
    person = make_user(deal.funnel.shop, email="ana@example.com")
    for minutes in range(1, 6):
        remind(deal, person, minutes=minutes)

    told = in_threads([tell_due_reminders] * 4)

    assert sum(told) == 5
    assert Message.objects.filter(recipient=person.email).count() == 5
