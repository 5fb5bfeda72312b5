"""Finding rows by the beginnings of their words: terms are stored in rows of their own, folded, and walked by index.

It owns how terms are made, stored and matched, whatever they name. What a person may see is the caller's queryset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import connections, models
from django.db.models import Exists, OuterRef, Q, QuerySet

from shops.search_text import fold

M = TypeVar("M", bound=models.Model)
TERM_LENGTH = 80
MOST_WORDS = 8
MOST_CHARACTERS = 200
MOST_LISTED = 500
# The keys of what `lookups` asks about, by the beginnings: one more than `MOST_LISTED` says that there are more.
Found = Mapping[frozenset[str], Sequence[int]]
PUNCTUATION = ".,;:!?\"'`„”“«»()[]{}<>#*/\\|&"


@dataclass(frozen=True)
class Word:
    """One word of a question: it matches a term that begins with any of `beginnings`, or all of `parts` do."""

    beginnings: frozenset[str]
    parts: tuple[Word, ...] = ()


def code_terms(code: str) -> set[str]:
    """A number, SKU or AWB: as it is, without spaces and dashes, and its words."""
    folded = fold(code)
    return {folded.replace(" ", ""), re.sub(r"[\s\-_./]", "", folded)} | set(folded.split())


def word_terms(text: str) -> set[str]:
    """The words of a name, those joined by a dash also one by one."""
    words = [word.strip(PUNCTUATION) for word in fold(text).split()]
    return set(words) | {part for word in words for part in word.split("-")}


def storable(terms: Iterable[str]) -> set[str]:
    """The terms as their column takes them."""
    return {term[:TERM_LENGTH] for term in terms if term}


def tokens_of(question: str) -> list[str]:
    """The folded words of a question, no more than anybody needs."""
    return fold(question[:MOST_CHARACTERS].replace("\0", " ")).split()[:MOST_WORDS]


def store_terms(model: type[models.Model], owner: str, wanted: Mapping[int, set[str]]) -> None:
    """Make the stored terms of these owners agree with the wanted ones; writes only the difference."""
    rows = model._default_manager.filter(**{f"{owner}__in": list(wanted)}).values_list("pk", owner, "term")
    stored = {(owner_id, term): pk for pk, owner_id, term in rows}
    pairs = {(owner_id, term) for owner_id, terms in wanted.items() for term in terms}
    gone = [pk for pair, pk in stored.items() if pair not in pairs]
    if gone:
        model._default_manager.filter(pk__in=gone).delete()
    missing = sorted(pairs - stored.keys())
    model._default_manager.bulk_create(
        [model(**{owner: owner_id, "term": term}) for owner_id, term in missing],
        ignore_conflicts=True,
        batch_size=500,
    )


def narrow(
    queryset: QuerySet[M],
    model: type[models.Model],
    owner: str,
    words: Iterable[Word],
    found: Found | None = None,
) -> QuerySet[M]:
    """The rows of which every word begins a term; `model` holds the terms, `owner` is its key of the row.

    `found` is what `lookups` found, for callers that ask about several tables at once; else each word is looked up.

    A rare word is a short list of keys; a common one is asked of each row that is shown. So neither costs more when
    the database grows: the first reads few terms, the second stops when the page is full.
    """
    for word in words:
        queryset = queryset.filter(_matches(word, model, owner, found))
    return queryset


def lookups(words: Iterable[Word]) -> list[frozenset[str]]:
    """The sets of beginnings `narrow` looks up for these words, each once."""
    wanted: dict[frozenset[str], None] = {}
    for word in words:
        if word.beginnings:
            wanted[word.beginnings] = None
        wanted |= dict.fromkeys(lookups(word.parts))
    return list(wanted)


def terms_beginning(model: type[models.Model], beginnings: Iterable[str]) -> QuerySet[models.Model]:
    """The terms that begin with any of these."""
    terms = model._default_manager.all()
    vendor = connections[terms.db].vendor
    begins = Q()
    for beginning in sorted(beginnings):
        begins |= _begins_with(beginning, vendor)
    return terms.filter(begins)


def _matches(word: Word, model: type[models.Model], owner: str, known: Found | None) -> Q:
    terms = terms_beginning(model, word.beginnings)
    if known is None:
        found: Sequence[int] = list(terms.values_list(owner, flat=True)[: MOST_LISTED + 1])
    else:
        found = known.get(word.beginnings, ())
    if len(found) <= MOST_LISTED:
        condition = Q(pk__in=set(found))
    else:
        condition = Q(Exists(terms.filter(**{owner: OuterRef("pk")})))
    if word.parts:
        every = Q()
        for part in word.parts:
            every &= _matches(part, model, owner, known)
        condition |= every
    return condition


def _begins_with(beginning: str, vendor: str) -> Q:
    """On SQLite a range, for its LIKE with ESCAPE uses no index; elsewhere LIKE, for a range follows the collation."""
    if vendor == "sqlite":
        return Q(term__gte=beginning, term__lt=beginning + "\U0010ffff")
    return Q(term__startswith=beginning)
