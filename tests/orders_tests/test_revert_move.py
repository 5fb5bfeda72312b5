"""Undo: within its time a person's move is taken back, with its stock, parcels, returns, card; the history stays."""

import pytest
import time_machine
from django.utils import timezone

from crm.models import Deal, DealMove, MoveKind
from inventory import services as inventory
from inventory.models import StockMovement
from orders import services as orders
from orders.errors import TooLateToUndo
from orders.guards import Arguments
from orders.models import Order, OrderEvent, Return, Shipment
from orders.models.history import EventKind
from orders.statuses import CancelReason, ReturnKind, ReturnState, ShipmentState, Status, Transition
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import ReserveAt, StockMaster
from shops.permissions import Role
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, counters, everything, held_for, status_events, status_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ARGUMENTS = Arguments(
    carrier="fan",
    tracking_number="A1",
    reason_code=CancelReason.OTHER,
    reason="why",
    return_kind=ReturnKind.REFUSED,
)
CHANGES = [
    (Transition.CONFIRM, Status.NEW),
    (Transition.START_PROCESSING, Status.CONFIRMED),
    (Transition.SHIP, Status.PROCESSING),
    (Transition.DELIVER, Status.SHIPPED),
    (Transition.CANCEL, Status.NEW),
    (Transition.CANCEL, Status.CONFIRMED),
    (Transition.CANCEL, Status.PROCESSING),
    (Transition.RETURN, Status.SHIPPED),
    (Transition.RETURN, Status.DELIVERED),
    (Transition.REOPEN, Status.CANCELLED),
]


def change(order, transition, person):
    return orders.change_status(
        order_id=order.pk, transition=transition, actor=Actor.person(person), arguments=ARGUMENTS
    )


def place_of(order):
    return Deal.objects.values_list("stage__slug", "rank", "stage_entered_at", "is_open").get(order=order)


def parcels_of(order):
    rows = Shipment.objects.filter(order=order).exclude(state=ShipmentState.VOIDED)
    return [(row.carrier, row.state, bool(row.handed_over_at), bool(row.delivered_at)) for row in rows]


def world(order, product):
    facts = Order.objects.values("status", "manager_id", "payment_status").get(pk=order.pk)
    return facts, held_for(order), counters(product), place_of(order), parcels_of(order)


def refused(move_id, person, error=TooLateToUndo):
    before = everything()
    with pytest.raises(error) as refusal:
        orders.revert_move(move_id=move_id, actor=Actor.person(person))
    assert everything() == before
    return refusal.value.code


@pytest.mark.parametrize("reserve_at", ReserveAt.values)
@pytest.mark.parametrize(("transition", "start"), CHANGES)
def test_undo_brings_everything_back(transition, start, reserve_at):
    shop = make_shop(reserve_at=reserve_at)
    product, person = make_product(shop, stock=5), make_user(shop)
    order = make_order(shop, lines=(make_line(product, 2),), status=start)
    before, rows = world(order, product), StockMovement.objects.count()
    done = change(order, transition, person)
    assert world(order, product) != before

    orders.revert_move(move_id=done.move_id, actor=Actor.person(person))

    assert world(order, product) == before
    assert StockMovement.objects.count() >= rows
    assert_sound()


def test_undo_keeps_both_in_the_history():
    shop = make_shop()
    order, person = make_order(shop), make_user(shop, first_name="Ion")
    done = change(order, Transition.CONFIRM, person)

    orders.revert_move(move_id=done.move_id, actor=Actor.person(person))

    confirmed = OrderEvent.objects.get(pk=done.event_id)
    undone = OrderEvent.objects.get(order=order, kind=EventKind.REVERTED)
    assert confirmed.reverted_at is not None
    assert (undone.from_status, undone.to_status, undone.actor_label) == ("confirmed", "new", "Ion")
    assert undone.notify is False


def test_all_steps_of_a_move_are_undone():
    shop = make_shop()
    product, person = make_product(shop, stock=5), make_user(shop)
    order = make_order(shop, lines=(make_line(product, 2),))
    before = world(order, product)
    steps = orders.advance_order(
        order_id=order.pk, to=Status.DELIVERED, actor=Actor.person(person), arguments=ARGUMENTS
    )

    orders.revert_move(move_id=steps[0].move_id, actor=Actor.person(person))

    assert world(order, product) == before
    reverted = order.events.filter(kind=EventKind.REVERTED).order_by("id")
    assert [event.from_status for event in reverted] == ["delivered", "shipped", "processing", "confirmed"]
    kinds = list(DealMove.objects.filter(deal__order=order).order_by("id").values_list("kind", flat=True))
    assert kinds == [MoveKind.CREATED, MoveKind.FOLLOWED, MoveKind.UNDONE]
    assert_sound()


def test_a_parcel_the_move_made_is_voided_and_a_prepared_one_is_prepared_again():
    shop = make_shop()
    person = make_user(shop)
    made, prepared = make_order(shop, status=Status.PROCESSING), make_order(shop, status=Status.PROCESSING)
    orders.add_shipment(order_id=prepared.pk, actor=SYSTEM, carrier="gls", tracking_number="G1")
    moves = [
        orders.ship_order(order_id=made.pk, actor=Actor.person(person), carrier="own").move_id,
        orders.ship_order(order_id=prepared.pk, actor=Actor.person(person)).move_id,
    ]

    for move_id in moves:
        orders.revert_move(move_id=move_id, actor=Actor.person(person))

    assert Shipment.objects.get(order=made).state == ShipmentState.VOIDED
    assert Shipment.objects.get(order=prepared).state == ShipmentState.PREPARED
    assert not Shipment.objects.get(order=prepared).lines.exists()


def test_a_cancelled_orders_parcel_is_prepared_again():
    shop = make_shop()
    order, person = make_order(shop, status=Status.PROCESSING), make_user(shop)
    orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="own")
    done = change(order, Transition.CANCEL, person)

    orders.revert_move(move_id=done.move_id, actor=Actor.person(person))

    assert Shipment.objects.get(order=order).state == ShipmentState.PREPARED


def test_a_shipped_order_can_be_shipped_again_after_undo():
    shop = make_shop()
    product, person = make_product(shop, stock=5), make_user(shop)
    order = make_order(shop, lines=(make_line(product, 2),), status=Status.PROCESSING)
    for _ in range(2):
        done = change(order, Transition.SHIP, person)
        orders.revert_move(move_id=done.move_id, actor=Actor.person(person))

    change(order, Transition.SHIP, person)

    assert counters(product) == (3, 0)
    assert Shipment.objects.filter(order=order, state=ShipmentState.HANDED_OVER).count() == 1
    assert_sound()


@pytest.mark.parametrize("master", StockMaster.values)
def test_undoing_a_shipment_waits_again_for_what_was_short(master):
    shop = make_shop(stock_master=master)
    product, person = make_product(shop, stock=2), make_user(shop)
    order = make_order(shop, lines=(make_line(product, 5),))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    orders.advance_order(order_id=order.pk, to=Status.PROCESSING, actor=SYSTEM)
    before = held_for(order), counters(product)
    done = change(order, Transition.SHIP, person)

    orders.revert_move(move_id=done.move_id, actor=Actor.person(person))

    assert (held_for(order), counters(product)) == before


def test_undoing_a_return_waits_again_for_what_was_short():
    shop = make_shop()
    product, person = make_product(shop, stock=2), make_user(shop)
    order = make_order(shop, lines=(make_line(product, 5),))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    orders.advance_order(order_id=order.pk, to=Status.SHIPPED, actor=SYSTEM, arguments=ARGUMENTS)
    before = held_for(order)
    assert before == (0, 3)
    done = change(order, Transition.RETURN, person)

    orders.revert_move(move_id=done.move_id, actor=Actor.person(person))

    assert held_for(order) == before


def test_undoing_a_cancellation_takes_what_is_left():
    shop = make_shop()
    product, person = make_product(shop, stock=1), make_user(shop)
    order = make_order(shop, lines=(make_line(product, 1),), status=Status.CONFIRMED)
    done = change(order, Transition.CANCEL, person)
    faster = make_order(shop, lines=(make_line(product, 1),))

    orders.revert_move(move_id=done.move_id, actor=Actor.person(person))

    assert (held_for(faster), held_for(order)) == ((1, 0), (0, 1))
    assert status_of(order) == Status.CONFIRMED
    assert_sound()


def test_a_received_return_cannot_be_undone():
    shop = make_shop()
    product, person = make_product(shop, stock=5), make_user(shop)
    order = make_order(shop, lines=(make_line(product, 2),), status=Status.SHIPPED)
    done = change(order, Transition.RETURN, person)
    note = Return.objects.get(order=order)
    orders.receive_return(return_id=note.pk, actor=SYSTEM, restocked={note.lines.get().pk: 2})

    assert refused(done.move_id, person) == "received"

    assert counters(product) == (5, 0)
    assert Return.objects.get(order=order).state == ReturnState.RECEIVED


def test_it_is_too_late_after_the_shops_time():
    shop = make_shop(undo_seconds=10)
    order, person = make_order(shop), make_user(shop)
    done = change(order, Transition.CONFIRM, person)

    with time_machine.travel(timezone.now().timestamp() + 11):
        assert refused(done.move_id, person) == "too_late"


def test_a_shop_may_have_no_undo():
    shop = make_shop(undo_seconds=0)
    order, person = make_order(shop), make_user(shop)

    assert refused(change(order, Transition.CONFIRM, person).move_id, person) == "too_late"


def test_a_machines_change_is_not_undone():
    shop = make_shop()
    done = orders.confirm_order(order_id=make_order(shop).pk, actor=SYSTEM)

    assert refused(done.move_id, make_user(shop, Role.SUPERVISOR)) == "too_late"


def test_only_the_latest_move_is_undone():
    shop = make_shop()
    order, person = make_order(shop), make_user(shop)
    first = change(order, Transition.CONFIRM, person)
    change(order, Transition.START_PROCESSING, person)

    assert refused(first.move_id, person) == "moved_on"


def test_moves_are_undone_from_the_last_one_back():
    shop = make_shop()
    order, person = make_order(shop), make_user(shop)
    moves = [
        change(order, step, person).move_id for step in (Transition.CONFIRM, Transition.START_PROCESSING)
    ]

    for move_id in reversed(moves):
        orders.revert_move(move_id=move_id, actor=Actor.person(person))

    assert status_of(order) == Status.NEW
    assert place_of(order)[0] == "new"
    assert_sound()


def test_a_move_is_undone_once():
    shop = make_shop()
    order, person = make_order(shop), make_user(shop)
    done = change(order, Transition.CONFIRM, person)
    orders.revert_move(move_id=done.move_id, actor=Actor.person(person))

    assert refused(done.move_id, person) == "already_undone"


def test_an_unknown_move_is_nothing_to_undo():
    assert refused("00000000-0000-4000-8000-000000000000", make_user(make_shop())) == "nothing_to_undo"


def test_a_colleague_cannot_undo_it_and_a_supervisor_can():
    shop = make_shop()
    order, person = make_order(shop), make_user(shop)
    done = change(order, Transition.CONFIRM, person)
    assert refused(done.move_id, make_user(shop), NotPermitted) == "not_yours"

    orders.revert_move(move_id=done.move_id, actor=Actor.person(make_user(shop, Role.SUPERVISOR)))

    assert status_of(order) == Status.NEW


def test_people_of_another_shop_cannot_undo():
    shop = make_shop()
    done = change(make_order(shop), Transition.CONFIRM, make_user(shop))

    refused(done.move_id, make_user(make_shop(), Role.ADMIN), NotPermitted)


def test_undo_lets_go_of_the_claim_that_confirming_made_and_of_no_other():
    shop = make_shop()
    order, person, colleague = make_order(shop), make_user(shop), make_user(shop)
    done = change(order, Transition.CONFIRM, person)
    orders.release_order(order_id=order.pk, actor=Actor.person(person))
    orders.claim_order(order_id=order.pk, actor=Actor.person(colleague))

    orders.revert_move(move_id=done.move_id, actor=Actor.person(person))

    assert Order.objects.get(pk=order.pk).manager == colleague


def test_units_that_arrived_meanwhile_do_not_disturb_undo():
    shop = make_shop()
    product, person = make_product(shop, stock=5), make_user(shop)
    order = make_order(shop, lines=(make_line(product, 2),), status=Status.PROCESSING)
    done = change(order, Transition.SHIP, person)
    inventory.receive(product_id=product.pk, quantity=3, reason="more", actor=SYSTEM)

    orders.revert_move(move_id=done.move_id, actor=Actor.person(person))

    assert counters(product) == (8, 2)
    assert [event.reverted_at is None for event in status_events(order)][-1] is False


def test_another_parcel_named_when_shipping_replaces_the_prepared_one_until_undone():
    shop = make_shop()
    mara = Actor.person(make_user(shop))
    order = make_order(shop, status=Status.PROCESSING)
    prepared = orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="OLD-1")

    change = orders.ship_order(order_id=order.pk, actor=mara, carrier="sameday", tracking_number="NEW-2")

    states = dict(Shipment.objects.filter(order=order).values_list("tracking_number", "state"))
    assert states == {"OLD-1": ShipmentState.VOIDED, "NEW-2": ShipmentState.HANDED_OVER}

    orders.revert_move(move_id=change.move_id, actor=mara)

    prepared.refresh_from_db()
    assert prepared.state == ShipmentState.PREPARED
    assert Shipment.objects.get(tracking_number="NEW-2").state == ShipmentState.VOIDED


def test_undoing_a_confirmation_voids_a_parcel_prepared_inside_the_hold():
    shop = make_shop()
    mara = Actor.person(make_user(shop))
    order = make_order(shop)
    change = orders.confirm_order(order_id=order.pk, actor=mara)
    parcel = orders.add_shipment(order_id=order.pk, actor=mara, carrier="fan", tracking_number="A-9")

    orders.revert_move(move_id=change.move_id, actor=mara)

    parcel.refresh_from_db()
    assert parcel.state == ShipmentState.VOIDED
    assert status_of(order) == Status.NEW
