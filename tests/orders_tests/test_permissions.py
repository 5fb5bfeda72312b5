"""Who may change an order: the role in its shop decides, then the colleague's claim; refusals write nothing."""

import pytest

from orders import services as orders
from orders.errors import AlreadyDone, OrderError
from orders.guards import Arguments
from orders.models import Order
from orders.selectors import ACTION_OF_TRANSITION, actions_for, facts_of
from orders.statuses import CancelReason, ReturnKind, Status, Transition
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import ClaimVisibility, Membership
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user
from tests.state import everything, status_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ARGUMENTS = Arguments(
    carrier="own",
    reason_code=CancelReason.CUSTOMER,
    reason="because",
    return_kind=ReturnKind.REFUSED,
)
START = {
    Transition.CONFIRM: Status.NEW,
    Transition.START_PROCESSING: Status.CONFIRMED,
    Transition.SHIP: Status.PROCESSING,
    Transition.DELIVER: Status.SHIPPED,
    Transition.CANCEL: Status.NEW,
    Transition.RETURN: Status.SHIPPED,
    Transition.REOPEN: Status.CANCELLED,
}
WAREHOUSE_MAY = {Transition.START_PROCESSING, Transition.SHIP, Transition.DELIVER, Transition.RETURN}


def change(order, transition, person):
    return orders.change_status(
        order_id=order.pk, transition=transition, actor=Actor.person(person), arguments=ARGUMENTS
    )


def refused(error, call):
    before = everything()
    with pytest.raises(error) as refusal:
        call()
    assert everything() == before
    return refusal.value


@pytest.mark.parametrize("transition", Transition.values)
def test_managers_may_make_every_change(transition):
    shop = make_shop()
    order = make_order(shop, status=START[transition])

    change(order, transition, make_user(shop, Role.MANAGER))

    assert status_of(order) != START[transition]


@pytest.mark.parametrize("transition", Transition.values)
def test_the_warehouse_picks_ships_and_takes_back_and_no_more(transition):
    shop = make_shop()
    order, packer = make_order(shop, status=START[transition]), make_user(shop, Role.WAREHOUSE)

    if transition in WAREHOUSE_MAY:
        change(order, transition, packer)
        assert status_of(order) != START[transition]
    else:
        refused(NotPermitted, lambda: change(order, transition, packer))


@pytest.mark.parametrize("transition", Transition.values)
def test_people_of_another_shop_may_nothing(transition):
    order = make_order(status=START[transition])
    stranger = make_user(make_shop(), Role.ADMIN)

    refused(NotPermitted, lambda: change(order, transition, stranger))


def test_permission_comes_before_the_guard():
    shop = make_shop()
    order = make_order(shop, payment_method="card")
    packer = make_user(shop, Role.WAREHOUSE)

    refused(NotPermitted, lambda: change(order, Transition.CONFIRM, packer))


def test_somebody_who_left_may_nothing():
    shop = make_shop()
    person = make_user(shop)
    order = make_order(shop)
    Membership.objects.filter(user=person).delete()

    refused(NotPermitted, lambda: change(order, Transition.CONFIRM, person))


def test_a_switched_off_person_may_nothing():
    shop = make_shop()
    person = make_user(shop, is_active=False)

    order = make_order(shop)

    refused(NotPermitted, lambda: change(order, Transition.CONFIRM, person))


def test_a_key_of_another_shop_may_nothing():
    order, other = make_order(), make_shop()

    refused(
        NotPermitted,
        lambda: orders.confirm_order(order_id=order.pk, actor=Actor.key("their key", other.pk)),
    )


def test_buttons_are_those_of_the_role():
    facts = facts_of(make_order().pk)

    assert {state.transition for state in actions_for(facts, Role.WAREHOUSE)} == WAREHOUSE_MAY
    assert {state.transition for state in actions_for(facts, Role.MANAGER)} == set(ACTION_OF_TRANSITION)
    assert actions_for(facts, None) == []


def test_a_button_says_why_it_is_off_and_a_form_is_no_refusal():
    facts = facts_of(make_order(payment_method="card", status=Status.NEW).pk)

    states = {state.transition: state for state in actions_for(facts, Role.MANAGER)}

    assert states[Transition.CONFIRM].refusal.code == "not_paid"
    assert (states[Transition.CANCEL].refusal, states[Transition.CANCEL].form) == (None, "cancel")
    assert states[Transition.SHIP].refusal.code == "wrong_status"


def claimed_order(visibility):
    shop = make_shop(claim_visibility=visibility)
    owner = make_user(shop, first_name="Ioana", last_name="Pop")
    order = make_order(shop)
    orders.claim_order(order_id=order.pk, actor=Actor.person(owner))
    return order, owner, shop


@pytest.mark.parametrize("visibility", [ClaimVisibility.READ_ONLY, ClaimVisibility.HIDDEN])
def test_a_claim_keeps_colleagues_out(visibility):
    order, _owner, shop = claimed_order(visibility)
    colleague = make_user(shop)

    refusal = refused(OrderError, lambda: change(order, Transition.CONFIRM, colleague))

    assert refusal.code == "claimed"
    assert "Ioana Pop" in refusal.sentence


@pytest.mark.parametrize("visibility", ClaimVisibility.values)
def test_the_claim_never_stops_its_owner_a_supervisor_or_a_machine(visibility):
    for actor_of in (
        lambda owner, shop: Actor.person(owner),
        lambda owner, shop: Actor.person(make_user(shop, Role.SUPERVISOR)),
        lambda owner, shop: SYSTEM,
    ):
        order, owner, shop = claimed_order(visibility)

        orders.confirm_order(order_id=order.pk, actor=actor_of(owner, shop))

        assert status_of(order) == Status.CONFIRMED


def test_a_visible_claim_stops_nobody():
    order, _owner, shop = claimed_order(ClaimVisibility.VISIBLE)

    change(order, Transition.CONFIRM, make_user(shop))

    assert status_of(order) == Status.CONFIRMED


@pytest.mark.parametrize("visibility", ClaimVisibility.values)
def test_the_warehouse_picks_claimed_orders(visibility):
    order, owner, shop = claimed_order(visibility)
    change(order, Transition.CONFIRM, owner)

    change(order, Transition.START_PROCESSING, make_user(shop, Role.WAREHOUSE))

    assert status_of(order) == Status.PROCESSING


def test_hidden_claims_are_seen_by_owner_leaders_and_the_warehouse_only():
    order, owner, shop = claimed_order(ClaimVisibility.HIDDEN)
    change(order, Transition.CONFIRM, owner)
    people = {role: make_user(shop, role) for role in Role.values}

    sees = {role: Order.objects.visible_to(person).exists() for role, person in people.items()}

    assert sees == {"admin": True, "supervisor": True, "manager": False, "warehouse": True}
    assert Order.objects.visible_to(owner).exists()


def test_the_warehouse_sees_orders_from_confirmed_on():
    shop = make_shop()
    packer = make_user(shop, Role.WAREHOUSE)
    made = {status: make_order(shop, status=status).pk for status in Status}

    seen = set(Order.objects.visible_to(packer).values_list("pk", flat=True))

    assert seen == {pk for status, pk in made.items() if status not in (Status.NEW, Status.CANCELLED)}


def test_the_first_claim_wins_and_names_who_has_it():
    order, _owner, shop = claimed_order(ClaimVisibility.VISIBLE)
    second = Actor.person(make_user(shop))

    refusal = refused(AlreadyDone, lambda: orders.claim_order(order_id=order.pk, actor=second))

    assert "Ioana Pop" in refusal.sentence


def test_claiming_ones_own_order_again_changes_nothing():
    order, owner, _shop = claimed_order(ClaimVisibility.VISIBLE)
    before = everything()

    assert orders.claim_order(order_id=order.pk, actor=Actor.person(owner)) is False
    assert everything() == before


def test_a_supervisor_takes_over():
    order, _owner, shop = claimed_order(ClaimVisibility.VISIBLE)
    supervisor = make_user(shop, Role.SUPERVISOR)

    assert orders.claim_order(order_id=order.pk, actor=Actor.person(supervisor)) is True

    assert Order.objects.get(pk=order.pk).manager == supervisor


def test_machines_do_not_claim():
    order = make_order()

    refused(OrderError, lambda: orders.claim_order(order_id=order.pk, actor=SYSTEM))


def test_only_the_owner_or_a_supervisor_releases():
    order, owner, shop = claimed_order(ClaimVisibility.VISIBLE)
    colleague = Actor.person(make_user(shop))
    refusal = refused(OrderError, lambda: orders.release_order(order_id=order.pk, actor=colleague))
    assert refusal.code == "not_yours"

    assert orders.release_order(order_id=order.pk, actor=Actor.person(owner)) is True
    assert orders.release_order(order_id=order.pk, actor=Actor.person(owner)) is False

    released = Order.objects.get(pk=order.pk)
    assert (released.manager, released.claimed_at) == (None, None)
