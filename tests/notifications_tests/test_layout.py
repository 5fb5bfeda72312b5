"""The frame around a message's words: the shop's look, what every mail program needs, and the same facts as text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from pytest_django import Settings

from notifications.layout import LONGEST_PREHEADER, Written, write, write_words
from notifications.looks import DEFAULT_ACCENT, INK, PAPER, READABLE, Look, contrast
from notifications.models import MessageSettings, MessageTemplate
from notifications.selectors import look_of
from notifications.vocabulary import sample
from tests.factories import make_shop

LINK = "https://oms.example/t/AbCdEfGhIjKlMnOpQrStUv/"
PAY = "https://shop.example/checkout/order-pay/1001/"
LOOK = Look(name="Căni & Co", phone="0312 345 678", domain="cani.example", footer="Căni SRL\nCUI RO123")
LINES = [
    {"name": "Mug, blue", "sku": "M", "quantity": 2, "price": "49.90 lei", "total": "99.80 lei"},
    {"name": "Towel", "sku": "T", "quantity": 1, "price": "129.20 lei", "total": "129.20 lei"},
]


def letter(
    event: str = "shipped", body: str = "Hello,\n\nit <b>left</b>.", look: Look = LOOK, **facts: Any
) -> Written:
    template = MessageTemplate(
        event=event, channel="email", language="en", subject="Order {{number}}", body=body
    )
    return write(template, sample() | {"lines": LINES, "fees": ""} | facts, look=look, link=LINK)


def style_of(html: str, tag: str, css_class: str) -> str:
    found = re.search(rf'<{tag} class="{css_class}"[^>]*style="([^"]*)"', html)
    assert found, css_class
    return found[1]


def test_the_styles_stand_at_the_tags_for_mail_programs_that_drop_the_style_sheet() -> None:
    html = letter().html

    assert "background-color: #1d4ed8" in style_of(html, "td", "cell")
    assert "text-decoration: none" in style_of(html, "a", "button")
    assert "max-width: 600px" in style_of(html, "table", "sheet")
    assert "text-align: right" in style_of(html, "td", "money")


def test_outlook_gets_a_table_of_fixed_width_and_a_padded_button() -> None:
    html = letter().html

    opened, closed = html.count("<!--[if mso]>"), html.count("<![endif]-->")
    assert opened == closed == 3
    assert '<!--[if mso]><table role="presentation" width="600"' in html
    assert "mso-padding-alt: 12px 24px" in style_of(html, "td", "cell")
    assert 'bgcolor="#1d4ed8"' in html


def test_phones_and_dark_screens_have_their_rules_and_gmail_room_for_them() -> None:
    html = letter().html

    [sheet] = re.findall(r"<style>\s*:root(.*?)</style>", html, re.DOTALL)
    assert "@media (max-width: 480px)" in sheet
    assert "@media (prefers-color-scheme: dark)" in sheet
    assert '<meta name="color-scheme" content="light dark">' in html
    assert len(sheet.encode()) < 8192  # Gmail drops a longer style sheet whole
    assert len(html.encode()) < 40_000  # and cuts messages beyond some 100 kB


def test_tables_that_only_place_things_say_so_to_screen_readers() -> None:
    html = letter().html

    tables = re.findall(r"<table\b[^>]*>", re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL))
    placing = [table for table in tables if 'role="presentation"' in table]
    assert len(tables) - len(placing) == 1  # the order's products are a table indeed
    assert html.count('scope="col"') == 2
    assert '<html lang="en" dir="ltr"' in html


@pytest.mark.parametrize(
    ("accent", "words"),
    [("#1d4ed8", PAPER), ("#ffd400", INK), ("#000000", PAPER), ("#ffffff", INK), ("#777777", PAPER)],
)
def test_words_on_a_button_can_be_read(accent: str, words: str) -> None:
    look = Look(name="Shop", accent=accent)

    assert look.on_accent == words
    assert contrast(look.on_accent, accent) >= 4.4
    assert f"color: {words}" in style_of(letter(look=look).html, "a", "button")


def test_black_on_white_is_the_greatest_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)


def test_links_keep_the_shops_colour_only_where_it_can_be_read() -> None:
    assert Look(name="Shop", accent="#1d4ed8").link == "#1d4ed8"
    assert Look(name="Shop", accent="#ffd400").link == INK
    assert contrast(INK, PAPER) > READABLE


@pytest.mark.parametrize("colour", ["red", "#12345", "#1d4ed8;}</style><script>", "javascript:", ""])
def test_what_is_no_colour_reaches_no_style(colour: str) -> None:
    assert Look(name="Shop", accent=colour).accent == DEFAULT_ACCENT


def test_both_parts_tell_the_same_facts() -> None:
    written = letter(fees="5.00 lei", due="254.00 lei")

    for part in (written.html, written.text):
        for fact in (LINK, "Mug, blue", "49.90 lei", "99.80 lei", "Towel", "129.20 lei", "5.00 lei",
                     "249.00 lei", "254.00 lei", "easybox Central", "Căni SRL", "CUI RO123", "0312 345 678"):  # fmt: skip
            assert fact in part, fact
    assert "2 × Mug, blue (49.90 lei): 99.80 lei" in written.text
    assert "2 × 49.90 lei" in written.html
    assert "<" not in written.text


def test_a_mailbox_shows_the_words_after_the_greeting() -> None:
    body = "Hello,\n\n" + '<a href="{{trackingUrl}}">Here</a> & there. ' + "word " * 60

    preheader = re.search(r'<div class="preheader"[^>]*>([^<]*)</div>', letter(body=body).html)

    assert preheader
    assert preheader[1].startswith("Here &amp; there. word word")
    assert len(preheader[1].replace("&amp;", "&")) <= LONGEST_PREHEADER


def test_a_failed_payment_begins_with_the_button_that_pays() -> None:
    written = letter("payment_failed", payment_url=PAY)

    assert re.search(rf'class="button" href="{PAY}"[^>]*>Pay now<', written.html)
    assert re.search(rf'<p class="also"[^>]*><a href="{LINK}"', written.html)
    assert f"Pay now: {PAY}\nFollow your order: {LINK}" in written.text


@pytest.mark.parametrize("page", ["", "javascript:alert(1)", "//shop.example/pay", "data:text/html,x"])
def test_without_a_page_to_pay_on_there_is_the_tracking_button(page: str) -> None:
    written = letter("payment_failed", payment_url=page)

    assert f'class="button" href="{LINK}"' in written.html
    assert "Pay now" not in written.html + written.text


def test_other_messages_do_not_ask_for_money() -> None:
    assert PAY not in letter("shipped", payment_url=PAY).html


def test_a_persons_words_stand_in_the_same_frame() -> None:
    written = write_words(
        subject="A word", text="Hello!\n\n<b>No</b> markup", look=LOOK, link=LINK, language="en"
    )

    assert "&lt;b&gt;No&lt;/b&gt; markup" in written.html
    assert 'class="lines"' not in written.html
    assert LINK in written.html
    assert "Căni SRL" in written.text


@pytest.mark.django_db
def test_the_look_is_what_the_shop_chose(settings: Settings) -> None:
    shop = make_shop(name="Căni", phone="0312", domain="cani.example")
    plain = look_of(shop)
    MessageSettings.objects.create(shop=shop, accent_colour="#aa0000", footer=" Căni SRL \n")
    settings.OMS_PUBLIC_URL = "https://oms.example"
    shop.logo.save("logo.png", ContentFile(b"png"))

    look = look_of(shop)

    assert (plain.accent, plain.footer, plain.logo) == (DEFAULT_ACCENT, "", "")
    assert (look.accent, look.footer) == ("#aa0000", "Căni SRL")
    assert look.logo.startswith("https://oms.example/media/logos/")
    html = letter(look=look).html
    [picture] = re.findall(r"<img[^>]*>", html)
    for attribute in (f'src="{look.logo}"', 'alt="Căni"', 'height="44"'):
        assert attribute in picture
    assert "border-top: 4px solid #aa0000" in style_of(html, "table", "sheet")
    shop.logo.delete()
