"""Folding: names are found in any case, with or without diacritics, in Latin and Cyrillic."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shops.search_text import digits, fold, join_folded


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Ștefan Țăranu", "stefan taranu"),
        ("Şerban", "ȘERBAN"),
        ("Łukasz Żółć", "LUKASZ zolc"),
        ("Олександр", "ОЛЕКСАНДР"),
        ("Ґалаґан", "галаган"),
        ("Straße", "STRASSE"),
        ("D’Artagnan", "d'artagnan"),
        ("Мар’яна", "марʼяна"),
        ("  two \t spaces ", "two spaces"),
        ("Factura №7", "factura no7"),
    ],
)
def test_it_finds_the_same_name_written_otherwise(written, asked):
    assert fold(written) == fold(asked)


@pytest.mark.parametrize(("one", "other"), [("йод", "иод"), ("їжак", "іжак"), ("кіт", "кит")])
def test_it_keeps_ukrainian_letters_apart(one, other):
    assert fold(one) != fold(other)


def test_it_does_not_care_how_a_letter_is_composed():
    assert fold(unicodedata.normalize("NFD", "Андрій Їжак")) == fold("Андрій Їжак") == "андрій їжак"


@given(st.text())
def test_it_changes_nothing_the_second_time(text):
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_it_never_leaves_capitals_or_double_spaces(text):
    folded = fold(text)

    assert folded == " ".join(folded.split())
    assert folded == folded.casefold()


def test_it_compares_phones_by_their_digits():
    assert digits("+40 (721) 123-456") == "40721123456"


def test_it_joins_only_what_is_there():
    assert join_folded("SKU-1", "", "Cană") == "sku-1 cana"
