"""No untranslated string: pages are walked in a made-up language in which every message stands in brackets.

Whatever word is left outside of brackets is either somebody's data or a string that nobody can translate.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import django
import pytest
import unfold
from babel.dates import get_month_names
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.apps import apps
from django.contrib import admin
from django.db.models import CharField, JSONField, TextField
from django.test import Client
from django.utils import dates, translation
from django.utils.translation import trans_real
from pytest_django import Settings

from crm.models import Deal
from notifications.models import Message
from notifications.vocabulary import ALIASES, sample
from oms.catalogues import extract_messages
from orders.carriers import CARRIERS
from orders.models import Order
from orders.statuses import Status
from orders.tracking import token_for
from shops.models import Shop, User
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LANGUAGE = "ro"
OURS = {"crm", "notifications", "imports", "orders", "inventory", "shops"}
# Brands, codes, units and keys that are the same in every language.
SAME_EVERYWHERE = set(
    """
    API AWB COD CSV CUI EUR FAN HTTP IBAN JSON KB NIP PDF PL PLN RO RON SKU SMS UA UAH URL VAT WooCommerce Woo OMS
    English Ctrl Esc Enter XLSX GET POST https http www com example lei
    Shopify eMAG Allegro Amazon eBay Rozetka Prom OLX Etsy Kaufland Temu
    """.split()
)
SAID_IN_ATTRIBUTES = {"title", "aria-label", "placeholder", "alt", "label"}


def is_sentence(name: str, value: str) -> bool:
    """Whether a data attribute carries words for people, as our scripts take theirs, rather than settings."""
    return name.startswith("data-") and " " in value and value[0] not in "{[/"


class Words(HTMLParser):
    """The texts that a page shows or reads out."""

    SILENT = {"script", "style", "code", "kbd", "pre"}

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._silent += tag in self.SILENT
        for name, value in attributes:
            if value and (name in SAID_IN_ATTRIBUTES or is_sentence(name, value)):
                self.texts.append(value)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


@pytest.fixture
def bracketed(tmp_path: Path, settings: Settings) -> Iterator[None]:
    """A catalogue in which every message of ours is itself, in brackets."""
    catalogue = Catalog(locale=LANGUAGE, domain="django")
    for message in extract_messages():
        if isinstance(message.id, tuple):
            forms = [f"⟦{message.id[min(number, 1)]}⟧" for number in range(catalogue.num_plurals)]
            catalogue.add(message.id, forms, context=message.context)
        elif message.id:
            catalogue.add(message.id, f"⟦{message.id}⟧", context=message.context)
    target = tmp_path / LANGUAGE / "LC_MESSAGES" / "django.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as output:
        write_mo(output, catalogue)
    settings.LOCALE_PATHS = [tmp_path]
    trans_real._translations.clear()
    with translation.override(LANGUAGE):
        yield
    trans_real._translations.clear()


@pytest.fixture
def shop(bracketed: None) -> Shop:
    """A shop with an order in every status, made while the made-up language is spoken."""
    shop = make_shop("RO")
    for status in Status.values:
        make_order(shop, status=status, notify=True)
    return shop


@pytest.fixture
def person(client: Client, shop: Shop) -> User:
    person = make_user(shop, Role.ADMIN, language=LANGUAGE, is_staff=True, first_name="Ion", last_name="Pop")
    client.force_login(person)
    return person


def pages(shop: Shop) -> Iterator[str]:
    order = Order.objects.filter(shop=shop).order_by("pk")[2]
    yield from (
        f"/board/{shop.slug}-orders/",
        "/orders/",
        "/orders/?q=zzz",
        "/customers/",
        "/stock/",
        "/messages/",
        "/imports/",
    )
    yield f"/shops/{shop.slug}/"
    yield f"/customers/{order.customer_id}/"
    for number in Order.objects.filter(shop=shop).values_list("number", flat=True):
        yield f"/orders/{number}/"
    for action in ("confirm", "ship", "cancel"):
        yield f"/orders/{order.number}/{action}/"
    for deal in Deal.objects.all():
        yield f"/deals/{deal.pk}/"
    for message in Message.objects.all()[:2]:
        yield f"/messages/{message.pk}/"


def words_in(texts: list[str]) -> set[str]:
    return {word for text in texts for word in re.findall(r"[^\W\d_]{2,}", text)}


def data_words() -> set[str]:
    """Every word that stands in a row: names, addresses, stages, templates."""
    texts = []
    for model in apps.get_models():
        fields = [
            field.attname
            for field in model._meta.concrete_fields
            if isinstance(field, (CharField, TextField, JSONField))
        ]
        for row in model._default_manager.values_list(*fields) if fields else ():
            texts += [str(value) for value in row if value]
    return words_in(texts)


def words_of_dates() -> set[str]:
    names = [
        dates.MONTHS,
        dates.MONTHS_3,
        dates.MONTHS_ALT,
        dates.MONTHS_AP,
        dates.WEEKDAYS,
        dates.WEEKDAYS_ABBR,
    ]
    names += [get_month_names(width, locale=LANGUAGE) for width in ("wide", "abbreviated")]
    return words_in([str(name) for table in names for name in table.values()])


def names_of_languages() -> set[str]:
    names = [translation.get_language_info(code)["name_local"] for code in ("en", "ro", "pl", "uk")]
    return {*names, *(name.capitalize() for name in names)}


def names_of_carriers() -> set[str]:
    return words_in([carrier.name for carrier in CARRIERS.values()])


def known_words() -> set[str]:
    return names_of_carriers() | data_words() | words_of_dates() | names_of_languages() | SAME_EVERYWHERE


def untranslated(html: str, known: set[str]) -> set[str]:
    page = Words()
    page.feed(html)
    texts = []
    for text in page.texts:
        while "⟦" in text:
            text, found = re.subn(r"⟦[^⟦⟧]*⟧", " ", text)
            if not found:
                break
        text = re.sub(r"\w*…", " ", text)  # a word cut short is nobody's word
        texts.append(re.sub(r"\S*\*\S*", " ", text))  # a masked password hash
    return words_in(texts) - known


def test_every_word_of_every_page_can_be_translated(client: Client, shop: Shop, person: User) -> None:
    known = known_words() | {person.initials}

    left = {}
    for path in pages(shop):
        answer = client.get(path)
        assert answer.status_code == 200, path
        left[path] = untranslated(answer.content.decode(), known)

    assert {path: sorted(words) for path, words in left.items() if words} == {}


def test_what_a_customer_sees_can_be_translated(client: Client, shop: Shop) -> None:
    known = known_words()

    left = {}
    for order in Order.objects.filter(shop=shop):
        answer = client.get(
            f"/t/{token_for(order.uuid, order.tracking_version)}/", HTTP_ACCEPT_LANGUAGE=LANGUAGE
        )
        assert answer.status_code == 200, order.status
        left[order.status] = untranslated(answer.content.decode(), known)
    for path in ("/login/", "/no/such/page/", "/t/AAAAAAAAAAAAAAAAAAAAAA/"):
        left[path] = untranslated(client.get(path, HTTP_ACCEPT_LANGUAGE=LANGUAGE).content.decode(), known)

    assert {path: sorted(words) for path, words in left.items() if words} == {}


def test_the_walk_sees_a_word_that_nobody_can_translate() -> None:
    page = '<p title="Close">⟦Order ⟦new⟧ %s⟧ <b>Ana</b> forgotten</p><script>let hidden</script>'

    assert untranslated(page, {"Ana"}) == {"Close", "forgotten"}


def admin_pages() -> Iterator[str]:
    for model in admin.site._registry:
        if model._meta.app_label not in OURS:
            continue
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield base
        row = model._default_manager.order_by("-pk").first()
        if row is not None:
            yield f"{base}{row.pk}/change/"


def words_of_the_framework() -> set[str]:
    """What Django, its apps and the admin theme say for themselves: translated, or in English where they are not."""
    texts = [str(text) for _source, text in trans_real.translation(LANGUAGE)._catalog.items()]
    for package in (django, unfold):
        for template in Path(package.__file__).parent.rglob("*.html"):
            texts.append(template.read_text())
    for model in admin.site._registry:
        if model._meta.app_label not in OURS:
            texts += [str(model._meta.verbose_name_plural), str(model._meta.app_config.verbose_name)]
    return words_in([*texts, *(text.capitalize() for text in texts), "run Raw passwords"])


def test_the_admin_of_our_models_can_be_translated(client: Client, shop: Shop, person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_superuser=True)
    known = known_words() | words_of_the_framework() | words_in([str(sample()), *ALIASES]) | {person.initials}

    left = {}
    for path in admin_pages():
        answer = client.get(path, follow=True)
        assert answer.status_code == 200, path
        left[path] = untranslated(answer.content.decode(), known)

    assert {path: sorted(words) for path, words in left.items() if words} == {}
