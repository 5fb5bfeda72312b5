"""Writing a message in admin: names go in at the cursor, the preview follows, and hostile names stay text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from notifications.models import Message, MessageTemplate
from orders.models.orders import OrderAddress
from shops.models import Shop
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]
ATTACK = "<img/src=x/onerror=top.attacked=1>"


def open_editor(sign_in: SignIn, shop: Shop, channel: str, **how: bool) -> Page:
    template = MessageTemplate.objects.get(shop=shop, event="confirmed", channel=channel, language="ro")
    admin = make_user(shop, Role.ADMIN, is_staff=True, language="en", email="writer@example.com")
    page = sign_in(admin, **how)
    page.goto(f"/admin/notifications/messagetemplate/{template.pk}/change/")
    return page


def test_the_preview_follows_what_is_written_and_names_go_in_at_the_cursor(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    page = open_editor(sign_in, shop, "email")
    body = page.locator("[name=body]")

    body.fill("Salut , comanda ta")
    body.evaluate("field => field.setSelectionRange(6, 6)")
    page.get_by_role("button", name="firstname", exact=True).click()
    page.locator("[name=subject]").focus()
    page.get_by_role("button", name="number", exact=True).click()

    expect(body).to_have_value("Salut {{firstname}}, comanda ta")
    for frame in ("The e-mail on a desktop", "The e-mail on a phone"):
        inner = page.frame_locator(f"iframe[title='{frame}']")
        expect(inner.locator("body")).to_contain_text("Salut Ana-Maria, comanda ta")
    expect(page.locator(".te-subject")).to_contain_text(order.number)


def test_a_wrong_name_is_told_while_writing_and_the_last_good_preview_stays(sign_in: SignIn) -> None:
    shop = make_shop()
    make_order(shop)
    page = open_editor(sign_in, shop, "email")
    expect(page.locator("iframe")).to_have_count(2)

    page.locator("[name=body]").fill("Salut\n{{fistname}}")

    expect(page.locator("[data-notes]")).to_contain_text(
        "Line 2: the name “fistname” is not known. Did you mean “firstname”?"
    )
    expect(page.locator("iframe")).to_have_count(2)
    page.locator("[name=body]").fill("Salut {{trackingUrl}}")
    expect(page.locator("[data-notes]")).to_contain_text("the order has no parcel yet")


def test_an_sms_is_counted_while_writing_and_another_order_can_be_chosen(sign_in: SignIn) -> None:
    shop = make_shop()
    first = make_order(shop)
    make_order(shop)
    page = open_editor(sign_in, shop, "sms")

    page.locator("[name=body]").fill("Bună {{number}}")
    page.locator("[data-order]").fill(first.number)

    expect(page.locator(".te-bubble")).to_have_text(f"Buna {first.number}")
    expect(page.locator(".te-count")).to_contain_text("GSM-7")
    expect(page.locator("[data-name=number] [data-value]")).to_have_text(first.number)
    page.locator("[name=plain_letters]").uncheck()
    expect(page.locator(".te-sms")).to_contain_text("latin small letter a with breve")


def test_a_hostile_name_runs_nowhere(sign_in: SignIn) -> None:
    shop = make_shop()
    order = make_order(shop)
    OrderAddress.objects.filter(pk=order.shipping_address_id).update(name=ATTACK)
    page = open_editor(sign_in, shop, "email")

    page.locator("[name=body]").fill("Salut {{firstname}}")
    page.locator("[name=subject]").fill("{{firstname}}")

    phone = page.frame_locator("iframe[title='The e-mail on a phone']")
    expect(phone.locator("body")).to_contain_text(f"Salut {ATTACK}")
    expect(page.locator(".te-subject strong")).to_have_text(ATTACK)
    expect(page.locator("[data-name=firstname] [data-value]")).to_have_text(ATTACK)
    assert page.evaluate("window.attacked") is None


def test_a_test_goes_to_its_writer(sign_in: SignIn) -> None:
    shop = make_shop()
    page = open_editor(sign_in, shop, "email")

    page.get_by_role("button", name="Send me a test").click()

    expect(page.locator("[data-said]")).to_have_text("The test is on its way to writer@example.com.")
    assert Message.objects.get().recipient == "writer@example.com"


def test_it_works_on_a_phone(sign_in: SignIn) -> None:
    shop = make_shop()
    make_order(shop)
    page = open_editor(sign_in, shop, "email", phone=True)

    page.locator("[name=body]").fill("Salut {{firstname}}")

    phone = page.frame_locator("iframe[title='The e-mail on a phone']")
    expect(phone.locator("body")).to_contain_text("Salut Ana-Maria")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
