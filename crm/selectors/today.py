"""The Today strip: what needs somebody now, each figure a count over the board and a condition that narrows it.

Only open columns are looked at, so the cost follows the work there is and not what was ever sold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from crm.models import Funnel, Stage
from crm.selectors.board import deals_on
from inventory.models import Reservation
from notifications.models import Message
from orders.models import OrderEvent, Shipment
from orders.models.history import EventKind
from orders.models.orders import order_of_reference
from orders.selectors import NEWS_OF_GOODS
from orders.statuses import BEFORE_HANDOVER, PaymentMethod, PaymentStatus, ShipmentState, Status, StockNews
from shops.models import User

PACKED = "packed"
MOST_BACKORDERS = 2000


@dataclass(frozen=True)
class Today:
    """The figures of one board; `cod_on_road` is the money couriers are collecting, in the shop's currency."""

    to_call: int
    late: int
    unpaid: int
    short: int
    arrived: int
    no_awb: int
    failed: int
    cod_on_road: Decimal


def conditions(funnel: Funnel) -> dict[str, Q]:
    """What each figure counts, by its code: the same condition counts and narrows. Two queries, for stages and backorders."""
    stages = list(Stage.objects.filter(funnel=funnel))
    waiting = _waiting_for_goods(funnel.shop_id)
    return {
        "call": Q(stage__in=[stage.pk for stage in stages if stage.status == Status.NEW and stage.is_entry]),
        "late": _late(stages, funnel, timezone.now()),
        "unpaid": Q(
            order__status__in=BEFORE_HANDOVER,
            order__payment_status__in=[PaymentStatus.PENDING, PaymentStatus.FAILED],
        )
        & ~Q(order__payment_method=PaymentMethod.COD),
        "short": Q(order_id__in=waiting, order__status__in=BEFORE_HANDOVER),
        "arrived": Q(Exists(_goods_arrived()))
        & ~Q(order_id__in=waiting)
        & ~Q(order__status__in=[Status.CANCELLED, Status.RETURNED]),
        "no-awb": Q(stage__in=[stage.pk for stage in stages if stage.slug == PACKED])
        & Q(~Exists(_numbered_parcels())),
        "failed": Q(Exists(_failed_messages())),
        "cod": Q(order__status=Status.SHIPPED, order__payment_method=PaymentMethod.COD)
        & ~Q(order__payment_status=PaymentStatus.PAID),
    }


def today(user: User, funnel: Funnel, where: dict[str, Q]) -> Today:
    """The figures for what this person sees, from `conditions`; one query and one for the person's role."""
    figures = (
        deals_on(user, funnel)
        .filter(is_open=True)
        .aggregate(
            to_call=Count("pk", filter=where["call"]),
            late=Count("pk", filter=where["late"]),
            unpaid=Count("pk", filter=where["unpaid"]),
            short=Count("pk", filter=where["short"]),
            arrived=Count("pk", filter=where["arrived"]),
            no_awb=Count("pk", filter=where["no-awb"]),
            failed=Count("pk", filter=where["failed"]),
            cod_on_road=Sum("amount", filter=where["cod"], default=Decimal(0)),
        )
    )
    return Today(**figures)


def _late(stages: list[Stage], funnel: Funnel, now: datetime) -> Q:
    calendar = funnel.shop.calendar
    late = Q(pk__in=[])
    for stage in stages:
        if stage.time_limit_hours is not None and not stage.is_terminal:
            since = calendar.before_open(now, timedelta(hours=float(stage.time_limit_hours)))
            late |= Q(stage=stage.pk, stage_entered_at__lt=since)
    return late


def _waiting_for_goods(shop_id: int) -> list[int]:
    waiting = Reservation.objects.filter(backordered__gt=0, stock_item__product__shop_id=shop_id)
    references = waiting.order_by("pk").values_list("reference", flat=True)[:MOST_BACKORDERS]
    return [key for key in map(order_of_reference, references) if key is not None]


def _goods_arrived() -> QuerySet[OrderEvent]:
    """News of goods younger than the order's status, with no later news and no parcel that took them."""
    later = OrderEvent.objects.filter(NEWS_OF_GOODS, order=OuterRef("order"), pk__gt=OuterRef("pk"))
    return OrderEvent.objects.filter(
        ~Exists(later.filter(reverted_at=None)),
        order=OuterRef("order_id"),
        kind=EventKind.STOCK,
        reason_code=StockNews.ARRIVED,
        at__gte=OuterRef("order__status_changed_at"),
    )


def _numbered_parcels() -> QuerySet[Shipment]:
    parcels = Shipment.objects.filter(order=OuterRef("order_id")).exclude(tracking_number="")
    return parcels.exclude(state__in=[ShipmentState.VOIDED, ShipmentState.RETURNED])


def _failed_messages() -> QuerySet[Message]:
    return Message.objects.filter(order=OuterRef("order_id")).needing_a_person()
