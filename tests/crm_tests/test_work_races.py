"""Eight people take the next order at the same moment: no order is given twice, and none is left over."""

from threading import Barrier, local

import pytest

from crm.models import Deal
from crm.selectors.board import NO_FILTERS
from crm.services import take_next, working
from shops.actors import Actor
from tests.crm_tests.test_work_queue import queue_with, stage_of
from tests.factories import make_user

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PEOPLE = 8


def taking(user, stage):
    return lambda: take_next(user=user, stage=stage, filters=NO_FILTERS).pk


@pytest.fixture
def all_look_first(monkeypatch):
    """Nobody writes before everybody has read the same queue."""

    def install(hold):
        everybody, waited = Barrier(PEOPLE), local()

        def look_first(*arguments):
            if not hasattr(waited, "once"):
                waited.once = everybody.wait(timeout=60)
            return hold(*arguments)

        monkeypatch.setattr(working, "_hold", look_first)

    return install


def test_no_order_is_given_to_two_people(in_threads, all_look_first):
    shop, deals = queue_with(PEOPLE)
    people = [make_user(shop) for _ in range(PEOPLE)]
    all_look_first(working._hold)

    given = in_threads([taking(person, stage_of(shop)) for person in people])

    assert sorted(given) == [deal.pk for deal in deals]
    held = Deal.objects.filter(pk__in=given).values_list("held_by", flat=True)
    assert set(held) == {person.pk for person in people}


def test_without_the_condition_one_order_is_given_to_all(in_threads, all_look_first):
    shop, _deals = queue_with(PEOPLE)
    people = [make_user(shop) for _ in range(PEOPLE)]

    def write(deal, stage, user, now):
        return Deal.objects.filter(pk=deal.pk).update(held_by=user.pk, held_until=now + working.LEASE)

    all_look_first(write)
    given = in_threads([taking(person, stage_of(shop)) for person in people])

    assert len(set(given)) == 1


def test_two_outcomes_of_one_order_at_once_count_once(in_threads):
    shop, deals = queue_with(6)
    user, stage = make_user(shop), stage_of(shop)
    actor = Actor.person(user)
    for deal in deals:
        take_next(user=user, stage=stage, filters=NO_FILTERS)

        in_threads([lambda d=deal: working.miss_call(deal_id=d.pk, actor=actor) for _ in range(2)])

        assert Deal.objects.get(pk=deal.pk).attempts == 1
