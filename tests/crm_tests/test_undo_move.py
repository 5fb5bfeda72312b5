"""Undo from the board: the very stage, rank and age come back, whether or not the order moved with the card."""

import uuid

import pytest
import time_machine
from django.utils import timezone

from crm import services as crm
from crm.models import Deal, DealMove, MoveKind, Stage
from notifications.models import Message
from orders import services as orders
from orders.errors import TooLateToUndo
from orders.guards import Arguments
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user
from tests.state import assert_sound, everything, status_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def shop():
    return make_shop()


@pytest.fixture
def person(shop):
    return Actor.person(make_user(shop))


def drag(order, slug, actor, **options):
    deal = Deal.objects.get(order=order)
    target = Stage.objects.get(funnel_id=deal.funnel_id, slug=slug)
    return crm.move_deal(deal_id=deal.pk, to_stage_id=target.pk, actor=actor, **options)


def place_of(order):
    return Deal.objects.values("stage__slug", "rank", "stage_entered_at", "is_open").get(order=order)


def refused(move_id, actor, error=TooLateToUndo):
    before = everything()
    with pytest.raises(error) as refusal:
        crm.undo_move(move_id=move_id, actor=actor)
    assert everything() == before
    return refusal.value.code


@pytest.mark.parametrize(
    ("status", "slug"),
    [
        (Status.NEW, "no-answer"),
        (Status.NEW, "confirmed"),
        (Status.NEW, "packed"),
        (Status.NEW, "shipped"),
        (Status.NEW, "cancelled"),
        (Status.PROCESSING, "packed"),
        (Status.SHIPPED, "delivered"),
        (Status.DELIVERED, "returned"),
        (Status.CANCELLED, "no-answer"),
    ],
)
def test_the_card_goes_back_to_its_very_place(shop, person, status, slug):
    for _ in range(2):
        make_order(shop, status=status)
    order = make_order(shop, status=status)
    before, was = place_of(order), status_of(order)
    arguments = Arguments(
        carrier="own", reason_code="customer", reason="called", return_kind="refused", tracking_number=""
    )
    move = drag(order, slug, person, arguments=arguments)
    assert place_of(order) != before

    crm.undo_move(move_id=move.move_id, actor=person)

    assert (place_of(order), status_of(order)) == (before, was)
    assert DealMove.objects.get(move_id=move.move_id, kind=MoveKind.BY_HAND).undone_at is not None
    assert DealMove.objects.filter(move_id=move.move_id, kind=MoveKind.UNDONE).count() == 1
    assert_sound()


def test_a_change_of_rank_alone_is_undone(shop, person):
    first, order = make_order(shop), make_order(shop)
    before = place_of(order)
    move = drag(order, "new", person, after_deal_id=0)
    assert place_of(order)["rank"] < place_of(first)["rank"]

    crm.undo_move(move_id=move.move_id, actor=person)

    assert place_of(order) == before


def test_a_drag_on_top_of_an_order_pages_move_goes_with_it(shop, person):
    order = make_order(shop, status=Status.PROCESSING)
    before = place_of(order)
    shipped = orders.ship_order(order_id=order.pk, actor=person, carrier="own")
    drag(order, "at-pickup", person)

    crm.undo_move(move_id=shipped.move_id, actor=person)

    assert place_of(order) == before
    assert_sound()


def test_a_move_is_undone_once(shop, person):
    for slug in ("no-answer", "confirmed"):
        order = make_order(shop)
        move = drag(order, slug, person)
        crm.undo_move(move_id=move.move_id, actor=person)

        assert refused(move.move_id, person) == "already_undone"


def test_time_is_up(shop, person):
    moves = [drag(make_order(shop), slug, person).move_id for slug in ("no-answer", "confirmed")]

    with time_machine.travel(timezone.now().timestamp() + 11):
        assert {refused(move_id, person) for move_id in moves} == {"too_late"}


def test_a_shop_without_undo_has_none(person):
    shop = make_shop(undo_seconds=0)
    actor = Actor.person(make_user(shop))
    move = drag(make_order(shop), "no-answer", actor)

    assert move.undo_until is None
    assert refused(move.move_id, actor) == "too_late"


def test_a_later_move_stands_on_it(shop, person):
    order = make_order(shop)
    first = drag(order, "no-answer", person)
    drag(order, "new", person)

    assert refused(first.move_id, person) == "moved_on"


def test_the_orders_own_later_change_stands_on_it(shop, person):
    order = make_order(shop)
    first = drag(order, "no-answer", person)
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert refused(first.move_id, person) == "moved_on"


@pytest.mark.parametrize("slug", ["no-answer", "confirmed"])
def test_only_who_moved_it_or_a_supervisor_undoes_it(shop, person, slug):
    order = make_order(shop)
    move = drag(order, slug, person)
    colleague, stranger = make_user(shop), make_user(make_shop(), Role.ADMIN)
    assert refused(move.move_id, Actor.person(colleague), NotPermitted) == "not_yours"
    refused(move.move_id, Actor.person(stranger), NotPermitted)

    crm.undo_move(move_id=move.move_id, actor=Actor.person(make_user(shop, Role.SUPERVISOR)))

    assert place_of(order)["stage__slug"] == "new"


def test_an_unknown_move_is_nothing_to_undo(person):
    assert refused(uuid.uuid4(), person) == "nothing_to_undo"


def test_messages_of_an_undone_move_are_discarded(shop, person):
    order = make_order(shop)
    move = drag(order, "confirmed", person)
    waiting = Message.objects.filter(order=order)
    assert waiting.exists()

    crm.undo_move(move_id=move.move_id, actor=person)

    assert set(waiting.values_list("state", flat=True)) == {"discarded"}


def test_a_machines_change_has_no_undo(shop, person):
    order = make_order(shop)
    change = orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert refused(change.move_id, person) == "too_late"


def test_a_card_whose_order_moved_on_from_a_stage_without_status_stays(shop, person):
    order = make_order(shop)
    funnel = Deal.objects.get(order=order).funnel
    Stage.objects.create(funnel=funnel, name="Gifts", slug="gifts", position=20)
    move = drag(order, "gifts", person)
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    refused(move.move_id, person)

    assert place_of(order)["stage__slug"] == "gifts"
    assert_sound()


def test_a_card_paid_meanwhile_does_not_go_back_to_awaiting_payment(shop, person):
    order = make_order(shop, payment_method="card")
    shop.confirm_unpaid = True
    shop.save()
    move = drag(order, "confirmed", person)
    orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status="paid", notify=False)

    crm.undo_move(move_id=move.move_id, actor=person)

    assert status_of(order) == Status.NEW
    assert place_of(order)["stage__slug"] == "new"
    assert_sound()
