"""Parcels on their way out and back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.carriers import tracking_url
from orders.models.orders import Order, OrderLine
from orders.statuses import ReturnKind, ReturnState, ShipmentState
from shops.actors import ActorFields
from shops.scoping import ShopScopedQuerySet


class HandoverSheetQuerySet(ShopScopedQuerySet["HandoverSheet"]):
    pass


class HandoverSheet(ActorFields):
    """What one courier took along at one time, as it was printed and signed."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="+", verbose_name=_("shop"))
    carrier = models.CharField(_("carrier"), max_length=30)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    objects: models.Manager[HandoverSheet] = HandoverSheetQuerySet.as_manager()

    class Meta:
        verbose_name = _("handover sheet")
        verbose_name_plural = _("handover sheets")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["shop", "-id"], name="handover_sheets_newest")]

    def __str__(self) -> str:
        return f"{self.carrier} {self.pk}"


class Shipment(ActorFields):
    """One parcel. It may exist from `confirmed` on; stock leaves when it is handed over."""

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="shipments", verbose_name=_("order")
    )
    carrier = models.CharField(_("carrier"), max_length=30)
    tracking_number = models.CharField(_("tracking number (AWB)"), max_length=64, blank=True, db_index=True)
    state = models.CharField(
        _("state"), max_length=12, choices=ShipmentState.choices, default=ShipmentState.PREPARED
    )
    move_id = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    handed_over_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    at_pickup_at = models.DateTimeField(_("waits to be collected since"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    handover_sheet = models.ForeignKey(
        HandoverSheet,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="shipments",
        verbose_name=_("handover sheet"),
    )

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["handed_over_at"],
                condition=Q(handed_over_at__isnull=False),
                name="parcels_sent_on_a_day",
            ),
            models.Index(
                fields=["delivered_at"],
                condition=Q(delivered_at__isnull=False),
                name="parcels_arrived_on_a_day",
            ),
        ]

    @property
    def tracking_url(self) -> str:
        """The carrier's public page for this parcel, or nothing."""
        return tracking_url(self.carrier, self.tracking_number)


class ShipmentLine(models.Model):
    """How many units of a line travel in a shipment."""

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="shipment_lines")
    quantity = models.PositiveIntegerField(_("quantity"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "line"], name="line_once_per_shipment"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="shipped_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line_id}"


class Return(ActorFields):
    """Units on their way back, and what became of them."""

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="returns", verbose_name=_("order")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=ReturnKind.choices)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=ReturnState.choices, default=ReturnState.ANNOUNCED
    )
    move_id = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("announced"), auto_now_add=True)
    received_at = models.DateTimeField(_("received"), null=True, blank=True)

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        ordering = ["pk"]


class ReturnLine(models.Model):
    """How many units of a line come back, and how many went into stock again."""

    return_note = models.ForeignKey(Return, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="return_lines")
    quantity = models.PositiveIntegerField(_("quantity"))
    restocked = models.PositiveIntegerField(_("put back in stock"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["return_note", "line"], name="line_once_per_return"),
            models.CheckConstraint(
                condition=Q(restocked__lte=models.F("quantity")), name="restocked_within_returned"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line_id}"
