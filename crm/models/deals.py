"""Deals: the cards, the record of their moves and comments, and the feed open boards follow.

A deal linked to an order is a projection of it; only `crm.projection` writes where it stands.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.models.funnels import Funnel, Stage
from orders.models.orders import order_scope
from shops.actors import ActorFields
from shops.models import ClaimVisibility
from shops.permissions import Role
from shops.scoping import ShopScopedQuerySet
from shops.selectors import roles_of

if TYPE_CHECKING:
    from shops.models import User


class LostReason(models.TextChoices):
    """Why a deal came to nothing before it was an order; an order's own reasons are `orders.statuses.CancelReason`."""

    PRICE = "price", pgettext_lazy("lost", "Too expensive")
    ELSEWHERE = "elsewhere", pgettext_lazy("lost", "Bought elsewhere")
    NOT_AVAILABLE = "not_available", pgettext_lazy("lost", "We do not have it")
    DELIVERY = "delivery", pgettext_lazy("lost", "Delivery too slow or too dear")
    SILENT = "silent", pgettext_lazy("lost", "No answer any more")
    NO_NEED = "no_need", pgettext_lazy("lost", "No longer needed")
    OTHER = "other", pgettext_lazy("lost", "Another reason")


class DealQuerySet(ShopScopedQuerySet["Deal"]):
    shop_path = "funnel__shop_id"

    def visible_to(self, user: User | Any) -> Self:
        """Deals of visible orders, and deals without an order as an order that is not confirmed would be."""
        if user is None or not getattr(user, "is_authenticated", False) or not user.is_active:
            return self.none()
        return self.filter(order_scope(user, "order__") | self._without_order(user))

    def _without_order(self, user: User) -> Q:
        # The warehouse sees confirmed orders and later ones, and nothing that may become one.
        roles = roles_of(user)
        leaders = [shop_id for shop_id, role in roles.items() if role in (Role.ADMIN, Role.SUPERVISOR)]
        managers = [shop_id for shop_id, role in roles.items() if role == Role.MANAGER]
        hides = Q(funnel__shop__claim_visibility=ClaimVisibility.HIDDEN)
        free_or_mine = Q(manager=None) | Q(manager=user.pk)
        shop = "funnel__shop_id__in"
        return Q(order=None) & (Q(**{shop: leaders}) | (Q(**{shop: managers}) & (~hides | free_or_mine)))


class Deal(models.Model):
    """A card. `rank` orders cards in a column, lowest first; `amount` is gross in `currency`.

    `held_by` has it open in the calls mode until `held_until`, so that nobody else is given the same one;
    a claim (`manager`) lasts, this does not.
    """

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
    attempts = models.PositiveSmallIntegerField(_("calls without an answer"), default=0, editable=False)
    retry_at = models.DateTimeField(_("call again at"), null=True, blank=True, editable=False)
    snoozed_until = models.DateTimeField(_("put off until"), null=True, blank=True, editable=False)
    held_by = models.ForeignKey(
        "shops.User", on_delete=models.SET_NULL, related_name="+", null=True, blank=True, editable=False
    )
    held_until = models.DateTimeField(null=True, blank=True, editable=False)
    lost_reason = models.CharField(
        _("why it was lost"), max_length=20, choices=LostReason.choices, blank=True, editable=False
    )
    # The form it was made by: a second click on its button makes no second deal.
    form_key = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    tags = models.ManyToManyField("crm.Tag", related_name="deals", blank=True, verbose_name=_("tags"))

    objects: models.Manager[Deal] = DealQuerySet.as_manager()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        indexes = [
            models.Index(fields=["stage", "rank", "id"], name="deals_of_column"),
            models.Index(fields=["stage", "-stage_entered_at", "-id"], name="deals_newest_in_stage"),
            models.Index(fields=["funnel", "created_at"], name="deals_of_a_cohort"),
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
    reason_code = models.CharField(_("reason"), max_length=20, choices=LostReason.choices, blank=True)
    reason = models.CharField(_("in words"), max_length=500, blank=True)
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
