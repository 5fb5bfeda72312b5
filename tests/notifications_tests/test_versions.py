"""Versions of texts and switches: who changed what, compared with today, and brought back."""

import html

import pytest
from django.test import Client

from notifications.admin.differences import MOST_WORDS, Piece, differences
from notifications.errors import MessageError
from notifications.models import MessageSwitch, MessageTemplate
from notifications.selectors import SwitchRow, switch_rows, switches_as_they_were
from notifications.services import remove_rule, restore_template, set_rules, set_switches
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Shop, User
from shops.permissions import Role
from tests.factories import make_shop, make_user

pytestmark = pytest.mark.django_db
TEMPLATES = "/admin/notifications/messagetemplate/"
SWITCHES = "/admin/notifications/messageswitch/"


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def writer(shop: Shop) -> User:
    return make_user(shop, Role.ADMIN, is_staff=True, first_name="Ioana", last_name="Pop")


@pytest.fixture
def admin_client(client: Client, writer: User) -> Client:
    client.force_login(writer)
    return client


@pytest.fixture
def template(shop: Shop) -> MessageTemplate:
    return MessageTemplate.objects.get(shop=shop, event="confirmed", channel="email", language="ro")


def rewrite(client: Client, template: MessageTemplate, body: str) -> None:
    form = {"shop": template.shop_id, "subject": "Nou", "body": body, "plain_letters": "on"}
    place = {"event": template.event, "channel": template.channel, "language": template.language}
    assert client.post(f"{TEMPLATES}{template.pk}/change/", form | place).status_code == 302


def numbers(template: MessageTemplate) -> list[int]:
    """The versions' numbers, oldest first."""
    return list(template.history.order_by("history_id").values_list("history_id", flat=True))


def test_versions_say_who_changed_what(admin_client: Client, template: MessageTemplate) -> None:
    rewrite(admin_client, template, "Salut {{firstname}}")
    rewrite(admin_client, template, "Salut iar")

    page = admin_client.get(f"{TEMPLATES}{template.pk}/history/").content.decode()

    assert page.count("Ioana Pop") >= 2
    assert "<td>subject, text</td>" in page
    assert "<td>text</td>" in page
    assert "first version" in page
    assert page.count("Compare and restore") == 2


def test_a_version_is_compared_with_today_word_by_word(
    admin_client: Client, template: MessageTemplate
) -> None:
    rewrite(admin_client, template, "Salut {{firstname}}, totul e bine <b>azi</b>")
    rewrite(admin_client, template, "Salut {{firstname}}, totul e gata <b>azi</b>")

    page = admin_client.get(f"{TEMPLATES}{template.pk}/history/{numbers(template)[1]}/").content.decode()

    assert '<del class="te-gone">bine</del><ins class="te-new">gata</ins>' in page
    assert "&lt;b&gt;azi&lt;/b&gt;" in page
    assert "<b>azi</b>" not in page


def test_a_version_comes_back_as_the_newest_one(
    admin_client: Client, template: MessageTemplate, writer: User
) -> None:
    before = template.body
    rewrite(admin_client, template, "Salut")

    response = admin_client.post(f"{TEMPLATES}{template.pk}/history/{numbers(template)[0]}/restore/")

    template.refresh_from_db()
    newest = template.history.first()
    assert response.status_code == 302
    assert template.body == before
    assert template.history.count() == 3
    assert newest is not None
    assert (newest.body, newest.history_user) == (before, writer)


def test_words_that_would_be_refused_today_do_not_come_back(
    admin_client: Client, template: MessageTemplate
) -> None:
    rewrite(admin_client, template, "Salut")
    first = numbers(template)[0]
    template.history.filter(history_id=first).update(body="{{ gone_name }}")

    page = admin_client.post(f"{TEMPLATES}{template.pk}/history/{first}/restore/", follow=True)

    template.refresh_from_db()
    assert template.body == "Salut"
    assert "Line 1: the name “gone_name” is not known." in html.unescape(page.content.decode())


def test_a_look_at_the_restore_address_restores_nothing(
    admin_client: Client, template: MessageTemplate
) -> None:
    rewrite(admin_client, template, "Salut")

    admin_client.get(f"{TEMPLATES}{template.pk}/history/{numbers(template)[0]}/restore/")

    template.refresh_from_db()
    assert template.body == "Salut"


def test_versions_of_another_shops_text_do_not_exist(admin_client: Client, template: MessageTemplate) -> None:
    other = MessageTemplate.objects.filter(shop=make_shop()).first()
    assert other is not None
    version = numbers(other)[0]

    assert admin_client.get(f"{TEMPLATES}{other.pk}/history/").status_code == 404
    assert admin_client.get(f"{TEMPLATES}{other.pk}/history/{version}/").status_code == 404
    assert admin_client.post(f"{TEMPLATES}{other.pk}/history/{version}/restore/").status_code == 404
    # A version of one text is no version of another.
    assert admin_client.get(f"{TEMPLATES}{template.pk}/history/{version}/").status_code == 404


def test_only_those_who_may_edit_messages_restore(template: MessageTemplate, shop: Shop) -> None:
    manager = Actor.person(make_user(shop, Role.MANAGER))

    with pytest.raises(NotPermitted):
        restore_template(template_id=template.pk, version=numbers(template)[0], actor=manager)
    supervisor = Actor.person(make_user(shop, Role.SUPERVISOR))
    with pytest.raises(MessageError):
        restore_template(template_id=template.pk, version=0, actor=supervisor)

    assert template.history.count() == 1


def test_many_versions_are_shown_a_page_at_a_time(admin_client: Client, template: MessageTemplate) -> None:
    for turn in range(55):
        template.body = f"Salut {turn}"
        template.save()

    first = admin_client.get(f"{TEMPLATES}{template.pk}/history/").content.decode()
    before = numbers(template)[-50]
    second = admin_client.get(f"{TEMPLATES}{template.pk}/history/", {"before": before}).content.decode()

    assert f"?before={before}" in first
    assert "first version" not in first
    assert "first version" in second
    assert second.count("Compare and restore") == 6


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("same", "same", [Piece("same", "same")]),
        ("", "new", [Piece("new", "new")]),
        ("gone", "", [Piece("gone", "gone")]),
        ("a b c", "a x c", [Piece("same", "a "), Piece("gone", "b"), Piece("new", "x"), Piece("same", " c")]),
        ("a\nb\n", "a\nb\nc\n", [Piece("same", "a\nb\n"), Piece("new", "c\n")]),
        ("a\r\nb", "a\nb", [Piece("same", "a\nb")]),
    ],
)
def test_differences_are_told_by_lines_and_then_by_words(old: str, new: str, pieces: list[Piece]) -> None:
    assert differences(old, new) == pieces


def test_passages_too_long_to_compare_are_shown_one_after_the_other() -> None:
    old, new = "a " * MOST_WORDS, "b " * MOST_WORDS

    assert differences(old, new) == [Piece("gone", old), Piece("new", new)]


def rule(source: str, is_on: bool, **narrower: str) -> SwitchRow:
    values = {"event": "confirmed", "channel": "email", "payment_method": "", **narrower}
    return SwitchRow(source=source, is_on=is_on, **values)


def test_switches_are_known_as_they_were_at_every_version(shop: Shop, writer: User) -> None:
    actor = Actor.person(writer)
    states = [(0, switch_rows(shop.pk))]

    def remember() -> None:
        newest = MessageSwitch.history.filter(shop_id=shop.pk).order_by("-history_id").first()
        assert newest is not None
        states.append((newest.history_id, switch_rows(shop.pk)))

    set_switches(shop_id=shop.pk, switches={("confirmed", "email"): False, ("delivered", "sms"): True})
    remember()
    set_rules(shop_id=shop.pk, rules=[rule("emag", True)], actor=actor)
    remember()
    set_rules(shop_id=shop.pk, rules=[rule("emag", False)], actor=actor)
    remember()
    remove_rule(
        shop_id=shop.pk, switch_id=MessageSwitch.objects.get(shop=shop, source="emag").pk, actor=actor
    )
    remember()

    for number, rows in states:
        assert switches_as_they_were(shop.pk, version=number) == rows


def test_switches_are_put_back_and_that_is_a_version_too(
    admin_client: Client, shop: Shop, writer: User
) -> None:
    before = switch_rows(shop.pk)
    set_switches(shop_id=shop.pk, switches={("confirmed", "email"): False})
    set_rules(shop_id=shop.pk, rules=[rule("emag", True)], actor=Actor.person(writer))
    changes = MessageSwitch.history.filter(shop_id=shop.pk).count()

    compared = admin_client.get(f"{SWITCHES}versions/0/", {"shop": shop.slug}).content.decode()
    response = admin_client.post(f"{SWITCHES}versions/0/restore/", {"shop": shop.slug})

    assert "Order confirmed · E-mail: off → on" in compared
    assert "Order confirmed · E-mail · emag: on → no rule" in compared
    assert response.status_code == 302
    assert switch_rows(shop.pk) == before
    assert MessageSwitch.history.filter(shop_id=shop.pk).count() == changes + 2


def test_the_list_of_switch_versions_tells_one_press_as_one(admin_client: Client, shop: Shop) -> None:
    form = {"shop": shop.slug, "delivered-sms": "on", "returned-sms": "on"}
    admin_client.post(SWITCHES, form)

    page = admin_client.get(f"{SWITCHES}versions/").content.decode()

    assert page.count("Ioana Pop</td>") == 1
    assert "Order delivered · SMS: on" in page
    assert "Order returned · SMS: on" in page


def test_a_shop_without_changes_says_so(admin_client: Client) -> None:
    assert "Nothing was turned on or off" in admin_client.get(f"{SWITCHES}versions/").content.decode()


def test_switch_versions_of_another_shop_are_refused(admin_client: Client) -> None:
    other = make_shop()
    before = switch_rows(other.pk)
    set_switches(shop_id=other.pk, switches={("confirmed", "email"): False})

    assert admin_client.get(f"{SWITCHES}versions/", {"shop": other.slug}).status_code == 403
    assert admin_client.get(f"{SWITCHES}versions/0/", {"shop": other.slug}).status_code == 403
    assert admin_client.post(f"{SWITCHES}versions/0/restore/", {"shop": other.slug}).status_code == 403
    assert admin_client.get(f"{SWITCHES}versions/0/restore/").status_code == 403
    assert switch_rows(other.pk) != before
