"""Who may do what: the matrix, and how actors are judged by it."""

import pytest

from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Membership, User
from shops.permissions import MATRIX, Action, Role, is_permitted, require, role_allows
from shops.services import create_shop

LEADERS_ONLY = {
    Action.TAKE_OVER,
    Action.RETRY_IMPORT,
    Action.EDIT_PRODUCT,
    Action.EDIT_MESSAGES,
    Action.MANAGE_FUNNELS,
}
WAREHOUSE = {
    *(Action.VIEW_ORDERS, Action.PROCESS, Action.SHIP, Action.DELIVER, Action.RETURN, Action.MOVE_DEAL),
    *(Action.CLAIM, Action.COMMENT, Action.VIEW_STOCK, Action.CHANGE_STOCK),
}


@pytest.fixture
def shop():
    return create_shop(country="RO", name="Shop", slug="shop", order_prefix="RO-")


@pytest.fixture
def other():
    return create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")


def member(shop, role, **fields):
    user = User.objects.create_user(f"{role}", **fields)
    Membership.objects.create(user=user, shop=shop, role=role)
    return user


@pytest.mark.parametrize("action", list(Action))
def test_the_matrix_says_who_may(action):
    allowed = {role for role in Role if role_allows(role, action)}

    expected = {Role.ADMIN}
    if action != Action.VIEW_SECRETS:
        expected.add(Role.SUPERVISOR)
    if action not in LEADERS_ONLY | {Action.VIEW_SECRETS, Action.CHANGE_STOCK}:
        expected.add(Role.MANAGER)
    if action in WAREHOUSE:
        expected.add(Role.WAREHOUSE)
    assert allowed == expected


def test_no_role_and_unknown_roles_may_nothing():
    assert set(MATRIX) == set(Role)
    assert not any(role_allows(role, action) for role in (None, "", "boss") for action in Action)


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(Role))
def test_a_person_is_judged_by_their_role_in_this_shop(shop, other, role):
    actor = Actor.person(member(shop, role))

    assert {action for action in Action if is_permitted(actor, shop_id=shop.pk, action=action)} == MATRIX[
        role
    ]
    assert not any(is_permitted(actor, shop_id=other.pk, action=action) for action in Action)


@pytest.mark.django_db
def test_somebody_who_left_may_nothing(shop):
    actor = Actor.person(member(shop, Role.ADMIN, is_active=False))

    assert not is_permitted(actor, shop_id=shop.pk, action=Action.VIEW_ORDERS)


@pytest.mark.django_db
def test_an_owner_may_everything_everywhere(shop, other):
    actor = Actor.person(User.objects.create_superuser("owner"))

    for place in (shop, other):
        assert all(is_permitted(actor, shop_id=place.pk, action=action) for action in Action)


@pytest.mark.django_db
@pytest.mark.parametrize("make", [Actor.key, Actor.source])
def test_a_machine_is_bound_to_its_shop_and_sees_no_secrets(shop, other, make):
    actor = make("machine", shop.pk)

    assert is_permitted(actor, shop_id=shop.pk, action=Action.PLACE_ORDER)
    assert not is_permitted(actor, shop_id=shop.pk, action=Action.VIEW_SECRETS)
    assert not is_permitted(actor, shop_id=other.pk, action=Action.PLACE_ORDER)


@pytest.mark.django_db
def test_a_customer_may_nothing_here(shop):
    assert not any(
        is_permitted(Actor("customer", "Ana"), shop_id=shop.pk, action=action) for action in Action
    )


@pytest.mark.django_db
def test_the_refusal_says_which_action_and_whom_to_ask(shop):
    actor = Actor.person(member(shop, Role.WAREHOUSE))

    with pytest.raises(NotPermitted) as refusal:
        require(actor, shop_id=shop.pk, action=Action.CANCEL)

    assert refusal.value.code == "not_permitted"
    assert "Cancel orders" in str(refusal.value)
    require(actor, shop_id=shop.pk, action=Action.SHIP)
