"""A stock count on a phone with a scanner: scan, Enter, quantity, Enter, and the next barcode; and without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from inventory.models import CountState, Product, StockCount, StockItem, Warehouse
from inventory.services.counting import open_count
from shops.models import Shop
from shops.permissions import Role
from tests.factories import SYSTEM, make_product, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]


def make_count(shop: Shop) -> StockCount:
    warehouse = Warehouse.objects.get(shop=shop, is_default=True)
    return open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, name="Autumn", actor=SYSTEM)


def make_mugs(shop: Shop) -> tuple[Product, Product]:
    red = make_product(
        shop, stock=10, name="Enamel mug", variant="Red", barcode="5941234500017", place="B-03"
    )
    blue = make_product(
        shop, stock=5, name="Enamel mug", variant="Blue", barcode="5941234500024", place="A-01"
    )
    return red, blue


def counted(count: StockCount, product: Product) -> int | None:
    return count.lines.get(stock_item__product=product).counted


def scan(page: Page, code: str) -> None:
    """What a scanner does: it types where the focus is, and presses Enter."""
    expect(page.locator("#count-scan")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def test_it_counts_with_a_scanner_alone(sign_in: SignIn) -> None:
    shop = make_shop()
    red, blue = make_mugs(shop)
    count = make_count(shop)
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"), phone=True)
    page.goto(f"/stock/counts/{count.pk}/count/")

    for code, name, quantity in ((red.barcode, "Red", "8"), (blue.barcode, "Blue", "5")):
        scan(page, code)
        expect(page.locator(".count-variant")).to_have_text(name)
        expect(page.get_by_label("How many are here?")).to_be_focused()
        page.keyboard.type(quantity)
        page.keyboard.press("Enter")
        expect(page.locator(".count-last")).to_contain_text(f"{quantity} entered, {quantity} in all")

    expect(page.locator("#count-scan")).to_be_focused()
    expect(page.locator(".count-progress")).to_contain_text("2 of 2 counted")
    assert (counted(count, red), counted(count, blue)) == (8, 5)


def test_it_counts_by_thumb_and_fits_the_screen(sign_in: SignIn) -> None:
    shop = make_shop()
    red, _blue = make_mugs(shop)
    count = make_count(shop)
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"), phone=True)
    page.goto(f"/stock/counts/{count.pk}/count/")

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(".count-shelf").first).to_have_text("A-01")
    page.get_by_role("link", name="Enamel mug · Red").tap()
    for _press in range(3):
        page.get_by_role("button", name="One more").tap()
    page.get_by_role("button", name="One less").tap()
    expect(page.get_by_label("How many are here?")).to_have_value("2")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Save").tap()
    expect(page.locator(".count-last")).to_be_visible()
    assert counted(count, red) == 2

    scan(page, red.barcode)
    page.get_by_label("How many are here?").fill("9")
    page.get_by_role("button", name="That is all of it").tap()
    expect(page.locator(".count-last")).to_contain_text("9 entered, 9 in all")
    page.get_by_role("button", name="Undo").tap()
    expect(page.locator(".count-last")).to_contain_text("2 entered, 2 in all")
    assert counted(count, red) == 2


def test_it_saves_no_barcode_as_a_quantity(sign_in: SignIn) -> None:
    shop = make_shop()
    red, blue = make_mugs(shop)
    count = make_count(shop)
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"), phone=True)
    page.goto(f"/stock/counts/{count.pk}/count/")

    scan(page, red.barcode)
    expect(page.get_by_label("How many are here?")).to_be_focused()
    page.keyboard.type(blue.barcode)
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("looks like a barcode")
    expect(page.get_by_label("How many are here?")).to_be_focused()
    assert counted(count, red) is None


def test_it_says_what_it_does_not_know_and_is_ready_again(sign_in: SignIn) -> None:
    shop = make_shop()
    red, _blue = make_mugs(shop)
    count = make_count(shop)
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"), phone=True)
    page.goto(f"/stock/counts/{count.pk}/count/")

    scan(page, "4006381333931")
    expect(page.get_by_role("alert")).to_contain_text("4006381333931")
    scan(page, red.barcode)

    expect(page.locator(".count-variant")).to_have_text("Red")


def test_it_counts_reviews_and_posts_without_scripts(sign_in: SignIn) -> None:
    shop = make_shop()
    red, blue = make_mugs(shop)
    count = make_count(shop)
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"), phone=True, scripts=False)
    page.goto(f"/stock/counts/{count.pk}/count/")

    page.locator("#count-scan").fill(red.barcode)
    page.locator("#count-scan").press("Enter")
    page.get_by_label("How many are here?").fill("8")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".count-last")).to_contain_text("8 entered")
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Finish counting").click()
    expect(page.locator(".count-table")).to_contain_text("−2")
    page.get_by_label("None are here: set them to 0").check()
    page.get_by_role("button", name="Post 1 difference").click()

    expect(page.locator(".notices")).to_contain_text("Posted")
    assert StockCount.objects.get().state == CountState.POSTED
    assert StockItem.objects.get(product=red).on_hand == 8
    assert StockItem.objects.get(product=blue).on_hand == 0
