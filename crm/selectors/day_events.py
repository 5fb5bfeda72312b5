"""What happened to orders within a stretch of time, and which were open at a moment: one definition for all who ask.

The day sheet counts by it and the order list shows the rows by it, so that a figure and its link cannot differ. An
undone change did not happen.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, IsNull

from crm.models import Deal, DealMove
from notifications.models import Message
from notifications.statuses import MessageState
from orders.models import Order, OrderEvent, Shipment
from orders.models.history import EventKind
from orders.statuses import BEFORE_HANDOVER, PaymentStatus, ShipmentState, Status

NO_STAGE = "0"
# Which orders were open is told by the changes since; of days longer ago that would mean reading too many.
OPEN_IS_KNOWN_FOR = timedelta(days=92)
REFUNDS = (PaymentStatus.REFUNDED, PaymentStatus.PARTLY_REFUNDED)
_CALL, _PAYMENT = Q(kind=EventKind.CALL), Q(kind=EventKind.PAYMENT)

HAPPENED: dict[str, Q] = {
    "reopened": Q(kind=EventKind.STATUS, to_status=Status.NEW),
    "confirmed": Q(kind=EventKind.STATUS, to_status=Status.CONFIRMED),
    "cancelled": Q(kind=EventKind.STATUS, to_status=Status.CANCELLED),
    "shipped": Q(kind=EventKind.STATUS, to_status=Status.SHIPPED),
    "delivered": Q(kind=EventKind.STATUS, to_status=Status.DELIVERED),
    "returned": Q(kind=EventKind.STATUS, to_status=Status.RETURNED),
    "called": _CALL,
    "answered": _CALL & Q(details__answered=True),
    "unanswered": _CALL & Q(details__answered=False),
    "paid": _PAYMENT & Q(details__to=PaymentStatus.PAID),
    "refunded": _PAYMENT & Q(details__to__in=REFUNDS),
    "came_back": Q(kind=EventKind.RETURN),
}

MESSAGES: dict[str, Q] = {
    "told": Q(state__in=[MessageState.SENT, MessageState.DELIVERED]),
    "untold": Q(state__in=[MessageState.FAILED, MessageState.BOUNCED, MessageState.UNKNOWN]),
}


def events_between(start: datetime, end: datetime) -> QuerySet[OrderEvent]:
    """The changes that happened from `start` up to `end` and were not undone."""
    return OrderEvent.objects.filter(at__gte=start, at__lt=end, reverted_at=None)


def parcels_sent(start: datetime, end: datetime) -> QuerySet[Shipment]:
    """The parcels handed over within this time."""
    sent = Shipment.objects.filter(handed_over_at__gte=start, handed_over_at__lt=end)
    return sent.exclude(state=ShipmentState.VOIDED)


def parcels_arrived(start: datetime, end: datetime) -> QuerySet[Shipment]:
    """The parcels delivered within this time."""
    arrived = Shipment.objects.filter(delivered_at__gte=start, delivered_at__lt=end)
    return arrived.exclude(state=ShipmentState.VOIDED)


def messages_between(start: datetime, end: datetime) -> QuerySet[Message]:
    """The messages about orders that were written within this time, as they stand now."""
    return Message.objects.filter(created_at__gte=start, created_at__lt=end, order__isnull=False)


def open_at(orders: QuerySet[Order], moment: datetime) -> QuerySet[Order]:
    """Those of the orders that were placed before the moment and not yet handed over, cancelled or returned then.

    An order's status then is what its next change began from, or today's where nothing changed since. Reads the
    orders open today and those that left since, not all there ever were.
    """
    changes = OrderEvent.objects.filter(kind=EventKind.STATUS, reverted_at=None, at__gte=moment)
    left = changes.filter(from_status__in=BEFORE_HANDOVER).values("order_id")
    nearest = changes.filter(order=OuterRef("pk")).order_by("id").values("from_status")[:1]
    return (
        orders.filter(Q(status__in=BEFORE_HANDOVER) | Q(pk__in=left), placed_at__lt=moment)
        .annotate(status_then=Coalesce(Subquery(nearest), "status", output_field=CharField()))
        .filter(status_then__in=BEFORE_HANDOVER)
    )


def stage_then(moment: datetime) -> Combinable:
    """For orders: the key of the stage their card stood on at a moment, NULL where they had none.

    It is where the card's next move began, or where it stands where it did not move since.
    """
    later = DealMove.objects.filter(deal__order=OuterRef("pk"), at__gte=moment).order_by("id")
    card = Deal.objects.filter(order=OuterRef("pk"))
    return Case(
        When(Exists(later), then=Subquery(later.values("from_stage_id")[:1])),
        default=Subquery(card.values("stage_id")[:1]),
    )


def stage_was(stage_id: str, moment: datetime) -> Q:
    """Orders whose card stood on this stage at a moment; "0" means on none."""
    if stage_id == NO_STAGE:
        return Q(IsNull(stage_then(moment), True))
    return Q(Exact(stage_then(moment), int(stage_id)))


def is_first_parcel() -> Combinable:
    """Whether an order sent no parcel before this one: the money on delivery is collected with the first."""
    earlier = Shipment.objects.filter(order=OuterRef("order"), pk__lt=OuterRef("pk"))
    return ~Exists(earlier.exclude(state=ShipmentState.VOIDED).filter(handed_over_at__isnull=False))
