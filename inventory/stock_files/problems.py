"""What can be wrong with one cell or one row of a file, each with a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LONGEST_SHOWN = 80

SENTENCES: Mapping[str, Promise] = {
    "not_a_number": gettext_lazy("This is not a number; write it like 12.50 or 12,50."),
    "ambiguous_number": gettext_lazy(
        "This can be read in two ways; write it without a thousands separator, like 1234 or 1.23."
    ),
    "not_whole": gettext_lazy("Only whole numbers are possible here."),
    "negative": gettext_lazy("This cannot be less than zero."),
    "too_small": gettext_lazy("This must be at least %(least)s."),
    "too_large": gettext_lazy("This is too large; at most %(most)s is possible."),
    "too_precise": gettext_lazy("At most %(places)s decimals are possible."),
    "not_yes_or_no": gettext_lazy("Write yes or no."),
    "not_a_date": gettext_lazy("This is not a date; write it like 2026-12-31 or 31.12.2026."),
    "date_in_text": gettext_lazy(
        "The spreadsheet turned this into a date; give the column the format “text” and write it again."
    ),
    "scientific": gettext_lazy(
        "The spreadsheet shortened this number; give the column the format “text” and write all of its digits."
    ),
    "too_long": gettext_lazy("This is too long: %(length)s characters, at most %(most)s are possible."),
    "bad_characters": gettext_lazy("This contains characters that cannot be stored."),
    "cell_error": gettext_lazy("The spreadsheet shows an error in this cell."),
    "not_computed": gettext_lazy(
        "This cell holds a formula without a result; open the file in a spreadsheet and save it again."
    ),
    "unknown_currency": gettext_lazy("This is not a currency code; write three letters, for example RON."),
    "too_many_cells": gettext_lazy(
        "This row has more cells than the headings; a text with the separator in it needs quotation marks."
    ),
    "no_sku": gettext_lazy("The SKU is missing."),
    "unknown_barcode": gettext_lazy("No product has this barcode; a new product needs a SKU as well."),
    "ambiguous_barcode": gettext_lazy("Several products have this barcode; write the SKU as well."),
    "barcode_taken": gettext_lazy("This barcode belongs to %(sku)s already."),
    "duplicate_sku": gettext_lazy("The same SKU stands in row %(other)s, too."),
    "duplicate_barcode": gettext_lazy("The same barcode stands in row %(other)s, too."),
    "no_name": gettext_lazy("A new product needs a name."),
    "other_shop": gettext_lazy("This row belongs to another shop."),
    "not_counted": gettext_lazy(
        "The stock of this product is not counted, so it cannot be set; write yes in “Counted” as well."
    ),
    "still_reserved": gettext_lazy("%(reserved)s are reserved for orders, so it must stay counted."),
    "below_reserved": gettext_lazy(
        "%(reserved)s are reserved for orders; fewer cannot be on hand. Release them first."
    ),
    "moved_meanwhile": gettext_lazy(
        "Stock moved since the file was looked through: with this difference, fewer than nothing would be left."
    ),
}


class BadValue(Exception):
    """A cell cannot be read; `code` is a key of `SENTENCES`, `details` what its sentence names."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one cell, with the number of the row as the spreadsheet shows it."""

    row: int
    column: str
    value: str
    code: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The problem as it is stored."""
        return {
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "code": self.code,
            "details": dict(self.details),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Problem:
        """The problem as it was stored."""
        return cls(stored["row"], stored["column"], stored["value"], stored["code"], stored["details"])

    @property
    def sentence(self) -> str:
        """What is wrong, in the language of whoever looks."""
        return str(SENTENCES[self.code]) % self.details


def shown(value: object) -> str:
    """A cell as a page names it: its text, shortened."""
    text = "" if value is None else " ".join(str(value).replace("\0", "�").split())
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def name_of_warning(code: str, value: str) -> str:
    """A sentence about the file as a whole that stops nothing."""
    known = {
        "ignored_column": _("The column “%(value)s” is not known and was ignored."),
        "repeated_column": _("The column “%(value)s” stands in the file twice; the first one was read."),
    }
    return known[code] % {"value": value}
