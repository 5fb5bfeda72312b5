"""SMS alphabets: what fits GSM-7, how Romanian and Polish are written in it, and how many segments a text takes.

The alphabet is the default table and extension of 3GPP TS 23.038; a segment holds 160 of its letters (153 when
there are several), or 70 (67) UTF-16 units once a single letter is outside of it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")  # each takes two places

_SIGNS = {
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "", "\ufeff": "",
    "„": '"', "”": '"', "“": '"', "«": '"', "»": '"', "’": "'", "‘": "'", "‚": ",", "`": "'",
    "–": "-", "—": "-", "−": "-", "…": "...", "•": "-", "№": "Nr", "\t": " ",
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "œ": "oe", "Œ": "OE",
}  # fmt: skip
_ROMANIAN = {
    "ă": "a",
    "â": "a",
    "î": "i",
    "ș": "s",
    "ş": "s",
    "ț": "t",
    "ţ": "t",
    "Ă": "A",
    "Â": "A",
    "Î": "I",
    "Ș": "S",
    "Ş": "S",
    "Ț": "T",
    "Ţ": "T",
}
_POLISH = {
    "ą": "a", "ć": "c", "ę": "e", "ł": "l", "ń": "n", "ó": "o", "ś": "s", "ź": "z", "ż": "z",
    "Ą": "A", "Ć": "C", "Ę": "E", "Ł": "L", "Ń": "N", "Ó": "O", "Ś": "S", "Ź": "Z", "Ż": "Z",
}  # fmt: skip
_TABLES = {
    "en": str.maketrans(_SIGNS),
    "ro": str.maketrans(_SIGNS | _ROMANIAN),
    "pl": str.maketrans(_SIGNS | _POLISH),
}


@dataclass(frozen=True)
class Length:
    """How long an SMS is: its alphabet, its units, the segments that will be paid for, and the room left in them."""

    is_gsm7: bool
    units: int
    segments: int
    left: int = 0


def plain_letters(text: str, language: str) -> str:
    """The text in letters of GSM-7, for languages written in Latin script; others are left as they are.

    A letter that no table knows (é in a foreign name stays, ő does not) loses its accent; what has no Latin
    letter at all, a name in Cyrillic for example, stays and makes the SMS a longer one.
    """
    table = _TABLES.get(language)
    if table is None:
        return text
    return "".join(char if _fits(char) else _without_accent(char) for char in text.translate(table))


def length_of(text: str) -> Length:
    """How many segments the text takes."""
    if all(_fits(char) for char in text):
        units = sum(2 if char in _EXTENDED else 1 for char in text)
        return _length(True, units, 160, 153)
    units = len(text.encode("utf-16-be")) // 2
    return _length(False, units, 70, 67)


def letters_outside(text: str) -> list[str]:
    """The letters that force an SMS out of GSM-7, each once, in the order in which they come."""
    return list(dict.fromkeys(char for char in text if not _fits(char)))


def _fits(char: str) -> bool:
    return char in _BASIC or char in _EXTENDED


def _without_accent(char: str) -> str:
    bare = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return bare if bare and all(_fits(part) for part in bare) else char


def _length(is_gsm7: bool, units: int, one: int, several: int) -> Length:
    segments = 1 if units <= one else -(-units // several)
    room = one if segments == 1 else segments * several
    return Length(is_gsm7, units, segments, room - units)
