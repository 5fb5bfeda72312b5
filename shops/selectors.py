"""Reading people, shops and roles."""

from __future__ import annotations

from django.db.models import QuerySet

from shops.models import ApiKey, Membership, Shop, User
from shops.permissions import Action, Role, role_allows


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


def roles_of(user: User) -> dict[int, str]:
    """The person's role by shop key, for pages that show rows of several shops."""
    roles = dict(
        Membership.objects.filter(user_id=user.pk, shop__is_active=True).values_list("shop_id", "role")
    )
    if user.is_superuser:
        for shop_id in Shop.objects.filter(is_active=True).values_list("pk", flat=True):
            roles.setdefault(shop_id, Role.ADMIN)
    return roles


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
