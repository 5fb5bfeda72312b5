"""What stands behind the opaque references of reservations and movements, for pages that show them.

Inventory does not know who reserves. Whoever does installs a resolver for its kind of reference ("order:12" is of the
kind "order"); the one table is put in force when the applications are ready.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shops.models import User


@dataclass(frozen=True)
class Named:
    """How a page shows one reference: a label, and an address where this person may open it."""

    label: str
    url: str = ""


Resolver = Callable[[Collection[str], "User"], Mapping[str, Named]]

Finder = Callable[[str, "User"], Collection[str]]

_resolvers: dict[str, Resolver] = {}
_finders: list[Finder] = []


def install(resolvers: Mapping[str, Resolver], finders: Collection[Finder] = ()) -> None:
    """Install the one table of resolvers by kind, and those who know names of references; replaces the previous ones."""
    _resolvers.clear()
    _resolvers.update(resolvers)
    _finders[:] = finders


def named(references: Collection[str], user: User) -> dict[str, Named]:
    """Each reference as this person may see it; one call of a resolver per kind, so a fixed number of queries.

    A reference of an unknown kind is shown as it is. What the person may not see has a label without an address.
    """
    found = {reference: Named(reference) for reference in references}
    by_kind: dict[str, list[str]] = {}
    for reference in found:
        by_kind.setdefault(reference.partition(":")[0], []).append(reference)
    for kind, mine in by_kind.items():
        if kind in _resolvers:
            found.update(_resolvers[kind](mine, user))
    return found


def lookup(text: str, user: User) -> list[str]:
    """The references a person may mean by this text: the text itself, and those called so. One query per finder."""
    return [text, *(reference for find in _finders for reference in find(text, user))]
