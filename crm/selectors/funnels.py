"""Which boards a person has."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.models import Funnel
from shops.models import User


def funnels_of(user: User) -> QuerySet[Funnel]:
    """The active funnels of the person's shops, shop by shop."""
    return (
        Funnel.objects.visible_to(user)
        .filter(is_active=True)
        .select_related("shop")
        .order_by("shop__name", "position", "pk")
    )


def home_funnel_of(user: User) -> Funnel | None:
    """The default funnel of the shop the person used last, else the first one they can reach."""
    funnels = list(funnels_of(user))
    for funnel in funnels:
        if funnel.shop_id == user.last_shop_id and funnel.is_default:
            return funnel
    return next((funnel for funnel in funnels if funnel.is_default), funnels[0] if funnels else None)


def funnel_by_slug(user: User, slug: str) -> Funnel | None:
    """One funnel the person can reach, or None."""
    return funnels_of(user).filter(slug=slug).first()
