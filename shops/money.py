"""Money: `Decimal` amounts in one ISO currency, quantised to the currency's minor unit.

Amounts are never computed by the database except by `SUM`, and a split never loses a cent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency, get_currency_precision

ZERO = Decimal("0")
_WORD_BESIDE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
# What people write where CLDR gives the ISO code.
EVERYDAY_WORDS = {("RON", "ro"): "lei"}
SMS_SYMBOLS = {"RON": "lei", "PLN": "zl", "UAH": "грн"}


def quantise(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the minor unit of `currency` (ISO 4217 digits as listed by CLDR)."""
    return amount.quantize(Decimal(1).scaleb(-get_currency_precision(currency)), rounding=ROUND_HALF_UP)


def allocate(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Split `total` in proportion to `weights` by largest remainder; the parts sum to `total` exactly.

    With all weights zero the whole amount goes to the first part. Raises ValueError without weights.
    """
    if not weights:
        raise ValueError("nothing to split the amount over")
    unit = Decimal(1).scaleb(-get_currency_precision(currency))
    whole = sum(weights, ZERO)
    if whole == 0:
        return [total] + [ZERO * unit] * (len(weights) - 1)
    exact = [total * weight / whole for weight in weights]
    parts = [(value / unit).to_integral_value(rounding="ROUND_FLOOR") * unit for value in exact]
    missing = int((total - sum(parts, ZERO)) / unit)
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for index in by_remainder[:missing]:
        parts[index] += unit
    return parts


def display(amount: Decimal, currency: str, language: str) -> str:
    """The amount as people of that language write it, with the currency; no-break spaces included.

    A currency word right beside a digit gets a no-break space between them, as CLDR's currency spacing rule asks.
    """
    text = format_currency(amount, currency, locale=language or "en")
    word = EVERYDAY_WORDS.get((currency, language))
    return _WORD_BESIDE_DIGIT.sub("\xa0", text.replace(currency, word) if word else text)


def display_for_sms(amount: Decimal, currency: str, language: str) -> str:
    """The amount with plain spaces and a plain currency word, so that an SMS stays in its alphabet."""
    number = format_currency(amount, currency, "#,##0.00", locale=language or "en")
    return f"{number} {SMS_SYMBOLS.get(currency, currency)}".replace("\xa0", " ").replace("\u202f", " ")
