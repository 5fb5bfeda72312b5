"""Many cards at once: selected by pointer and keyboard, a summary before, Undo for all; and a tab that was closed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crm.models import BulkMove, Deal
from orders.models import Order
from orders.statuses import Status
from shops.models import Shop
from tests.browser.hands import board_path, card, column, drag
from tests.factories import make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]


def make_orders(shop: Shop, count: int) -> list[Order]:
    product = make_product(shop, stock=100)
    return [make_order(shop, lines=(make_line(product),)) for _ in range(count)]


def statuses(orders: list[Order]) -> list[str]:
    return [Order.objects.get(pk=order.pk).status for order in orders]


def test_it_moves_a_selected_range_after_a_summary_and_takes_all_of_it_back(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=60)
    orders = make_orders(shop, 4)
    Order.objects.filter(pk=orders[1].pk).update(payment_method="transfer")
    page = sign_in(make_user(shop, language="en"))
    page.goto(board_path(shop))

    card(page, orders[0].number).locator(".card-what").click(modifiers=["Control"])
    card(page, orders[2].number).locator(".card-what").click(modifiers=["Shift"])
    expect(page.locator("#bulk-bar output")).to_have_text("3 selected")
    drag(page, orders[0].number, "confirmed", asks=False)
    dialog = page.locator("#bulk-dialog")
    expect(dialog).to_contain_text("2 cards will move.")
    expect(dialog.locator(".bulk-reasons")).to_contain_text(orders[1].number)
    expect(dialog.locator(".bulk-reasons")).to_contain_text("not paid")
    dialog.get_by_role("button", name="Move 2 cards").click()

    toast = page.locator(".toast")
    expect(toast).to_contain_text("2 cards moved, 1 not")
    expect(column(page, "confirmed").locator(".deal-card")).to_have_count(2)
    expect(page.locator(".deal-card.is-chosen")).to_have_count(0)
    assert statuses(orders) == [Status.CONFIRMED, Status.NEW, Status.CONFIRMED, Status.NEW]
    toast.get_by_role("button", name="Undo all").click()

    expect(page.locator(".toast")).to_contain_text("2 cards moved back")
    expect(column(page, "new").locator(".deal-card")).to_have_count(4)
    numbers = column(page, "new").locator(".card-number").all_inner_texts()
    assert numbers == [order.number for order in orders]
    assert statuses(orders) == [Status.NEW] * 4


def test_it_selects_by_keyboard_and_keeps_the_selection_when_cards_are_replaced(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=60)
    orders = make_orders(shop, 3)
    page = sign_in(make_user(shop, language="en"))
    page.goto(board_path(shop))

    card(page, orders[0].number).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#board-says")).to_have_text("2 selected")
    expect(card(page, orders[1].number)).to_be_focused()
    page.keyboard.press("End")
    expect(card(page, orders[2].number)).to_be_focused()
    key = Deal.objects.get(order=orders[0]).pk
    page.evaluate(
        "key => window.omsBoard.applyAnswer(document.getElementById(key).outerHTML)", f"deal-card-{key}"
    )
    expect(page.locator(".deal-card.is-chosen")).to_have_count(2)
    page.locator("#bulk-bar select").focus()
    page.keyboard.type("Conf")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Move 2 cards")).to_be_visible()
    page.get_by_role("button", name="Move 2 cards").press("Enter")

    expect(page.locator(".toast")).to_contain_text("2 cards moved")
    assert statuses(orders) == [Status.CONFIRMED, Status.CONFIRMED, Status.NEW]
    card(page, orders[2].number).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(page.locator("#board-says")).to_have_text("Nothing is selected.")


def test_escape_in_the_search_field_keeps_what_is_selected(sign_in: SignIn) -> None:
    shop = make_shop()
    orders = make_orders(shop, 1)
    page = sign_in(make_user(shop, language="en"))
    page.goto(board_path(shop))
    card(page, orders[0].number).focus()
    page.keyboard.press("Space")

    page.locator("[data-search]").focus()
    page.keyboard.press("Escape")
    page.locator("#bulk-bar select").focus()
    page.keyboard.press("Escape")
    expect(page.locator(".deal-card.is-chosen")).to_have_count(1)
    card(page, orders[0].number).focus()
    page.keyboard.press("Escape")

    expect(page.locator(".deal-card.is-chosen")).to_have_count(0)


def test_the_focus_stays_on_stop_while_the_cards_move(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=60)
    orders = make_orders(shop, 2)
    page = sign_in(make_user(shop, language="en"))
    page.goto(board_path(shop))
    page.route("**/continue/", lambda route: route.fulfill(status=409, body=""))
    for order in orders:
        card(page, order.number).locator(".card-what").click(modifiers=["Control"])
    page.locator("#bulk-bar select").select_option("confirmed")
    page.get_by_role("button", name="Move 2 cards").click()
    stop = page.locator("#bulk-run").get_by_role("button", name="Stop")
    stop.focus()

    page.evaluate(
        "strip => window.omsBoard.applyAnswer(strip.outerHTML.replaceAll('0 of 2', '1 of 2'))",
        page.locator("#bulk-run").element_handle(),
    )

    expect(page.locator("#bulk-run")).to_contain_text("1 of 2")
    expect(stop).to_be_focused()


def test_a_closed_tab_finds_what_is_left_and_goes_on(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=60)
    orders = make_orders(shop, 2)
    page = sign_in(make_user(shop, language="en"))
    page.goto(board_path(shop))
    page.route("**/continue/", lambda route: route.fulfill(status=409, body=""))
    for order in orders:
        card(page, order.number).locator(".card-what").click(modifiers=["Control"])
    page.locator("#bulk-bar select").select_option("confirmed")
    page.get_by_role("button", name="Move 2 cards").click()
    expect(page.locator("#bulk-run")).to_contain_text("0 of 2")
    page.unroute("**/continue/")

    page.goto(board_path(shop))
    expect(page.locator("#bulk-run")).to_contain_text("stopped after 0 of 2")
    page.get_by_role("button", name="Continue").click()

    expect(page.locator(".toast")).to_contain_text("2 cards moved")
    assert statuses(orders) == [Status.CONFIRMED] * 2
    page.goto(f"/bulk-moves/{BulkMove.objects.get().pk}/")
    page.get_by_role("button", name="Undo all").click()
    expect(page.locator("#content")).to_contain_text("Every card is back where it was.")
    assert statuses(orders) == [Status.NEW] * 2
