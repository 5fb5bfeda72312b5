"""Finding callers from any page: the answer under the field, unopened; by keyboard, and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.factories import ADDRESS, make_order, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]
AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text(encoding="utf-8")
CALLERS = (
    ("/", "Ștefania Țîrlea", "0744 118 201", "stefania tirlea"),
    ("/customers/", "Łukasz Wójcik", "0744 118 202", "118202"),
    ("/stock/", "Соломія Ґалаґан", "0744 118 203", "галаган"),
)


def test_three_callers_are_answered_unopened_from_different_pages(sign_in: SignIn) -> None:
    shop = make_shop()
    orders = [
        make_order(
            shop,
            status="shipped",
            notify=True,
            shipping=replace(ADDRESS, name=name, phone=phone, email=f"caller{number}@example.com"),
        )
        for number, (_path, name, phone, _asked) in enumerate(CALLERS)
    ]
    page = sign_in(make_user(shop, language="en"))

    for order, (path, _name, _phone, asked) in zip(orders, CALLERS, strict=True):
        page.goto(path)
        page.locator("h1").first.wait_for()
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("/")
        page.keyboard.type(asked)

        row = page.locator(f'.search-panel [data-order="{order.number}"]')
        expect(row.locator(".pill").first).to_have_text("Shipped")
        awb = order.shipments.get()
        expect(row.get_by_text(awb.tracking_number)).to_have_attribute("href", awb.tracking_url)
        expect(row).to_contain_text("FAN Courier")
        expect(row).to_contain_text("at the door")
        expect(page.locator(".search-panel [role=row][data-order]")).to_have_count(1)


def test_arrows_escape_and_enter_work_and_axe_finds_nothing(sign_in: SignIn) -> None:
    shop = make_shop("RO", order_prefix="RO-")
    older, newer = make_order(shop, external_number="1048"), make_order(shop, external_number="10482")
    page = sign_in(make_user(shop, language="en"))
    page.goto("/")
    field = page.get_by_role("combobox", name="Search orders, customers and products")
    field.click()
    page.keyboard.type("taranu")
    expect(page.locator(".search-panel [role=row][data-order]")).to_have_count(2)
    expect(field).to_have_attribute("aria-expanded", "true")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", f"found-order-{older.pk}-main")
    expect(page.locator(f"#found-order-{older.pk}")).to_have_attribute("aria-selected", "true")
    page.evaluate(AXE)
    slips = page.evaluate("async () => (await axe.run('.top')).violations.map((rule) => rule.id)")
    assert slips == []
    page.keyboard.press("Escape")
    expect(page.locator(".search-panel")).to_be_hidden()
    expect(field).to_have_value("taranu")

    page.keyboard.press("ArrowDown")
    expect(page.locator(".search-panel")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/orders/{newer.number}/$"))

    page.locator("[data-search]").fill("ro-1048")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/orders/{older.number}/$"))


def test_results_fit_a_phone(sign_in: SignIn) -> None:
    shop = make_shop()
    for _n in range(4):
        make_order(shop, status="shipped")
    page = sign_in(make_user(shop, language="en"), phone=True)
    page.goto("/reminders/")
    page.locator("[data-search]").tap()
    page.keyboard.type("taranu")
    panel = page.locator(".search-panel")
    expect(panel.locator("[role=row][data-order]")).to_have_count(4)

    box = panel.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("heading", name="Reminders").tap()
    expect(panel).to_be_hidden()
