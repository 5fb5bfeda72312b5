"""The scoped queryset: what a person can reach at all. It fails closed: no user, no membership, no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from shops.models import User

M = TypeVar("M", bound=models.Model)


class ShopScopedQuerySet(models.QuerySet[M]):
    """A queryset of rows that belong to a shop, found by `shop_path` (a lookup that ends at the shop's key)."""

    shop_path = "shop_id"

    def visible_to(self, user: User | Any) -> Self:
        """The rows of the shops in which this person is a member; none for anybody else."""
        from shops.selectors import shop_ids_of

        if user is None or not getattr(user, "is_authenticated", False) or not user.is_active:
            return self.none()
        return self.filter(**{f"{self.shop_path}__in": shop_ids_of(user)})
