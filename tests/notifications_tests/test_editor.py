"""The template editor: the vocabulary with what it gives on a real order, and where a new text starts."""

import html
import re

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from notifications.models import MessageTemplate
from notifications.vocabulary import LINE_NAMES, NAMES
from shops.models import Shop
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db
TEMPLATES = "/admin/notifications/messagetemplate/"
QUERIES_OF_THE_EDITOR = 25


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def admin_client(client: Client, shop: Shop) -> Client:
    client.force_login(make_user(shop, Role.ADMIN, is_staff=True))
    return client


def the_template(shop: Shop, **which: str) -> MessageTemplate:
    wanted = {"event": "confirmed", "channel": "email", "language": "ro", **which}
    return MessageTemplate.objects.get(shop=shop, **wanted)


def editor(client: Client, template: MessageTemplate) -> str:
    return html.unescape(client.get(f"{TEMPLATES}{template.pk}/change/").content.decode())


def shown_value(page: str, name: str) -> str:
    found = re.search(rf'data-name="{re.escape(name)}".*?data-value>(.*?)</span>', page, re.DOTALL)
    assert found is not None
    return found[1].strip()


def test_every_name_stands_beside_the_text_with_its_meaning_and_other_spellings(
    admin_client: Client, shop: Shop
) -> None:
    page = editor(admin_client, the_template(shop))

    for name in NAMES:
        assert f'data-name="{name.name}"' in page
        assert str(name.meaning) in page
        assert all(alias in page for alias in name.aliases)
    for name in LINE_NAMES:
        assert f'data-name="line.{name.name}"' in page


def test_each_name_shows_what_it_gives_for_the_newest_order(admin_client: Client, shop: Shop) -> None:
    make_order(shop)
    newest = make_order(shop, status="shipped")

    page = editor(admin_client, the_template(shop))

    assert shown_value(page, "number") == newest.number
    assert shown_value(page, "firstname") == "Ana-Maria"
    assert shown_value(page, "lines") == "1 product"
    assert shown_value(page, "line.quantity") == "1"
    assert f'value="{newest.number}"' in page


def test_a_name_that_gives_nothing_says_why(admin_client: Client, shop: Shop) -> None:
    make_order(shop)

    page = editor(admin_client, the_template(shop))

    assert shown_value(page, "trackingUrl") == "empty: the order has no parcel yet"


def test_without_orders_it_shows_an_invented_example(admin_client: Client, shop: Shop) -> None:
    page = editor(admin_client, the_template(shop))

    assert shown_value(page, "number") == "RO-1001"
    assert "an invented example" in page


def test_a_click_inserts_what_fits_the_kind_of_name(admin_client: Client, shop: Shop) -> None:
    page = editor(admin_client, the_template(shop))

    assert 'data-insert="{{firstname}}"' in page
    assert 'data-insert="{{line.name}}"' in page
    assert 'data-insert="{% if paid %}{% endif %}"' in page
    assert 'data-insert="{% for line in lines %}' in page


def test_orders_are_found_by_the_beginning_of_their_number(admin_client: Client, shop: Shop) -> None:
    order, stranger = make_order(shop), make_order()

    found = admin_client.get(f"{TEMPLATES}orders/", {"shop": shop.pk, "q": order.number[:2].lower()}).json()
    foreign = admin_client.get(f"{TEMPLATES}orders/", {"shop": stranger.shop_id})
    nonsense = admin_client.get(f"{TEMPLATES}orders/", {"shop": "x"})

    assert [one["number"] for one in found["orders"]] == [order.number]
    assert foreign.status_code == 403
    assert nonsense.status_code == 403


def test_a_new_text_starts_from_the_default_in_its_language(admin_client: Client, shop: Shop) -> None:
    place = {"shop": shop.pk, "event": "confirmed", "channel": "email", "language": "pl"}
    the_template(shop, language="pl").delete()

    page = html.unescape(admin_client.get(f"{TEMPLATES}add/", place).content.decode())

    assert "Zamówienie {{number}} potwierdzone" in page
    assert "Dobra wiadomość" in page


def test_a_new_text_without_a_default_starts_from_what_customers_get_now(
    admin_client: Client, shop: Shop
) -> None:
    MessageTemplate.objects.filter(shop=shop, event="returned", channel="sms").delete()
    MessageTemplate.objects.create(
        shop=shop, event="returned", channel="sms", language="ro", body="Retur {{number}}"
    )
    place = {"shop": shop.pk, "event": "returned", "channel": "sms", "language": "pl"}

    page = html.unescape(admin_client.get(f"{TEMPLATES}add/", place).content.decode())

    assert "Retur {{number}}" in page


def test_a_new_text_of_another_shop_starts_empty(admin_client: Client) -> None:
    other = make_shop()
    secret = the_template(other, language="pl")
    MessageTemplate.objects.filter(pk=secret.pk).update(body="their own words")

    page = admin_client.get(f"{TEMPLATES}add/", {"shop": other.pk, "event": "confirmed", "channel": "email"})

    assert "their own words" not in page.content.decode()


def test_the_languages_page_shows_own_texts_what_stands_in_and_what_is_missing(
    admin_client: Client, shop: Shop
) -> None:
    MessageTemplate.objects.filter(shop=shop, event="confirmed", channel="email", language="pl").delete()
    MessageTemplate.objects.filter(shop=shop, event="shipped", channel="sms").delete()

    page = html.unescape(admin_client.get(f"{TEMPLATES}languages/").content.decode())

    assert f"{TEMPLATES}{the_template(shop).pk}/change/" in page
    assert f"add/?shop={shop.pk}&event=confirmed&channel=email&language=pl" in page
    assert "the shop's language" in page
    row = re.search(r"<tr>\s*<td>SMS</td>(?:(?!</tr>).)*event=shipped.*?</tr>", page, re.DOTALL)
    assert "<li>Order shipped · SMS</li>" in page
    assert row is not None
    assert row[0].count("te-cell-bad") == len(settings.LANGUAGES)


def test_the_languages_page_of_another_shop_is_refused(admin_client: Client) -> None:
    assert admin_client.get(f"{TEMPLATES}languages/", {"shop": make_shop().slug}).status_code == 403


def test_a_text_a_colleague_saved_meanwhile_is_not_lost(admin_client: Client, shop: Shop) -> None:
    template = the_template(shop)
    seen = re.findall(r'name="_seen" value="(\d+)"', editor(admin_client, template))[0]
    template.body = "a colleague's words"
    template.save()
    form = {"shop": shop.pk, "event": "confirmed", "channel": "email", "language": "ro", "subject": "S"}
    mine = form | {"body": "my words", "_seen": seen}

    refused = html.unescape(admin_client.post(f"{TEMPLATES}{template.pk}/change/", mine).content.decode())

    assert "Meanwhile this text was saved by" in refused
    assert "my words" in refused
    assert the_template(shop).body == "a colleague's words"
    again = re.findall(r'name="_seen" value="(\d+)"', refused)[0]
    admin_client.post(f"{TEMPLATES}{template.pk}/change/", mine | {"_seen": again})
    assert the_template(shop).body == "my words"


def test_the_editor_asks_as_often_for_many_orders_as_for_one(
    admin_client: Client, shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    template = the_template(shop)
    make_order(shop)

    with django_assert_max_num_queries(QUERIES_OF_THE_EDITOR) as few:
        admin_client.get(f"{TEMPLATES}{template.pk}/change/")
    for _number in range(5):
        make_order(shop)
    with django_assert_max_num_queries(QUERIES_OF_THE_EDITOR) as many:
        admin_client.get(f"{TEMPLATES}{template.pk}/change/")

    assert len(many) == len(few)
