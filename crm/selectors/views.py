"""Which saved views a person has on a page, and which one it opens with: one query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Exists, OuterRef, Q, Value
from django.db.models.functions import Concat, Trim

from crm.models import DefaultView, SavedView
from shops.models import User

NOBODY = 0


@dataclass(frozen=True)
class ViewRow:
    """A view as a menu shows it. `query` is empty where it shows everything."""

    pk: int
    name: str
    query: str
    is_shared: bool
    owner_id: int
    is_default: bool


def views_of(
    user: User, page: str, *, shop_id: int | None = None, funnel_id: int | None = None
) -> list[ViewRow]:
    """The views this person may open on the page, by name: their own and the shared ones.

    Of one shop and board where these are given.
    """
    return _read(user, page, shop_id, funnel_id, None)[0]


def views_and_name(
    user: User, page: str, *, shop_id: int, funnel_id: int, person_id: int | None
) -> tuple[list[ViewRow], str]:
    """The same for a board, with the name of a colleague whose cards it is narrowed to, in the same query."""
    return _read(user, page, shop_id, funnel_id, person_id)


def _read(
    user: User, page: str, shop_id: int | None, funnel_id: int | None, person_id: int | None
) -> tuple[list[ViewRow], str]:
    chosen = DefaultView.objects.filter(user=user, view=OuterRef("pk"), page=page, shop=OuterRef("shop_id"))
    views = SavedView.objects.visible_to(user).filter(page=page)
    if shop_id is not None:
        views = views.filter(Q(funnel_id=funnel_id) | Q(funnel=None), shop_id=shop_id)
    rows = views.order_by().values_list("pk", "name", "query", "is_shared", "owner_id", Exists(chosen))
    if person_id is not None:
        rows = rows.union(_named(person_id, shop_id), all=True)
    found = [ViewRow(*row) for row in rows]
    name = next((row.name or row.query for row in found if row.owner_id == NOBODY), "")
    own = sorted((row for row in found if row.owner_id != NOBODY), key=lambda row: row.name.casefold())
    return own, name


def _named(person_id: int, shop_id: int | None) -> Any:
    """A colleague's names as a row like a view's, so that they cost no query of their own."""
    name = Trim(Concat("first_name", Value(" "), "last_name"))
    off = Value(False, output_field=BooleanField())
    people = User.objects.filter(pk=person_id, memberships__shop=shop_id)
    return people.values_list("pk", name, "username", off, Value(NOBODY), off)
