"""The admin of messages: texts refused by line, a preview on a real order, the matrix, each shop for itself."""

from typing import Any

import pytest
from django.test import Client

from notifications.models import MessageSwitch, MessageTemplate
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


def test_the_names_stand_beside_the_text(admin_client: Client, shop: Shop) -> None:
    page = admin_client.get(f"{TEMPLATES}{the_template(shop).pk}/change/").content.decode()

    assert "awbNumberWithTracking" in page
    assert "the customer&#x27;s first name" in page
    assert "line.quantity" in page


def test_a_good_text_is_saved_with_its_history(admin_client: Client, shop: Shop) -> None:
    template = the_template(shop)

    response = admin_client.post(
        f"{TEMPLATES}{template.pk}/change/", form_of(template, body="Salut, {{ firstname }}!")
    )

    assert response.status_code == 302
    assert the_template(shop).body == "Salut, {{ firstname }}!"
    assert template.history.count() == 2  # type: ignore[attr-defined]
    assert admin_client.get(f"{TEMPLATES}{template.pk}/history/").status_code == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("Salut\n\n{{ nonsense }}", "Line 3: the name “nonsense” is not known."),
        ("{% if due %}", "Line 1"),
        ("{% for l in lines %}{{ l.naam }}{% endfor %}", "Line 1: the name “l.naam” is not known"),
        ("{{ name | replace: 'a', 'b' }}", "the filter “replace” does not exist here"),
        ("{{ name.__class__ }}", "Line 1"),
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


def test_an_unsaved_text_is_previewed_on_a_real_order(admin_client: Client, shop: Shop) -> None:
    order, template = make_order(shop), the_template(shop)
    form = form_of(template, body="Nou: {{ firstname }} {{ number }}", _order=order.number)

    page = admin_client.post(f"{TEMPLATES}preview/", form).content.decode()

    assert f"Nou: Ana-Maria {order.number}" in page
    assert 'sandbox=""' in page
    assert the_template(shop).body == template.body


def test_the_preview_says_what_is_wrong(admin_client: Client, shop: Shop) -> None:
    page = admin_client.post(f"{TEMPLATES}preview/", form_of(the_template(shop), body="\n{{ oops }}"))

    assert "Line 2: the name “oops” is not known." in page.content.decode()


def test_the_preview_takes_no_order_of_another_shop(admin_client: Client, shop: Shop) -> None:
    stranger = make_order()
    form = form_of(the_template(shop), body="{{ number }}", _order=stranger.number)

    page = admin_client.post(f"{TEMPLATES}preview/", form).content.decode()

    assert stranger.number not in page


def test_the_preview_of_another_shops_text_is_refused(admin_client: Client) -> None:
    assert admin_client.post(f"{TEMPLATES}preview/", form_of(the_template(make_shop()))).status_code == 403


def test_the_preview_of_an_sms_counts_its_segments(admin_client: Client, shop: Shop) -> None:
    template = the_template(shop, channel="sms")

    page = admin_client.post(f"{TEMPLATES}preview/", form_of(template)).content.decode()

    assert "1 SMS" in page


def test_the_matrix_turns_messages_on_and_off(admin_client: Client, shop: Shop) -> None:
    response = admin_client.post(SWITCHES, {"shop": shop.slug, "delivered-sms": "on", "shipped-email": "on"})

    on = set(MessageSwitch.objects.filter(shop=shop, is_on=True).values_list("event", "channel"))
    assert response.status_code == 302
    assert on == {("delivered", "sms"), ("shipped", "email")}


def test_the_matrix_warns_of_messages_without_a_text(admin_client: Client, shop: Shop) -> None:
    page = admin_client.post(SWITCHES, {"shop": shop.slug, "returned-sms": "on"}, follow=True)

    assert "is on, but has no text" in page.content.decode()


def test_the_matrix_of_another_shop_is_refused(admin_client: Client) -> None:
    other = make_shop()

    assert admin_client.get(f"{SWITCHES}?shop={other.slug}").status_code == 403
    assert admin_client.post(SWITCHES, {"shop": other.slug}).status_code == 403
    assert MessageSwitch.objects.filter(shop=other, is_on=True).count() == 15


def test_another_shops_texts_do_not_exist(admin_client: Client) -> None:
    other = the_template(make_shop())

    assert admin_client.get(f"{TEMPLATES}{other.pk}/change/").status_code == 302
    assert str(other.shop) not in admin_client.get(TEMPLATES).content.decode()


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.MANAGER, Role.WAREHOUSE])
def test_other_roles_change_no_texts(client: Client, shop: Shop, role: str) -> None:
    client.force_login(make_user(shop, role, is_staff=True))

    assert client.get(TEMPLATES).status_code == 403
    assert client.get(SWITCHES).status_code == 403


def test_the_outbox_can_be_read_but_not_written(client: Client, shop: Shop) -> None:
    make_order(shop, status="confirmed")
    client.force_login(User.objects.create_superuser("root", password="demo"))

    page = client.get("/admin/notifications/message/").content.decode()

    assert "ana@example.com" in page
    assert client.get("/admin/notifications/message/add/").status_code == 403
