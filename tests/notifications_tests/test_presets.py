"""The texts a new shop gets: all there, all usable, short enough as SMS."""

import pytest

from notifications import services
from notifications.layout import write
from notifications.models import MessageSwitch, MessageTemplate
from notifications.presets import EMAILS, SMS
from notifications.rendering import check_body, check_subject, render_text
from notifications.segments import length_of, plain_letters
from notifications.selectors import look_of
from notifications.statuses import TEMPLATE_EVENTS, Channel
from notifications.vocabulary import sample
from oms.management.commands.prepare import Command as Prepare
from shops.services import create_shop
from tests.factories import make_shop

LANGUAGES = ("en", "ro", "pl", "uk")
TYPICAL = {
    "en": {"number": "S-1001", "total": "249.00 EUR", "due": "249.00 EUR", "carrier": "DPD", "awbNumber": "09445012345678"},
    "ro": {"firstname": "Ștefania", "number": "RO-1001", "total": "249,00 lei", "due": "249,00 lei"},
    "pl": {"number": "PL-1001", "total": "249,00 zl", "due": "249,00 zl", "carrier": "InPost", "awbNumber": "620000000000000000000000"},
    "uk": {"number": "UA-1001", "due": "1249 грн", "carrier": "Нова пошта", "awbNumber": "20450012345678"},
}  # fmt: skip


@pytest.mark.django_db
def test_it_gives_a_new_shop_every_text_in_four_languages() -> None:
    shop = make_shop()

    templates = MessageTemplate.objects.filter(shop=shop)

    emails = {(t.event, t.language) for t in templates if t.channel == Channel.EMAIL}
    texts = {(t.event, t.language) for t in templates if t.channel == Channel.SMS}
    assert emails == {(event, language) for event, _label in TEMPLATE_EVENTS for language in LANGUAGES}
    assert {event for event, _language in texts} == {
        "confirmed",
        "shipped",
        "delivered",
        "cancelled",
        "at_pickup",
        "payment_failed",
        "no_answer",
    }
    assert len(texts) == 28


@pytest.mark.django_db
def test_the_shops_of_the_tests_have_the_same_texts_as_a_shop_of_the_service() -> None:
    make_shop()  # the first one of a process is the service's own

    quick = make_shop()
    real = create_shop(
        country="RO", name="Real", slug="real", order_prefix="R-", sender_email="r@example.com"
    )

    for rows in (MessageTemplate.objects, MessageTemplate.history):
        own = {"id", "shop_id", "updated_at", "history_id", "history_date", "history_relation_id"}
        quick_rows, real_rows = (
            [
                {name: value for name, value in row.items() if name not in own}
                for row in rows.filter(shop_id=shop.pk).order_by("id").values()
            ]
            for shop in (quick, real)
        )
        assert quick_rows == real_rows != []


@pytest.mark.django_db
def test_it_switches_emails_on_and_sms_where_nobody_else_writes() -> None:
    shop = make_shop()

    on = set(MessageSwitch.objects.filter(shop=shop, is_on=True).values_list("channel", "event"))

    assert {event for channel, event in on if channel == Channel.EMAIL} == {
        event for event, _label in TEMPLATE_EVENTS
    } - {"paid", "no_answer"}
    assert {event for channel, event in on if channel == Channel.SMS} == {"confirmed", "shipped", "cancelled"}


@pytest.mark.django_db
def test_it_leaves_what_a_shop_changed_alone() -> None:
    shop = make_shop()
    MessageTemplate.objects.filter(shop=shop, event="shipped", channel="sms", language="ro").update(
        body="Al meu"
    )
    MessageSwitch.objects.filter(shop=shop, event="shipped", channel="sms").update(is_on=False)

    services.add_default_templates(shop_id=shop.pk)

    assert (
        MessageTemplate.objects.get(shop=shop, event="shipped", channel="sms", language="ro").body == "Al meu"
    )
    assert not MessageSwitch.objects.get(shop=shop, event="shipped", channel="sms").is_on
    assert MessageTemplate.objects.filter(shop=shop).count() == 14 * 4 + 28


@pytest.mark.django_db
def test_every_default_text_passes_the_check_and_becomes_a_message() -> None:
    shop = make_shop()

    for template in MessageTemplate.objects.filter(shop=shop):
        check_subject(template.subject)
        check_body(template.body)
        written = write(template, sample(), look=look_of(shop), link="https://shop.example/t/x/")
        assert sample()["number"] in written.text, template
        assert "{" not in written.text, template
        assert bool(written.html) == (template.channel == Channel.EMAIL)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "ro", "pl"])
def test_latin_sms_stay_in_the_short_alphabet(language: str) -> None:
    shop = make_shop()

    for template in MessageTemplate.objects.filter(shop=shop, channel=Channel.SMS, language=language):
        text = plain_letters(render_text(template.body, sample() | TYPICAL[language]), language)
        length = length_of(text)
        assert length.is_gsm7, text
        assert length.segments <= 2, text


@pytest.mark.django_db
def test_ukrainian_sms_fit_one_segment() -> None:
    shop = make_shop()
    facts = sample() | TYPICAL["uk"] | {"shop_phone": "0 800 123 456", "domain": "demo.example"}

    for template in MessageTemplate.objects.filter(shop=shop, channel=Channel.SMS, language="uk"):
        length = length_of(render_text(template.body, facts))
        assert not length.is_gsm7
        assert length.units <= 70, template.body


# What a subject says before the number, so that a mailbox shows an order's e-mails as one thread.
STEMS = {
    "en": ("order {{number}}",),
    "ro": ("omanda {{number}}", "comenzii {{number}}"),
    "pl": ("amówienie {{number}}", "zamówienia {{number}}"),
    "uk": ("амовлення {{number}}",),
}


def test_every_subject_names_the_order_in_the_same_words() -> None:
    for language, emails in EMAILS.items():
        for event, (subject, _body) in emails.items():
            assert any(stem in subject for stem in STEMS[language]), (language, event, subject)


def test_no_text_calls_a_polish_or_ukrainian_customer_by_name() -> None:
    for language in ("pl", "uk"):
        words = [*(body for _subject, body in EMAILS[language].values()), *SMS[language].values()]
        assert not [text for text in words if "firstname" in text or "{{name" in text]


@pytest.mark.django_db
def test_a_shop_from_before_gets_the_missing_texts_once() -> None:
    shop = make_shop()
    MessageTemplate.objects.filter(shop=shop, event__in=["at_pickup", "paid"]).delete()
    MessageSwitch.objects.filter(shop=shop, event__in=["at_pickup", "paid"]).delete()
    MessageTemplate.objects.filter(shop=shop, event="shipped").update(body="Ours")
    MessageTemplate.objects.filter(shop=shop, event="delivered", language="pl").delete()

    changed = [services.add_new_moments(), services.add_new_moments()]

    templates = MessageTemplate.objects.filter(shop=shop)
    assert changed == [1, 0]
    assert templates.filter(event="at_pickup").count() == 8
    assert templates.filter(event="paid").count() == 4
    assert set(templates.filter(event="shipped").values_list("body", flat=True)) == {"Ours"}
    assert not templates.filter(event="delivered", language="pl").exists()
    new = MessageSwitch.objects.filter(shop=shop, event__in=["at_pickup", "paid"])
    assert (new.count(), new.filter(is_on=True).count()) == (4, 0)


@pytest.mark.django_db
def test_preparing_a_release_adds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    MessageSwitch.objects.filter(shop=shop, event="at_pickup").delete()
    monkeypatch.setattr("oms.management.commands.prepare.call_command", lambda *names, **options: None)

    Prepare().handle()

    assert MessageSwitch.objects.filter(shop=shop, event="at_pickup").count() == 2
