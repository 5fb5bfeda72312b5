"""Stock counts: a frozen list of what should be there, what people found, and what became of the differences."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory.models.catalogue import Category, Warehouse
from inventory.models.stock import StockItem
from shops.actors import ActorFields
from shops.scoping import ShopScopedQuerySet


class CountState(models.TextChoices):
    OPEN = "open", pgettext_lazy("count", "Counting")
    REVIEW = "review", pgettext_lazy("count", "In review")
    POSTED = "posted", pgettext_lazy("count", "Posted")
    CANCELLED = "cancelled", pgettext_lazy("count", "Cancelled")


class StockCount(ActorFields):
    """One count of a warehouse, or of one category in it. The actor is who opened it."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    warehouse = models.ForeignKey(
        Warehouse, on_delete=models.PROTECT, related_name="+", verbose_name=_("warehouse")
    )
    category = models.ForeignKey(
        Category,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("products", "category"),
    )
    name = models.CharField(_("name"), max_length=100)
    hides_expected = models.BooleanField(
        _("do not show what is expected while counting"),
        default=True,
        help_text=_("People who see the expected number tend to find it."),
    )
    state = models.CharField(_("state"), max_length=10, choices=CountState.choices, default=CountState.OPEN)
    opened_at = models.DateTimeField(_("opened"), auto_now_add=True)
    posted_at = models.DateTimeField(_("posted"), null=True, blank=True)
    posted_by = models.CharField(_("posted by"), max_length=150, blank=True)

    objects: models.Manager[StockCount] = ShopScopedQuerySet["StockCount"].as_manager()

    class Meta:
        verbose_name = _("stock count")
        verbose_name_plural = _("stock counts")
        indexes = [models.Index(fields=["shop", "-id"], name="counts_newest_of_shop")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=CountState.POSTED) | Q(posted_at__isnull=False), name="posted_has_time"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reference(self) -> str:
        """How the ledger names the movements of this count."""
        return f"count:{self.pk}"


class StockCountLine(models.Model):
    """One stock item of a count, in whole units.

    `expected` is what was on hand at the opening. `counted` is the sum of the entries, and `on_hand_then` what the
    counters said at the last of them, so that what moves during the count is no difference:
    difference = counted - on_hand_then.
    """

    count = models.ForeignKey(
        StockCount, on_delete=models.CASCADE, related_name="lines", verbose_name=_("stock count")
    )
    stock_item = models.ForeignKey(
        StockItem, on_delete=models.PROTECT, related_name="+", verbose_name=_("stock item")
    )
    expected = models.IntegerField(_("expected"))
    counted = models.PositiveIntegerField(_("counted"), null=True, blank=True)
    on_hand_then = models.IntegerField(null=True, blank=True, editable=False)
    first_counted_at = models.DateTimeField(null=True, blank=True, editable=False)
    counted_at = models.DateTimeField(_("counted at"), null=True, blank=True)
    counted_by = models.CharField(_("counted by"), max_length=150, blank=True)
    posted_difference = models.IntegerField(_("posted"), null=True, blank=True)

    class Meta:
        verbose_name = _("line of a stock count")
        verbose_name_plural = _("lines of a stock count")
        constraints = [
            models.UniqueConstraint(fields=["count", "stock_item"], name="one_line_per_count_and_item"),
            models.CheckConstraint(
                condition=Q(counted__isnull=True) | Q(on_hand_then__isnull=False),
                name="counted_line_knows_then",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stock_item_id}: {self.counted}/{self.expected}"

    @property
    def difference(self) -> int | None:
        """Units found more (positive) or less than the counters said; None until counted."""
        if self.counted is None or self.on_hand_then is None:
            return None
        return self.counted - self.on_hand_then


class StockCountEntry(ActorFields):
    """One answer of one person: so many more here, or so many in all. `key` makes a repeated request harmless."""

    line = models.ForeignKey(
        StockCountLine, on_delete=models.CASCADE, related_name="entries", verbose_name=_("line")
    )
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    quantity = models.PositiveIntegerField(_("quantity"))
    replaces = models.BooleanField(_("in all"), default=False)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("entry of a stock count")
        verbose_name_plural = _("entries of a stock count")

    def __str__(self) -> str:
        return f"{self.quantity}"
