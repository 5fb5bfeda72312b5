"""Saved views: filters of a board or a list under a name, for oneself or for the shop, and the one a page opens with.

A view is a query string and nothing more; whoever opens it sees what they may see, so sharing one shares no order.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.utils.translation import gettext as _

from crm.models import DefaultView, Funnel, ListPage, SavedView
from shops.actors import Actor
from shops.errors import DomainError
from shops.permissions import Action, require, role_allows

# Where somebody stood in a list is no filter of it.
PLACES = frozenset({"after", "before", "column", "cursor", "seen", "view", "page"})
LONGEST_NAME, LONGEST_QUERY = 60, 1000
NEEDED: dict[str, Action] = {
    ListPage.BOARD: Action.VIEW_ORDERS,
    ListPage.ORDERS: Action.VIEW_ORDERS,
    ListPage.CUSTOMERS: Action.VIEW_CUSTOMERS,
}


@transaction.atomic
def save_view(
    *,
    shop_id: int,
    page: str,
    name: str,
    query: str,
    actor: Actor,
    funnel_id: int | None = None,
    is_shared: bool = False,
) -> SavedView:
    """Keep the filters of a page under a name; the person's own view of that name is replaced.

    `query` is what stands behind the question mark; empty values and places in a list are left out. Raises
    DomainError for a name or filters that cannot be kept, NotPermitted.
    """
    _require_person(actor)
    require(actor, shop_id=shop_id, action=NEEDED[page])
    name = " ".join(name.replace("\0", " ").split())
    if not name:
        raise DomainError(_("Give the view a name."), code="empty", field="name")
    if len(name) > LONGEST_NAME:
        raise DomainError(
            _("A name has at most %(most)d characters.") % {"most": LONGEST_NAME},
            code="too_long",
            field="name",
        )
    # What is left out of the address may be long, too; beyond that nobody's page wrote it.
    kept = clean_query(query[: 8 * LONGEST_QUERY])
    if len(kept) > LONGEST_QUERY:
        raise DomainError(_("These filters are too long to be saved."), code="too_long", field="query")
    if funnel_id is not None and not Funnel.objects.filter(pk=funnel_id, shop_id=shop_id).exists():
        raise DomainError(_("This board belongs to another shop."), code="foreign", field="funnel")
    mine = SavedView.objects.filter(owner_id=actor.user_id, shop_id=shop_id, page=page, name=name)
    if mine.exclude(funnel=funnel_id).exists():
        raise DomainError(
            _("You have a view “%(name)s” on another board. Choose another name.") % {"name": name},
            code="taken",
            field="name",
        )
    view, _is_new = SavedView.objects.update_or_create(
        owner_id=actor.user_id,
        shop_id=shop_id,
        page=page,
        name=name,
        defaults={"query": kept, "funnel_id": funnel_id, "is_shared": is_shared},
    )
    return view


@transaction.atomic
def share_view(*, view_id: int, is_shared: bool, actor: Actor) -> SavedView:
    """Show a view to everybody in its shop, or to its owner alone again. Raises NotPermitted when it is another's."""
    view = _changeable(view_id, actor)
    view.is_shared = is_shared
    view.save(update_fields=["is_shared"])
    if not is_shared:
        DefaultView.objects.filter(view=view).exclude(user=view.owner_id).delete()
    return view


@transaction.atomic
def delete_view(*, view_id: int, actor: Actor) -> str:
    """Delete a view, for everybody who uses it; answers its name. Raises NotPermitted when it is another's."""
    view = _changeable(view_id, actor)
    view.delete()
    return view.name


@transaction.atomic
def choose_default_view(*, shop_id: int, page: str, view_id: int | None, actor: Actor) -> None:
    """Open the page with this view from now on, or with everything (None), for this person in this shop.

    Raises DomainError when the view is not one of the person's, or of another page or shop.
    """
    _require_person(actor)
    require(actor, shop_id=shop_id, action=NEEDED[page])
    mine: dict[str, Any] = {"user_id": actor.user_id, "shop_id": shop_id, "page": page}
    if view_id is None:
        DefaultView.objects.filter(**mine).delete()
        return
    view = SavedView.objects.filter(pk=view_id, shop_id=shop_id, page=page).first()
    if view is None or not (view.is_shared or view.owner_id == actor.user_id):
        raise DomainError(_("This view is gone."), code="gone")
    DefaultView.objects.update_or_create(**mine, defaults={"view": view})


def clean_query(query: str) -> str:
    """The words of a query string that are filters, in the order of the address."""
    pairs = parse_qsl(query.lstrip("?"))
    return urlencode([(name, value) for name, value in pairs if value and name not in PLACES])


def _changeable(view_id: int, actor: Actor) -> SavedView:
    view = SavedView.objects.get(pk=view_id)
    if view.owner_id != actor.user_id or not actor.is_person:
        require(actor, shop_id=view.shop_id, action=Action.MANAGE_FUNNELS)
    return view


def may_change(owner_id: int, *, user_id: int, role: str | None) -> bool:
    """Whether a person of this role may share or delete a view: its owner, and whoever leads the shop."""
    return owner_id == user_id or role_allows(role, Action.MANAGE_FUNNELS)


def _require_person(actor: Actor) -> None:
    if not actor.is_person:
        raise DomainError(_("Only people have views."), code="not_a_person")
