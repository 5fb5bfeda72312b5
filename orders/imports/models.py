"""Who may push orders in, everything that was pushed, and what the source last said of an order.

Deliveries are kept raw, so that what could not be read can be read again. They hold personal data: those that were
done or ignored are deleted after 30 days, failed ones after 180 (`orders.imports.services.prune_deliveries`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.imports.statuses import DeliveryState, Source
from orders.imports.tables import validate_table
from shops.permissions import Action
from shops.scoping import ShopScopedQuerySet
from shops.selectors import shop_ids_where

if TYPE_CHECKING:
    from shops.models import User


class Connection(models.Model):
    """One shop's door for one source. Wrong signatures leave nothing here but a count."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    source = models.CharField(_("source"), max_length=30, choices=Source.choices)
    secret = models.CharField(max_length=255, editable=False)
    table = models.JSONField(
        _("mapping table"),
        default=dict,
        blank=True,
        validators=[validate_table],
        help_text=_(
            "What the source's own words mean here, where it differs from the usual, for example "
            '{"status": {"packed": "new", "on-hold:cod": "new"}, "payment": {"my_gateway": "card"}}.'
        ),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_delivery_at = models.DateTimeField(_("last delivery"), null=True, blank=True, editable=False)
    last_topic = models.CharField(max_length=100, blank=True, editable=False)
    last_ok_at = models.DateTimeField(_("last one understood"), null=True, blank=True, editable=False)
    rejected_count = models.PositiveIntegerField(_("wrong signatures"), default=0, editable=False)
    last_rejected_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: models.Manager[Connection] = ShopScopedQuerySet["Connection"].as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        constraints = [models.UniqueConstraint(fields=["shop", "source"], name="one_connection_per_source")]

    def __str__(self) -> str:
        return f"{self.shop} · {self.get_source_display()}"


class DeliveryQuerySet(ShopScopedQuerySet["Delivery"]):
    def visible_to(self, user: User | Any) -> Self:
        """The deliveries to shops in which this person's role includes seeing imports; none for anybody else."""
        if user is None or not getattr(user, "is_authenticated", False) or not user.is_active:
            return self.none()
        return self.filter(shop_id__in=shop_ids_where(user, Action.VIEW_IMPORTS))


class Delivery(models.Model):
    """One signed request, as it came. The same one again only counts in `repeats`.

    WooCommerce makes its delivery id from the webhook and the second, so two orders changed in one second share an
    id: the content belongs to the key.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    topic = models.CharField(_("topic"), max_length=100, blank=True)
    external_delivery_id = models.CharField(max_length=100, blank=True)
    body = models.BinaryField()
    content_hash = models.CharField(max_length=64)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    finished_at = models.DateTimeField(_("read"), null=True, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=DeliveryState.choices, default=DeliveryState.RECEIVED
    )
    outcome = models.TextField(_("outcome"), blank=True)
    error = models.TextField(blank=True)
    order = models.ForeignKey(
        "orders.Order",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("order"),
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    repeats = models.PositiveIntegerField(_("repeats"), default=0)

    objects: models.Manager[Delivery] = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("webhook", "delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "external_delivery_id", "content_hash"], name="delivery_stored_once"
            )
        ]
        indexes = [
            models.Index(fields=["shop", "-id"], name="deliveries_newest"),
            models.Index(fields=["shop", "state", "-id"], name="deliveries_by_state"),
            models.Index(fields=["state", "received_at"], name="deliveries_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.topic or self.pk} · {self.get_state_display()}"


class SourceVersion(models.Model):
    """The fingerprints of what the source last said of an order's content, one for each part, one after another.

    While that of a part stays the same, what a person corrected in it is not overwritten by the source's old words.
    """

    order = models.OneToOneField("orders.Order", on_delete=models.CASCADE, related_name="+", primary_key=True)
    digest = models.CharField(max_length=64)
    seen_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.order_id} · {self.digest[:8]}"
