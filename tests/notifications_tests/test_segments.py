"""SMS alphabets: Romanian and Polish stay in GSM-7, and segments are counted as providers count them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.segments import length_of, plain_letters


@pytest.mark.parametrize(
    ("language", "text", "plain"),
    [
        ("ro", "Ștefăniță, în țară – „bună”", 'Stefanita, in tara - "buna"'),
        ("ro", "Şoseaua Ţepeş", "Soseaua Tepes"),
        ("pl", "Zażółć gęślą jaźń, Łódź", "Zazolc gesla jazn, Lodz"),
        ("pl", "249,00\u00a0zł", "249,00 zl"),
        ("en", "don’t — ever…", "don't - ever..."),
        ("ro", "Kovács Ferenc Őry", "Kovacs Ferenc Ory"),
        ("ro", "café", "café"),
        ("uk", "Їжак «так»", "Їжак «так»"),
    ],
)
def test_letters_are_written_plainly(language: str, text: str, plain: str) -> None:
    assert plain_letters(text, language) == plain


def test_a_name_without_latin_letters_is_kept() -> None:
    assert plain_letters("Олена", "ro") == "Олена"


@pytest.mark.parametrize(
    ("text", "is_gsm7", "units", "segments"),
    [
        ("", True, 0, 1),
        ("a" * 160, True, 160, 1),
        ("a" * 161, True, 161, 2),
        ("a" * 306, True, 306, 2),
        ("a" * 307, True, 307, 3),
        ("€" * 80, True, 160, 1),
        ("€" * 81, True, 162, 2),
        ("ї" * 70, False, 70, 1),
        ("ї" * 71, False, 71, 2),
        ("😀" * 36, False, 72, 2),
        ("a" * 159 + "ș", False, 160, 3),
    ],
)
def test_segments_are_counted(text: str, is_gsm7: bool, units: int, segments: int) -> None:
    length = length_of(text)

    assert (length.is_gsm7, length.units, length.segments) == (is_gsm7, units, segments)


@given(st.text(alphabet="aăâîșțşţząćęłńóśźż „”–…\u00a0"))
def test_romanian_and_polish_texts_always_fit_the_short_alphabet(text: str) -> None:
    for language in ("ro", "pl"):
        assert length_of(plain_letters(text, language)).is_gsm7
