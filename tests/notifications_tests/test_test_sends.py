"""A test to oneself: marked, recorded, sent like any message, to its writer alone, and not too often."""

from typing import Any

import pytest
from django.test import Client

from notifications.errors import TemplateError
from notifications.models import Message, MessageTemplate
from notifications.sending import drain
from notifications.services import resend_message, send_test
from notifications.services.wording import TESTS_AN_HOUR
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Shop, User
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db
TEST = "/admin/notifications/messagetemplate/test/"
JSON: dict[str, Any] = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def writer(shop: Shop) -> User:
    return make_user(shop, Role.ADMIN, is_staff=True, email="writer@example.com")


@pytest.fixture
def admin_client(client: Client, writer: User) -> Client:
    client.force_login(writer)
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


def sent_tests() -> list[Message]:
    return list(Message.objects.filter(event="staff").order_by("created_at"))


def test_the_text_in_the_form_goes_to_its_writer_and_nobody_else(
    admin_client: Client, shop: Shop, writer: User
) -> None:
    order = make_order(shop)
    Message.objects.all().delete()
    form = form_of(the_template(shop), body="Nou {{firstname}}", subject="S {{number}}", _order=order.number)

    answer = admin_client.post(TEST, form, **JSON).json()

    (message,) = Message.objects.all()
    assert answer == {"sent": True, "sentence": "The test is on its way to writer@example.com."}
    assert (message.recipient, message.order, message.event) == ("writer@example.com", None, "staff")
    assert message.subject == f"[Test] S {order.number}"
    assert "Nou Ana-Maria" in message.body
    assert "Nou Ana-Maria" in message.html
    assert (message.actor_user, message.state) == (writer, "queued")
    assert the_template(shop).body != "Nou {{firstname}}"


def test_it_leaves_by_the_real_transport_and_is_recorded(
    admin_client: Client, shop: Shop, mail_server: Any
) -> None:
    admin_client.post(TEST, form_of(the_template(shop), body="Probă"), **JSON)

    drain("email")

    (message,) = sent_tests()
    (mail,) = mail_server.mails
    assert message.state == "sent"
    assert mail["To"] == "writer@example.com"
    assert mail["Subject"].startswith("[Test] ")
    assert mail["Message-ID"].startswith(f"<{message.pk}@")
    assert "Probă" in mail.get_body(("html",)).get_content()


def test_an_sms_goes_to_the_phone_that_was_typed(admin_client: Client, shop: Shop) -> None:
    form = form_of(the_template(shop, channel="sms"), body="Proba {{number}}", _phone="0721 234 567")

    answer = admin_client.post(TEST, form, **JSON).json()

    (message,) = sent_tests()
    assert answer["sent"]
    assert (message.channel, message.recipient) == ("sms", "+40721234567")
    assert message.body == "[Test] Proba RO-1001"


def test_a_test_that_failed_is_sent_again_in_the_same_words(
    admin_client: Client, shop: Shop, writer: User
) -> None:
    admin_client.post(TEST, form_of(the_template(shop), body="Probă"), **JSON)
    Message.objects.update(state="failed")
    (failed,) = sent_tests()

    resend_message(message_id=failed.pk, actor=Actor.person(writer))

    again = sent_tests()[1]
    assert (again.subject, again.body, again.html) == (failed.subject, failed.body, failed.html)
    assert "Probă" in again.body


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"body": "\n{{ nobody }}"}, "Line 2: the name “nobody” is not known."),
        ({"_order": "NOPE-1"}, "has no order NOPE-1."),
        ({"channel": "sms", "_phone": "12"}, "Type the phone number the test SMS should go to."),
        ({"channel": "sms"}, "Type the phone number the test SMS should go to."),
    ],
)
def test_what_cannot_be_sent_is_said_and_nothing_is_queued(
    admin_client: Client, shop: Shop, changes: dict[str, str], said: str
) -> None:
    answer = admin_client.post(TEST, form_of(the_template(shop), **changes), **JSON).json()

    assert not answer["sent"]
    assert said in answer["sentence"]
    assert sent_tests() == []


def test_a_writer_without_an_address_is_told(admin_client: Client, shop: Shop, writer: User) -> None:
    User.objects.filter(pk=writer.pk).update(email="")

    answer = admin_client.post(TEST, form_of(the_template(shop)), **JSON).json()

    assert answer == {"sent": False, "sentence": "Your account has no e-mail address; add it under People."}
    assert sent_tests() == []


def test_there_is_a_limit_an_hour_for_each_person(admin_client: Client, shop: Shop, writer: User) -> None:
    template, actor = the_template(shop), Actor.person(writer)
    for _turn in range(TESTS_AN_HOUR):
        send_test(template=template, order=None, recipient="writer@example.com", actor=actor)

    answer = admin_client.post(TEST, form_of(template), **JSON).json()

    assert answer["sentence"] == "You have sent 20 tests in the last hour; wait a little."
    assert len(sent_tests()) == TESTS_AN_HOUR
    colleague = Actor.person(make_user(shop, Role.SUPERVISOR))
    send_test(template=template, order=None, recipient="other@example.com", actor=colleague)
    assert len(sent_tests()) == TESTS_AN_HOUR + 1


@pytest.mark.parametrize("role", [Role.MANAGER, Role.WAREHOUSE])
def test_managers_and_the_warehouse_send_no_tests(shop: Shop, role: str) -> None:
    actor = Actor.person(make_user(shop, role))

    with pytest.raises(NotPermitted):
        send_test(template=the_template(shop), order=None, recipient="a@example.com", actor=actor)

    assert sent_tests() == []


def test_a_text_of_another_shop_is_refused(admin_client: Client) -> None:
    form = form_of(the_template(make_shop()))

    assert admin_client.post(TEST, form).status_code == 403
    assert admin_client.get(TEST).status_code == 403
    assert sent_tests() == []


def test_a_broken_text_is_refused_by_the_service_too(shop: Shop, writer: User) -> None:
    template = the_template(shop)
    template.body = "{{ nobody }}"

    with pytest.raises(TemplateError):
        send_test(template=template, order=None, recipient="a@example.com", actor=Actor.person(writer))

    assert sent_tests() == []
