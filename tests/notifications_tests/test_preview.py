"""The live preview: a text on a real order, saved nowhere; what is empty, wrong or dear is named."""

from typing import Any

import pytest
from django.test import Client

from notifications.models import Message, MessageTemplate
from notifications.previews import preview_of
from orders.models import Order
from orders.models.orders import OrderAddress
from shops.models import Shop
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db
PREVIEW = "/admin/notifications/messagetemplate/preview/"
JSON: dict[str, Any] = {"HTTP_ACCEPT": "application/json"}


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


def sms(shop: Shop, body: str, **columns: Any) -> MessageTemplate:
    return MessageTemplate(
        shop=shop, event="confirmed", channel="sms", body=body, **{"language": "ro", **columns}
    )


def name_customer(order: Order, name: str) -> None:
    OrderAddress.objects.filter(pk=order.shipping_address_id).update(name=name)


def test_an_unsaved_text_is_previewed_on_a_real_order(admin_client: Client, shop: Shop) -> None:
    order, template = make_order(shop), the_template(shop)
    form = form_of(template, body="Nou: {{ firstname }} {{ number }}", _order=order.number.lower())

    page = admin_client.post(PREVIEW, form).content.decode()

    assert f"Nou: Ana-Maria {order.number}" in page
    assert page.count('<iframe sandbox=""') == 2
    assert 'width="600"' in page
    assert 'width="390"' in page
    assert the_template(shop).body == template.body
    assert template.history.count() == 1
    assert not Message.objects.filter(event="staff").exists()


def test_the_editor_gets_what_it_shows_as_json(admin_client: Client, shop: Shop) -> None:
    order = make_order(shop)
    form = form_of(the_template(shop), body="{{ trackingUrl }}", _order=order.number)

    answer = admin_client.post(PREVIEW, form, **JSON).json()

    assert answer["is_good"]
    assert answer["names"]["number"] == {"value": order.number, "why": ""}
    assert answer["names"]["trackingUrl"] == {"value": "", "why": "the order has no parcel yet"}
    assert f"trackingUrl is empty for {order.number}: the order has no parcel yet." in answer["notes"]
    assert "iframe" in answer["preview"]


def test_the_seeds_spellings_are_previewed(shop: Shop) -> None:
    order = make_order(shop, status="shipped")
    body = "{{firstname}} {{number}} {{shipping_Date}} {{awbNumberWithTracking}} {{domain}}"

    preview = preview_of(sms(shop, body), order)

    assert preview.written is not None
    assert preview.written.text.startswith(f"Ana-Maria {order.number} ")
    assert not preview.problems


def test_what_an_if_keeps_out_is_no_warning(shop: Shop) -> None:
    order = make_order(shop)

    preview = preview_of(sms(shop, "Buna{% if trackingUrl %} {{trackingUrl}}{% endif %}"), order)

    assert preview.warnings == []


def test_the_reason_for_an_empty_name_is_the_true_one(shop: Shop) -> None:
    order = make_order(shop, status="shipped")
    facts_by_name = {shown.spelling: shown for shown in preview_of(sms(shop, "x"), order).names}
    order.shipments.update(tracking_number="")

    without = {shown.spelling: shown.why for shown in preview_of(sms(shop, "x"), order).names}

    assert facts_by_name["shipping_Date"].value
    assert without["awbNumber"] == "the parcel has no tracking number"
    assert without["trackingUrl"] == "the courier has no tracking page for this parcel"


def test_the_preview_says_what_is_wrong(admin_client: Client, shop: Shop) -> None:
    form = form_of(the_template(shop), body="\n{{ fistname }}", subject="")

    answer = admin_client.post(PREVIEW, form, **JSON).json()

    assert not answer["is_good"]
    assert "Line 2: the name “fistname” is not known. Did you mean “firstname”?" in answer["notes"]
    assert "Subject: An e-mail needs a subject." in answer["notes"]


def test_a_text_that_comes_out_empty_is_a_problem(shop: Shop) -> None:
    preview = preview_of(sms(shop, "{% if refund %}x{% endif %}"), make_order(shop))

    assert preview.problems == ["The text comes out empty for this order."]


def test_an_order_of_another_shop_is_as_if_it_did_not_exist(admin_client: Client, shop: Shop) -> None:
    stranger = make_order()
    form = form_of(the_template(shop), body="{{ firstname }}", _order=stranger.number)

    foreign = admin_client.post(PREVIEW, form, **JSON).json()
    unknown = admin_client.post(PREVIEW, form | {"_order": "NOPE-1"}, **JSON).json()

    assert foreign["preview"].strip() == ""
    assert foreign["notes"] == unknown["notes"].replace("NOPE-1", stranger.number)


def test_the_preview_of_another_shops_text_is_refused(admin_client: Client) -> None:
    assert admin_client.post(PREVIEW, form_of(the_template(make_shop()))).status_code == 403
    assert admin_client.get(PREVIEW).status_code == 403


def test_the_preview_of_an_sms_counts_its_segments(admin_client: Client, shop: Shop) -> None:
    template = the_template(shop, channel="sms")

    page = admin_client.post(PREVIEW, form_of(template)).content.decode()

    assert "<dt>SMS to pay for</dt><dd>1</dd>" in page
    assert "GSM-7" in page


def test_the_character_that_forces_the_long_alphabet_is_named(admin_client: Client, shop: Shop) -> None:
    form = form_of(the_template(shop, channel="sms"), body="Bună, mulțumim")
    del form["plain_letters"]

    page = admin_client.post(PREVIEW, form).content.decode()

    assert "UCS-2" in page
    assert "<code>ă (latin small letter a with breve)</code>" in page
    assert "<code>ț (latin small letter t with comma below)</code>" in page
    assert "<dt>Left in the last one</dt><dd>56</dd>" in page


def test_letters_are_made_plain_after_substitution(shop: Shop) -> None:
    order = make_order(shop)
    name_customer(order, "Ștefan Mușat")

    preview = preview_of(sms(shop, "Bună {{firstname}}"), order)

    assert preview.written is not None
    assert preview.written.text == "Buna Stefan"
    assert preview.sms is not None
    assert preview.sms.length.is_gsm7


@pytest.mark.parametrize(
    "hostile", ["{{secret}}", "<img/src=x/onerror=alert(1)>", "{%include'x'%}", "<script>x</script>"]
)
def test_a_customers_name_arrives_as_text(shop: Shop, hostile: str) -> None:
    order = make_order(shop)
    name_customer(order, hostile)
    email = the_template(shop)
    email.subject = email.body = "Buna {{firstname}}!"

    mail = preview_of(email, order)
    text = preview_of(sms(shop, "Buna {{firstname}}!"), order)

    assert mail.written is not None
    assert text.written is not None
    assert f"Buna {hostile}!" in mail.written.text
    assert mail.written.subject == f"Buna {hostile}!"
    assert text.written.text == f"Buna {hostile}!"
    assert "<img/" not in mail.written.html
    assert "<script" not in mail.written.html


def test_a_hostile_name_stays_text_on_the_admins_own_page(admin_client: Client, shop: Shop) -> None:
    order = make_order(shop)
    name_customer(order, "<img/src=x/onerror=alert(1)>")
    form = form_of(the_template(shop), body="{{firstname}}", subject="{{firstname}}", _order=order.number)

    answer = admin_client.post(PREVIEW, form, **JSON).json()
    page = admin_client.get(f"/admin/notifications/messagetemplate/{the_template(shop).pk}/change/")

    assert "<img/" not in answer["preview"]
    assert "<img/" not in page.content.decode()


def test_a_text_that_does_too_much_is_stopped_in_the_preview(shop: Shop) -> None:
    body = "{% for a in lines %}{% for b in lines %}{% for c in lines %}{{a.sku}}" + "{% endfor %}" * 3
    order = make_order(shop)
    line = order.lines.get()
    for position in range(2, 40):
        line.pk, line.position = None, position
        line.save(force_insert=True)

    preview = preview_of(sms(shop, body), order)

    assert preview.problems == ["Line 1: The text does too much: too many repetitions or too long a result."]


@pytest.mark.parametrize("language", ["xx", "pt-br", "../../x", ""])
def test_a_language_nobody_speaks_here_is_a_problem_and_no_crash(
    admin_client: Client, shop: Shop, language: str
) -> None:
    form = form_of(the_template(shop), language=language, _order=make_order(shop).number)

    answer = admin_client.post(PREVIEW, form, **JSON)

    assert answer.status_code == 200
    assert not answer.json()["is_good"]
