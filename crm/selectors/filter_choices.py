"""What the filters of a board offer to choose from: colleagues, tags, and where open orders come from."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from crm.models import Deal, Funnel, Tag
from crm.selectors.board import deals_on
from shops.models import User

# A menu of more is no menu.
MOST_TAGS = 200


@dataclass(frozen=True)
class Choices:
    """Three queries, none of which grows with what was ever sold."""

    colleagues: list[User]
    tags: list[str]
    sources: list[str]


def choices_for(user: User, funnel: Funnel) -> Choices:
    """For one board and one person."""
    return Choices(
        colleagues=list(_people_of(funnel.shop_id)),
        tags=list(Tag.objects.filter(shop_id=funnel.shop_id).values_list("name", flat=True)[:MOST_TAGS]),
        sources=sorted(_open_sources(user, funnel)),
    )


def _people_of(shop_id: int) -> QuerySet[User]:
    people = User.objects.filter(memberships__shop=shop_id, is_active=True)
    return people.order_by("first_name", "last_name", "username")


def _open_sources(user: User, funnel: Funnel) -> QuerySet[Deal, str]:
    open_deals = deals_on(user, funnel).filter(is_open=True, order__isnull=False)
    return open_deals.order_by().values_list("order__source", flat=True).distinct()
