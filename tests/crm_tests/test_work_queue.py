"""Who is given which order: oldest first, each to one person, and what is set aside."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm import services as crm
from crm.errors import StaleBoard
from crm.models import BoardChange, Deal, Funnel, Stage
from crm.selectors.board import NO_FILTERS
from crm.selectors.calls import queue_of
from crm.services import working
from crm.services.working import LEASE
from orders import services as orders
from orders.errors import OrderError
from orders.models import Order, OrderEvent
from orders.models.history import EventKind
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.models import ClaimVisibility
from shops.permissions import Role
from tests.factories import make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound

pytestmark = pytest.mark.django_db


def stage_of(shop, slug="new"):
    funnel = Funnel.objects.select_related("shop").get(shop=shop, is_default=True)
    stage = Stage.objects.get(funnel=funnel, slug=slug)
    stage.funnel = funnel
    return stage


def queue_with(count, **fields):
    shop = make_shop(**fields)
    product = make_product(shop, stock=1000)
    made = [make_order(shop, lines=(make_line(product),)) for _ in range(count)]
    return shop, [Deal.objects.get(order=order) for order in made]


def take(user, stage, **options):
    return crm.take_next(user=user, stage=stage, filters=NO_FILTERS, **options)


def update(deal, **fields):
    Deal.objects.filter(pk=deal.pk).update(**fields)


def test_it_gives_the_oldest_and_gives_it_to_nobody_else():
    shop, deals = queue_with(3)
    one, other, stage = make_user(shop), make_user(shop), stage_of(shop)

    given = [take(one, stage), take(other, stage), take(one, stage)]

    assert [deal.pk for deal in given] == [deals[0].pk, deals[1].pk, deals[0].pk]


def test_it_passes_over_what_is_set_aside():
    shop, deals = queue_with(6)
    person, colleague, stage = make_user(shop), make_user(shop), stage_of(shop)
    later = timezone.now() + timedelta(hours=1)
    update(deals[0], snoozed_until=later)
    update(deals[1], retry_at=later)
    update(deals[2], manager=colleague)
    update(deals[3], held_by=colleague, held_until=later)

    given = take(person, stage)
    queue = queue_of(person, stage, NO_FILTERS, timezone.now())

    assert given.pk == deals[4].pk
    assert (queue.to_go, queue.later, queue.snoozed, queue.claimed, queue.held) == (2, 1, 1, 1, 1)
    assert queue.next_at == later
    assert take(person, stage, skipped=[deals[4].pk, deals[5].pk]) is None


def test_tries_that_are_due_come_first():
    shop, deals = queue_with(3)
    now = timezone.now()
    update(deals[2], retry_at=now - timedelta(minutes=1), snoozed_until=now - timedelta(minutes=1))

    assert take(make_user(shop), stage_of(shop)).pk == deals[2].pk


def test_a_hold_runs_out_and_the_order_is_given_again():
    shop, (deal,) = queue_with(1)
    killed, colleague, stage = make_user(shop), make_user(shop), stage_of(shop)
    take(killed, stage)
    assert take(colleague, stage) is None

    update(deal, held_until=timezone.now() - timedelta(seconds=1))

    assert take(colleague, stage).pk == deal.pk
    assert crm.keep_open(deal_id=deal.pk, user=killed) is None
    with pytest.raises(StaleBoard):
        crm.confirm_called(deal_id=deal.pk, actor=Actor.person(killed))
    assert Order.objects.get(pk=deal.order_id).status == Status.NEW


def test_a_hold_is_renewed_and_given_back():
    shop, (deal,) = queue_with(1)
    person, colleague, stage = make_user(shop), make_user(shop), stage_of(shop)
    first = take(person, stage).held_until

    until = crm.keep_open(deal_id=deal.pk, user=person)

    assert until > first
    assert until - timezone.now() <= LEASE
    assert not crm.let_go(deal_id=deal.pk, user=person, until=first)
    assert not crm.let_go(deal_id=deal.pk, user=colleague)
    assert crm.let_go(deal_id=deal.pk, user=person, until=until)
    assert take(colleague, stage).pk == deal.pk


def test_an_order_taken_again_gives_back_the_others_and_boards_hear_of_each():
    shop, (open_one, other, theirs) = queue_with(3)
    person, stage = make_user(shop), stage_of(shop)
    update(theirs, held_by=make_user(shop), held_until=timezone.now() + LEASE)
    assert take(person, stage).pk == open_one.pk
    BoardChange.objects.all().delete()

    assert crm.take_again(deal_id=other.pk, user=person)

    held = dict(Deal.objects.values_list("pk", "held_by"))
    assert (held[open_one.pk], held[other.pk]) == (None, person.pk)
    assert held[theirs.pk] not in (None, person.pk)
    changed = BoardChange.objects.order_by("deal").values_list("deal", flat=True)
    assert list(changed) == [open_one.pk, other.pk]


def test_the_others_are_kept_where_taking_again_fails(monkeypatch):
    shop, (open_one, other) = queue_with(2)
    person = make_user(shop)
    take(person, stage_of(shop))

    def fail(*_arguments):
        raise RuntimeError

    monkeypatch.setattr(working, "_hold", fail)
    with pytest.raises(RuntimeError):
        crm.take_again(deal_id=other.pk, user=person)

    assert Deal.objects.get(pk=open_one.pk).held_by == person


def test_the_warehouse_is_given_nothing():
    shop, (deal,) = queue_with(1)

    with pytest.raises(NotPermitted):
        take(make_user(shop, Role.WAREHOUSE), stage_of(shop))

    assert Deal.objects.get(pk=deal.pk).held_by is None


def test_a_deal_without_an_order_is_nobodys_call():
    shop = make_shop()
    stage = stage_of(shop)
    Deal.objects.create(funnel=stage.funnel, stage=stage, title="Lead", currency="RON")

    assert take(make_user(shop), stage) is None


def test_confirming_notes_the_call_in_the_same_move():
    shop, (deal,) = queue_with(1)
    user, stage = make_user(shop), stage_of(shop)
    take(user, stage)

    outcome = crm.confirm_called(deal_id=deal.pk, actor=Actor.person(user))

    moved = OrderEvent.objects.filter(order=deal.order_id, move_id=outcome.move_id)
    assert list(moved.order_by("id").values_list("kind", flat=True)) == [EventKind.CALL, EventKind.STATUS]
    assert Deal.objects.get(pk=deal.pk).held_by is None
    crm.undo_move(move_id=outcome.move_id, actor=Actor.person(user))
    assert not moved.filter(kind__in=[EventKind.CALL, EventKind.STATUS], reverted_at=None).exists()
    order = Order.objects.get(pk=deal.order_id)
    assert (order.status, order.manager) == (Status.NEW, None)
    assert crm.take_again(deal_id=deal.pk, user=user)
    assert_sound()


@pytest.mark.parametrize(
    ("reason", "calls"), [("customer", [True]), ("no_answer", [False]), ("duplicate", [])]
)
def test_a_reason_that_tells_of_a_call_notes_it(reason, calls):
    shop, (deal,) = queue_with(1)
    user = make_user(shop)
    take(user, stage_of(shop))

    crm.cancel_called(deal_id=deal.pk, actor=Actor.person(user), reason_code=reason)

    noted = OrderEvent.objects.filter(order=deal.order_id, kind=EventKind.CALL)
    assert [event.details["answered"] for event in noted] == calls
    assert Deal.objects.select_related("stage").get(pk=deal.pk).stage.slug == "cancelled"
    assert_sound()


def test_what_is_refused_stays_open_and_writes_nothing():
    shop = make_shop()
    order = make_order(shop, lines=(make_line(make_product(shop, stock=1), 5),))
    deal, user = Deal.objects.get(order=order), make_user(shop)
    take(user, stage_of(shop))

    with pytest.raises(OrderError, match="Not enough stock"):
        crm.confirm_called(deal_id=deal.pk, actor=Actor.person(user))

    deal.refresh_from_db()
    assert (deal.held_by_id, deal.manager_id, deal.attempts) == (user.pk, None, 0)
    assert not order.events.filter(kind=EventKind.CALL).exists()


def test_a_second_click_does_nothing_twice():
    shop, (deal, _other) = queue_with(2)
    user, stage = make_user(shop), stage_of(shop)
    actor = Actor.person(user)
    take(user, stage)
    crm.miss_call(deal_id=deal.pk, actor=actor)

    with pytest.raises(StaleBoard):
        crm.miss_call(deal_id=deal.pk, actor=actor)

    assert Deal.objects.get(pk=deal.pk).attempts == 1
    assert take(user, stage_of(shop, "no-answer")) is None


def test_a_colleagues_snooze_is_kept_where_claims_keep_out():
    shop, (deal,) = queue_with(1, claim_visibility=ClaimVisibility.READ_ONLY)
    orders.claim_order(order_id=deal.order_id, actor=Actor.person(make_user(shop)))
    update(deal, snoozed_until=timezone.now() + timedelta(hours=2))

    with pytest.raises(OrderError, match="works on order"):
        crm.wake_deal(deal_id=deal.pk, actor=Actor.person(make_user(shop)))

    assert Deal.objects.get(pk=deal.pk).snoozed_until is not None


def test_a_snooze_is_refused_in_the_past_and_taken_back():
    shop, (deal,) = queue_with(1)
    user, stage = make_user(shop), stage_of(shop)
    actor = Actor.person(user)
    take(user, stage)

    with pytest.raises(DomainError, match="still ahead"):
        crm.snooze_deal(deal_id=deal.pk, actor=actor, until=timezone.now())
    crm.snooze_deal(deal_id=deal.pk, actor=actor, until=timezone.now() + timedelta(hours=1))
    assert take(user, stage) is None
    crm.wake_deal(deal_id=deal.pk, actor=actor)

    assert take(user, stage).pk == deal.pk
    orders.confirm_order(order_id=deal.order_id, actor=actor)
    assert Deal.objects.get(pk=deal.pk).snoozed_until is None
