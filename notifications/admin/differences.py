"""What changed between two texts: whole lines first, then the words in the lines that changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
# Beyond this many words two passages are shown one after the other: comparing them would take too long.
MOST_WORDS = 3000


@dataclass(frozen=True)
class Piece:
    """A run of text that stayed ("same"), went ("gone") or came ("new"). Not escaped."""

    kind: str
    text: str


def differences(old: str, new: str) -> list[Piece]:
    """The pieces of which both texts are made, in order: "same" and "gone" make the old one, "same" and "new" the new."""
    before, after = (text.replace("\r\n", "\n").splitlines(keepends=True) for text in (old, new))
    pieces: list[Piece] = []
    for kind, gone, come in _steps(before, after):
        passages = "".join(gone), "".join(come)
        if kind == "replace":
            pieces += _words_between(*passages)
        else:
            pieces += _pieces(kind, *passages)
    return pieces


def _words_between(old: str, new: str) -> Iterator[Piece]:
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if max(len(before), len(after)) > MOST_WORDS:
        yield from _pieces("replace", old, new)
        return
    for kind, gone, come in _steps(before, after):
        yield from _pieces(kind, "".join(gone), "".join(come))


def _steps(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        yield kind, before[start:end], after[new_start:new_end]


def _pieces(kind: str, gone: str, come: str) -> Iterator[Piece]:
    if kind == "equal":
        yield Piece("same", gone)
        return
    if gone:
        yield Piece("gone", gone)
    if come:
        yield Piece("new", come)
