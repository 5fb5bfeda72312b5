"""The admin of messages as a whole: texts refused by line, each shop for itself, an outbox nobody writes."""

from typing import Any

import pytest
from django.test import Client

from notifications.models import MessageTemplate
from shops.models import Shop, User
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db
TEMPLATES = "/admin/notifications/messagetemplate/"
SWITCHES = "/admin/notifications/messageswitch/"


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


def form_of(template: MessageTemplate, **changes: Any) -> dict[str, Any]:
    names = ("event", "channel", "language", "subject", "body")
    return {
        "shop": template.shop_id,
        "plain_letters": "on",
        **{n: getattr(template, n) for n in names},
        **changes,
    }


def test_a_good_text_is_saved_with_its_history(admin_client: Client, shop: Shop) -> None:
    template = the_template(shop)

    response = admin_client.post(
        f"{TEMPLATES}{template.pk}/change/", form_of(template, body="Salut, {{ firstname }}!")
    )

    assert response.status_code == 302
    assert the_template(shop).body == "Salut, {{ firstname }}!"
    assert template.history.count() == 2
    assert admin_client.get(f"{TEMPLATES}{template.pk}/history/").status_code == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("Salut\n\n{{ nonsense }}", "Line 3: the name “nonsense” is not known."),
        ("{{ fistname }}", "Line 1: the name “fistname” is not known. Did you mean “firstname”?"),
        ("{% if due %}", "Line 1"),
        ("{% for l in lines %}{{ l.naam }}{% endfor %}", "Line 1: the name “l.naam” is not known"),
        ("{{ name | replace: 'a', 'b' }}", "the filter “replace” does not exist here"),
        ("{{ name.__class__ }}", "Line 1: the name “name.__class__” is not known"),
        ("{% load static %}", "Line 1: the tag “load” does not exist here"),
        ("{% include 'x' %}", "Line 1: the tag “include” does not exist here"),
    ],
)
def test_a_bad_text_is_refused_by_name_and_line(
    admin_client: Client, shop: Shop, body: str, said: str
) -> None:
    template = the_template(shop)

    page = admin_client.post(f"{TEMPLATES}{template.pk}/change/", form_of(template, body=body))

    assert page.status_code == 200
    assert said in page.content.decode()
    assert the_template(shop).body == template.body


def test_another_shops_texts_do_not_exist(admin_client: Client) -> None:
    other = the_template(make_shop())

    assert admin_client.get(f"{TEMPLATES}{other.pk}/change/").status_code == 302
    assert str(other.shop) not in admin_client.get(TEMPLATES).content.decode()


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.MANAGER, Role.WAREHOUSE])
def test_other_roles_change_no_texts(client: Client, shop: Shop, role: str) -> None:
    client.force_login(make_user(shop, role, is_staff=True))
    template = the_template(shop)
    pages = [
        TEMPLATES,
        SWITCHES,
        f"{TEMPLATES}languages/",
        f"{TEMPLATES}orders/?shop={shop.pk}",
        f"{TEMPLATES}{template.pk}/history/1/",
        f"{SWITCHES}versions/",
        f"{SWITCHES}versions/1/",
    ]

    assert [client.get(page).status_code for page in pages] == [403, 403, 403, 403, 404, 403, 403]


def test_the_outbox_can_be_read_but_not_written(client: Client, shop: Shop) -> None:
    make_order(shop, status="confirmed")
    client.force_login(User.objects.create_superuser("root", password="demo"))

    page = client.get("/admin/notifications/message/").content.decode()

    assert "ana@example.com" in page
    assert client.get("/admin/notifications/message/add/").status_code == 403
