"""How pages write dates, money and sources in the reader's language."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from crm.templatetags.ui import day, moment, money, source_name, this_year

AT = datetime(2026, 11, 21, 7, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "21 Nov 2026"), ("ro", "21 nov. 2026"), ("pl", "21 lis 2026"), ("uk", "21 лист. 2026")],
)
def test_it_writes_months_as_the_language_does(language: str, words: str) -> None:
    with translation.override(language):
        written = day(AT), moment(AT)

    assert written == (words, f"{words}, 07:16")


def test_it_writes_whole_months_for_customers() -> None:
    with translation.override("ro"):
        written = this_year(AT)

    assert written == "21 noiembrie, 07:16"


@pytest.mark.parametrize(
    ("language", "currency", "words"),
    [
        ("ro", "RON", "250,80\xa0lei"),
        ("en", "RON", "250.80\xa0RON"),
        ("pl", "PLN", "250,80\xa0zł"),
        ("pl", "RON", "250,80\xa0RON"),
    ],
)
def test_it_writes_money_as_people_do(language: str, currency: str, words: str) -> None:
    with translation.override(language):
        written = money(Decimal("250.80"), currency)

    assert written == words


def test_it_names_sources() -> None:
    with translation.override("en"):
        names = [source_name(source) for source in ("woocommerce", "manual", "elsewhere")]

    assert names == ["WooCommerce", "by hand", "elsewhere"]
