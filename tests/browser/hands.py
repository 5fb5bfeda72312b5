"""What a person's hand does on the board, in steps a real pointer would make."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from playwright.sync_api import Locator, Page

from crm.models import Funnel
from shops.models import Shop


def board_path(shop: Shop, query: str = "") -> str:
    return f"/board/{Funnel.objects.get(shop=shop, is_default=True).slug}/{query}"


def card(page: Page, number: str) -> Locator:
    return page.locator(f'.deal-card[data-order="{number}"]')


def column(page: Page, stage: str) -> Locator:
    return page.locator(f'.column[data-stage="{stage}"]')


def pick_up(page: Page, number: str, stage: str, *, asks: bool = True) -> None:
    """Take a card and carry it over a column, without letting go. The board asks where one card may go, not for many."""
    card(page, number).scroll_into_view_if_needed()
    start, end = card(page, number).bounding_box(), column(page, stage).bounding_box()
    assert start is not None and end is not None
    page.mouse.move(start["x"] + 60, start["y"] + 34)
    page.mouse.down()
    with _question(page) if asks else nullcontext():
        page.mouse.move(start["x"] + 80, start["y"] + 44, steps=5)
        page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 130, steps=15)


def _question(page: Page) -> AbstractContextManager[object]:
    return page.expect_response(
        lambda response: response.url.endswith("/move/") and response.request.method == "GET"
    )


def drag(page: Page, number: str, stage: str, *, asks: bool = True) -> None:
    """Carry a card to a column and let go."""
    pick_up(page, number, stage, asks=asks)
    page.locator(".is-dragging").wait_for()
    page.mouse.up()
