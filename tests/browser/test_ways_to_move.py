"""The board without a mouse: by keyboard, by thumb, without scripts; and names that try to be scripts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from crm.models import Deal
from orders.models import Order
from orders.statuses import Status
from tests.browser.hands import board_path, card, column
from tests.factories import ADDRESS, make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]
HOSTILE = '<img src=x onerror="document.title=1">'


def test_it_moves_by_keyboard_alone(sign_in: SignIn) -> None:
    shop = make_shop()
    first, second = make_order(shop), make_order(shop)
    page = sign_in(make_user(shop, language="en"))
    page.goto(board_path(shop))

    page.keyboard.press("ArrowDown")
    expect(card(page, first.number)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(card(page, second.number)).to_be_focused()
    page.keyboard.press("m")
    page.keyboard.type("Conf")
    page.keyboard.press("Enter")

    expect(column(page, "confirmed").locator(".deal-card")).to_have_attribute("data-order", second.number)
    assert Order.objects.get(pk=second.pk).status == Status.CONFIRMED
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()


def test_its_letters_are_found_on_a_keyboard_that_writes_cyrillic(sign_in: SignIn) -> None:
    shop = make_shop()
    first, second = make_order(shop), make_order(shop)
    page = sign_in(make_user(shop, language="en"))
    page.goto(board_path(shop))

    card(page, first.number).focus()
    press_cyrillic(page, "ь", "KeyM")
    expect(card(page, first.number).get_by_label("Move to…")).to_be_focused()
    page.keyboard.press("Escape")
    card(page, first.number).locator(".card-number").click()
    expect(page.get_by_role("dialog").get_by_role("heading", name=first.number)).to_be_visible()
    press_cyrillic(page, "о", "KeyJ")
    expect(page.get_by_role("dialog").get_by_role("heading", name=second.number)).to_be_visible()
    press_cyrillic(page, "л", "KeyK")

    expect(page.get_by_role("dialog").get_by_role("heading", name=first.number)).to_be_visible()


def press_cyrillic(page: Page, letter: str, code: str) -> None:
    """What a browser says of a key while the layout is Ukrainian."""
    event = "new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true })"
    page.evaluate(f"([key, code]) => document.activeElement.dispatchEvent({event})", [letter, code])


def test_it_opens_the_deal_by_enter_and_by_a_click(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    page = sign_in(make_user(shop, language="en"))
    page.goto(board_path(shop))

    card(page, order.number).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("heading", name=order.number)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    card(page, order.number).locator(".card-what").click()

    expect(page.get_by_role("dialog").get_by_role("heading", name=order.number)).to_be_visible()


def test_it_works_by_thumb_on_a_phone(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    page = sign_in(make_user(shop, language="en"), phone=True)
    page.goto(board_path(shop))

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    card(page, order.number).locator("summary").tap()
    card(page, order.number).get_by_label("Move to…").select_option("confirmed")
    card(page, order.number).get_by_role("button", name="Move", exact=True).tap()

    expect(column(page, "confirmed").locator(".deal-card")).to_have_attribute("data-order", order.number)
    expect(page.locator(".toast").get_by_role("button", name="Undo")).to_be_in_viewport()


def test_it_works_without_scripts(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    page = sign_in(make_user(shop, language="en"), scripts=False)
    page.goto(board_path(shop))

    card(page, order.number).locator("summary").click()
    card(page, order.number).get_by_label("Move to…").select_option("shipped")
    card(page, order.number).get_by_role("button", name="Move", exact=True).click()
    page.get_by_label("Carrier").select_option("fan")
    page.get_by_label("Tracking number").fill("2000123450912")
    page.get_by_role("button", name="Move").click()

    expect(column(page, "shipped").locator(".deal-card")).to_have_attribute("data-order", order.number)
    assert Order.objects.get(pk=order.pk).status == Status.SHIPPED


def test_it_shows_a_hostile_name_as_text(sign_in: SignIn) -> None:
    shop = make_shop()
    product = make_product(shop, name=HOSTILE)
    order = make_order(
        shop, lines=(make_line(product),), shipping=replace(ADDRESS, name=HOSTILE, city=HOSTILE)
    )
    page = sign_in(make_user(shop, language="en", first_name=HOSTILE))

    page.goto(board_path(shop))
    expect(card(page, order.number).locator(".card-who")).to_contain_text(HOSTILE)
    page.goto(f"/deals/{Deal.objects.get(order=order).pk}/")
    expect(page.locator("#deal-customer")).to_contain_text(HOSTILE)

    assert page.locator("img").count() == 0
    assert page.title() != "1"


def test_it_ships_from_the_deals_page_and_undoes_there(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=60)
    order = make_order(shop, status=Status.PROCESSING)
    page = sign_in(make_user(shop, language="en"))
    page.goto(f"/deals/{Deal.objects.get(order=order).pk}/")

    page.get_by_role("button", name="Ship…").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("button", name="Move").click()
    expect(dialog.get_by_label("Tracking number")).to_be_focused()
    dialog.get_by_label("Tracking number").fill("2000123450912")
    dialog.get_by_role("button", name="Move").click()
    expect(page.locator(".top .pill")).to_have_text("Shipped")
    page.locator(".toast").get_by_role("button", name="Undo").click()

    expect(page.locator(".top .pill")).to_have_text("Processing")
    assert Order.objects.get(pk=order.pk).status == Status.PROCESSING
    assert order.shipments.get().state == "voided"


def test_it_chooses_light_or_dark_and_keeps_it(sign_in: SignIn) -> None:
    shop = make_shop()
    page = sign_in(make_user(shop, language="en"))
    page.goto(board_path(shop))

    page.locator(".top-account summary").click()
    page.get_by_role("button", name="Light or dark").click()
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_single_keys_are_switched_off_and_on_again(sign_in: SignIn) -> None:
    shop = make_shop()
    make_order(shop)
    page = sign_in(make_user(shop, language="en"))
    page.goto(board_path(shop))

    page.locator(".top-account summary").click()
    page.get_by_role("button", name="Single-key shortcuts", pressed=True).click()
    page.reload()
    for key in ("?", "/"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement === document.body")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".deal-card")).to_be_focused()
    page.locator(".top-account summary").click()
    page.get_by_role("button", name="Single-key shortcuts", pressed=False).click()
    page.keyboard.press("Escape")
    page.keyboard.press("?")

    expect(page.locator("#keys")).to_be_visible()


def test_it_signs_in_by_the_form_and_out_again(sign_in: SignIn) -> None:
    manager = make_user(make_shop(), language="en")
    page = sign_in(manager)
    page.context.clear_cookies()

    page.goto("/login/")
    page.fill("[name=username]", manager.username)
    page.fill("[name=password]", "demo")
    page.click("button[type=submit]")
    expect(page.locator("#board")).to_be_visible()
    page.locator(".top-account summary").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.locator("[name=password]")).to_be_visible()
