"""Checks of a shop's settings, each with a sentence that names what to write instead."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import list_currencies
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from shops.working_hours import WEEKDAYS


def is_currency(code: str) -> bool:
    """Whether this is a currency code (ISO 4217 as listed by CLDR)."""
    return code in list_currencies()


def validate_currency(value: str) -> None:
    if not is_currency(value):
        raise ValidationError(
            _("“%(value)s” is not a currency code; write three capital letters, for example RON.")
            % {"value": value}
        )


def validate_time_zone(value: str) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationError(
            _("“%(value)s” is not a time zone; write one like Europe/Bucharest.") % {"value": value}
        ) from error


def validate_working_hours(value: Any) -> None:
    problem = _(
        'Write working hours per weekday, for example {"mon": ["09:00", "18:00"]}; leave closed days out.'
    )
    if not isinstance(value, dict):
        raise ValidationError(problem)
    for day, hours in value.items():
        try:
            opens, closes = (time.fromisoformat(text) for text in hours)
            sensible = day in WEEKDAYS and opens < closes and opens.tzinfo is closes.tzinfo is None
        except (TypeError, ValueError) as error:
            raise ValidationError(problem) from error
        if not sensible:
            raise ValidationError(problem)


def validate_holidays(value: Any) -> None:
    problem = _('Write holidays as a list of dates, for example ["2026-12-25"].')
    if not isinstance(value, list):
        raise ValidationError(problem)
    for text in value:
        try:
            # Python reads other spellings too (20261225); the calendar compares this one.
            same = date.fromisoformat(text).isoformat() == text
        except (TypeError, ValueError) as error:
            raise ValidationError(problem) from error
        if not same:
            raise ValidationError(problem)
