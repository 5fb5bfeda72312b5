"""An open board follows what others do, and tells the truth when it was stale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm import services
from crm.models import Deal, Stage
from orders import services as orders
from orders.models import Order
from orders.statuses import Status
from shops.actors import Actor
from tests.browser.hands import board_path, card, column, drag, pick_up
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]


def test_it_moves_the_card_when_the_order_is_confirmed_on_its_own_page(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))
    colleague = sign_in(make_user(shop, language="en", first_name="Vlad", last_name="Dobre"))

    colleague.goto(f"/orders/{order.number}/")
    colleague.get_by_role("button", name="Confirm", exact=True).click()

    expect(column(board, "confirmed").locator(".deal-card")).to_have_attribute("data-order", order.number)
    expect(column(board, "new").locator(".column-count")).to_have_text("0")
    expect(card(board, order.number)).to_contain_text("VD")


def test_it_shows_new_orders_and_takes_away_what_may_no_longer_be_seen(sign_in: SignIn) -> None:
    shop = make_shop(claim_visibility="hidden")
    first = make_order(shop)
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))

    second = make_order(shop)
    expect(card(board, second.number)).to_be_visible()
    orders.claim_order(order_id=first.pk, actor=Actor.person(make_user(shop)))

    expect(card(board, first.number)).to_have_count(0)
    expect(column(board, "new").locator(".column-count")).to_have_text("1")


def test_it_answers_a_stale_drag_with_where_the_card_is(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))
    pick_up(board, order.number, "no-answer")
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    with board.expect_response(lambda response: response.request.method == "POST") as answer:
        board.mouse.up()

    assert answer.value.status == 409
    expect(board.locator(".toast-bad")).to_contain_text("was moved meanwhile")
    expect(column(board, "confirmed").locator(".deal-card")).to_have_attribute("data-order", order.number)
    assert Order.objects.get(pk=order.pk).status == Status.CONFIRMED


def test_it_leaves_a_card_in_the_hand_alone(sign_in: SignIn) -> None:
    shop = make_shop()
    order, other = make_order(shop), make_order(shop)
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))
    pick_up(board, order.number, "confirmed")

    orders.confirm_order(order_id=other.pk, actor=SYSTEM)
    board.wait_for_timeout(3000)

    expect(column(board, "new").locator(f'[data-order="{other.number}"]')).to_be_visible()
    board.mouse.up()
    expect(column(board, "confirmed").locator(".deal-card")).to_have_count(2)


def test_it_tells_the_second_one_who_claimed_it_first(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))
    card(board, order.number).hover()
    card(board, order.number).locator("summary").click()
    colleague = make_user(shop, first_name="Vlad", last_name="Dobre")
    services.claim_deal(deal_id=Deal.objects.get(order=order).pk, actor=Actor.person(colleague))

    card(board, order.number).get_by_role("button", name="Claim").click()

    expect(board.locator(".toast-bad")).to_contain_text("Vlad Dobre")
    expect(card(board, order.number).locator(".avatar")).to_have_text("VD")
    assert Order.objects.get(pk=order.pk).manager == colleague


def test_it_says_when_it_is_too_late_to_undo(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=30)
    order = make_order(shop)
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))
    drag(board, order.number, "confirmed")
    expect(board.locator(".toast")).to_be_visible()
    orders.start_processing(order_id=order.pk, actor=SYSTEM)

    board.locator(".toast").get_by_role("button", name="Undo").click()

    expect(board.locator(".toast-bad")).to_be_visible()
    expect(column(board, "picking").locator(".deal-card")).to_have_attribute("data-order", order.number)
    assert Order.objects.get(pk=order.pk).status == Status.PROCESSING


def test_it_keeps_focus_and_scroll_while_cards_arrive(sign_in: SignIn) -> None:
    shop = make_shop()
    numbers = [make_order(shop).number for _ in range(9)]
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))
    card(board, numbers[7]).focus()
    before = card(board, numbers[7]).bounding_box()

    deal = Deal.objects.get(order__number=numbers[0])
    services.move_deal(
        deal_id=deal.pk, to_stage_id=Stage.objects.get(funnel=deal.funnel, slug="no-answer").pk, actor=SYSTEM
    )
    expect(card(board, numbers[0])).to_have_count(0)

    expect(card(board, numbers[7])).to_be_focused()
    after = card(board, numbers[7]).bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 140


def test_it_keeps_the_focus_on_a_figure_that_changes(sign_in: SignIn) -> None:
    shop = make_shop()
    make_order(shop)
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))
    figure = board.locator('[data-figure="call"]')
    figure.focus()
    expect(figure).to_contain_text("1")

    make_order(shop)

    expect(figure).to_contain_text("2")
    expect(figure).to_be_focused()
    opener = column(board, "new").get_by_role("button", name="Select all of")
    opener.focus()
    make_order(shop)
    expect(column(board, "new").locator(".column-count")).to_have_text("3")
    expect(opener).to_be_focused()


def test_it_shows_more_cards_when_the_column_is_scrolled(sign_in: SignIn) -> None:
    shop = make_shop()
    product = make_product(shop, stock=1000)
    numbers = [make_order(shop, lines=(make_line(product),)).number for _ in range(23)]
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))
    expect(column(board, "new").locator(".deal-card")).to_have_count(15)

    column(board, "new").locator(".column-more").scroll_into_view_if_needed()

    expect(card(board, numbers[-1])).to_be_attached()
    expect(column(board, "new").locator(".deal-card")).to_have_count(23)
    drag(board, numbers[0], "confirmed")
    expect(column(board, "confirmed").locator(".deal-card")).to_have_attribute("data-order", numbers[0])


def test_it_counts_cards_that_arrive_out_of_sight_and_moves_nothing(sign_in: SignIn) -> None:
    shop = make_shop()
    product = make_product(shop, stock=1000)
    numbers = [make_order(shop, lines=(make_line(product),)).number for _ in range(14)]
    aside = Deal.objects.get(order=make_order(shop, lines=(make_line(product),)))
    stages = {stage.slug: stage.pk for stage in Stage.objects.filter(funnel=aside.funnel)}
    services.move_deal(deal_id=aside.pk, to_stage_id=stages["no-answer"], actor=SYSTEM)
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))
    board.locator("#cards-new").evaluate("list => { list.scrollTop = 300 }")
    before = card(board, numbers[5]).bounding_box()

    services.move_deal(deal_id=aside.pk, to_stage_id=stages["new"], after_deal_id=0, actor=SYSTEM)

    chip = column(board, "new").locator(".column-news")
    expect(chip).to_have_text("1 new ↑")
    assert before is not None
    after = card(board, numbers[5]).bounding_box()
    assert after is not None
    assert abs(after["y"] - before["y"]) < 3
    chip.click()
    expect(card(board, str(aside.title))).to_be_in_viewport()
    expect(chip).to_have_count(0)


def test_a_new_order_shows_in_the_title_of_a_window_nobody_looks_at(sign_in: SignIn) -> None:
    shop = make_shop()
    make_order(shop)
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))
    title = board.title()
    board.evaluate("document.hasFocus = () => false")

    second = make_order(shop)

    expect(board).to_have_title(f"(1) {title}")
    expect(board.locator("#board-news")).to_have_text(f"New order: {second.number}")
    board.evaluate("dispatchEvent(new Event('focus'))")
    expect(board).to_have_title(title)


def test_it_says_since_when_it_hears_nothing_and_goes_on_by_itself(sign_in: SignIn, visitor: Any) -> None:
    shop = make_shop()
    board = sign_in(make_user(shop, language="en"))
    board.goto(board_path(shop))

    board.context.set_offline(True)
    expect(board.locator("#stale")).to_contain_text("Not up to date since")
    order = make_order(shop)
    board.context.set_offline(False)
    expect(card(board, order.number)).to_be_visible()
    expect(board.locator("#stale")).to_be_hidden()

    board.context.clear_cookies()
    expect(board.locator("#stale")).to_contain_text("you are signed out")
    expect(board.locator("#stale").get_by_role("link", name="Sign in")).to_be_visible()
    assert all("ERR_INTERNET_DISCONNECTED" in problem for problem in visitor.problems)
    visitor.problems.clear()
