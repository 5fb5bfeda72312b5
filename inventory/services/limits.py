"""What a stock verb takes: texts, keys and costs that can be stored, each refused by name before anything is written.

It also owns the frame of a verb: one transaction, and no error of the database itself in front of a person.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from babel.numbers import list_currencies
from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from inventory.errors import StockError

LARGEST_COST = Decimal("9999999999.99")
LONGEST_REFERENCE = 100
CENT = Decimal("0.01")

P = ParamSpec("P")
R = TypeVar("R")


def stock_verb(verb: Callable[P, R]) -> Callable[P, R]:
    """Run the verb in one transaction; what a constraint of the database refuses becomes a `StockError`."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with transaction.atomic():
                return verb(*args, **kwargs)
        except (IntegrityError, DataError) as error:
            raise StockError(
                _(
                    "The stock could not be changed: its numbers would no longer fit together. Nothing was written."
                ),
                code="conflict",
            ) from error

    return run


def check_text(text: str, *, field: str, longest: int | None = None) -> None:
    """Raise `StockError` naming the field for a text that no database can keep, or one that is too long."""
    if longest is not None and len(text) > longest:
        raise StockError(
            _("%(field)s: at most %(count)s characters.") % {"field": _label(field), "count": longest},
            code="bad_text",
            field=field,
        )
    # PostgreSQL cannot keep a NUL, and half a surrogate pair is no character.
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise StockError(
            _("%(field)s: the text contains characters that cannot be stored.") % {"field": _label(field)},
            code="bad_text",
            field=field,
        )


def check_reference(reference: str) -> None:
    """Raise `StockError` for a reference that is empty, too long or cannot be stored."""
    check_text(reference, field="reference", longest=LONGEST_REFERENCE)
    if not reference:
        raise StockError(_("A reference is needed."), code="bad_text", field="reference")


def check_cost(unit_cost: Any, currency: str) -> Decimal | None:
    """What one unit cost, to the cent, rounded half up; None stays None.

    Raises `StockError` for what is not a `Decimal` from 0 to ten thousand million, or not in a currency.
    """
    if unit_cost is None:
        return None
    is_amount = isinstance(unit_cost, Decimal) and unit_cost.is_finite()
    if not is_amount or not 0 <= unit_cost <= LARGEST_COST:
        raise StockError(
            _("A cost must be an amount from 0 to %(largest)s; this one is %(cost)s.")
            % {"largest": LARGEST_COST, "cost": str(unit_cost)[:40]},
            code="bad_cost",
            field="unit_cost",
        )
    if currency not in list_currencies():
        raise StockError(
            _("The cost needs a currency code like RON; “%(code)s” is none.") % {"code": currency[:20]},
            code="bad_currency",
            field="cost_currency",
        )
    return Decimal(unit_cost).quantize(CENT, rounding=ROUND_HALF_UP)


def is_key(key: Any) -> bool:
    """Whether this can be the primary key of a row at all."""
    return isinstance(key, int) and not isinstance(key, bool) and 0 < key < 2**63


def _label(field: str) -> str:
    labels = {"reason": _("Reason"), "reference": _("Reference")}
    return labels.get(field, field)
