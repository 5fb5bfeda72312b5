"""The order's history: who changed what, when and why. Append-only, but for the mark of an undone change."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.orders import Order
from orders.statuses import Status
from shops.actors import ActorFields


class EventKind(models.TextChoices):
    PLACED = "placed", _("Placed")
    STATUS = "status", _("Status changed")
    REVERTED = "reverted", _("Change undone")
    PAYMENT = "payment", _("Payment")
    EDITED = "edited", _("Edited")
    CLAIMED = "claimed", _("Claimed")
    SHIPMENT = "shipment", _("Parcel")
    RETURN = "return", _("Return")
    REPORTED = "reported", _("Reported by the source")
    STOCK = "stock", _("Stock")
    CALL = "call", _("Call")


class OrderEvent(ActorFields):
    """One change. `move_id` groups the steps of a move; until `undo_until` a person may undo it."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events", verbose_name=_("order"))
    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=EventKind.choices)
    at = models.DateTimeField(_("at"), default=timezone.now)
    from_status = models.CharField(_("from"), max_length=12, choices=Status.choices, blank=True)
    to_status = models.CharField(_("to"), max_length=12, choices=Status.choices, blank=True)
    reason_code = models.CharField(_("reason"), max_length=20, blank=True)
    reason = models.CharField(_("in words"), max_length=500, blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True)
    notify = models.BooleanField(default=True, editable=False)
    move_id = models.UUIDField(null=True, blank=True, editable=False, db_index=True)
    undo_until = models.DateTimeField(null=True, blank=True, editable=False)
    reverted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("order event")
        verbose_name_plural = _("order events")
        indexes = [
            models.Index(fields=["order", "id"], name="events_of_order"),
            models.Index(fields=["kind", "at"], name="events_of_a_day"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["status", "reverted"]) | (~Q(from_status="") & ~Q(to_status="")),
                name="status_event_has_both_ends",
            )
        ]
