"""The Today strip: what needs somebody now, each figure a count over the board and a condition that narrows it.

Only open columns are looked at, so the cost follows the work there is and not what was ever sold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.lookups import In
from django.utils import timezone

from crm.models import Funnel, Stage
from crm.selectors.board import deals_on
from crm.selectors.cards import goods_arrived
from inventory.models import Reservation
from notifications.models import Message
from orders.models import Shipment
from orders.models.orders import stock_reference_at
from orders.statuses import BEFORE_HANDOVER, PaymentMethod, PaymentStatus, ShipmentState, Status
from shops.models import User

PACKED = "packed"


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
    """What each figure counts, by its code: the same condition counts and narrows. One query unless stages were kept."""
    stages = list(funnel.stages.all())
    waiting = _waits_for_goods()
    return {
        "call": Q(stage__in=[stage.pk for stage in stages if stage.status == Status.NEW and stage.is_entry]),
        "late": _late(stages, funnel, timezone.now()),
        "unpaid": Q(
            order__status__in=BEFORE_HANDOVER,
            order__payment_status__in=[PaymentStatus.PENDING, PaymentStatus.FAILED],
        )
        & ~Q(order__payment_method=PaymentMethod.COD),
        "short": Q(order__status__in=BEFORE_HANDOVER) & waiting,
        "arrived": Q(Exists(goods_arrived()))
        & ~waiting
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


def _waits_for_goods() -> Q:
    # The references of everything that waits are few, and read once; asking order by order would cost one probe each.
    waiting = Reservation.objects.filter(backordered__gt=0).values("reference")
    return Q(In(stock_reference_at(F("order_id")), waiting.query))


def _numbered_parcels() -> QuerySet[Shipment]:
    parcels = Shipment.objects.filter(order=OuterRef("order_id")).exclude(tracking_number="")
    return parcels.exclude(state__in=[ShipmentState.VOIDED, ShipmentState.RETURNED])


def _failed_messages() -> QuerySet[Message]:
    return Message.objects.filter(order=OuterRef("order_id")).needing_a_person()
