"""Finding rows by the beginnings of their words: terms are stored in rows of their own, folded, and walked by index.

It owns how terms are made, stored and matched, whatever they name. What a person may see is the caller's queryset.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connections, models
from django.db.models import Exists, OuterRef, Q, QuerySet

from shops.search_text import fold

M = TypeVar("M", bound=models.Model)
TERM_LENGTH = 80
MOST_WORDS = 8
MOST_CHARACTERS = 200
MOST_LISTED = 500
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
    queryset: QuerySet[M], model: type[models.Model], owner: str, words: Sequence[Word]
) -> QuerySet[M]:
    """The rows of which every word begins a term; `model` holds the terms, `owner` is its key of the row.

    One query for each set of beginnings; see `narrow_by`.
    """
    terms = Terms(model, owner)
    found = {asked: [key for (key,) in terms.keys(asked)] for asked in lookups(words)}
    return narrow_by(queryset, terms, words, found)


def narrow_by(
    queryset: QuerySet[M],
    terms: Terms,
    words: Iterable[Word],
    found: Mapping[frozenset[str], Collection[int]],
) -> QuerySet[M]:
    """The same with what `Terms.keys` found for each of `lookups`, for callers that look up several tables at once.

    Rare words are a short list of keys; a common one is asked of each row that is shown. So neither costs more when
    the database grows: the first reads few terms, the second stops when the page is full.
    """
    keys: set[int] | None = None
    for word in words:
        rare = rare_keys(word, found)
        if rare is None:
            queryset = queryset.filter(_asked_of_row(word, terms))
        else:
            keys = rare if keys is None else keys & rare
    return queryset if keys is None else queryset.filter(pk__in=keys)


def lookups(words: Iterable[Word]) -> list[frozenset[str]]:
    """The sets of beginnings to look up for these words, each once."""
    wanted: dict[frozenset[str], None] = {}
    for word in words:
        if word.beginnings:
            wanted[word.beginnings] = None
        wanted |= dict.fromkeys(lookups(word.parts))
    return list(wanted)


def rare_keys(word: Word, found: Mapping[frozenset[str], Collection[int]]) -> set[int] | None:
    """The keys of the rows a word matches, or None where it, or one of its parts, is a common one."""
    own = found.get(word.beginnings, ())
    parts = [rare_keys(part, found) for part in word.parts]
    if len(own) > MOST_LISTED or any(part is None for part in parts):
        return None
    every = [part for part in parts if part is not None]
    return set(own) | (set.intersection(*every) if every else set())


@dataclass(frozen=True)
class Terms:
    """The table of one kind of rows' terms. `is_whole`: a word must be a whole term, not only begin one."""

    model: type[models.Model]
    owner: str
    is_whole: bool = False

    def matching(self, beginnings: Iterable[str]) -> QuerySet[models.Model]:
        """The terms that match any of these."""
        terms = self.model._default_manager.all()
        if self.is_whole:
            return terms.filter(term__in=sorted(beginnings))
        begins = Q()
        for beginning in sorted(beginnings):
            begins |= _begins_with(beginning, connections[terms.db].vendor)
        return terms.filter(begins)

    def keys(self, beginnings: Iterable[str]) -> QuerySet[models.Model, Any]:
        """The keys of their rows, one more than `MOST_LISTED` at most: so many mean a common word."""
        return self.matching(beginnings).values_list(self.owner)[: MOST_LISTED + 1]


def _asked_of_row(word: Word, terms: Terms) -> Q:
    condition = Q()
    if word.beginnings:
        condition = Q(Exists(terms.matching(word.beginnings).filter(**{terms.owner: OuterRef("pk")})))
    if word.parts:
        every = Q()
        for part in word.parts:
            every &= _asked_of_row(part, terms)
        condition |= every
    return condition


def _begins_with(beginning: str, vendor: str) -> Q:
    """On SQLite a range, for its LIKE with ESCAPE uses no index; elsewhere LIKE, for a range follows the collation."""
    if vendor == "sqlite":
        return Q(term__gte=beginning, term__lt=beginning + "\U0010ffff")
    return Q(term__startswith=beginning)
