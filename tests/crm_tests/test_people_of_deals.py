"""Handing deals over, tags, and what a colleague's claim hides: on every way to a deal, for every role."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm import services
from crm.models import BoardChange, CustomerTag, Deal, DealComment, Funnel, Stage, Tag
from crm.page_selectors.customer_panel import customer_panel
from crm.selectors.changes import changes_since
from notifications.models import Message
from orders import services as orders
from orders.models import Customer, Order
from orders.search import search_orders
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.models import ClaimVisibility, Shop, User
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user

pytestmark = pytest.mark.django_db


def lead_of(shop: Shop, **fields: object) -> Deal:
    """A deal without an order."""
    funnel = Funnel.objects.filter(shop=shop).exclude(is_default=True).get()
    stage = Stage.objects.filter(funnel=funnel).order_by("position").first()
    assert stage is not None
    values = {"title": "20 mugs", "currency": shop.currency} | fields
    return Deal.objects.create(funnel=funnel, stage=stage, **values)


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_deal_without_an_order_is_handed_over_and_the_colleague_told() -> None:
    shop = make_shop()
    mara = make_user(shop)
    dan = make_user(shop, first_name="Dan", last_name="Pop", email="dan@example.com")
    deal = lead_of(shop, manager=mara)

    services.hand_over_deal(deal_id=deal.pk, to_user_id=dan.pk, actor=Actor.person(mara), note="Urgent")

    assert Deal.objects.get(pk=deal.pk).manager == dan
    assert "Dan Pop" in DealComment.objects.get(deal=deal).text
    assert Message.objects.filter(recipient="dan@example.com", body__contains="Urgent").exists()


def test_a_deal_without_an_order_stays_with_who_has_it() -> None:
    shop = make_shop()
    mara, dan, packer = make_user(shop), make_user(shop), make_user(shop, Role.WAREHOUSE)
    deal = lead_of(shop, manager=mara)

    with pytest.raises(DomainError, match="already works"):
        services.hand_over_deal(deal_id=deal.pk, to_user_id=dan.pk, actor=Actor.person(dan))
    with pytest.raises(DomainError):
        services.hand_over_deal(deal_id=deal.pk, to_user_id=packer.pk, actor=Actor.person(mara))

    assert Deal.objects.get(pk=deal.pk).manager == mara
    assert not DealComment.objects.exists()


def test_the_page_says_who_handed_it_over() -> None:
    shop = make_shop(language="en")
    mara, dan = make_user(shop, first_name="Mara", last_name="Ilie"), make_user(shop)
    order = make_order(shop)
    page = f"/deals/{Deal.objects.get(order=order).pk}/"
    client = sign_in(mara)

    answer = client.post(f"{page}hand-over/", {"to": dan.pk, "note": "Hungarian"})
    html = sign_in(dan).get(page).content.decode()

    assert (answer.status_code, answer["Location"]) == (303, page)
    assert "Mara Ilie handed this to you" in html and "Hungarian" in html
    assert "handed this to you" not in client.get(page).content.decode()


def test_tags_are_one_word_however_it_is_typed() -> None:
    shop = make_shop()
    actor = Actor.person(make_user(shop))
    order = make_order(shop)
    deal = Deal.objects.get(order=order)

    first, _is_new = services.tag_deal(deal_id=deal.pk, actor=actor, name="  Țară   străină ")
    again, _is_new = services.tag_customer(customer_id=order.customer_id, actor=actor, name="tara STRAINA")

    assert first == again == Tag.objects.get() == deal.tags.get()
    assert first.name == "Țară străină"
    assert CustomerTag.objects.get().tag == first
    assert services.remove_unused_tags(shop_id=shop.pk, actor=SYSTEM) == 0
    assert services.untag_deal(deal_id=deal.pk, tag_id=first.pk, actor=actor)
    assert services.untag_customer(customer_id=order.customer_id, tag_id=first.pk, actor=actor)
    assert services.remove_unused_tags(shop_id=shop.pk, actor=SYSTEM) == 1
    assert not Tag.objects.exists()


def test_a_second_time_is_told_from_the_first() -> None:
    shop = make_shop()
    actor = Actor.person(make_user(shop))
    order = make_order(shop)
    deal = Deal.objects.get(order=order)

    on_deal = [services.tag_deal(deal_id=deal.pk, actor=actor, name=name)[1] for name in ("VIP", "vip")]
    on_customer = [
        services.tag_customer(customer_id=order.customer_id, actor=actor, name=name)[1]
        for name in ("VIP", "vip")
    ]

    assert on_deal == on_customer == [True, False]


def test_a_customers_tag_is_told_to_all_open_boards_in_one_write() -> None:
    shop = make_shop()
    actor = Actor.person(make_user(shop))
    order = make_order(shop)
    closed = Deal.objects.get(order=make_order(shop, status="delivered"))
    customer = order.customer_id
    services.tag_customer(customer_id=customer, actor=actor, name="First")
    with CaptureQueriesContext(connection) as one:
        services.tag_customer(customer_id=customer, actor=actor, name="Second")
    open_deals = [Deal.objects.get(order=order), *(lead_of(shop, customer_id=customer) for _ in range(4))]
    Deal.objects.filter(pk=closed.pk).update(customer=customer)
    BoardChange.objects.all().delete()

    with CaptureQueriesContext(connection) as five:
        services.tag_customer(customer_id=customer, actor=actor, name="Third")

    told = set(BoardChange.objects.values_list("funnel", "deal"))
    assert told == {(deal.funnel_id, deal.pk) for deal in open_deals}
    assert len(five) == len(one)


@pytest.mark.parametrize(("name", "colour"), [("", ""), (" \x00 ", ""), ("x" * 41, ""), ("x", "red")])
def test_what_is_no_tag_is_refused(name: str, colour: str) -> None:
    order = make_order()
    deal = Deal.objects.get(order=order)

    with pytest.raises(DomainError):
        services.tag_deal(deal_id=deal.pk, actor=SYSTEM, name=name, colour=colour)

    assert not Tag.objects.exists()


def test_the_warehouse_tags_no_customers() -> None:
    order = make_order()
    packer = Actor.person(make_user(order.shop, Role.WAREHOUSE))

    with pytest.raises(NotPermitted):
        services.tag_customer(customer_id=order.customer_id, actor=packer, name="VIP")

    assert not Tag.objects.exists()


def ways_to(user: User, order: Order, deal: Deal) -> dict[str, bool]:
    """On which ways the person comes to the order."""
    funnel = deal.funnel
    found = changes_since(user, funnel, cursor=0, seen=[])
    client = sign_in(user)
    board = client.get(f"/board/{funnel.slug}/?whose=").content.decode()
    other = make_order(order.shop)
    panel = customer_panel(user, other.customer_id, Role.MANAGER)
    assert panel is not None
    return {
        "page": client.get(f"/deals/{deal.pk}/").status_code == 200,
        "changes": client.get(f"/deals/{deal.pk}/changes/").status_code == 200,
        "timeline": client.get(f"/deals/{deal.pk}/timeline/").status_code == 303,
        "edit": client.get(f"/deals/{deal.pk}/edit/notes/").status_code != 404
        or client.get(f"/deals/{deal.pk}/hand-over/").status_code == 200,
        "board": f'data-deal="{deal.pk}"' in board,
        "live": found is not None and deal.pk in {card.deal.pk for card in found.cards},
        "search": search_orders(Order.objects.visible_to(user), order.number).filter(pk=order.pk).exists(),
        "list": f"/orders/{order.number}/" in client.get("/orders/").content.decode(),
        "panel": order.pk in {row.pk for row in panel.orders},
        "messages": any(row.order_id == order.pk for row in panel.messages),
    }


@pytest.mark.parametrize(
    ("visibility", "role", "sees"),
    [
        (ClaimVisibility.VISIBLE, Role.MANAGER, True),
        (ClaimVisibility.READ_ONLY, Role.MANAGER, True),
        (ClaimVisibility.HIDDEN, Role.MANAGER, False),
        (ClaimVisibility.HIDDEN, Role.SUPERVISOR, True),
        (ClaimVisibility.HIDDEN, Role.ADMIN, True),
    ],
)
def test_a_claim_hides_an_order_on_every_way_or_on_none(visibility: str, role: str, sees: bool) -> None:
    shop = make_shop(claim_visibility=visibility)
    order = make_order(shop, notify=True)
    deal = Deal.objects.select_related("funnel").get(order=order)
    orders.claim_order(order_id=order.pk, actor=Actor.person(make_user(shop)))

    ways = ways_to(make_user(shop, role), order, deal)

    assert ways == dict.fromkeys(ways, sees)


def test_the_warehouse_sees_claimed_orders_but_no_deal_before_its_order() -> None:
    shop = make_shop(claim_visibility=ClaimVisibility.HIDDEN)
    mara = make_user(shop)
    order, lead = make_order(shop, status="confirmed"), lead_of(shop)
    orders.claim_order(order_id=order.pk, actor=Actor.person(mara))
    client = sign_in(make_user(shop, Role.WAREHOUSE))

    seen = client.get(f"/deals/{Deal.objects.get(order=order).pk}/")

    assert seen.status_code == 200
    assert client.get(f"/deals/{lead.pk}/").status_code == 404


def test_a_claimed_deal_without_an_order_is_hidden_like_an_order() -> None:
    shop = make_shop(claim_visibility=ClaimVisibility.HIDDEN)
    mara, dan, boss = make_user(shop), make_user(shop), make_user(shop, Role.SUPERVISOR)
    lead = lead_of(shop, manager=mara)

    seen = [Deal.objects.visible_to(user).filter(pk=lead.pk).exists() for user in (mara, dan, boss)]

    assert seen == [True, False, True]


def test_the_customer_page_keeps_tags_and_the_personal_manager() -> None:
    shop = make_shop(language="en")
    mara = make_user(shop, first_name="Mara", last_name="Ilie")
    order = make_order(shop, notify=True)
    client, url = sign_in(mara), f"/customers/{order.customer_id}/"

    client.post(f"{url}tags/", {"name": "VIP"})
    client.post(f"{url}manager/", {"person": mara.pk, "with_open_orders": "on"})
    client.post(f"{url}note/", {"note": "Kind", "seen": ""})
    stale = client.post(f"{url}note/", {"note": "Rude", "seen": ""})
    html = client.get(url).content.decode()

    assert stale.status_code == 422
    assert "A colleague changed this note meanwhile" in stale.content.decode()
    assert stale.context["form"]["note"].value() == "Rude"
    assert "VIP" in html and "Mara Ilie" in html and "Kind" in html and "Rude" not in html
    assert Customer.objects.get(pk=order.customer_id).manager == mara
    assert Order.objects.get(pk=order.pk).manager == mara
