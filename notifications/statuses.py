"""The words messages are told in: their states, channels, and the moments of an order that are worth one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.statuses import PaymentStatus, Status


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
    PAID = "paid", _("Payment received")
    PAYMENT_FAILED = "payment_failed", _("Payment failed")
    REFUNDED = "refunded", _("Money refunded")
    PARCEL_SENT = "parcel_sent", _("Another parcel handed over")
    AT_PICKUP = "at_pickup", _("Parcel waits at the pick-up point")
    RETURN_RECEIVED = "return_received", _("Return received")
    NO_ANSWER = "no_answer", _("Nobody answered our call")
    WRITTEN = "written", _("Written by hand")
    STAFF = "staff", _("Note to colleagues")


# What has templates and switches; the others bring their own words.
TEMPLATE_EVENTS = [
    choice for choice in MessageEvent.choices if choice[0] not in (MessageEvent.WRITTEN, MessageEvent.STAFF)
]


# Marketplaces write to their customers themselves and forbid shops to; nothing is sent unless a switch names them.
MARKETPLACES = frozenset(
    {"emag", "allegro", "amazon", "ebay", "rozetka", "prom", "olx", "etsy", "kaufland", "temu"}
)

# Every moment, channel and payment method for a few sources; a page that lists more is no longer read.
MOST_SWITCHES = 1000


class Lane(models.TextChoices):
    """The lanes every installation has; a shop's own SMS account has one more, "sms:<key>"."""

    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")


class Hold(models.TextChoices):
    """Why a waiting message is not due yet."""

    UNDO = "undo", _("until the change can no longer be undone")
    QUIET = "quiet", _("until the quiet hours end")


class SmsProvider(models.TextChoices):
    GATEWAY = "gateway", _("Any gateway, by HTTP")
    SENDSMS = "sendsms", "SendSMS (RO)"
    SMSAPI = "smsapi", "SMSAPI (PL)"
    TURBOSMS = "turbosms", "TurboSMS (UA)"
    TWILIO = "twilio", "Twilio"


class SuppressionReason(models.TextChoices):
    BOUNCE = "bounce", _("The address does not exist")
    COMPLAINT = "complaint", _("The customer reported it as spam")
    STOP = "stop", _("The customer asked us to stop")
    PERSON = "person", _("A colleague decided so")


class ReplyWish(models.TextChoices):
    """What a customer's whole reply was understood as."""

    STOP = "stop", _("do not write to me any more")
    START = "start", _("write to me again")


class MessageState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", pgettext_lazy("message", "Delivered")
    BOUNCED = "bounced", _("Came back")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Not known whether it left")
    DISCARDED = "discarded", _("Discarded")


# Where a message stays until somebody looks.
TROUBLE = (MessageState.FAILED, MessageState.BOUNCED, MessageState.UNKNOWN)


# "New" is missing on purpose: an order is received once, and reopening it is not worth a message.
EVENT_OF_STATUS: dict[str, MessageEvent] = {
    Status.CONFIRMED: MessageEvent.CONFIRMED,
    Status.PROCESSING: MessageEvent.PROCESSING,
    Status.SHIPPED: MessageEvent.SHIPPED,
    Status.DELIVERED: MessageEvent.DELIVERED,
    Status.CANCELLED: MessageEvent.CANCELLED,
    Status.RETURNED: MessageEvent.RETURNED,
}
EVENT_OF_PAYMENT: dict[str, MessageEvent] = {
    PaymentStatus.PAID: MessageEvent.PAID,
    PaymentStatus.FAILED: MessageEvent.PAYMENT_FAILED,
    PaymentStatus.PARTLY_REFUNDED: MessageEvent.REFUNDED,
    PaymentStatus.REFUNDED: MessageEvent.REFUNDED,
}
# News of an order on its way; none of it is true any more once the order was cancelled or came back.
FORWARD_EVENTS = frozenset(
    {
        MessageEvent.RECEIVED,
        MessageEvent.CONFIRMED,
        MessageEvent.PROCESSING,
        MessageEvent.SHIPPED,
        MessageEvent.DELIVERED,
        MessageEvent.PAYMENT_FAILED,
        MessageEvent.PARCEL_SENT,
        MessageEvent.AT_PICKUP,
        MessageEvent.NO_ANSWER,
    }
)
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
    "suppressed": _("This address is not written to any more; the customer's page says why."),
    "skipped": _("A colleague decided not to send it."),
    "undelivered": _("The provider says that it was not delivered."),
    "no_account": _("The shop's SMS account it waited for was taken away. Send it again."),
    "no_text": _("The template came out empty."),
}
