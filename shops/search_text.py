"""Search text: one stored form that finds names without case or diacritics in Latin and Cyrillic alike.

SQLite's `icontains` folds ASCII only, so both the stored text and the question are folded here.
"""

from __future__ import annotations

import re
import unicodedata

_LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ґ": "г", "ё": "е", "’": "'", "ʼ": "'"}
)


def fold(text: str) -> str:
    """Casefold, strip accents and squeeze white space; Ukrainian й and ї keep their own letters."""
    # Compatibility forms first: they bring back capitals (№ becomes No) and put split letters together (и + ̆ is й).
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    decomposed = unicodedata.normalize("NFKD", composed.replace("й", "\ue000").replace("ї", "\ue001"))
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    bare = bare.replace("\ue000", "й").replace("\ue001", "ї").translate(_LETTERS)
    return " ".join(bare.split())


def digits(text: str) -> str:
    """Only the digits of a text: how phones are compared."""
    return re.sub(r"\D", "", text)


def join_folded(*parts: str) -> str:
    """The parts folded into one searchable line."""
    return " ".join(filter(None, (fold(part) for part in parts)))
