"""Funnels, stages and deals: the board's rows, the record of its moves and the feed open boards follow.

A deal linked to an order is a projection of it; only `crm.projection` writes where it stands.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from orders.models.orders import order_scope
from orders.statuses import Status
from shops.actors import ActorFields
from shops.scoping import ShopScopedQuerySet
from shops.selectors import shop_ids_of

if TYPE_CHECKING:
    from shops.models import User


class Funnel(models.Model):
    """A board. Its slug is unique in the installation; a shop has one default funnel for its orders."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(
        _("short name"), max_length=80, unique=True, help_text=_("Used in the board's web address.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_default = models.BooleanField(_("orders of the shop appear here"), default=False)
    is_active = models.BooleanField(_("active"), default=True)

    history = HistoricalRecords(related_name="+")
    objects: models.Manager[Funnel] = ShopScopedQuerySet["Funnel"].as_manager()

    class Meta:
        verbose_name = _("funnel")
        verbose_name_plural = _("funnels")
        ordering = ["shop", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop"], condition=Q(is_default=True), name="one_default_funnel")
        ]

    def __str__(self) -> str:
        return self.name


class StageKind(models.TextChoices):
    OPEN = "open", pgettext_lazy("stage", "Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class StageCondition(models.TextChoices):
    NONE = "", _("None")
    UNPAID = "unpaid", _("Not paid and not cash on delivery")
    PAID = "paid", _("Paid")


class StageQuerySet(ShopScopedQuerySet["Stage"]):
    shop_path = "funnel__shop_id"


class Stage(models.Model):
    """A column. Several may share a status: one is its entry, where the order's change puts the card."""

    funnel = models.ForeignKey(
        Funnel, on_delete=models.CASCADE, related_name="stages", verbose_name=_("funnel")
    )
    name = models.CharField(_("name"), max_length=60)
    slug = models.SlugField(_("short name"), max_length=40)
    colour = models.CharField(
        _("colour"),
        max_length=7,
        default="#64748B",
        validators=[RegexValidator(r"^#[0-9A-Fa-f]{6}$", _("Write a colour like #2563EB."))],
    )
    position = models.PositiveSmallIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=4, choices=StageKind.choices, default=StageKind.OPEN)
    status = models.CharField(
        _("order status"),
        max_length=12,
        choices=Status.choices,
        blank=True,
        help_text=_("A card moved here moves its order to this status. Empty: the order stays as it is."),
    )
    is_entry = models.BooleanField(
        _("entry of its status"),
        default=False,
        help_text=_("When the order gets this status, its card comes here."),
    )
    is_side = models.BooleanField(
        _("side stage"),
        default=False,
        help_text=_("Optional: folded to a narrow rail, and skipped by “only from the stage before”."),
    )
    condition = models.CharField(
        _("only for orders that are"),
        max_length=10,
        choices=StageCondition.choices,
        blank=True,
        default=StageCondition.NONE,
    )
    wip_limit = models.PositiveSmallIntegerField(_("most cards at once"), null=True, blank=True)
    time_limit_hours = models.DecimalField(
        _("time limit, working hours"),
        max_digits=6,
        decimal_places=1,
        null=True,
        blank=True,
        help_text=_("Cards that stand here longer are marked as late."),
    )
    requires_previous = models.BooleanField(_("only from the stage before"), default=False)

    history = HistoricalRecords(related_name="+")
    objects: models.Manager[Stage] = StageQuerySet.as_manager()

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["funnel", "slug"], name="stage_slug_per_funnel"),
            models.UniqueConstraint(
                fields=["funnel", "status"], condition=Q(is_entry=True), name="one_entry_per_status"
            ),
            models.CheckConstraint(
                condition=Q(is_entry=False) | ~Q(status=""), name="entry_stage_has_status"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_terminal(self) -> bool:
        """Whether cards only pile up here: such columns show the last 30 days."""
        return self.kind != StageKind.OPEN or self.status in (
            Status.DELIVERED,
            Status.CANCELLED,
            Status.RETURNED,
        )

    @property
    def is_folded(self) -> bool:
        """Whether the board shows it as a narrow drop rail."""
        return self.is_side or self.kind != StageKind.OPEN


class DealQuerySet(ShopScopedQuerySet["Deal"]):
    shop_path = "funnel__shop_id"

    def visible_to(self, user: User | Any) -> Self:
        """Deals of visible orders, and deals without an order in the person's shops."""
        if user is None or not getattr(user, "is_authenticated", False) or not user.is_active:
            return self.none()
        without_order = Q(order__isnull=True, funnel__shop_id__in=shop_ids_of(user))
        return self.filter(order_scope(user, "order__") | without_order)


class Deal(models.Model):
    """A card. `rank` orders cards in a column, lowest first; `amount` is gross in `currency`."""

    funnel = models.ForeignKey(
        Funnel, on_delete=models.PROTECT, related_name="deals", verbose_name=_("funnel")
    )
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="deals", verbose_name=_("stage"))
    rank = models.BigIntegerField(default=0, editable=False)
    title = models.CharField(_("title"), max_length=200)
    order = models.OneToOneField(
        "orders.Order",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("order"),
    )
    customer = models.ForeignKey(
        "orders.Customer",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("customer"),
    )
    manager = models.ForeignKey(
        "shops.User",
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("manager"),
    )
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3)
    is_open = models.BooleanField(default=True, editable=False)
    stage_entered_at = models.DateTimeField(_("in this stage since"), default=timezone.now, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: models.Manager[Deal] = DealQuerySet.as_manager()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        indexes = [
            models.Index(fields=["stage", "rank", "id"], name="deals_of_column"),
            models.Index(fields=["stage", "-stage_entered_at", "-id"], name="deals_newest_in_stage"),
            models.Index(
                fields=["stage"],
                include=["currency", "amount"],
                condition=Q(is_open=True),
                name="open_deals_counted",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class MoveKind(models.TextChoices):
    CREATED = "created", _("Created")
    BY_HAND = "by_hand", _("Moved by hand")
    FOLLOWED = "followed", _("Followed the order")
    UNDONE = "undone", _("Undone")


class DealMove(ActorFields):
    """One move of a card. Append-only, but for the mark that it was undone."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="moves", verbose_name=_("deal"))
    move_id = models.UUIDField(default=uuid.uuid4, db_index=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=MoveKind.choices)
    from_stage = models.ForeignKey(
        Stage, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("from")
    )
    to_stage = models.ForeignKey(
        Stage, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("to")
    )
    from_rank = models.BigIntegerField(null=True, editable=False)
    to_rank = models.BigIntegerField(editable=False)
    from_entered_at = models.DateTimeField(null=True, editable=False)
    at = models.DateTimeField(_("at"), default=timezone.now)
    undo_until = models.DateTimeField(null=True, blank=True, editable=False)
    undone_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("deal move")
        verbose_name_plural = _("deal moves")
        indexes = [models.Index(fields=["deal", "id"], name="moves_of_deal")]


class DealComment(ActorFields):
    """A comment on a deal; customers never see it. Append-only."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="comments", verbose_name=_("deal"))
    text = models.TextField(_("comment"))
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering = ["at", "pk"]


class BoardChange(models.Model):
    """The feed of open boards: this deal looks different now. Append-only; old rows are pruned."""

    funnel = models.ForeignKey(Funnel, on_delete=models.CASCADE, related_name="+")
    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["funnel", "id"], name="board_feed"),
            models.Index(fields=["at"], name="board_feed_age"),
        ]

    def __str__(self) -> str:
        return f"{self.funnel_id}: {self.deal_id}"
