"""A connection's own mapping table: what it may contain, and looking words up in it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from orders.imports.statuses import Intent
from orders.statuses import PaymentMethod

_SECTIONS = {"status": Intent.values, "payment": PaymentMethod.values}


def validate_table(table: Any) -> None:
    """Raise ValidationError naming the entry that means nothing."""
    if not isinstance(table, dict):
        raise ValidationError(_('Write a table like {"status": {"packed": "new"}}.'))
    for section, entries in table.items():
        if section not in _SECTIONS or not isinstance(entries, dict):
            raise ValidationError(
                _("“%(name)s” is not a part of the table; use “status” and “payment”.") % {"name": section}
            )
        for word, meaning in entries.items():
            if meaning not in _SECTIONS[section]:
                raise ValidationError(
                    _("“%(word)s” cannot mean “%(meaning)s”; use one of: %(known)s.")
                    % {"word": word, "meaning": meaning, "known": ", ".join(_SECTIONS[section])}
                )


def look_up(table: Any, section: str, *words: str) -> str | None:
    """What the table says for the first of these words it has, or None; a broken table says nothing."""
    entries = table.get(section) if isinstance(table, dict) else None
    if not isinstance(entries, dict):
        return None
    found = next((entries[word] for word in words if word in entries), None)
    return found if found in _SECTIONS[section] else None
