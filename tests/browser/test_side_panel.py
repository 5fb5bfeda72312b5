"""The side panel of the board in a real browser: opening, closing, its address, editing in place, and what others do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm import services
from crm.models import Deal, DealComment
from orders.models import Order
from shops.actors import Actor
from shops.models import Shop, User
from tests.browser.hands import board_path, card, column
from tests.factories import make_order, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]


def world() -> tuple[Shop, User, list[Order]]:
    shop = make_shop(language="en")
    user = make_user(shop, first_name="Mara", last_name="Ilie", language="en")
    return shop, user, [make_order(shop) for _number in range(3)]


def page_of(order: Order) -> str:
    return f"/deals/{Deal.objects.get(order=order).pk}/"


def test_a_card_opens_beside_the_board_and_back_escape_and_keys_do_what_they_say(sign_in: SignIn) -> None:
    shop, user, (first, second, _third) = world()
    page = sign_in(user)
    page.goto(board_path(shop, "?whose="))
    panel = page.locator("#deal-panel")

    card(page, first.number).focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name=first.number)).to_be_visible()
    expect(page).to_have_url(re.compile(page_of(first)))
    for _press in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.frame, .rail') === null")
    page.locator(".deal-sheet").focus()
    page.keyboard.press("j")
    expect(panel.get_by_role("heading", name=second.number)).to_be_visible()
    page.keyboard.press("Escape")

    expect(panel).to_have_count(0)
    expect(page).to_have_url(re.compile("/board/"))
    expect(card(page, second.number)).to_be_focused()
    card(page, first.number).locator(".card-number").click()
    expect(panel).to_be_visible()
    page.go_back()
    expect(panel).to_have_count(0)
    page.go_forward()
    expect(panel).to_be_visible()
    page.reload()
    expect(page.locator(".top-title h1")).to_have_text(first.number)
    page.go_back()
    expect(page.locator("#board")).to_be_visible()


def test_what_is_done_in_the_panel_shows_at_once_here_and_on_the_board(sign_in: SignIn) -> None:
    shop, user, (order, *_others) = world()
    page = sign_in(user)
    page.goto(board_path(shop))
    card(page, order.number).locator(".card-number").click()
    panel = page.locator("#deal-panel")

    panel.get_by_label("Comment").fill("Call after two")
    panel.get_by_role("button", name="Comment", exact=True).click()
    expect(panel.locator(".timeline").get_by_text("Call after two")).to_be_visible()
    panel.get_by_role("link", name="Change the lines").click()
    quantity = panel.get_by_label("Quantity")
    expect(quantity).to_be_focused()
    quantity.fill("3")
    page.keyboard.press("Enter")
    expect(panel.locator(".timeline").get_by_text("Changed: lines, total")).to_be_visible()
    panel.get_by_role("button", name="Confirm").click()
    expect(panel.locator('.panel-bar [data-status="confirmed"]')).to_be_visible()
    expect(column(page, "confirmed").locator(f'[data-order="{order.number}"]')).to_have_count(1)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(panel.locator('.panel-bar [data-status="new"]')).to_be_visible()

    assert Order.objects.get(pk=order.pk).lines.get().quantity == 3
    panel.get_by_label("Comment").fill("half a thou")
    services.add_comment(
        deal_id=Deal.objects.get(order=order).pk,
        actor=Actor.person(make_user(shop)),
        text="From a colleague",
    )
    expect(panel.locator(".timeline").get_by_text("From a colleague")).to_be_visible()
    expect(panel.get_by_label("Comment")).to_have_value("half a thou")


def test_a_double_key_writes_one_comment_and_what_is_typed_meanwhile_stays(sign_in: SignIn) -> None:
    _shop, user, (order, *_others) = world()
    page = sign_in(user)
    page.goto(page_of(order))
    page.evaluate(SLOW_POSTS)
    comment = page.get_by_label("Comment")

    comment.fill("Call after two")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    comment.fill("Call after two, and tomorrow")
    expect(page.locator(".timeline").get_by_text("Call after two")).to_have_count(1)

    expect(comment).to_have_value("Call after two, and tomorrow")
    assert timeline_texts(order) == ["Call after two"]
    page.keyboard.press("Control+Enter")
    expect(page.locator(".timeline").get_by_text("Call after two")).to_have_count(2)
    expect(comment).to_have_value("")


# The answer to what is sent comes late, as over a thin line.
SLOW_POSTS = """() => {
  const plain = window.fetch;
  window.fetch = async (url, options) => {
    const answer = await plain(url, options);
    if (options?.method === "POST") await new Promise((done) => setTimeout(done, 600));
    return answer;
  };
}"""


def timeline_texts(order: Order) -> list[str]:
    return list(DealComment.objects.filter(deal__order=order).values_list("text", flat=True))


def test_what_a_colleague_writes_leaves_the_other_parts_and_the_focus_alone(sign_in: SignIn) -> None:
    shop, user, (order, *_others) = world()
    deal, colleague = Deal.objects.get(order=order), Actor.person(make_user(shop))
    page = sign_in(user)
    page.goto(page_of(order))
    page.locator(".deal-page [data-part]").evaluate_all(
        "parts => parts.forEach((part) => { part.isOld = true; })"
    )
    page.get_by_role("button", name="Confirm").focus()

    services.add_comment(deal_id=deal.pk, actor=colleague, text="From a colleague")

    expect(page.locator(".timeline").get_by_text("From a colleague")).to_be_visible()
    expect(page.get_by_role("button", name="Confirm")).to_be_focused()
    rebuilt = "parts => parts.filter((part) => !part.isOld).map((part) => part.dataset.part)"
    assert page.locator(".deal-page [data-part]").evaluate_all(rebuilt) == ["timeline"]


def test_news_waits_for_an_open_menu_and_comes_when_it_closes(sign_in: SignIn) -> None:
    shop, user, (order, *_others) = world()
    deal, colleague = Deal.objects.get(order=order), Actor.person(make_user(shop))
    services.set_reminder(
        deal_id=deal.pk, actor=Actor.person(user), due_at=in_days(1), note="Ask for the size"
    )
    page = sign_in(user)
    page.goto(page_of(order))
    menu = page.locator("[data-part=reminders] details[data-menu]")
    menu.locator("summary").click()

    services.set_reminder(deal_id=deal.pk, actor=colleague, due_at=in_days(2), note="Ask for the colour")
    services.add_comment(deal_id=deal.pk, actor=colleague, text="From a colleague")
    expect(page.locator(".timeline").get_by_text("From a colleague")).to_be_visible()
    expect(menu).to_have_attribute("open", "")
    expect(page.locator("[data-part=reminders]").get_by_text("Ask for the colour")).to_have_count(0)
    page.keyboard.press("Escape")

    expect(
        page.locator("[data-part=reminders] .reminder").get_by_text("Ask for the colour").first
    ).to_be_visible()


def in_days(days: int) -> datetime:
    return timezone.now() + timedelta(days=days)


def test_a_request_that_fails_says_so_and_leaves_the_page_as_it_is(sign_in: SignIn) -> None:
    shop, user, (order, *_others) = world()
    page = sign_in(user)
    page.route("**/move/", lambda route: route.fulfill(status=403, body=WHOLE_PAGE))
    page.route("**/comments/", lambda route: route.fulfill(status=403, body=WHOLE_PAGE))
    said = page.locator("#toasts").get_by_text("This could not be done. Try again.")
    page.goto(board_path(shop))

    card(page, order.number).locator("summary").click()
    card(page, order.number).get_by_label("Move to…").select_option("confirmed")
    card(page, order.number).get_by_role("button", name="Move", exact=True).click()
    expect(said).to_have_count(1)
    page.goto(page_of(order))
    page.get_by_role("button", name="Confirm").click()
    expect(said).to_have_count(1)
    page.get_by_label("Comment").fill("Call after two")
    page.keyboard.press("Control+Enter")

    expect(said).to_have_count(2)
    expect(page.get_by_label("Comment")).to_have_value("Call after two")


WHOLE_PAGE = '<!doctype html><html><body><div id="toasts"></div><div id="dialogs"></div></body></html>'


def test_forward_into_the_panel_keeps_the_filters_of_the_board(sign_in: SignIn) -> None:
    shop, user, (order, *_others) = world()
    page = sign_in(user)
    page.goto(board_path(shop, "?whose=unclaimed"))
    card(page, order.number).locator(".card-number").click()
    expect(page.locator("#deal-panel")).to_be_visible()
    page.go_back()
    expect(page.locator("#deal-panel")).to_have_count(0)
    page.go_forward()

    with page.expect_request("**/comments/") as sent:
        page.get_by_label("Comment").fill("Call after two")
        page.keyboard.press("Control+Enter")

    assert sent.value.headers["hx-current-url"].endswith("?whose=unclaimed")


def test_on_a_phone_the_panel_is_a_full_sheet(sign_in: SignIn) -> None:
    shop, user, (order, *_others) = world()
    page = sign_in(user, phone=True)
    page.goto(board_path(shop))

    card(page, order.number).locator(".card-number").click()
    sheet = page.locator(".deal-sheet")
    expect(sheet).to_be_visible()
    page.evaluate(
        "Promise.all(document.querySelector('.deal-sheet').getAnimations().map((run) => run.finished))"
    )

    box = sheet.bounding_box()
    assert box is not None and (box["x"], box["width"]) == (0, 390)
    assert page.evaluate("document.querySelector('.deal-sheet').scrollWidth") <= 390
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_have_count(0)
