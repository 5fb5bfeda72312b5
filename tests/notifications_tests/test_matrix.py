"""Which messages are sent: one table for every order, exceptions in words, and what holds for an order."""

import html
import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from notifications.errors import MessageError
from notifications.models import MessageSwitch, MessageTemplate
from notifications.selectors import SwitchRow, switch_rows
from notifications.services import remove_rule, set_rules, set_switches
from notifications.statuses import MOST_SWITCHES, TEMPLATE_EVENTS
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Shop, User
from shops.permissions import Role
from tests.factories import make_shop, make_user

pytestmark = pytest.mark.django_db
SWITCHES = "/admin/notifications/messageswitch/"
ADD = f"{SWITCHES}rules/add/"


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def admin(shop: Shop) -> User:
    return make_user(shop, Role.ADMIN, is_staff=True)


@pytest.fixture
def admin_client(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def is_on(shop: Shop, event: str, channel: str) -> bool:
    return MessageSwitch.objects.get(
        shop=shop, event=event, channel=channel, payment_method="", source=""
    ).is_on


def narrower(shop: Shop) -> list[SwitchRow]:
    return [row for row in switch_rows(shop.pk) if row.source or row.payment_method]


def form_as_shown(client: Client) -> dict[str, str]:
    """What the browser would post if nothing was touched."""
    page = html.unescape(client.get(SWITCHES).content.decode())
    form = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name = re.search(r'name="((?:initial-)?\w+-(?:email|sms))"', tag)
        if name and ("hidden" in tag):
            form[name[1]] = re.search(r'value="([^"]*)"', tag)[1]  # type: ignore[index]
        elif name and tag.endswith(" checked>"):
            form[name[1]] = "on"
    return form


def test_the_table_turns_messages_on_and_off(admin_client: Client, shop: Shop) -> None:
    form = form_as_shown(admin_client) | {"shop": shop.slug, "delivered-sms": "on"}
    del form["shipped-email"]

    response = admin_client.post(SWITCHES, form)

    assert response.status_code == 302
    assert is_on(shop, "delivered", "sms")
    assert not is_on(shop, "shipped", "email")
    assert is_on(shop, "confirmed", "email")
    assert MessageSwitch.history.filter(shop_id=shop.pk).count() == 2


def test_a_stale_page_saves_only_what_its_reader_changed(admin_client: Client, shop: Shop) -> None:
    seen_by_one = form_as_shown(admin_client)
    seen_by_other = form_as_shown(admin_client)
    del seen_by_one["shipped-email"]

    admin_client.post(SWITCHES, seen_by_one | {"shop": shop.slug})
    admin_client.post(SWITCHES, seen_by_other | {"shop": shop.slug, "delivered-sms": "on"})

    assert not is_on(shop, "shipped", "email")
    assert is_on(shop, "delivered", "sms")


def test_the_table_warns_of_messages_without_a_text(admin_client: Client, shop: Shop) -> None:
    shop_has_none = {"shop": shop.slug, "returned-sms": "on"}
    MessageTemplate.objects.filter(shop=shop, event="returned", channel="sms").delete()

    page = admin_client.post(SWITCHES, shop_has_none, follow=True)

    assert "is on, but has no text" in page.content.decode()


def test_an_exception_is_added_and_told_in_words(admin_client: Client, shop: Shop) -> None:
    form = {
        "event": "confirmed",
        "channel": "email",
        "source": " eMAG ",
        "payment_method": "cod",
        "is_on": "on",
    }

    page = admin_client.post(ADD, form | {"shop": shop.slug}, follow=True)

    assert narrower(shop) == [SwitchRow("confirmed", "email", "cod", "emag", True)]
    assert "Order confirmed · E-mail · emag · Cash on delivery" in page.content.decode()


def test_an_exception_may_speak_about_every_moment_and_both_channels(
    admin_client: Client, shop: Shop
) -> None:
    form = {"event": "", "channel": "", "source": "allegro", "payment_method": "", "is_on": "on"}

    admin_client.post(ADD, form | {"shop": shop.slug})

    assert len(narrower(shop)) == 2 * len(TEMPLATE_EVENTS)


def test_adding_again_changes_what_the_exception_says(admin_client: Client, shop: Shop) -> None:
    form = {"event": "shipped", "channel": "sms", "source": "emag", "payment_method": "", "shop": shop.slug}

    for answer in ("on", "on", "off"):
        admin_client.post(ADD, form | {"is_on": answer})

    assert narrower(shop) == [SwitchRow("shipped", "sms", "", "emag", False)]
    assert MessageSwitch.history.filter(shop_id=shop.pk).count() == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": "", "payment_method": ""}, "Choose a payment method or a source"),
        ({"source": "două cuvinte"}, "A source is a short word in Latin letters"),
        ({"payment_method": "shells"}, "Select a valid choice"),
        ({"is_on": "maybe"}, "Select a valid choice"),
    ],
)
def test_a_bad_exception_is_refused_in_words(
    admin_client: Client, shop: Shop, changes: dict[str, str], said: str
) -> None:
    form = {
        "event": "",
        "channel": "",
        "source": "emag",
        "payment_method": "",
        "is_on": "on",
        "shop": shop.slug,
    }

    page = admin_client.post(ADD, form | changes)

    assert said in page.content.decode()
    assert narrower(shop) == []


def test_an_exception_is_removed_and_the_table_is_not(admin_client: Client, shop: Shop, admin: User) -> None:
    rule = SwitchRow("confirmed", "email", "", "emag", True)
    set_rules(shop_id=shop.pk, rules=[rule], actor=Actor.person(admin))
    general = MessageSwitch.objects.filter(shop=shop, source="").first()
    assert general is not None
    exception = MessageSwitch.objects.get(shop=shop, source="emag")

    for switch in (exception, exception, general):
        admin_client.post(f"{SWITCHES}rules/{switch.pk}/remove/", {"shop": shop.slug})

    assert narrower(shop) == []
    assert MessageSwitch.objects.filter(pk=general.pk).exists()


def test_the_page_tells_what_happens_for_an_order(admin_client: Client, shop: Shop, admin: User) -> None:
    rules = [
        SwitchRow("confirmed", "email", "", "emag", True),
        SwitchRow("shipped", "sms", "cod", "", False),
    ]
    set_rules(shop_id=shop.pk, rules=rules, actor=Actor.person(admin))

    marketplace = answers(admin_client, "emag", "")
    by_cash = answers(admin_client, "woocommerce", "cod")

    assert marketplace["Order confirmed"][0] == "on by the exception for emag"
    assert marketplace["Order shipped"] == ["off", "off"]
    assert by_cash["Order shipped"] == ["on", "off by the exception for Cash on delivery"]
    assert by_cash["Order confirmed"] == ["on", "on"]


def answers(client: Client, source: str, payment_method: str) -> dict[str, list[str]]:
    page = client.get(SWITCHES, {"source": source, "payment_method": payment_method}).content.decode()
    table = page.split('id="what-happens"')[1]
    found = {}
    for row in re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", table, re.DOTALL):
        label, _end, cells = row.partition("</th>")
        texts = (re.sub(r"<[^>]+>", "", cell) for cell in cells.split("</td>")[:-1])
        found[label] = [" ".join(html.unescape(text).split()) for text in texts]
    return found


def test_the_page_of_another_shop_is_refused(admin_client: Client) -> None:
    other = make_shop()
    before = switch_rows(other.pk)
    general = MessageSwitch.objects.filter(shop=other).first()
    assert general is not None
    rule = {"source": "emag", "is_on": "on", "shop": other.slug}

    assert admin_client.get(SWITCHES, {"shop": other.slug}).status_code == 403
    assert admin_client.post(SWITCHES, {"shop": other.slug, "delivered-sms": "on"}).status_code == 403
    assert admin_client.post(ADD, rule).status_code == 403
    assert admin_client.get(ADD).status_code == 403
    removed = admin_client.post(f"{SWITCHES}rules/{general.pk}/remove/", {"shop": other.slug})
    assert removed.status_code == 403
    assert switch_rows(other.pk) == before


def test_an_exception_of_another_shop_cannot_be_removed_through_ones_own(
    admin_client: Client, shop: Shop
) -> None:
    other = make_shop()
    stranger = MessageSwitch.objects.create(
        shop=other, event="confirmed", channel="email", source="emag", is_on=True
    )

    admin_client.post(f"{SWITCHES}rules/{stranger.pk}/remove/", {"shop": shop.slug})

    assert MessageSwitch.objects.filter(pk=stranger.pk).exists()


def test_the_services_ask_for_the_right_role(shop: Shop) -> None:
    manager = Actor.person(make_user(shop, Role.MANAGER))
    before = switch_rows(shop.pk)
    rule = SwitchRow("confirmed", "email", "", "emag", True)

    with pytest.raises(NotPermitted):
        set_rules(shop_id=shop.pk, rules=[rule], actor=manager)
    with pytest.raises(NotPermitted):
        remove_rule(shop_id=shop.pk, switch_id=1, actor=manager)

    assert switch_rows(shop.pk) == before


def test_a_rule_for_every_order_and_too_many_rules_are_refused(shop: Shop, admin: User) -> None:
    actor, before = Actor.person(admin), switch_rows(shop.pk)
    wide = SwitchRow("confirmed", "email", "", "", False)
    many = [SwitchRow("confirmed", "email", "", f"source-{turn}", True) for turn in range(MOST_SWITCHES)]

    with pytest.raises(MessageError, match="Choose a payment method"):
        set_rules(shop_id=shop.pk, rules=[wide], actor=actor)
    with pytest.raises(MessageError, match="at most"):
        set_rules(shop_id=shop.pk, rules=many, actor=actor)

    assert switch_rows(shop.pk) == before


def test_the_page_asks_as_often_for_many_rules_as_for_few(
    admin_client: Client,
    shop: Shop,
    admin: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(20) as few:
        admin_client.get(SWITCHES)
    rules = [SwitchRow("confirmed", "email", "", f"source-{turn}", True) for turn in range(30)]
    set_rules(shop_id=shop.pk, rules=rules, actor=Actor.person(admin))
    set_switches(shop_id=shop.pk, switches={("delivered", "sms"): True})
    with django_assert_max_num_queries(20) as many:
        admin_client.get(SWITCHES)

    assert len(many) == len(few)
