"""Money: rounding to the minor unit, splits that never lose a cent, and how amounts are written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shops.money import allocate, display, display_for_sms, quantise

CENTS = st.integers(min_value=0, max_value=10**9).map(lambda cents: Decimal(cents) / 100)
WEIGHTS = st.lists(CENTS, min_size=1, max_size=30)


@given(total=CENTS, weights=WEIGHTS)
def test_it_splits_without_losing_a_cent(total, weights):
    parts = allocate(total, weights, "RON")

    assert sum(parts) == total
    assert len(parts) == len(weights)
    assert all(part == quantise(part, "RON") for part in parts)


@given(total=CENTS, weights=WEIGHTS.filter(any))
def test_it_gives_each_its_share_to_within_a_cent(total, weights):
    whole = sum(weights)

    for part, weight in zip(allocate(total, weights, "RON"), weights, strict=True):
        assert abs(part - total * weight / whole) < Decimal("0.01")


@given(total=st.integers(0, 10**9).map(Decimal), weights=WEIGHTS)
def test_it_splits_a_currency_without_minor_unit_into_whole_amounts(total, weights):
    parts = allocate(total, weights, "JPY")

    assert sum(parts) == total
    assert all(part == part.to_integral_value() for part in parts)


def test_it_gives_the_odd_cents_to_the_largest_remainders():
    assert allocate(Decimal("0.05"), [Decimal(1), Decimal(1), Decimal(1)], "RON") == [
        Decimal("0.02"),
        Decimal("0.02"),
        Decimal("0.01"),
    ]
    assert allocate(Decimal("100"), [Decimal(1), Decimal(2)], "RON") == [Decimal("33.33"), Decimal("66.67")]


def test_it_splits_a_refund_too():
    assert sum(allocate(Decimal("-10.00"), [Decimal(1), Decimal(1), Decimal(1)], "RON")) == Decimal("-10.00")


def test_it_gives_all_to_the_first_when_nothing_weighs():
    assert allocate(Decimal("5.00"), [Decimal(0), Decimal(0)], "RON") == [Decimal("5.00"), Decimal("0.00")]


def test_it_cannot_split_over_nothing():
    with pytest.raises(ValueError, match="nothing to split"):
        allocate(Decimal("5.00"), [], "RON")


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [("1.005", "RON", "1.01"), ("1.004", "RON", "1.00"), ("-1.005", "RON", "-1.01"), ("10.5", "JPY", "11")],
)
def test_it_rounds_half_up_to_the_minor_unit(amount, currency, rounded):
    assert str(quantise(Decimal(amount), currency)) == rounded


@pytest.mark.parametrize(
    ("currency", "language", "text"),
    [
        ("RON", "ro", "1.249,00\xa0lei"),
        ("PLN", "pl", "1\xa0249,00\xa0zł"),
        ("UAH", "uk", "1\xa0249,00\xa0₴"),
        ("EUR", "", "€1,249.00"),
        ("RON", "en", "RON\xa01,249.00"),
    ],
)
def test_it_writes_amounts_as_people_of_the_language_do(currency, language, text):
    assert display(Decimal("1249"), currency, language) == text


@pytest.mark.parametrize(
    ("currency", "language", "text"),
    [("RON", "ro", "1.249,00 lei"), ("PLN", "pl", "1 249,00 zl"), ("UAH", "uk", "1 249,00 грн")],
)
def test_it_keeps_special_spaces_and_letters_out_of_sms(currency, language, text):
    assert display_for_sms(Decimal("1249"), currency, language) == text
