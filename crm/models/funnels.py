"""Funnels and their stages: the board's columns, their rules, and where what happens puts a card."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from orders.statuses import Status
from shops.scoping import ShopScopedQuerySet


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
    creates_deals = models.BooleanField(
        _("new orders get a card by themselves"),
        default=True,
        help_text=_("Off: cards are made by hand, from the order's page."),
    )
    follows_orders = models.BooleanField(
        _("cards and orders move together"),
        default=True,
        help_text=_(
            "Off: a move of a card leaves its order alone, and a change of the order leaves its card."
        ),
    )

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
    NUMBERED = "numbered", _("In a parcel with a tracking number")
    AT_PICKUP = "at_pickup", _("Waiting at a pick-up point")


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
    wip_is_hard = models.BooleanField(
        _("the limit refuses further cards"),
        default=True,
        help_text=_("Off: the column is only marked when it holds more."),
    )
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


class Happening(models.TextChoices):
    """What may happen to an order beside its status; a funnel says where the card goes then."""

    PLACED = "placed", pgettext_lazy("happening", "The order was placed")
    PAID = "paid", pgettext_lazy("happening", "The order was paid")
    PAYMENT_FAILED = "payment_failed", pgettext_lazy("happening", "A payment failed")
    REFUNDED = "refunded", pgettext_lazy("happening", "The money was given back")
    NO_ANSWER = "no_answer", pgettext_lazy("happening", "Nobody answered a call")
    GOODS_ARRIVED = "goods_arrived", pgettext_lazy("happening", "The goods it waited for arrived")
    AT_PICKUP = "at_pickup", pgettext_lazy("happening", "A parcel waits at a pick-up point")
    RETURN_RECEIVED = "return_received", pgettext_lazy("happening", "A return arrived")


class StageRule(models.Model):
    """Where a card goes when something happens that is no change of status; one stage per happening and funnel.

    The stage of a status is its entry stage. A rule whose stage contradicts the order at that moment does nothing.
    """

    funnel = models.ForeignKey(
        Funnel, on_delete=models.CASCADE, related_name="rules", verbose_name=_("funnel")
    )
    happening = models.CharField(_("what happens"), max_length=20, choices=Happening.choices)
    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="rules", verbose_name=_("stage"))

    history = HistoricalRecords(related_name="+")

    class Meta:
        verbose_name = _("stage rule")
        verbose_name_plural = _("stage rules")
        constraints = [
            models.UniqueConstraint(fields=["funnel", "happening"], name="one_stage_per_happening")
        ]

    def __str__(self) -> str:
        return f"{self.get_happening_display()} → {self.stage}"
