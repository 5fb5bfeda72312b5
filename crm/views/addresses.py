"""A board's web address, read and written: what it is narrowed to, and which folded stages are open.

Answers to moves read it from the page the person is on, so that column heads keep their links. Unknown words are
ignored; of values that cannot be read the address keeps the names, so that the page can say so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpRequest
from django.urls import reverse

from crm.selectors.filters import PAYMENTS, Wanted
from crm.selectors.reminders import COLOURS
from shops.keyset import read_key

WHOSE = ("", "mine", "unclaimed")
FIGURES = (
    "call",
    "late",
    "retry",
    "unpaid",
    "short",
    "arrived",
    "no-awb",
    "problem",
    "failed",
    "due",
    "cod",
)
ALL = "all"
# What an open board adds when it asks for news or for more cards.
PLACES = frozenset({"cursor", "seen", "look", "column", "after"})
LONGEST = 100
_AGE = re.compile(r"(\d{1,4}) ?([hd])")
_AMOUNT = re.compile(r"\d{1,10}([.,]\d{1,2})?")


@dataclass(frozen=True)
class Words:
    """The filters as the address spells them; the names of the fields are those of the query string, but `from`."""

    whose: str = ""
    show: str = ""
    reminder: str = ""
    pay: str = ""
    source: str = ""
    age: str = ""
    low: str = ""
    high: str = ""
    tag: str = ""
    product: str = ""


NAMES = {"low": "from", "high": "to"}
WORDS = tuple(field.name for field in fields(Words))


@dataclass(frozen=True)
class BoardAddress:
    """What the query string of a board says. `is_explicit` where it said anything: only a bare address opens a
    person's default view."""

    slug: str
    words: Words = field(default_factory=Words)
    unfolded: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    is_explicit: bool = False

    @property
    def whose(self) -> str:
        return self.words.whose

    @property
    def show(self) -> str:
        return self.words.show

    @property
    def is_filtered(self) -> bool:
        return self.words != Words()

    @property
    def opens_side_stages(self) -> bool:
        """Whether what is asked for may stand on side stages, which are otherwise folded away."""
        asks_more = replace(self.words, whose="", show="") != Words()
        return asks_more or self.show not in ("", "call", "no-awb")

    @property
    def wanted(self) -> Wanted:
        """The filters as values, without the person and the figure of Today."""
        words = self.words
        return Wanted(
            reminder=words.reminder,
            pay=words.pay,
            source=words.source,
            older=_stretch(words.age),
            low=_number(words.low),
            high=_number(words.high),
            tag=words.tag,
            product=words.product,
        )

    def query(self, **changes: object) -> str:
        """The query string with some words changed; `unfolded` names the open stages. Empty where nothing is asked."""
        unfolded = changes.pop("unfolded", self.unfolded)
        words = replace(self.words, **changes)  # type: ignore[arg-type]
        pairs = [(NAMES.get(name, name), getattr(words, name)) for name in WORDS]
        pairs += [("open", slug) for slug in unfolded]  # type: ignore[attr-defined]
        return urlencode([(name, value) for name, value in pairs if value])

    def url(self, view: str = "crm:board", **changes: object) -> str:
        """The address of a board page, with some words changed."""
        query = self.query(**changes)
        if not query and self.is_explicit:
            query = f"view={ALL}"
        return reverse(view, args=[self.slug]) + (f"?{query}" if query else "")

    def cleared(self) -> str:
        """The board without any filter, whatever view the person's board opens with."""
        return f"{reverse('crm:board', args=[self.slug])}?{self.query(**dict.fromkeys(WORDS, '')) or f'view={ALL}'}"

    def toggled(self, stage: str) -> str:
        """The same board with one folded stage opened, or folded again."""
        kept = tuple(slug for slug in self.unfolded if slug != stage)
        return self.url(unfolded=kept if stage in self.unfolded else (*kept, stage))


def address_of(request: HttpRequest, slug: str) -> BoardAddress:
    """The board address of this request: its own, or that of the page it was sent from."""
    path, query = request.path, request.META.get("QUERY_STRING", "")
    if not path.startswith(f"/board/{slug}/"):
        query = _query_of(request.headers.get("HX-Current-URL", ""))
    return read_address(slug, query)


def read_address(slug: str, query: str) -> BoardAddress:
    """A board address from its query string."""
    said = parse_qs(query)
    texts = {name: _text(said, NAMES.get(name, name)) for name in WORDS}
    known = {name: text for name, text in texts.items() if text and _is_known(name, text)}
    unreadable = tuple(
        name for name in ("age", "low", "high", "reminder", "pay") if texts[name] and name not in known
    )
    return BoardAddress(
        slug=slug,
        words=Words(**known),
        unfolded=tuple(dict.fromkeys(word[:40] for word in said.get("open", [])[:20])),
        unreadable=unreadable,
        is_explicit=bool(said.keys() - PLACES),
    )


def _is_known(name: str, text: str) -> bool:
    if name == "whose":
        return text in WHOSE or read_key(text) is not None
    if name == "age":
        return text == "late" or _stretch(text) is not None
    if name in ("low", "high"):
        return _number(text) is not None
    choices = {"show": FIGURES, "reminder": COLOURS, "pay": tuple(PAYMENTS)}
    return name not in choices or text in choices[name]


def _text(said: dict[str, list[str]], name: str) -> str:
    return " ".join(said.get(name, [""])[0].replace("\0", " ").split())[:LONGEST]


def _stretch(text: str) -> timedelta | None:
    """“12h” or “3d”; nothing for what cannot be read."""
    found = _AGE.fullmatch(text)
    if found is None:
        return None
    return timedelta(hours=int(found[1])) if found[2] == "h" else timedelta(days=int(found[1]))


def _number(text: str) -> Decimal | None:
    """An amount with a point or a comma; nothing for what cannot be read."""
    if not (text.isascii() and _AMOUNT.fullmatch(text)):
        return None
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None


def _query_of(url: str) -> str:
    try:
        return urlsplit(url).query
    except ValueError:  # the header is the browser's, and anybody's to write
        return ""
