"""The words imports are told in: states of a delivery, what a source's status asks for, outcomes of one order."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.TextChoices):
    WOOCOMMERCE = "woocommerce", "WooCommerce"


class DeliveryState(models.TextChoices):
    FAILED = "failed", _("Not understood")
    RECEIVED = "received", _("Waiting")
    DONE = "done", _("Done")
    IGNORED = "ignored", _("Ignored")


class Intent(models.TextChoices):
    """What a status at the source asks of us. A connection's own mapping table uses these words."""

    NEW = "new", _("a real order")
    UNFINISHED = "unfinished", _("not paid yet, or on hold")
    FAILED = "failed", _("the payment failed")
    CANCELLED = "cancelled", _("cancelled")
    REFUNDED = "refunded", _("refunded")
    COMPLETED = "completed", _("completed at the source")
    IGNORED = "ignored", _("not an order for us")
    UNKNOWN = "unknown", _("a status we do not know")


class Outcome(models.TextChoices):
    """What became of one imported order; the report of a file import prints the value."""

    PLACED = "placed", _("Order placed")
    UPDATED = "updated", _("Order updated")
    UNCHANGED = "unchanged", _("Nothing new")
    IGNORED = "ignored", _("Ignored")
    REFUSED = "refused", _("Refused")
