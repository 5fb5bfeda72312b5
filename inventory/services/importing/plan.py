"""What a file would do to the catalogue and the stock of one shop, and everything that is wrong with it.

A plan keeps only what differs, so its size follows the change and not the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from inventory.stock_files.columns import key_of
from inventory.stock_files.problems import Problem, shown
from inventory.stock_files.reading import Headings
from shops.search_text import fold

MOST_KEPT = 5_000
# Letters of bad rows that are kept: they are stored with the import, and its page reads them.
MOST_LETTERS = 1_000_000
SAMPLE = 200


@dataclass(slots=True)
class Change:
    """What one row would do. `fields` maps a field to its old and its new value; `base` is what was on hand."""

    row: int
    product_id: int | None
    sku: str
    name: str
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    safety_stock: tuple[int, int] | None = None
    counted: int | None = None
    base: int = 0

    @property
    def difference(self) -> int:
        """Units found more, or less, than there were; zero where stock is left alone."""
        return 0 if self.counted is None else self.counted - self.base

    @property
    def is_empty(self) -> bool:
        known = self.product_id is not None
        return known and not self.fields and self.safety_stock is None and not self.difference

    def line(self) -> str:
        """All that matters of it, for the digest."""
        fields = sorted((name, str(old), str(new)) for name, (old, new) in self.fields.items())
        plain = [self.row, self.product_id, self.sku, fields, self.safety_stock, self.difference]
        return json.dumps(plain, ensure_ascii=False)


@dataclass
class Plan:
    """Everything a file would do, and everything that is wrong with it, by row."""

    headings: Headings
    changes: dict[int, Change] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    bad_cells: dict[int, list[str]] = field(default_factory=dict)
    bad_rows: set[int] = field(default_factory=set)
    baseline: dict[int, int] = field(default_factory=dict)
    rows: int = 0
    letters: int = 0

    @property
    def has_room(self) -> bool:
        """Whether the cells of one more bad row can be kept."""
        return len(self.bad_cells) < MOST_KEPT and self.letters < MOST_LETTERS

    def keep_cells(self, row: int, cells: Sequence[Any]) -> None:
        """Keep what stands in a bad row, as long as there is room."""
        if self.has_room:
            self.bad_cells[row] = [shown(cell) for cell in cells]
            self.letters += sum(len(cell) + 4 for cell in self.bad_cells[row])

    def digest(self) -> str:
        """A name for what would be done and what would be left out."""
        made = hashlib.sha256()
        for row in sorted(self.changes):
            made.update(self.changes[row].line().encode())
        made.update(repr(sorted(self.bad_rows)).encode())
        return made.hexdigest()

    def summary(self) -> dict[str, Any]:
        """The figures of the plan, as they are stored and shown."""
        changes = self.changes.values()
        moves = [change.difference for change in changes if change.difference]
        new = sum(1 for change in changes if change.product_id is None)
        return {
            "rows": self.rows,
            "new": new,
            "changed": len(self.changes) - new,
            "unchanged": self.rows - len(self.changes) - len(self.bad_rows),
            "bad_rows": len(self.bad_rows),
            "problems": len(self.problems),
            "stock_changes": len(moves),
            "units_in": sum(units for units in moves if units > 0),
            "units_out": -sum(units for units in moves if units < 0),
            "new_categories": self._new_names("category"),
            "new_families": self._new_names("family"),
            "warnings": self._warnings(),
            "headings": list(self.headings.texts),
            "bad_cells": {str(row): self.bad_cells[row] for row in sorted(self.bad_cells)[:MOST_KEPT]},
        }

    def sample(self) -> list[dict[str, Any]]:
        """The first changes of known products and the first new ones, as they are stored and shown."""
        ordered = [self.changes[row] for row in sorted(self.changes)]
        known = [change for change in ordered if change.product_id is not None][:SAMPLE]
        new = [change for change in ordered if change.product_id is None][:SAMPLE]
        return [_as_json(change) for change in known + new]

    def _new_names(self, name: str) -> int:
        return len(
            {change.fields[name][1].key for change in self.changes.values() if _names_new(change, name)}
        )

    def _warnings(self) -> list[list[str]]:
        known = set(self.headings.keys)
        found = []
        for text, key in zip(self.headings.texts, self.headings.keys, strict=True):
            if text and not key:
                code = "repeated_column" if key_of(text) in known - {""} else "ignored_column"
                found.append([code, text])
        return found


@dataclass(frozen=True, slots=True)
class Named:
    """A category or family as a file names it, with its key here if there is one."""

    name: str
    pk: int | None = None

    @property
    def key(self) -> str:
        return fold(self.name)

    def __str__(self) -> str:
        return self.name


def _names_new(change: Change, name: str) -> bool:
    return name in change.fields and change.fields[name][1].pk is None


def _as_json(change: Change) -> dict[str, Any]:
    return {
        "row": change.row,
        "is_new": change.product_id is None,
        "sku": change.sku,
        "name": change.name,
        "fields": [
            [name, _plain(old), _plain(new)]
            for name, (old, new) in change.fields.items()
            if name not in ("sku", "name") or change.product_id is not None
        ],
        "safety_stock": change.safety_stock,
        "stock": [change.base, change.counted, change.difference] if change.difference else None,
    }


def _plain(value: Any) -> str | bool | None:
    return value if value is None or isinstance(value, bool) else str(value)
