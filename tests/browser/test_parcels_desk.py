"""A list of AWBs pasted, shipped together and put on a sheet; and a scanner at the returns desk."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from notifications.models import Message
from orders.models import HandoverSheet, Order, Shipment
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]


def test_twelve_awbs_two_of_them_wrong_become_ten_shipped_parcels_on_one_sheet(sign_in: SignIn) -> None:
    shop = make_shop()
    orders = [make_order(shop, status="processing") for _ in range(11)]
    foreign = make_order(status="processing")
    rows = [f"{order.number};20001055{order.pk:05}" for order in (*orders, foreign)]
    rows[4] = f"{orders[4].number};2,0E+12"
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"))
    page.goto("/parcels/")

    page.get_by_label("The list, one parcel on each line").fill("\n".join(rows))
    page.get_by_role("button", name="Look it through").click()
    expect(page.locator("[data-figure=bad]")).to_have_text("2")
    expect(page.locator(".awb-bad tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Add 10 AWBs").click()
    expect(page.locator("#awb-run .notice-good")).to_contain_text("10 orders have their AWBs now.")
    page.get_by_role("link", name="Go on to shipping").click()
    page.get_by_role("button", name="Ship 10").click()
    expect(page.locator("#parcel-run .notice-good")).to_contain_text("10 orders shipped.")
    page.get_by_role("link", name="Go on to the handover sheet").click()
    page.get_by_role("button", name="Make a sheet of 10").dblclick()
    expect(page.locator("[data-total=parcels]")).to_have_text("10")

    shipped = set(Order.objects.filter(status="shipped").values_list("pk", flat=True))
    assert shipped == {order.pk for order in orders} - {orders[4].pk}
    assert HandoverSheet.objects.count() == 1
    told = list(Message.objects.filter(event="shipped").values_list("order_id", "channel"))
    assert sorted(told) == sorted({(key, channel) for key in shipped for channel in ("email", "sms")})


def test_a_scanner_and_one_key_each_take_parcels_back(sign_in: SignIn) -> None:
    shop = make_shop(undo_seconds=60)
    first, second = make_order(shop, status="shipped"), make_order(shop, status="shipped")
    codes = [order.shipments.get().tracking_number for order in (first, second)]
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"))
    page.goto("/parcels/returns/")
    field = page.locator("#scan")
    expect(field).to_be_focused()

    page.keyboard.type(codes[0])
    page.keyboard.press("Enter")
    expect(page.locator(".return-card")).to_have_attribute("data-order", first.number)
    page.keyboard.press("r")
    expect(page.locator(".returns-log li")).to_have_count(1)
    expect(field).to_be_focused()
    page.keyboard.press("g")
    expect(page.locator(".returns-log li")).to_have_count(2)
    page.keyboard.type(codes[1])
    page.keyboard.press("Enter")
    expect(page.locator(".return-card")).to_have_attribute("data-order", second.number)
    page.keyboard.press("u")
    expect(page.locator(".returns-log li").first).to_contain_text("Not collected")
    page.locator(".returns-log li").first.get_by_role("button", name="Undo").click()
    expect(page.locator(".returns-log li").first).to_contain_text("taken back")

    assert Order.objects.get(pk=first.pk).returns.get().state == "received"
    assert Order.objects.get(pk=second.pk).status == "shipped"


def test_an_answer_is_found_by_the_place_of_its_key(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop, status="shipped")
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"))
    page.goto(f"/parcels/returns/?scan={order.shipments.get().tracking_number}")
    expect(page.locator("#scan")).to_be_focused()

    page.locator("#scan").dispatch_event("keydown", {"key": "г", "code": "KeyU"})
    expect(page.locator(".returns-log li").first).to_contain_text("Not collected")

    expect(page.locator("#scan")).to_have_value("")


def test_with_single_keys_off_a_letter_is_the_beginning_of_a_number(sign_in: SignIn) -> None:
    shop = make_shop()
    first, second = make_order(shop, status="shipped"), make_order(shop, status="shipped")
    Shipment.objects.filter(order=second).update(tracking_number="RU123456789RO")
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"))
    page.goto(f"/parcels/returns/?scan={first.shipments.get().tracking_number}")
    page.evaluate("document.documentElement.dataset.singleKeys = 'off'")
    field = page.locator("#scan")
    expect(field).to_be_focused()

    page.keyboard.press("R")
    expect(field).to_have_value("R")
    page.keyboard.type("U123456789RO")
    page.keyboard.press("Enter")
    expect(page.locator(".return-card")).to_have_attribute("data-order", second.number)

    assert not any(order.returns.exists() for order in (first, second))
