"""The Messages page: who sees what, how it is narrowed, and sending again."""

import base64
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from notifications.models import Message
from notifications.sending import drain
from notifications.statuses import MessageState
from orders.models import Order
from shops.keyset import PAGE_SIZE
from shops.models import ClaimVisibility, User
from shops.permissions import Role
from tests.factories import ADDRESS, make_order, make_shop, make_user

MakeMessage = Callable[..., Message]
pytestmark = pytest.mark.django_db
FRAME_QUERIES = 20


def sign_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def number_of(message: Message) -> str:
    assert message.order is not None
    return message.order.number


def test_it_asks_to_sign_in(client: Client) -> None:
    assert client.get("/messages/").headers["Location"].startswith("/login/")


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPERVISOR, Role.MANAGER])
def test_it_shows_the_shops_messages(client: Client, make_message: MakeMessage, role: str) -> None:
    message = make_message()
    sign_in(client, make_user(message.shop, role))

    page = client.get("/messages/").content.decode()

    assert number_of(message) in page
    assert message.recipient in page


def test_warehouse_people_do_not_read_messages(client: Client, make_message: MakeMessage) -> None:
    message = make_message()
    sign_in(client, make_user(message.shop, Role.WAREHOUSE))

    answers = [client.get(path).status_code for path in ("/messages/", f"/messages/{message.pk}/")]

    assert answers == [403, 404]


def test_another_shops_messages_do_not_exist(client: Client, make_message: MakeMessage) -> None:
    message = make_message()
    sign_in(client, make_user(make_shop()))

    answers = [
        client.get(f"/messages/{message.pk}/").status_code,
        client.get(f"/messages/{message.pk}/html/").status_code,
        client.post(f"/messages/{message.pk}/resend/").status_code,
    ]

    assert number_of(message) not in client.get("/messages/").content.decode()
    assert answers == [404, 404, 404]
    assert Message.objects.count() == 1


def test_messages_of_a_hidden_claimed_order_are_hidden_too(client: Client, make_message: MakeMessage) -> None:
    shop = make_shop(claim_visibility=ClaimVisibility.HIDDEN)
    message = make_message(order=make_order(shop))
    Order.objects.filter(pk=message.order_id or 0).update(manager=make_user(shop))
    sign_in(client, make_user(shop))

    assert client.get(f"/messages/{message.pk}/").status_code == 404


def test_it_is_narrowed_by_state_channel_and_shop(client: Client, make_message: MakeMessage) -> None:
    waiting = make_message()
    failed = make_message("sms", order=waiting.order, state=MessageState.FAILED, last_error="no credit")
    sign_in(client, make_user(waiting.shop))

    def keys(query: str) -> set[str]:
        page = client.get(f"/messages/?{query}").content.decode()
        return {str(m.pk) for m in (waiting, failed) if f'data-message="{m.pk}"' in page}

    assert keys("state=failed") == {str(failed.pk)}
    assert keys("channel=email") == {str(waiting.pk)}
    assert keys(f"shop={waiting.shop.slug}") == {str(waiting.pk), str(failed.pk)}
    assert keys("shop=elsewhere") == set()
    assert keys("state=nonsense&after=nonsense") == {str(waiting.pk), str(failed.pk)}


def test_it_begins_with_what_needs_a_person(client: Client, make_message: MakeMessage) -> None:
    fine = make_message()
    stuck = make_message("sms", order=fine.order, state=MessageState.UNKNOWN, last_error="interrupted_sms")
    sign_in(client, make_user(fine.shop))

    def shown(query: str) -> set[str]:
        page = client.get(f"/messages/{query}").content.decode()
        return {str(m.pk) for m in (fine, stuck) if f'data-message="{m.pk}"' in page}

    assert shown("") == shown("?state=attention") == {str(stuck.pk)}
    assert shown("?state=all") == {str(fine.pk), str(stuck.pk)}
    Message.objects.filter(pk=stuck.pk).update(state=MessageState.SENT, sent_at=timezone.now())
    assert shown("") == {str(fine.pk), str(stuck.pk)}
    assert "No message needs you." in client.get("/messages/?state=attention").content.decode()


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ana@", {"email"}),
        ("ANA@example", {"email"}),
        ("+40 722", {"sms"}),
        ("0722 334", {"sms"}),
        ("number", {"email", "sms"}),
        ("nobody@", set()),
        ("%", set()),
    ],
)
def test_it_is_searched_by_address_phone_and_number(
    client: Client, make_message: MakeMessage, q: str, found: set[str]
) -> None:
    mail = make_message()
    make_message("sms", order=mail.order)
    sign_in(client, make_user(mail.shop))
    assert mail.order is not None
    wanted = mail.order.number.lower() if q == "number" else q

    rows = client.get("/messages/", {"q": wanted}).context["page"].rows

    assert {row.channel for row in rows} == found


def test_it_is_narrowed_by_moment(client: Client, make_message: MakeMessage) -> None:
    confirmed = make_message()
    make_message(event="shipped", order=confirmed.order)
    sign_in(client, make_user(confirmed.shop))

    rows = client.get("/messages/?event=shipped").context["page"].rows

    assert {row.event for row in rows} == {"shipped"}


def test_an_email_is_shown_in_a_frame_of_its_own(client: Client, make_message: MakeMessage) -> None:
    message = make_message()
    drain("email")
    sign_in(client, make_user(message.shop))

    page = client.get(f"/messages/{message.pk}/").content.decode()
    frame = client.get(f"/messages/{message.pk}/html/")

    assert f'sandbox="" src="/messages/{message.pk}/html/"' in page
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in frame.headers["Content-Security-Policy"]


def test_each_message_stands_on_exactly_one_page(client: Client, make_message: MakeMessage) -> None:
    first = make_message()
    at = timezone.now()
    copies = [
        Message(
            **{**_columns(first), "dedupe_key": f"copy:{n}", "created_at": at if n % 2 else timezone.now()}
        )
        for n in range(PAGE_SIZE * 2)
    ]
    Message.objects.bulk_create(copies)
    sign_in(client, make_user(first.shop))
    seen: list[str] = []
    query = ""

    for _ in range(4):
        context = client.get(f"/messages/?{query}").context
        seen += [str(message.pk) for message in context["page"].rows]
        query = context["older"]
        if not query:
            break

    assert len(seen) == len(set(seen)) == PAGE_SIZE * 2 + 1


def test_its_query_count_does_not_grow(
    client: Client, make_message: MakeMessage, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first = make_message()
    Message.objects.bulk_create(
        Message(**{**_columns(first), "dedupe_key": f"copy:{n}"}) for n in range(PAGE_SIZE)
    )
    sign_in(client, make_user(first.shop))

    with django_assert_max_num_queries(FRAME_QUERIES):
        client.get("/messages/")


def test_an_empty_page_says_what_to_do(client: Client) -> None:
    sign_in(client, make_user(make_shop()))

    assert "Confirm or ship an order" in client.get("/messages/").content.decode()


def test_a_message_that_was_not_written_yet_is_previewed(client: Client, make_message: MakeMessage) -> None:
    message = make_message("sms")
    sign_in(client, make_user(message.shop))

    page = client.get(f"/messages/{message.pk}/").content.decode()

    assert "As of now it would say" in page
    assert f"comanda {number_of(message)}" in page


def test_a_mail_is_shown_in_a_sandbox_without_the_customers_link(
    client: Client, make_message: MakeMessage
) -> None:
    shipping = ADDRESS.__class__(**{**ADDRESS.__dict__, "name": "<img src=x onerror=alert(1)>"})
    message = make_message(order=make_order(shipping=shipping))
    drain("email")
    sign_in(client, make_user(message.shop))

    response = client.get(f"/messages/{message.pk}/html/")

    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "link.invalid" not in response.content.decode()
    assert "<img src=x" not in response.content.decode()
    assert "<img src=x" not in client.get(f"/messages/{message.pk}/").content.decode()


def test_sending_again_makes_a_new_message_by_that_person(client: Client, make_message: MakeMessage) -> None:
    message = make_message(state=MessageState.FAILED, last_error="550 no such mailbox")
    person = make_user(message.shop)
    sign_in(client, person)

    response = client.post(f"/messages/{message.pk}/resend/")

    copy = Message.objects.get(resend_of=message)
    assert response.headers["Location"] == f"/messages/{copy.pk}/"
    assert (copy.state, copy.actor_user_id) == (MessageState.QUEUED, person.pk)
    assert Message.objects.get(pk=message.pk).state == MessageState.FAILED


def test_a_message_on_its_way_is_not_sent_again(client: Client, make_message: MakeMessage) -> None:
    message = make_message()
    sign_in(client, make_user(message.shop))

    response = client.post(f"/messages/{message.pk}/resend/", follow=True)

    assert "still on its way" in response.content.decode()
    assert Message.objects.count() == 1


def test_pressing_twice_sends_once(client: Client, make_message: MakeMessage) -> None:
    message = make_message(state=MessageState.FAILED)
    sign_in(client, make_user(message.shop))

    for _ in range(2):
        client.post(f"/messages/{message.pk}/resend/")

    assert Message.objects.filter(resend_of=message).count() == 1


def test_a_get_sends_nothing_again(client: Client, make_message: MakeMessage) -> None:
    message = make_message(state=MessageState.FAILED)
    sign_in(client, make_user(message.shop))

    assert client.get(f"/messages/{message.pk}/resend/").status_code == 405


def _columns(message: Message) -> dict[str, object]:
    names = ("shop_id", "order_id", "event", "channel", "recipient", "language", "event_uid", "actor_kind")
    return {name: getattr(message, name) for name in names}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-14:00"])
def test_a_cursor_outside_the_calendar_starts_over(
    client: Client, make_message: MakeMessage, moment: str
) -> None:
    message = make_message()
    sign_in(client, make_user(message.shop))
    after = base64.urlsafe_b64encode(f"{moment}|{message.pk}".encode()).decode().rstrip("=")

    page = client.get("/messages/", {"after": after})

    assert page.status_code == 200
    assert number_of(message) in page.content.decode()


def test_a_link_leads_to_an_order_whose_number_has_signs_of_an_address(
    client: Client, make_message: MakeMessage
) -> None:
    message = make_message()
    Order.objects.update(number="A#1042?")
    sign_in(client, make_user(message.shop))

    pages = [client.get(path).content.decode() for path in ("/messages/", f"/messages/{message.pk}/")]

    assert all('href="/orders/A%231042%3F/"' in page for page in pages)
    assert client.get("/orders/A%231042%3F/").status_code == 200
