"""A card carried by a finger on a phone: held for a moment and taken along; a swipe only scrolls."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import CDPSession, Page, expect

from crm.models import Deal
from orders.models import Order
from orders.statuses import Status
from tests.browser.hands import board_path, card, column
from tests.factories import make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]


class Finger:
    """One finger on the glass, as the browser's own input sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.glass: CDPSession = page.context.new_cdp_session(page)
        self.x = self.y = 0.0

    def _send(self, kind: str, points: list[dict[str, float]]) -> None:
        self.glass.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def down(self, x: float, y: float) -> None:
        self.x, self.y = x, y
        self._send("touchStart", [{"x": x, "y": y}])

    def to(self, x: float, y: float, steps: int = 8) -> None:
        from_x, from_y = self.x, self.y
        for n in range(1, steps + 1):
            self.x, self.y = from_x + (x - from_x) * n / steps, from_y + (y - from_y) * n / steps
            self._send("touchMove", [{"x": self.x, "y": self.y}])

    def up(self) -> None:
        self._send("touchEnd", [])


def middle_of(page: Page, number: str) -> tuple[float, float]:
    box = card(page, number).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def hold(page: Page, finger: Finger, number: str) -> None:
    """Keep the finger on a card until the board lets it be taken."""
    finger.down(*middle_of(page, number))
    page.evaluate("() => new Promise((resolve) => { setTimeout(resolve, 260); })")
    finger.to(finger.x + 14, finger.y + 6, steps=4)
    expect(page.locator(".board.is-dragging")).to_be_attached()


UNDER = """([x, y]) => document.elementsFromPoint(x, y).map((found) => found.closest(".column"))
    .find(Boolean)?.dataset.stage"""


def test_it_carries_a_card_past_the_edge_to_a_column_out_of_sight(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    page = sign_in(make_user(shop, language="en"), phone=True)
    page.goto(board_path(shop))
    finger = Finger(page)

    hold(page, finger, order.number)
    finger.to(374, finger.y)
    page.wait_for_function(f"(point) => ({UNDER})(point) === 'confirmed'", arg=[250, finger.y])
    finger.to(220, finger.y)
    expect(column(page, "confirmed")).to_have_class("column can-take is-over")
    finger.up()

    expect(column(page, "confirmed").locator(".deal-card")).to_have_attribute("data-order", order.number)
    expect(page.locator(".toast").get_by_role("button", name="Undo")).to_be_in_viewport()
    assert Order.objects.get(pk=order.pk).status == Status.CONFIRMED


def test_a_swipe_scrolls_and_moves_nothing(sign_in: SignIn) -> None:
    shop = make_shop()
    product = make_product(shop, stock=100)
    orders = [make_order(shop, lines=(make_line(product),)) for _ in range(12)]
    page = sign_in(make_user(shop, language="en"), phone=True)
    page.goto(board_path(shop))
    places = list(Deal.objects.order_by("pk").values_list("stage", "rank"))
    finger = Finger(page)

    finger.down(*middle_of(page, orders[3].number))
    finger.to(finger.x, finger.y - 260, steps=12)
    finger.up()

    page.wait_for_function("document.getElementById('cards-new').scrollTop > 60")
    expect(page.locator(".board.is-dragging")).to_have_count(0)
    finger.down(*middle_of(page, orders[5].number))
    finger.to(finger.x - 200, finger.y, steps=12)
    finger.up()
    page.wait_for_function("document.getElementById('board').scrollLeft > 60")
    assert list(Deal.objects.order_by("pk").values_list("stage", "rank")) == places


def test_selecting_by_thumb_moves_all_that_were_tapped(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=60)
    product = make_product(shop, stock=100)
    orders = [make_order(shop, lines=(make_line(product),)) for _ in range(3)]
    page = sign_in(make_user(shop, language="en"), phone=True)
    page.goto(board_path(shop))

    page.get_by_role("button", name="Select", exact=True).tap()
    for order in orders[:2]:
        card(page, order.number).locator(".card-what").tap()
    expect(page.locator("#bulk-bar output")).to_have_text("2 selected")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#bulk-bar select").select_option("confirmed")
    page.get_by_role("button", name="Move 2 cards").tap()

    toast = page.locator(".toast")
    expect(toast).to_contain_text("2 cards moved")
    expect(toast.get_by_role("button", name="Undo all")).to_be_in_viewport()
    statuses = [Order.objects.get(pk=order.pk).status for order in orders]
    assert statuses == [Status.CONFIRMED, Status.CONFIRMED, Status.NEW]
