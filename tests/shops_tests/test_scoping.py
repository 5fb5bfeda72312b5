"""What a person can reach: nothing unless a membership says so."""

import pytest
from django.contrib.auth.models import AnonymousUser

from shops.models import ApiKey, Membership, Shop, User
from shops.permissions import Action, Role
from shops.selectors import find_api_key, role_in_shop, roles_of, shop_ids_where, shops_of
from shops.services import create_api_key, create_shop, digest_of, revoke_api_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def shops():
    return [
        create_shop(country="RO", name="A", slug="a", order_prefix="A-"),
        create_shop(country="PL", name="B", slug="b", order_prefix="B-"),
    ]


@pytest.fixture
def user(shops):
    user = User.objects.create_user("u")
    Membership.objects.create(user=user, shop=shops[0], role=Role.MANAGER)
    return user


def test_a_member_sees_their_shops_and_no_others(shops, user):
    assert list(Shop.objects.visible_to(user)) == [shops[0]]
    assert list(shops_of(user)) == [shops[0]]


@pytest.mark.parametrize("nobody", [None, AnonymousUser(), "u", object()])
def test_anybody_else_sees_nothing(shops, nobody):
    assert not Shop.objects.visible_to(nobody).exists()
    assert not ApiKey.objects.visible_to(nobody).exists()


def test_somebody_without_membership_sees_nothing(shops):
    assert not Shop.objects.visible_to(User.objects.create_user("new")).exists()


def test_somebody_who_left_sees_nothing(shops, user):
    user.is_active = False

    assert not Shop.objects.visible_to(user).exists()


def test_an_owner_sees_every_open_shop(shops):
    shops[1].is_active = False
    shops[1].save()

    assert list(Shop.objects.visible_to(User.objects.create_superuser("owner"))) == [shops[0]]


def test_a_closed_shop_is_out_of_reach(shops, user):
    Shop.objects.update(is_active=False)

    assert not Shop.objects.visible_to(user).exists()
    assert roles_of(user) == {}


def test_rows_follow_their_shop(shops, user):
    create_api_key(shop_id=shops[0].pk, name="mine")
    create_api_key(shop_id=shops[1].pk, name="theirs")

    assert [key.name for key in ApiKey.objects.visible_to(user)] == ["mine"]


def test_roles_are_read_per_shop(shops, user):
    Membership.objects.create(user=user, shop=shops[1], role=Role.WAREHOUSE)

    assert roles_of(user) == {shops[0].pk: Role.MANAGER, shops[1].pk: Role.WAREHOUSE}
    assert role_in_shop(user_id=user.pk, shop_id=shops[1].pk) == Role.WAREHOUSE
    assert role_in_shop(user_id=None, shop_id=shops[1].pk) is None
    assert shop_ids_where(user, Action.CHANGE_STOCK) == [shops[1].pk]


def test_a_key_is_stored_as_a_digest_only(shops):
    key = create_api_key(shop_id=shops[0].pk, name="till")

    row = ApiKey.objects.values().get()
    assert row["digest"] == digest_of(key)
    assert key.startswith(row["prefix"])
    assert not any(key in str(value) for value in row.values())


def test_a_key_opens_until_it_is_revoked_or_its_shop_closes(shops):
    first, second = (create_api_key(shop_id=shop.pk, name="till") for shop in shops)
    assert find_api_key(digest_of(first)).shop == shops[0]

    revoke_api_key(key_id=ApiKey.objects.get(digest=digest_of(first)).pk)
    Shop.objects.filter(pk=shops[1].pk).update(is_active=False)

    assert find_api_key(digest_of(first)) is None
    assert find_api_key(digest_of(second)) is None
    assert find_api_key(digest_of("oms_guess")) is None


def test_a_key_cannot_be_made_without_its_service(shops):
    with pytest.raises(ValueError, match="create_api_key"):
        ApiKey.objects.create(shop=shops[0], name="till", prefix="oms_")

    assert not ApiKey.objects.exists()
