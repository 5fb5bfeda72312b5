"""Phones and e-mail addresses in one comparable form; what was given is always kept beside it. And links to trust."""

from __future__ import annotations

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

LONGEST_LINK = 500
_is_link = URLValidator(schemes=["https", "http"])


def normalise_phone(raw: str, country: str) -> str:
    """The number in E.164 when it is valid for the country (or carries its own prefix), else an empty text."""
    try:
        parsed = phonenumbers.parse(raw, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def written_phone(raw: str, country: str) -> str:
    """The number as it is dialled from anywhere, “+40 722 334 455”; as given where it can be no number at all."""
    try:
        parsed = phonenumbers.parse(raw, country or None)
    except phonenumbers.NumberParseException:
        return raw.strip()
    if not phonenumbers.is_possible_number(parsed):
        return raw.strip()
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def normalise_email(raw: str) -> str:
    """The address casefolded and without white space around it."""
    return raw.strip().casefold()


def safe_link(raw: str) -> str:
    """A web address as given, or an empty text where it is none: what is not http or https goes into no message."""
    link = raw.strip()
    try:
        _is_link(link)
    except ValidationError:
        return ""
    return link if len(link) <= LONGEST_LINK else ""
