"""Calls to customers: counted, planned again, claimed, taken back, and told to the customer only where asked to."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from crm import services as crm
from crm.models import Deal
from crm.page_selectors.history import history_in_words
from notifications.models import Message
from notifications.services import set_switches
from notifications.statuses import Channel, MessageEvent, MessageState
from orders import services
from orders.errors import OrderError
from orders.models import Order, OrderEvent
from orders.models.history import EventKind
from orders.selectors import missed_calls
from orders.services import log_call
from orders.services.calls import RETRY_AFTER
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import ClaimVisibility
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db


def deal_of(order):
    return Deal.objects.select_related("stage").get(order=order)


def calls_of(order):
    return OrderEvent.objects.filter(order=order, kind=EventKind.CALL)


def caller(order, role=Role.MANAGER):
    return Actor.person(make_user(order.shop, role))


def test_it_notes_an_answer_and_claims_the_order():
    order = make_order()
    person = caller(order)

    event = log_call(order_id=order.pk, actor=person, answered=True, note=" wants it in red ")

    assert (event.kind, event.reason) == (EventKind.CALL, "wants it in red")
    assert event.details == {"answered": True, "attempt": 0, "next_try_at": None, "claimed": True}
    assert Order.objects.get(pk=order.pk).manager_id == person.user_id
    assert deal_of(order).manager_id == person.user_id
    assert deal_of(order).stage.slug == "new"


def test_it_counts_calls_nobody_answered_and_moves_the_card():
    order = make_order()
    person = caller(order)

    attempts = [
        log_call(order_id=order.pk, actor=person, answered=False).details["attempt"] for _ in range(3)
    ]

    deal = deal_of(order)
    assert attempts == [1, 2, 3]
    assert (deal.attempts, deal.stage.slug) == (3, "no-answer")
    assert deal.retry_at == missed_calls(order.pk).next_try_at


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23T08:30", "2026-11-23T10:30"),
        ("2026-11-23T15:30", "2026-11-24T08:30"),
        ("2026-11-20T17:00", "2026-11-23T09:00"),
    ],
)
def test_the_next_try_is_two_working_hours_away(now, expected):
    hours = {weekday: ["09:00", "18:00"] for weekday in ("mon", "tue", "wed", "thu", "fri")}
    order = make_order(make_shop(working_hours=hours, time_zone="Europe/Bucharest", holidays=[]))
    assert timedelta(hours=2) == RETRY_AFTER

    with time_machine.travel(datetime.fromisoformat(now).replace(tzinfo=UTC), tick=False):
        log_call(order_id=order.pk, actor=caller(order), answered=False)

    assert deal_of(order).retry_at == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_an_agreed_time_is_kept():
    order = make_order()
    at = timezone.now() + timedelta(days=3)

    log_call(order_id=order.pk, actor=caller(order), answered=False, next_try_at=at)

    assert deal_of(order).retry_at == at


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=-1), timedelta(days=61)])
def test_it_refuses_a_time_that_is_not_ahead(ahead):
    order = make_order()

    with pytest.raises(OrderError, match="still ahead") as refused:
        log_call(order_id=order.pk, actor=caller(order), answered=False, next_try_at=timezone.now() + ahead)

    assert refused.value.field == "next_try_at"
    assert not calls_of(order).exists()
    assert (deal_of(order).attempts, Order.objects.get(pk=order.pk).manager_id) == (0, None)


@pytest.mark.parametrize("then", ["answered", "confirmed"])
def test_an_answer_or_another_status_clears_the_mark(then):
    order = make_order()
    person = caller(order)
    log_call(order_id=order.pk, actor=person, answered=False)

    if then == "answered":
        log_call(order_id=order.pk, actor=person, answered=True)
    else:
        services.confirm_order(order_id=order.pk, actor=person)

    assert (deal_of(order).attempts, deal_of(order).retry_at) == (0, None)
    assert missed_calls(order.pk).attempts == 0


def test_undoing_a_call_takes_back_the_count_the_claim_and_the_cards_place():
    order = make_order()
    person = caller(order)
    event = log_call(order_id=order.pk, actor=person, answered=False)

    crm.undo_move(move_id=event.move_id, actor=person)

    deal = deal_of(order)
    assert (deal.attempts, deal.retry_at, deal.manager_id, deal.stage.slug) == (0, None, None, "new")
    assert OrderEvent.objects.get(pk=event.pk).reverted_at is not None
    assert log_call(order_id=order.pk, actor=person, answered=False).details["attempt"] == 1


def test_undoing_a_confirmation_brings_the_missed_calls_back():
    order = make_order()
    person = caller(order)
    log_call(order_id=order.pk, actor=person, answered=False)
    planned = deal_of(order).retry_at
    change = services.confirm_order(order_id=order.pk, actor=person)

    crm.undo_move(move_id=change.move_id, actor=person)

    deal = deal_of(order)
    assert (deal.attempts, deal.retry_at, deal.stage.slug) == (1, planned, "no-answer")


def test_a_call_that_was_noted_afterwards_does_not_keep_a_confirmation():
    order = make_order()
    person = caller(order)
    change = services.confirm_order(order_id=order.pk, actor=person)
    log_call(order_id=order.pk, actor=person, answered=True)

    crm.undo_move(move_id=change.move_id, actor=person)

    assert Order.objects.get(pk=order.pk).status == Status.NEW
    assert calls_of(order).filter(reverted_at=None).count() == 1


def test_confirming_claims_a_free_order_too():
    order = make_order()
    person = caller(order)

    services.confirm_order(order_id=order.pk, actor=person)

    assert Order.objects.get(pk=order.pk).manager_id == person.user_id


def test_it_leaves_a_colleagues_claim_alone():
    order = make_order()
    colleague = caller(order)
    services.claim_order(order_id=order.pk, actor=colleague)

    log_call(order_id=order.pk, actor=caller(order), answered=True)

    assert Order.objects.get(pk=order.pk).manager_id == colleague.user_id


def test_it_is_refused_where_claims_keep_others_out():
    order = make_order(make_shop(claim_visibility=ClaimVisibility.READ_ONLY))
    services.claim_order(order_id=order.pk, actor=caller(order))

    with pytest.raises(OrderError, match="works on order"):
        log_call(order_id=order.pk, actor=caller(order), answered=False)

    assert not calls_of(order).exists()


def test_the_warehouse_calls_nobody():
    order = make_order(status="confirmed")

    with pytest.raises(NotPermitted):
        log_call(order_id=order.pk, actor=caller(order, Role.WAREHOUSE), answered=True)

    assert not calls_of(order).exists()


@pytest.mark.parametrize(("notify", "is_on", "told"), [(True, True, 1), (True, False, 0), (False, True, 0)])
def test_the_customer_hears_of_it_only_where_both_want_it(notify, is_on, told):
    order = make_order()
    set_switches(shop_id=order.shop_id, switches={(MessageEvent.NO_ANSWER, Channel.SMS): is_on})
    person = caller(order)

    event = log_call(order_id=order.pk, actor=person, answered=False, notify=notify)

    messages = Message.objects.filter(order=order, event=MessageEvent.NO_ANSWER)
    assert messages.count() == told
    crm.undo_move(move_id=event.move_id, actor=person)
    assert messages.filter(state=MessageState.DISCARDED).count() == told


def test_a_new_shop_does_not_write_when_nobody_answers():
    order = make_order()

    log_call(order_id=order.pk, actor=caller(order), answered=False, notify=True)

    assert not Message.objects.filter(order=order).exists()


def test_the_history_tells_of_calls():
    order = make_order()
    person = caller(order)
    log_call(order_id=order.pk, actor=person, answered=False)
    log_call(order_id=order.pk, actor=person, answered=True)

    entries = history_in_words(calls_of(order).order_by("id"))

    assert [entry.sentence for entry in entries] == [
        "Called: nobody answered (attempt 1)",
        "Called: the customer answered",
    ]
