"""Reading single fields of untrusted JSON: every problem is noted with the field's path, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from html import unescape
from typing import Any

from django.utils.translation import gettext as _

ZERO = Decimal("0")
LARGEST_AMOUNT = Decimal("400000000")
LARGEST_QUANTITY = 1_000_000
MOST_ROWS = 1000
MOST_PROBLEMS = 20
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def clean(value: Any, limit: int = 255) -> str:
    """A text without control characters and lone surrogates (databases refuse them), entities read, cut to `limit`."""
    text = value if isinstance(value, str) else str(value)
    return _NOT_TEXT.sub("", unescape(_NOT_TEXT.sub("", text[: limit * 8]))).strip()[:limit]


class Node:
    """One JSON object and its place in the payload. Missing and null fields are empty; PHP's `[]` is an empty object."""

    def __init__(self, value: Mapping[str, Any], path: str, problems: list[str]) -> None:
        self.value = value
        self.path = path
        self.problems = problems
        self._meta: dict[str, Any] | None = None

    def text(self, name: str, limit: int = 255) -> str:
        """A text or number as text, cut to `limit`."""
        return clean(self._scalar(name), limit)

    def key(self, name: str, limit: int) -> str:
        """An identifier: like a text, but one that is too long is a problem, for a cut one names another thing."""
        text = clean(self._scalar(name), limit + 1)
        if len(text) > limit:
            self.problem(name, _("is longer than %(limit)d characters") % {"limit": limit})
        return text

    def money(self, name: str, *, required: bool = False) -> Decimal:
        """An amount as an exact decimal, from a text, an integer or a float (by its shortest text)."""
        value = self.value.get(name)
        if value in (None, ""):
            if required:
                self.problem(name, _("is missing"))
            return ZERO
        amount = _decimal(value)
        if amount is None or abs(amount) > LARGEST_AMOUNT:
            self.problem(name, _("must be an amount"))
            return ZERO
        return amount

    def whole(self, name: str, *, at_least: int = 1, at_most: int = LARGEST_QUANTITY) -> int:
        """A whole number within bounds; `2`, `"2"` and `2.0` are two."""
        number = _decimal(self.value.get(name))
        if number is None or number != number.to_integral_value():
            self.problem(name, _("must be a whole number"))
            return at_least
        if not at_least <= number <= at_most:
            self.problem(name, _("must be from %(least)d to %(most)d") % {"least": at_least, "most": at_most})
            return at_least
        return int(number)

    def moment(self, name: str, zone: tzinfo) -> datetime | None:
        """A date and time in UTC. `<name>_gmt` is preferred; the plain field is the site's local time in `zone`."""
        for field, naive_zone in ((f"{name}_gmt", UTC), (name, zone)):
            value = self.value.get(field)
            if value in (None, ""):
                continue
            moment = _moment(value, naive_zone)
            if moment is None:
                self.problem(field, _("must be a date and time like 2026-03-01T10:00:00"))
            return moment
        return None

    def child(self, name: str) -> Node:
        """The object in a field; anything else than an object is a problem."""
        value = self.value.get(name)
        if isinstance(value, Mapping):
            return Node(value, self.place(name), self.problems)
        if value not in (None, [], ""):
            self.problem(name, _("must be an object"))
        return Node({}, self.place(name), self.problems)

    def children(self, name: str) -> list[Node]:
        """The objects in a list field."""
        value = self.value.get(name)
        if value is None or value == {} or value == "":
            return []
        if not isinstance(value, list) or len(value) > MOST_ROWS:
            self.problem(name, _("must be a list of at most %(most)d rows") % {"most": MOST_ROWS})
            return []
        found = []
        for index, row in enumerate(value):
            if isinstance(row, Mapping):
                found.append(Node(row, f"{self.place(name)}[{index}]", self.problems))
            else:
                self.problem(f"{name}[{index}]", _("must be an object"))
        return found

    def meta(self) -> dict[str, Any]:
        """`meta_data` by key, without what plugins wrote in no readable form."""
        if self._meta is None:
            rows = self.value.get("meta_data")
            self._meta = {
                row["key"]: row.get("value")
                for row in (rows if isinstance(rows, list) else [])[:MOST_ROWS]
                if isinstance(row, Mapping) and isinstance(row.get("key"), str)
            }
        return self._meta

    def problem(self, name: str, what: str) -> None:
        """Note what is wrong with a field, as `line_items[1].quantity: must be a whole number.`"""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(f"{clean(self.place(name), 100)}: {what}.")

    def place(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _scalar(self, name: str) -> Any:
        value = self.value.get(name)
        if value is None or value is False or value == []:
            return ""
        if isinstance(value, (str, Decimal, float)):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 256:
            return value
        self.problem(name, _("must be a text"))
        return ""


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        return None
    if isinstance(value, int) and value.bit_length() > 256:
        return None
    text = str(value).strip()
    if len(text) > 60 or not _NUMBER.fullmatch(text):
        return None
    return Decimal(text)


def _moment(value: Any, naive_zone: tzinfo) -> datetime | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    if not 1990 <= moment.year <= 2200:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=naive_zone)).astimezone(UTC)
