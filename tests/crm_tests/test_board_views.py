"""Saved views: whose they are, who sees and changes them, and the one a board opens with."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from crm.models import DefaultView, Funnel, SavedView
from crm.selectors.views import views_of
from crm.services import views
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.models import Shop, User
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def shop() -> Shop:
    return make_shop(language="en")


@pytest.fixture
def user(shop: Shop) -> User:
    return make_user(shop, language="en")


def saved(user: User, shop: Shop, name: str = "COD", query: str = "pay=cod", **fields: object) -> SavedView:
    funnel = Funnel.objects.get(shop=shop, is_default=True)
    wanted = {"shop_id": shop.pk, "page": "board", "funnel_id": funnel.pk, "name": name, "query": query}
    return views.save_view(**(wanted | fields), actor=Actor.person(user))  # type: ignore[arg-type]


def names(user: User, shop: Shop) -> list[str]:
    funnel = Funnel.objects.get(shop=shop, is_default=True)
    return [row.name for row in views_of(user, "board", shop_id=shop.pk, funnel_id=funnel.pk)]


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def board_url(shop: Shop, query: str = "") -> str:
    return f"/board/{Funnel.objects.get(shop=shop, is_default=True).slug}/{query}"


def test_only_filters_are_kept_and_the_same_name_is_replaced(shop: Shop, user: User) -> None:
    saved(user, shop, query="?pay=cod&tag=&after=12&view=all&cursor=3")
    saved(user, shop, name="  COD ", query="pay=paid")

    assert [(view.name, view.query) for view in SavedView.objects.all()] == [("COD", "pay=paid")]
    assert views.clean_query("?pay=cod&tag=&after=12&view=all&cursor=3") == "pay=cod"


def test_a_personal_view_is_its_owners_until_it_is_shared(shop: Shop, user: User) -> None:
    view, colleague, stranger = saved(user, shop), make_user(shop), make_user(make_shop())

    before = names(colleague, shop)
    views.share_view(view_id=view.pk, is_shared=True, actor=Actor.person(user))

    assert (before, names(colleague, shop), names(user, shop)) == ([], ["COD"], ["COD"])
    assert names(stranger, shop) == []


def test_a_colleague_changes_no_view_but_who_leads_the_shop_does(shop: Shop, user: User) -> None:
    view, colleague = saved(user, shop, is_shared=True), make_user(shop)

    with pytest.raises(NotPermitted):
        views.delete_view(view_id=view.pk, actor=Actor.person(colleague))
    with pytest.raises(NotPermitted):
        views.share_view(view_id=view.pk, is_shared=False, actor=Actor.person(colleague))
    assert SavedView.objects.filter(is_shared=True).exists()
    views.delete_view(view_id=view.pk, actor=Actor.person(make_user(shop, Role.SUPERVISOR)))

    assert not SavedView.objects.exists()


def test_what_is_no_longer_shared_opens_nobody_elses_board(shop: Shop, user: User) -> None:
    view, colleague = saved(user, shop, is_shared=True), make_user(shop)
    for person in (user, colleague):
        views.choose_default_view(shop_id=shop.pk, page="board", view_id=view.pk, actor=Actor.person(person))

    views.share_view(view_id=view.pk, is_shared=False, actor=Actor.person(user))

    assert list(DefaultView.objects.values_list("user_id", flat=True)) == [user.pk]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "  "}, "empty"),
        ({"name": "x" * 61}, "too_long"),
        ({"query": "tag=" + "x" * 1000}, "too_long"),
    ],
)
def test_it_refuses_what_cannot_be_kept(shop: Shop, user: User, fields: dict[str, str], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        saved(user, shop, **fields)

    assert refused.value.code == code
    assert not SavedView.objects.exists()


def test_strangers_save_nothing_and_choose_nothing(shop: Shop, user: User) -> None:
    view, stranger = saved(user, shop), make_user(make_shop())
    foreign_board = Funnel.objects.get(shop=make_shop(), is_default=True)

    with pytest.raises(NotPermitted):
        saved(stranger, shop)
    with pytest.raises(DomainError):
        saved(user, shop, name="Foreign", funnel_id=foreign_board.pk)
    with pytest.raises(DomainError):
        views.choose_default_view(
            shop_id=shop.pk, page="board", view_id=view.pk, actor=Actor.person(make_user(shop))
        )

    assert (SavedView.objects.count(), DefaultView.objects.count()) == (1, 0)


def test_the_default_opens_with_the_board_and_all_is_a_link_away(shop: Shop, user: User) -> None:
    make_order(shop)
    view, client = saved(user, shop), sign_in(user)

    before = client.get(board_url(shop)).status_code
    client.post(f"/views/{view.pk}/", {"do": "default"})
    opened = client.get(board_url(shop))
    everything = client.get(board_url(shop, "?view=all"))

    assert before == 200
    assert (opened.status_code, opened["Location"]) == (302, board_url(shop, "?pay=cod"))
    assert everything.status_code == 200
    assert "?view=all" in client.get(board_url(shop, "?pay=cod")).content.decode()


def test_the_menu_saves_what_is_shown(shop: Shop, user: User) -> None:
    client = sign_in(user)
    fields = {"page": "board", "shop": shop.slug, "name": "Big", "query": "from=500", "is_shared": "on"}

    answer = client.post("/views/", fields | {"next": board_url(shop, "?from=500"), "is_default": "on"})

    assert (answer.status_code, answer["Location"]) == (303, board_url(shop, "?from=500"))
    assert SavedView.objects.get().is_shared
    assert DefaultView.objects.get().user == user
    assert client.post("/views/", fields | {"next": "https://elsewhere.example/"})["Location"] == "/"
    assert client.post("/views/", fields | {"page": "moon"}).status_code == 404
    assert client.post(f"/views/{SavedView.objects.get().pk}/", {"do": "paint"}).status_code == 404


def test_somebody_elses_personal_view_is_not_there(shop: Shop, user: User) -> None:
    view = saved(user, shop)

    answer = sign_in(make_user(shop)).post(f"/views/{view.pk}/", {"do": "delete"})

    assert answer.status_code == 404
    assert SavedView.objects.exists()


def test_many_views_cost_what_one_costs(
    shop: Shop, user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(user)
    saved(user, shop, name="0")
    client.get(board_url(shop))

    for number in range(8):
        saved(user, shop, name=str(number))

    with django_assert_num_queries(12):
        client.get(board_url(shop))
