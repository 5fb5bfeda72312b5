"""Calls by keyboard alone, in a real browser: each key means one order, and no two people have the same one open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.models import Deal
from orders.models import Order
from orders.statuses import Status
from shops.models import Shop
from tests.browser.hands import board_path
from tests.factories import make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]


def orders_to_call(shop: Shop, count: int) -> list[Order]:
    product = make_product(shop)
    return [make_order(shop, lines=(make_line(product),)) for _ in range(count)]


def open_queue(sign_in: SignIn, shop: Shop, **options: bool) -> Page:
    page = sign_in(make_user(shop, language="en"), **options)
    page.goto(board_path(shop, "work/?stage=new"))
    return page


def expect_open(page: Page, order: Order) -> None:
    expect(page.locator("#work[data-ready] .work-over a")).to_have_text(order.number)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_each_key_means_one_order(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=60)
    first, second, third, fourth, fifth = orders_to_call(shop, 5)
    page = open_queue(sign_in, shop)

    expect_open(page, first)
    page.get_by_role("button", name="Confirm").dblclick()
    expect_open(page, second)
    expect(page.locator("#work-name")).to_be_focused()
    press(page, "n")
    expect_open(page, third)
    press(page, "x", "1")
    expect_open(page, fourth)
    press(page, "u")
    expect_open(page, third)
    press(page, "x", "3")
    expect_open(page, fourth)
    press(page, "s", "1")
    expect_open(page, fifth)
    press(page, "c")
    expect(page.get_by_role("heading", name="All done here.")).to_be_focused()

    statuses = [Order.objects.get(pk=order.pk).status for order in (first, second, third, fourth, fifth)]
    assert statuses == [Status.CONFIRMED, Status.NEW, Status.CANCELLED, Status.NEW, Status.CONFIRMED]
    missed, snoozed = Deal.objects.get(order=second), Deal.objects.get(order=fourth)
    assert (missed.stage.slug, missed.attempts) == ("no-answer", 1)
    assert missed.retry_at is not None
    assert snoozed.snoozed_until is not None
    assert third.events.get(to_status=Status.CANCELLED, reverted_at=None).reason_code == "duplicate"


def test_two_people_never_have_the_same_order_open(sign_in: SignIn) -> None:
    shop = make_shop()
    orders = orders_to_call(shop, 6)
    pages = [open_queue(sign_in, shop), open_queue(sign_in, shop)]
    opened: list[list[str]] = [[], []]

    for _turn in range(3):
        for page, mine in zip(pages, opened, strict=True):
            mine.append(page.locator("#work[data-ready] .work-over a").inner_text())
        for page in pages:
            press(page, "c")
        for page, mine in zip(pages, opened, strict=True):
            expect(page.locator("#work[data-ready] .work-over").get_by_text(mine[-1])).to_have_count(0)
            expect(page.locator("#work[data-ready]")).to_have_count(1)

    assert sorted(opened[0] + opened[1]) == sorted(order.number for order in orders)
    assert Order.objects.filter(status=Status.CONFIRMED).count() == 6


def test_an_address_is_corrected_on_a_phone_and_the_call_goes_on(sign_in: SignIn) -> None:
    shop = make_shop()
    order = orders_to_call(shop, 1)[0]
    order.shipping_address.street = ""
    order.shipping_address.save()
    page = open_queue(sign_in, shop, phone=True)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#work[data-ready]").wait_for()
    page.get_by_role("button", name="Confirm").tap()
    expect(page.get_by_role("alert")).to_contain_text("it lacks: street and number")
    page.locator(".work-edit summary").tap()
    page.get_by_label("Street and number").fill("Strada Morii 7")
    page.get_by_role("button", name="Save the address").tap()
    expect(page.locator(".toast")).to_contain_text("The address is saved.")
    page.locator("#work[data-ready]").wait_for()
    page.get_by_role("button", name="Confirm").tap()

    expect(page.get_by_role("heading", name="All done here.")).to_be_visible()
    assert Order.objects.get(pk=order.pk).status == Status.CONFIRMED


def test_enter_in_the_field_of_another_time_puts_off_until_that_time(sign_in: SignIn) -> None:
    shop = make_shop()
    order = orders_to_call(shop, 1)[0]
    page = open_queue(sign_in, shop)
    expect_open(page, order)
    until = (timezone.now() + timedelta(days=20)).astimezone(shop.zone).replace(second=0, microsecond=0)

    press(page, "s")
    expect(page.locator("[data-digit='1']:focus")).to_have_count(1)
    page.get_by_label("Another time").fill(until.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Another time").press("Enter")
    expect(page.get_by_role("heading", name="All done here.")).to_be_focused()

    assert Deal.objects.get(order=order).snoozed_until == until


def test_enter_in_the_note_of_a_call_records_no_call(sign_in: SignIn) -> None:
    shop = make_shop()
    order = orders_to_call(shop, 1)[0]
    page = sign_in(make_user(shop, language="en"))
    page.goto(f"/deals/{Deal.objects.get(order=order).pk}/")
    page.locator(".deal-call summary").click()
    note = page.locator(".deal-call [name=note]")

    note.fill("Busy")
    note.press("Enter")
    expect(note).to_have_value("Busy")
    with page.expect_response(lambda answer: answer.url.endswith("/calls/")):
        page.locator(".deal-call").get_by_role("button", name="No answer").click()

    assert order.events.get(kind="call").details["answered"] is False


def test_a_lost_hold_says_so_and_keeps_what_is_being_typed(sign_in: SignIn) -> None:
    shop = make_shop()
    first, second = orders_to_call(shop, 2)
    page = sign_in(make_user(shop, language="en"))
    page.clock.install()
    page.goto(board_path(shop, "work/?stage=new"))
    expect_open(page, first)
    note = page.locator("#work-missed [name=note]")

    note.fill("Call after six")
    Deal.objects.filter(order=first).update(
        held_by=make_user(shop), held_until=timezone.now() + timedelta(hours=1)
    )
    page.clock.fast_forward("01:05")
    expect(page.locator(".toast")).to_contain_text("This order is not open with you any more.")
    expect(note).to_have_value("Call after six")
    note.fill("")
    page.clock.fast_forward("01:05")

    expect_open(page, second)
