"""A card dragged by a real pointer: the order moves, stock follows, the customer is told after the hold, or nothing happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.models import Deal
from inventory.models import StockItem
from notifications.models import Message
from notifications.statuses import MessageState
from orders.models import Order, OrderEvent
from orders.statuses import Status
from shops.models import Shop
from tests.browser.hands import board_path, card, column, drag, pick_up
from tests.factories import make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]


def open_board(sign_in: SignIn, shop: Shop, **options: Any) -> Page:
    page = sign_in(make_user(shop, language="en"), **options)
    page.goto(board_path(shop))
    return page


def stage_of(order: Order) -> str:
    return Deal.objects.select_related("stage").get(order=order).stage.slug


def test_it_confirms_by_a_drop_and_tells_the_customer_once_after_the_hold(
    sign_in: SignIn, worker: Any, sinks: Any, eventually: Callable[..., None]
) -> None:
    shop = make_shop(undo_seconds=4)
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, 2),))
    page = open_board(sign_in, shop)

    drag(page, order.number, "confirmed")

    toast = page.locator(".toast")
    expect(toast).to_contain_text(order.number)
    expect(toast.get_by_role("button", name="Undo")).to_be_visible()
    expect(column(page, "confirmed").locator(".deal-card")).to_have_attribute("data-order", order.number)
    expect(column(page, "confirmed").locator(".column-count")).to_have_text("1")
    assert Order.objects.get(pk=order.pk).status == Status.CONFIRMED
    assert StockItem.objects.get(product=product).reserved == 2
    assert (sinks.mails, sinks.texts) == ([], [])
    eventually(lambda: sinks.mails and sinks.texts, "one e-mail and one SMS")
    assert (len(sinks.mails), len(sinks.texts)) == (1, 1)
    assert order.number in sinks.texts[0]["text"]
    assert "comanda" in sinks.texts[0]["text"].lower()


def test_it_undoes_inside_the_hold_and_nobody_hears_of_it(
    sign_in: SignIn, worker: Any, sinks: Any, eventually: Callable[..., None]
) -> None:
    shop = make_shop(undo_seconds=6)
    order = make_order(shop)
    page = open_board(sign_in, shop)
    drag(page, order.number, "confirmed")

    page.locator(".toast").get_by_role("button", name="Undo").click()

    expect(column(page, "new").locator(".deal-card")).to_have_attribute("data-order", order.number)
    assert Order.objects.get(pk=order.pk).status == Status.NEW
    states = set(Message.objects.filter(order=order).values_list("state", flat=True))
    assert states == {MessageState.DISCARDED}
    page.wait_for_timeout(8000)
    assert (sinks.mails, sinks.texts) == ([], [])


def test_it_asks_for_carrier_and_number_and_sends_only_the_shipped_messages(
    sign_in: SignIn, worker: Any, sinks: Any, eventually: Callable[..., None]
) -> None:
    shop = make_shop(undo_seconds=2)
    order = make_order(shop)
    page = open_board(sign_in, shop)

    drag(page, order.number, "shipped")
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Carrier").select_option("fan")
    dialog.get_by_role("button", name="Move").click()
    expect(dialog.locator(".notice-bad, .errorlist")).to_contain_text("tracking number")
    dialog.get_by_label("Tracking number").fill("2000123450912")
    dialog.get_by_role("button", name="Move").click()

    moved = column(page, "shipped").locator(".deal-card")
    expect(moved).to_have_attribute("data-order", order.number)
    expect(moved).to_contain_text("…0912")
    assert Order.objects.get(pk=order.pk).status == Status.SHIPPED
    eventually(lambda: sinks.mails and sinks.texts, "the shipped messages")
    page.wait_for_timeout(3000)
    assert (len(sinks.mails), len(sinks.texts)) == (1, 1)
    assert "2000123450912" in sinks.texts[0]["text"]
    assert set(Message.objects.filter(order=order).values_list("event", flat=True)) == {"shipped"}


def test_it_puts_the_card_back_when_the_form_is_left(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    page = open_board(sign_in, shop)
    drag(page, order.number, "shipped")
    page.locator("dialog[open]").wait_for()

    page.keyboard.press("Escape")

    expect(column(page, "new").locator(".deal-card")).to_have_attribute("data-order", order.number)
    assert Order.objects.get(pk=order.pk).status == Status.NEW
    assert OrderEvent.objects.filter(order=order, kind="status").count() == 0


def test_it_fades_columns_that_cannot_take_the_card_and_says_why(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop, status=Status.DELIVERED)
    page = open_board(sign_in, shop)

    pick_up(page, order.number, "new")

    refused = column(page, "new")
    expect(refused).to_have_class("column is-refused is-over")
    expect(refused.locator(".column-why")).to_have_text("An order that is “Delivered” cannot become “New”.")
    page.mouse.up()
    expect(page.locator(".toast-bad")).to_contain_text("An order that is “Delivered” cannot become “New”.")
    expect(column(page, "delivered").locator(".deal-card")).to_have_attribute("data-order", order.number)
    assert Order.objects.get(pk=order.pk).status == Status.DELIVERED


def test_it_snaps_back_with_the_reason_when_the_server_refuses(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    page = open_board(sign_in, shop)
    # The page was told that all is well; meanwhile the goods are gone.
    page.route(
        "**/move/",
        lambda route: (
            route.fulfill(json={"stages": {"confirmed": {"why": ""}}})
            if route.request.method == "GET"
            else route.continue_()
        ),
    )
    Order.objects.filter(pk=order.pk).update(payment_method="card")

    drag(page, order.number, "confirmed")

    expect(page.locator(".toast-bad")).to_contain_text("not paid")
    expect(column(page, "new").locator(".deal-card")).to_have_attribute("data-order", order.number)
    assert Order.objects.get(pk=order.pk).status == Status.NEW
    assert stage_of(order) == "new"


def test_it_takes_a_card_on_a_folded_rail(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    page = open_board(sign_in, shop)

    drag(page, order.number, "no-answer")

    expect(page.locator(".toast")).to_contain_text(order.number)
    expect(card(page, order.number)).to_have_count(0)
    expect(column(page, "no-answer").locator(".column-count")).to_have_text("1")
    assert stage_of(order) == "no-answer"
