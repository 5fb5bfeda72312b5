"""A shop's page: who it is, how its online shop is connected, who works there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orders.imports.models import Connection
from orders.imports.selectors import connection_of, hook_url, secret_of
from orders.imports.statuses import Source
from shops.models import Membership, Shop
from shops.permissions import Action, Role, role_allows
from shops.selectors import role_in_shop

if TYPE_CHECKING:
    from shops.models import User


@dataclass(frozen=True)
class Door:
    """One source's way in. `secret` is empty for people who may not see it, and when it cannot be read any more."""

    source: str
    name: str
    url: str
    connection: Connection | None
    secret: str
    is_unreadable: bool


@dataclass(frozen=True)
class ShopPage:
    shop: Shop
    doors: list[Door]
    people: list[Membership]
    may_see_secrets: bool
    may_see_imports: bool
    is_admin: bool


def shop_page(user: User, slug: str) -> ShopPage | None:
    """The page of a shop this person belongs to, or None for any other."""
    shop = Shop.objects.visible_to(user).filter(slug=slug).first()
    if shop is None:
        return None
    role = role_in_shop(user_id=user.pk, shop_id=shop.pk)
    may_see_secrets = role_allows(role, Action.VIEW_SECRETS)
    people = Membership.objects.filter(shop=shop, user__is_active=True).select_related("user")
    return ShopPage(
        shop=shop,
        doors=[_door(shop, source, may_see_secrets) for source in (Source.WOOCOMMERCE,)],
        people=sorted(people, key=lambda member: (list(Role).index(Role(member.role)), str(member.user))),
        may_see_secrets=may_see_secrets,
        may_see_imports=role_allows(role, Action.VIEW_IMPORTS),
        is_admin=role == Role.ADMIN and user.is_staff,
    )


def _door(shop: Shop, source: Source, may_see_secrets: bool) -> Door:
    connection = connection_of(shop.pk, source)
    secret, is_unreadable = "", False
    if connection is not None and may_see_secrets:
        try:
            secret = secret_of(connection)
        except ValueError:
            is_unreadable = True
    return Door(source, str(source.label), hook_url(shop.slug, source), connection, secret, is_unreadable)
