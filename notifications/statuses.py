"""The words messages are told in: their states, channels, and the moments of an order that are worth one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.statuses import Status


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")


class MessageEvent(models.TextChoices):
    """What a message tells the customer."""

    RECEIVED = "received", _("Order received")
    CONFIRMED = "confirmed", _("Order confirmed")
    PROCESSING = "processing", _("Order being prepared")
    SHIPPED = "shipped", _("Order shipped")
    DELIVERED = "delivered", _("Order delivered")
    CANCELLED = "cancelled", _("Order cancelled")
    RETURNED = "returned", _("Order returned")


class MessageState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Not known whether it left")
    DISCARDED = "discarded", _("Discarded")


# "New" is missing on purpose: an order is received once, and reopening it is not worth a message.
EVENT_OF_STATUS: dict[str, MessageEvent] = {
    Status.CONFIRMED: MessageEvent.CONFIRMED,
    Status.PROCESSING: MessageEvent.PROCESSING,
    Status.SHIPPED: MessageEvent.SHIPPED,
    Status.DELIVERED: MessageEvent.DELIVERED,
    Status.CANCELLED: MessageEvent.CANCELLED,
    Status.RETURNED: MessageEvent.RETURNED,
}
# News of an order on its way; none of it is true any more once the order was cancelled or came back.
FORWARD_EVENTS = frozenset(MessageEvent.values) - {MessageEvent.CANCELLED, MessageEvent.RETURNED}
OFF_THE_PATH = frozenset({Status.CANCELLED, Status.RETURNED})

# Our own reasons are stored as these codes and read in the reader's language; a provider's words are stored as they are.
REASONS = {
    "reverted": _("The change was undone before the message left."),
    "left_the_path": _("The order was cancelled or came back before the message left."),
    "no_template": _(
        "There is no template for this moment in the customer's language, the shop's or English."
    ),
    "interrupted_email": _(
        "The worker stopped while sending; the e-mail is sent again with the same number."
    ),
    "interrupted_sms": _(
        "The worker stopped while sending. It may have arrived: ask before sending it again."
    ),
    "gave_up": _("It could not be sent although it was tried many times."),
    "no_text": _("The template came out empty."),
}
