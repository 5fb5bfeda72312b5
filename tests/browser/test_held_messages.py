"""What waits, in a real browser: the seconds run, Skip takes a row away where it stands, the list is live."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from notifications.models import Message
from notifications.statuses import MessageState
from orders import services as orders
from orders.models import Order
from shops.actors import Actor
from shops.models import User
from tests.factories import make_order, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]


def confirmed_by(manager: User, order: Order) -> None:
    orders.confirm_order(order_id=order.pk, actor=Actor.person(manager))


def test_skip_and_the_live_list_need_no_new_page(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=100)
    manager = make_user(shop, language="en")
    order = make_order(shop)
    confirmed_by(manager, order)
    page = sign_in(manager)
    page.goto(f"/orders/{order.number}/")
    rows = page.locator(".held-row")
    expect(rows).to_have_count(2)

    first = int(page.locator("[data-left]").first.text_content() or 0)
    page.get_by_role("button", name="Skip: SMS").click()
    expect(rows).to_have_count(1)
    expect(page.locator("#order-messages .pill[data-state=discarded]")).to_have_count(1)
    Message.objects.filter(state=MessageState.QUEUED).update(state="sent", sent_at=timezone.now())

    expect(page.locator(".held-row")).to_have_count(0)
    expect(page.locator("#order-messages .pill[data-state=sent]")).to_have_count(1)
    assert 0 < first <= 100
    assert Message.objects.filter(last_error="skipped").count() == 1


def test_skip_works_without_scripts(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=100)
    manager = make_user(shop, language="en")
    order = make_order(shop)
    confirmed_by(manager, order)
    page = sign_in(manager, scripts=False)
    page.goto(f"/orders/{order.number}/")

    page.get_by_role("button", name="Skip: SMS").click()

    expect(page.locator(".held-row")).to_have_count(1)
    assert page.url.endswith(f"/orders/{order.number}/")


def test_undo_is_reached_by_keyboard_and_the_seconds_are_heard_once(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=100)
    manager = make_user(shop, language="en")
    order = make_order(shop)
    confirmed_by(manager, order)
    page = sign_in(manager)
    page.goto(f"/orders/{order.number}/")
    undo = page.get_by_role("button", name="Undo")

    heard = page.locator(".toast .visually-hidden").text_content()
    before = undo.bounding_box()
    page.wait_for_timeout(2200)
    after = undo.bounding_box()

    assert heard == page.locator(".toast .visually-hidden").text_content()
    assert before and after
    assert before["x"] == after["x"]
    undo.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".pill[data-status=new]").first).to_be_visible()
    assert Order.objects.get(pk=order.pk).status == "new"


def test_a_message_is_written_looked_at_and_sent(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=100)
    manager = make_user(shop, language="en")
    order = make_order(shop)
    page = sign_in(manager, phone=True)
    page.goto(f"/orders/{order.number}/")

    page.get_by_role("link", name="Write a message").click()
    page.get_by_label("Subject").fill("About your order")
    page.get_by_label("Text", exact=True).fill("We call you today.")
    page.get_by_role("button", name="Preview").click()
    expect(page.frame_locator("iframe.mail").get_by_role("paragraph")).to_have_text("We call you today.")
    page.get_by_role("button", name="Send", exact=True).click()

    expect(page.locator(".held-row")).to_contain_text("Written by hand")
    assert Message.objects.get(event="written").body.startswith("We call you today.")
