"""What the filter menus of the lists offer out of the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm.models import Stage, Tag
from crm.page_selectors.order_filters import stages_of
from crm.selectors.filter_choices import MOST_TAGS
from shops.models import Membership, Shop, User


@dataclass(frozen=True)
class Choices:
    """The rows of the database that a filter menu offers: three queries."""

    shops: Sequence[Shop]
    stages: Sequence[Stage]
    people: Sequence[User]
    tags: Sequence[str]


def choices_of(shops: Sequence[Shop], shown: Sequence[Shop], *, with_stages: bool) -> Choices:
    """What the menu of a list of these shops offers; `shown` are those the list is narrowed to."""
    keys = [shop.pk for shop in shown]
    working = Membership.objects.filter(shop__in=keys).values("user")
    people = User.objects.filter(pk__in=working, is_active=True).order_by(
        "first_name", "last_name", "username"
    )
    tags = Tag.objects.filter(shop__in=keys).order_by("name").values_list("name", flat=True)
    return Choices(
        shops=shops,
        stages=list(stages_of(shown)) if with_stages else (),
        people=list(people),
        tags=list(dict.fromkeys(tags[:MOST_TAGS])),
    )
