"""Receiving with a scanner in the hand: it types and presses Enter, wherever the focus happens to be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from inventory.models import StockMovement
from shops.permissions import Role
from tests.factories import make_product, make_shop, make_user
from tests.state import counters

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]
MUG, PLATE = "5941234567899", "5941234567806"


def scan(page: Page, code: str) -> None:
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def test_it_receives_by_scanner_and_enter_alone(sign_in: SignIn) -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, name="Mug", barcode=MUG)
    make_product(shop, stock=5, name="Plate", barcode=PLATE)
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"))
    page.goto("/stock/receive/")
    expect(page.locator("#scan")).to_be_focused()

    scan(page, MUG)
    expect(page.get_by_label("Quantity")).to_be_focused()
    scan(page, MUG)
    expect(page.get_by_label("Quantity")).to_have_value("1")
    page.get_by_label("Quantity").fill("3")
    scan(page, MUG)
    expect(page.get_by_label("Quantity")).to_have_value("4")
    scan(page, PLATE)
    expect(page.locator(".toast")).to_contain_text("Save or leave this movement first")
    expect(page.get_by_label("Quantity")).to_have_value("4")
    expect(page.locator("#outlook")).to_contain_text("becomes 9")
    page.keyboard.press("Enter")

    expect(page.locator(".notice-good")).to_contain_text("5 → 9")
    expect(page.locator("#scan")).to_be_focused()
    expect(page.locator(".latest")).to_contain_text("+4")
    assert counters(mug) == (9, 0)


def test_it_receives_without_scripts_after_showing(sign_in: SignIn) -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, name="Mug", barcode=MUG)
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"), scripts=False)
    page.goto("/stock/receive/")

    page.get_by_role("textbox", name="Barcode or SKU").fill(MUG)
    page.get_by_role("button", name="Find").click()
    page.get_by_label("Quantity").fill("4")
    page.get_by_role("button", name="Show what changes").click()
    expect(page.locator("#outlook")).to_contain_text("becomes 9")
    assert counters(mug) == (5, 0)
    page.get_by_role("button", name="Save").click()

    expect(page.locator(".notice-good")).to_contain_text("5 → 9")
    assert counters(mug) == (9, 0)


def test_it_books_a_double_click_once_on_a_phone(sign_in: SignIn) -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, name="Mug", barcode=MUG)
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"), phone=True)
    page.goto(f"/stock/receive/?product={mug.pk}")

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Save").dblclick()
    expect(page.locator("#scan")).to_be_focused()

    assert counters(mug) == (7, 0)
    assert StockMovement.objects.filter(actor_user__isnull=False).count() == 1
