"""The words an order's life is told in: statuses, payment states, delivery kinds, reasons."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Status(models.TextChoices):
    NEW = "new", _("New")
    CONFIRMED = "confirmed", _("Confirmed")
    PROCESSING = "processing", _("Processing")
    SHIPPED = "shipped", _("Shipped")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")
    RETURNED = "returned", _("Returned")


HAPPY_PATH = (Status.NEW, Status.CONFIRMED, Status.PROCESSING, Status.SHIPPED, Status.DELIVERED)
BEFORE_HANDOVER = frozenset({Status.NEW, Status.CONFIRMED, Status.PROCESSING})


class PaymentStatus(models.TextChoices):
    PENDING = "pending", _("Not paid")
    AUTHORIZED = "authorized", _("Authorized")
    PAID = "paid", _("Paid")
    PARTLY_REFUNDED = "partly_refunded", _("Partly refunded")
    REFUNDED = "refunded", _("Refunded")
    FAILED = "failed", _("Payment failed")


class PaymentMethod(models.TextChoices):
    COD = "cod", _("Cash on delivery")
    CARD = "card", _("Card")
    TRANSFER = "transfer", _("Bank transfer")
    OTHER = "other", _("Other")


class DeliveryKind(models.TextChoices):
    DOOR = "door", _("To the door")
    OWN = "own", _("Own delivery")
    PICKUP = "pickup", _("Pick-up point")
    LOCKER = "locker", _("Locker")


class CancelReason(models.TextChoices):
    CUSTOMER = "customer", _("The customer changed their mind")
    NO_ANSWER = "no_answer", _("Nobody answers")
    DUPLICATE = "duplicate", _("Duplicate order")
    OUT_OF_STOCK = "out_of_stock", _("Out of stock")
    NOT_PAID = "not_paid", _("Not paid in time")
    FRAUD = "fraud", _("Suspected fraud")
    SOURCE = "source", _("Cancelled in the online shop")
    OTHER = "other", _("Another reason")


class ReturnKind(models.TextChoices):
    REFUSED = "refused", _("Refused at the door")
    UNCLAIMED = "unclaimed", _("Not collected")
    WITHDRAWAL = "withdrawal", _("Withdrawal from the contract")
    COMPLAINT = "complaint", _("Complaint")


class ShipmentState(models.TextChoices):
    PREPARED = "prepared", pgettext_lazy("parcel", "Prepared")
    HANDED_OVER = "handed_over", pgettext_lazy("parcel", "Handed over")
    DELIVERED = "delivered", pgettext_lazy("parcel", "Delivered")
    RETURNED = "returned", pgettext_lazy("parcel", "Returned")
    VOIDED = "voided", pgettext_lazy("parcel", "Voided")


class ReturnState(models.TextChoices):
    ANNOUNCED = "announced", pgettext_lazy("return", "On its way back")
    RECEIVED = "received", pgettext_lazy("return", "Received")
    VOIDED = "voided", pgettext_lazy("return", "Voided")


class StockNews(models.TextChoices):
    """What an order's history tells about its goods."""

    ARRIVED = "arrived", _("Goods arrived: it can be shipped")
    MISSING = "missing", _("Reserved goods are missing")
    DROPPED = "dropped", _("The rest will not be sent")


class Transition(models.TextChoices):
    """The verbs of the workflow, as buttons name them."""

    CONFIRM = "confirm", _("Confirm")
    START_PROCESSING = "start_processing", _("Start picking")
    SHIP = "ship", _("Ship")
    DELIVER = "deliver", _("Mark as delivered")
    CANCEL = "cancel", pgettext_lazy("order", "Cancel")
    RETURN = "return_", _("Register a return")
    REOPEN = "reopen", _("Reopen")


TARGETS: dict[str, Status] = {
    Transition.CONFIRM: Status.CONFIRMED,
    Transition.START_PROCESSING: Status.PROCESSING,
    Transition.SHIP: Status.SHIPPED,
    Transition.DELIVER: Status.DELIVERED,
    Transition.CANCEL: Status.CANCELLED,
    Transition.RETURN: Status.RETURNED,
    Transition.REOPEN: Status.NEW,
}
