"""Editing a deal's order in place: forms, toasts, refusals by field, and what a colleague changed meanwhile."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.test import Client

from crm.models import Deal
from inventory.services import receive
from orders import services as orders
from orders.guards import Arguments
from orders.models import Order, OrderEvent, OrderLine
from orders.statuses import Status
from shops.actors import Actor
from shops.models import User
from tests.factories import ADDRESS, SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db
SCRIPT = {"HX-Request": "true"}


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(order: Order) -> str:
    return f"/deals/{Deal.objects.get(order=order).pk}/"


def seen_in(html: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', html)
    assert found is not None
    return found[1]


def test_an_address_is_edited_in_place() -> None:
    shop = make_shop(language="en")
    order, user = make_order(shop), make_user(shop)
    client, url = sign_in(user), f"{page_of(order)}edit/address/"
    form = client.get(url, headers=SCRIPT).content.decode()
    values = replace(ADDRESS, city="Turda").__dict__ | {"seen": seen_in(form)}

    script = client.post(url, values, headers=SCRIPT)
    plain = client.post(url, values | {"city": "Dej", "seen": ""})

    assert form.lstrip().startswith("<form")
    assert script.status_code == 200
    assert "The address is saved." in script.content.decode()
    assert (plain.status_code, plain["Location"]) == (303, page_of(order))
    assert Order.objects.get(pk=order.pk).shipping_address.city == "Dej"


def test_what_a_colleague_changed_meanwhile_is_not_overwritten() -> None:
    shop = make_shop()
    order = make_order(shop)
    client, url = sign_in(make_user(shop)), f"{page_of(order)}edit/address/"
    seen = seen_in(client.get(url, headers=SCRIPT).content.decode())
    orders.edit_address(
        order_id=order.pk, actor=SYSTEM, which="shipping", values=replace(ADDRESS, city="Dej")
    )
    mine = replace(ADDRESS, city="Turda").__dict__

    refused = client.post(url, mine | {"seen": seen}, headers=SCRIPT)

    html = refused.content.decode()
    assert refused.status_code == 409
    assert "changed meanwhile" in html and "Turda" in html
    assert Order.objects.get(pk=order.pk).shipping_address.city == "Dej"
    again = client.post(url, mine | {"seen": seen_in(html)}, headers=SCRIPT)
    assert again.status_code == 200
    assert Order.objects.get(pk=order.pk).shipping_address.city == "Turda"


def test_lines_are_found_added_changed_and_saved() -> None:
    shop = make_shop(language="en")
    cup = make_product(shop, name="Cup", sku="CUP-1")
    order = make_order(shop)
    line = order.lines.get()
    client, url = sign_in(make_user(shop)), f"{page_of(order)}edit/lines/"
    seen = seen_in(client.get(url, headers=SCRIPT).content.decode())
    typed = {"seen": seen, f"line-{line.pk}-quantity": "3", f"line-{line.pk}-price": "9.50"}

    found = client.post(url, typed | {"q": "Cup", "find": "1"}, headers=SCRIPT).content.decode()
    added = client.post(url, typed | {"add": str(cup.pk)}, headers=SCRIPT).content.decode()
    whole = typed | {"product": str(cup.pk), f"new-{cup.pk}-quantity": "2", f"new-{cup.pk}-price": "4.25"}
    saved = client.post(url, whole, headers=SCRIPT)

    assert f'name="add" value="{cup.pk}"' in found and 'value="3"' in found
    assert f'name="new-{cup.pk}-quantity"' in added and 'value="9.50"' in added
    assert saved.status_code == 200
    assert list(OrderLine.objects.filter(order=order).values_list("name", "quantity")) == [
        (line.name, 3),
        ("Cup", 2),
    ]
    fresh = Order.objects.get(pk=order.pk)
    assert str(fresh.total) == "37.00"
    assert str(Deal.objects.get(order=order).amount) == "37.00"
    stale = client.post(url, whole, headers=SCRIPT)
    assert stale.status_code == 409
    assert Order.objects.get(pk=order.pk).total == fresh.total


def test_a_refused_line_says_so_at_its_field_and_changes_nothing() -> None:
    shop = make_shop()
    product = make_product(shop, stock=1)
    order = make_order(shop, status=Status.CONFIRMED, lines=(make_line(product),))
    line, events = order.lines.get(), OrderEvent.objects.count()
    client, url = sign_in(make_user(shop)), f"{page_of(order)}edit/lines/"
    fields = {f"line-{line.pk}-price": "10"}

    shape = client.post(url, fields | {f"line-{line.pk}-quantity": "x"}, headers=SCRIPT)
    stock = client.post(url, fields | {f"line-{line.pk}-quantity": "5"}, headers=SCRIPT)

    assert (shape.status_code, stock.status_code) == (422, 422)
    assert "errorlist" in shape.content.decode()
    assert product.sku in stock.content.decode()
    assert OrderEvent.objects.count() == events
    assert OrderLine.objects.get(order=order).quantity == 1


def test_the_rest_of_a_shipped_order_is_sent_from_the_deal_with_undo() -> None:
    shop = make_shop(language="en")
    product = make_product(shop, stock=1)
    order = make_order(shop, lines=(make_line(product, 2),))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    by_hand = Arguments(carrier="own")
    orders.advance_order(order_id=order.pk, to=Status.SHIPPED, actor=SYSTEM, arguments=by_hand)
    receive(product_id=product.pk, quantity=5, reason="delivery", actor=SYSTEM)
    user = make_user(shop)
    client, page = sign_in(user), page_of(order)

    shown = client.get(page).content.decode()
    sent = client.post(f"{page}edit/ship-rest/", _rest(order), headers=SCRIPT)

    assert f"{page}edit/ship-rest/" in shown and f"{page}edit/drop-rest/" in shown
    assert sent.status_code == 200
    move = OrderEvent.objects.filter(order=order, kind="shipment").latest("pk").move_id
    assert f"/moves/{move}/undo/" in sent.content.decode()
    assert f"/moves/{move}/undo/" in client.get(page).content.decode()
    undone = client.post(f"/moves/{move}/undo/", headers=SCRIPT)
    assert undone.status_code == 200
    assert order.shipments.filter(state="handed_over").count() == 1


def _rest(order: Order) -> dict[str, str]:
    return {"carrier": "own", f"units-{order.lines.get().pk}": "1"}


def test_comments_calls_tags_and_skips_work_without_a_script() -> None:
    shop = make_shop()
    order, user = make_order(shop), make_user(shop)
    client, page = sign_in(user), page_of(order)
    deal = Deal.objects.get(order=order)

    answers = [
        client.post(f"{page}comments/", {"text": "Hello"}),
        client.post(f"{page}calls/", {"answered": "no", "note": "Busy"}),
        client.post(f"{page}tags/", {"name": "Urgent"}),
    ]
    planned = Deal.objects.get(pk=deal.pk).retry_at
    answers += [
        client.post(f"{page}tags/{deal.tags.get().pk}/remove/"),
        client.post(f"{page}skip/retry/"),
    ]

    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(303, page)] * 5
    assert planned is not None and Deal.objects.get(pk=deal.pk).retry_at is None
    assert not deal.tags.exists()
    assert Order.objects.get(pk=order.pk).manager == user


def test_a_colleagues_claim_leaves_the_page_to_read_only() -> None:
    shop = make_shop(claim_visibility="read_only", language="en")
    order = make_order(shop)
    orders.claim_order(order_id=order.pk, actor=Actor.person(make_user(shop, first_name="Mara")))
    client, page = sign_in(make_user(shop)), page_of(order)

    html = client.get(page).content.decode()
    answers = [
        client.post(f"{page}comments/", {"text": "Hello"}, headers=SCRIPT),
        client.post(f"{page}tags/", {"name": "Urgent"}, headers=SCRIPT),
        client.post(f"{page}edit/delivery/", {"delivery_kind": "own"}, headers=SCRIPT),
    ]

    assert "Mara works on this; you can read it." in html
    assert "deal-actions" not in html and "Change the lines" not in html
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert not Deal.objects.get(order=order).comments.exists()
    assert not Deal.objects.get(order=order).tags.exists()
