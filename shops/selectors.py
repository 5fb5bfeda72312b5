"""Reading people, shops and roles."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import FilteredRelation, Q, QuerySet

from shops.models import ApiKey, Membership, Shop, User
from shops.permissions import Action, Role, role_allows


class Standing(NamedTuple):
    """What a person is in one shop."""

    shop_id: int
    slug: str
    role: str


def role_in_shop(*, user_id: int | None, shop_id: int) -> str | None:
    """The person's role in the shop; an installation owner (superuser) is an admin everywhere; None for others."""
    if user_id is None:
        return None
    role = Membership.objects.filter(user_id=user_id, shop_id=shop_id, user__is_active=True).values_list(
        "role", flat=True
    )
    found = role.first()
    if found is None and User.objects.filter(pk=user_id, is_superuser=True, is_active=True).exists():
        return Role.ADMIN
    return found


def shop_ids_of(user: User) -> QuerySet[Shop, int]:
    """The keys of the active shops this person can reach, as a subquery."""
    shops = Shop.objects.filter(is_active=True)
    if not user.is_superuser:
        shops = shops.filter(memberships__user_id=user.pk)
    return shops.values_list("pk", flat=True)


def shops_of(user: User) -> QuerySet[Shop]:
    """The active shops this person can reach, by name."""
    return Shop.objects.visible_to(user).order_by("name")


def standings_of(user: User) -> tuple[Standing, ...]:
    """The person's active shops by name, with the role in each; an installation owner is an admin of the others.

    One query; none where `keep_standings` was called for this instance.
    """
    kept = getattr(user, "kept_standings", None)
    if kept is not None:
        return tuple(kept)
    if not user.is_superuser:
        member = Membership.objects.filter(user_id=user.pk, shop__is_active=True).order_by("shop__name")
        return tuple(Standing(*row) for row in member.values_list("shop_id", "shop__slug", "role"))
    own = FilteredRelation("memberships", condition=Q(memberships__user_id=user.pk))
    shops = Shop.objects.filter(is_active=True).annotate(own=own).order_by("name")
    rows = shops.values_list("pk", "slug", "own__role")
    return tuple(Standing(shop_id, slug, role or Role.ADMIN) for shop_id, slug, role in rows)


def keep_standings(user: User) -> tuple[Standing, ...]:
    """Read the standings once for this instance: what asks for this person's roles afterwards asks no database.

    For the person of one request, in views and page frames only. Services judge by key and always read.
    """
    if user.kept_standings is None:
        user.kept_standings = standings_of(user)
    return tuple(user.kept_standings)


def role_of(user: User, shop_id: int) -> str | None:
    """`role_in_shop` for a person at hand: from what was kept for this instance, else read."""
    if user.kept_standings is None:
        return role_in_shop(user_id=user.pk, shop_id=shop_id)
    return roles_of(user).get(shop_id)


def roles_of(user: User) -> dict[int, str]:
    """The person's role by shop key, for pages that show rows of several shops."""
    return {standing.shop_id: standing.role for standing in standings_of(user)}


def picks_only(user: User) -> bool:
    """Whether the person works in the warehouse of every shop they are in, and in one at least."""
    roles = set(roles_of(user).values())
    return roles == {Role.WAREHOUSE}


def shop_ids_where(user: User, action: Action) -> list[int]:
    """The keys of the shops in which this person's role includes the action."""
    return [shop_id for shop_id, role in roles_of(user).items() if role_allows(role, action)]


def people_to_tell(*, shop_id: int, manager_id: int | None) -> list[User]:
    """Who is to hear about a piece of work: who took it, else those who lead the shop; those with an e-mail address."""
    people = User.objects.filter(is_active=True, memberships__shop_id=shop_id).exclude(email="")
    manager = people.filter(pk=manager_id).first() if manager_id else None
    if manager is not None:
        return [manager]
    return list(people.filter(memberships__role__in=[Role.ADMIN, Role.SUPERVISOR]).distinct().order_by("pk"))


def find_api_key(digest: str) -> ApiKey | None:
    """The live key with this digest, with its shop."""
    return (
        ApiKey.objects.select_related("shop")
        .filter(digest=digest, revoked_at=None, shop__is_active=True)
        .first()
    )
