"""The board's filters: each narrows cards, counts and sums alike, stands in the address, and goes by a link."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from crm.models import CustomerTag, Deal, Funnel, Tag
from crm.selectors.changes import latest_change
from crm.services import reminders
from orders import services as orders
from orders.models import Order
from shops.actors import Actor
from shops.models import Shop, User
from tests.factories import ADDRESS, PAID, make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def board_url(shop: Shop, query: str = "") -> str:
    return f"/board/{Funnel.objects.get(shop=shop, is_default=True).slug}/{query}"


def cards_in(html: str) -> set[str]:
    return set(re.findall(r'data-order="([^"]+)"', html))


def somebody(shop: Shop, number: int, **fields: Any) -> Order:
    """An order of a customer of its own."""
    address = replace(
        ADDRESS, name=f"Person {number}", phone=f"072200000{number}", email=f"p{number}@example.com"
    )
    return make_order(shop, shipping=address, **fields)


@pytest.fixture
def shop() -> Shop:
    return make_shop(language="en")


@pytest.fixture
def user(shop: Shop) -> User:
    return make_user(shop, language="en")


def shown(user: User, shop: Shop, query: str) -> set[str]:
    return cards_in(sign_in(user).get(board_url(shop, query)).content.decode())


def test_a_colleagues_cards(shop: Shop, user: User) -> None:
    colleague = make_user(shop, first_name="Ana", last_name="Pop")
    theirs, _free = somebody(shop, 1), somebody(shop, 2)
    orders.claim_order(order_id=theirs.pk, actor=Actor.person(colleague))

    html = sign_in(user).get(board_url(shop, f"?whose={colleague.pk}")).content.decode()

    assert cards_in(html) == {theirs.number}
    assert "Remove the filter: Ana Pop" in html


def test_payment(shop: Shop, user: User) -> None:
    cod, paid = somebody(shop, 1), somebody(shop, 2, **PAID)
    unpaid = somebody(shop, 3, payment_method="transfer")
    failed = somebody(shop, 4, payment_method="card", payment_status="failed")

    assert shown(user, shop, "?pay=cod") == {cod.number}
    assert shown(user, shop, "?pay=paid") == {paid.number}
    assert shown(user, shop, "?pay=unpaid") == {unpaid.number, failed.number}
    assert shown(user, shop, "?pay=failed") == {failed.number}


def test_source_amount_and_time_in_the_stage(shop: Shop, user: User) -> None:
    product = make_product(shop, price=Decimal("50.00"))
    web, small = somebody(shop, 1, source="api", lines=(make_line(product, 3),)), somebody(shop, 2)
    Deal.objects.filter(order=small).update(stage_entered_at=timezone.now() - timedelta(hours=5))

    assert shown(user, shop, "?source=api") == {web.number}
    assert shown(user, shop, "?from=100") == {web.number}
    assert shown(user, shop, "?to=99,50") == {small.number}
    assert shown(user, shop, "?from=5&to=150") == {web.number, small.number}
    assert shown(user, shop, "?age=4h") == {small.number}
    assert shown(user, shop, "?age=1d") == set()


def test_late(shop: Shop, user: User) -> None:
    late, _fresh = somebody(shop, 1), somebody(shop, 2)
    Deal.objects.filter(order=late).update(stage_entered_at=timezone.now() - timedelta(days=9))

    assert shown(user, shop, "?age=late") == {late.number} == shown(user, shop, "?show=late")


def test_a_tag_of_the_deal_or_of_its_customer(shop: Shop, user: User) -> None:
    own, customers, other = (somebody(shop, number) for number in (1, 2, 3))
    tag, gift = (Tag.objects.create(shop=shop, name=name, colour="#123456") for name in ("VIP", "Gift"))
    Deal.objects.get(order=own).tags.add(tag)
    CustomerTag.objects.create(customer=customers.customer, tag=tag)
    Deal.objects.get(order=other).tags.add(gift)

    html = sign_in(user).get(board_url(shop, "?tag=VIP")).content.decode()

    assert cards_in(html) == {own.number, customers.number}
    assert html.count('fill="#123456"') == 2


def test_a_product_by_its_name_or_sku(shop: Shop, user: User) -> None:
    vase = make_product(shop, name="Vază stejar", sku="VZ-30")
    found, _other = somebody(shop, 1, lines=(make_line(vase),)), somebody(shop, 2)

    assert shown(user, shop, "?product=vaza") == {found.number}
    assert shown(user, shop, "?product=vz-30") == {found.number}
    assert shown(user, shop, "?product=chair") == set()


def test_the_colour_of_a_reminder(shop: Shop, user: User) -> None:
    due, ahead, _none = (somebody(shop, number) for number in (1, 2, 3))
    for order, hours in ((due, -3), (ahead, 3)):
        reminder = reminders.set_reminder(
            deal_id=Deal.objects.get(order=order).pk,
            person_id=user.pk,
            due_at=timezone.now() + timedelta(hours=5),
            note="call",
            actor=Actor.person(user),
        )
        type(reminder).objects.filter(pk=reminder.pk).update(due_at=timezone.now() + timedelta(hours=hours))

    assert shown(user, shop, "?reminder=red") == {due.number} == shown(user, shop, "?show=due")
    assert shown(user, shop, "?reminder=green") == {ahead.number}


def test_counts_and_sums_are_of_what_is_left(shop: Shop, user: User) -> None:
    cod = somebody(shop, 1)
    somebody(shop, 2, **PAID)

    html = sign_in(user).get(board_url(shop, "?pay=cod")).content.decode()
    head = html[html.index('id="column-head-new"') :].partition("</header>")[0]

    assert re.search(r'column-count"[^>]*>1<', head)
    assert "10.00" in head
    assert cards_in(html) == {cod.number}


def test_filters_join_and_each_goes_by_a_link(shop: Shop, user: User) -> None:
    somebody(shop, 1)

    html = (
        sign_in(user).get(board_url(shop, "?pay=cod&from=5&whose=unclaimed&open=cancelled")).content.decode()
    )
    links = dict(re.findall(r'href="([^"]+)" aria-label="Remove the filter: ([^"]+)"', html))

    assert set(links.values()) == {"cash on delivery", "from 5"}
    without_payment = next(url for url, label in links.items() if label == "cash on delivery")
    assert without_payment.replace("&amp;", "&") == board_url(shop, "?whose=unclaimed&from=5&open=cancelled")


def test_what_cannot_be_read_is_said_and_left_out(shop: Shop, user: User) -> None:
    order = somebody(shop, 1)

    html = sign_in(user).get(board_url(shop, "?from=abc&age=soon&colour=blue&to=12.345")).content.decode()

    assert cards_in(html) == {order.number}
    assert (
        "Not understood, and therefore not filtered by: time in the stage, amount from, amount up to." in html
    )
    assert "Remove the filter" not in html


def test_the_form_offers_what_there_is_and_keeps_what_is_chosen(shop: Shop, user: User) -> None:
    make_user(shop, first_name="Ana", last_name="Pop")
    Tag.objects.create(shop=shop, name="VIP")
    Tag.objects.create(shop=make_shop(), name="Foreign")
    somebody(shop, 1, source="api")

    html = sign_in(user).get(board_url(shop, "filters/?pay=cod&show=late&tag=Old")).content.decode()

    assert "Ana Pop" in html
    assert "VIP" in html
    assert "Foreign" not in html
    assert ">API<" in html
    assert '<option value="cod" selected>' in html
    assert "<option selected>Old</option>" in html
    assert '<input type="hidden" name="show" value="late">' in html
    fragment = sign_in(user).get(board_url(shop, "filters/"), headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith("<dialog")


def test_news_are_narrowed_too(shop: Shop, user: User) -> None:
    start = latest_change(Funnel.objects.get(shop=shop, is_default=True))
    cod, paid = somebody(shop, 1), somebody(shop, 2, **PAID)

    html = sign_in(user).get(board_url(shop, f"changes/?pay=cod&cursor={start.cursor}")).content.decode()

    assert cards_in(html) == {cod.number}
    assert f'data-removed="{Deal.objects.get(order=paid).pk}"' in html


def test_filters_cost_no_further_query(
    shop: Shop, user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    somebody(shop, 1)
    colleague = make_user(shop)
    client = sign_in(user)
    client.get(board_url(shop))

    for query in (
        f"?whose={colleague.pk}&pay=cod&reminder=red&from=1&to=99",
        "?tag=VIP&source=api&age=late&show=problem",
    ):
        with django_assert_num_queries(12):
            client.get(board_url(shop, query))
