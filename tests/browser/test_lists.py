"""The order list in a real browser: ticks show what can be done, Shift ticks a run, filters and chips work on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from orders.models import Order
from tests.factories import make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]


def test_ticked_orders_are_claimed(sign_in: SignIn) -> None:
    shop = make_shop()
    product = make_product(shop)
    orders = [make_order(shop, lines=(make_line(product),)) for _n in range(4)]
    manager = make_user(shop, language="en")
    page = sign_in(manager)
    page.goto("/orders/")
    boxes = page.locator("td.cell-tick input")
    expect(page.get_by_role("button", name="Claim")).to_be_hidden()

    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.get_by_text("3 ticked")).to_be_visible()
    page.get_by_role("button", name="Claim").click()

    expect(page.get_by_text("3 orders are yours now.")).to_be_visible()
    assert set(Order.objects.filter(manager=manager)) == set(orders[1:])


def test_filters_are_set_and_taken_away_on_a_phone(sign_in: SignIn) -> None:
    shop = make_shop()
    product = make_product(shop)
    new = make_order(shop, lines=(make_line(product),))
    make_order(shop, lines=(make_line(product),), status="confirmed")
    page = sign_in(make_user(shop, language="en"))
    page.set_viewport_size({"width": 390, "height": 780})
    page.goto("/orders/")

    page.locator(".list-filters > summary").click()
    page.get_by_role("group", name="Status").get_by_label("New").check()
    page.locator(".list-form").get_by_role("button", name="Show").click()

    expect(page).to_have_url(re.compile(r"\?.*status=new"))
    expect(page.locator("tr[data-order]")).to_have_count(1)
    expect(page.locator(f'tr[data-order="{new.number}"]')).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".list-chip").click()
    expect(page.locator("tr[data-order]")).to_have_count(2)
