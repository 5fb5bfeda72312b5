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
from crm.selectors.cards import failed_messages, goods_arrived
from crm.selectors.reminders import due_in, next_reminder
from inventory.models import Reservation
from orders.models import Return, Shipment
from orders.models.orders import stock_reference_at
from orders.statuses import (
    BEFORE_HANDOVER,
    PaymentMethod,
    PaymentStatus,
    ReturnState,
    ShipmentState,
    Status,
)
from shops.models import User

PACKED = "packed"


@dataclass(frozen=True)
class Today:
    """The figures of one board; `cod_on_road` is the money couriers are collecting, in the shop's currency."""

    to_call: int
    late: int
    retry: int
    unpaid: int
    short: int
    arrived: int
    no_awb: int
    problem: int
    failed: int
    due: int
    cod_on_road: Decimal


def conditions(funnel: Funnel) -> dict[str, Q]:
    """What each figure counts, by its code: the same condition counts and narrows. One query unless stages were kept."""
    stages, now = list(funnel.stages.all()), timezone.now()
    waiting = _waits_for_goods()
    return {
        "call": Q(stage__in=[stage.pk for stage in stages if stage.status == Status.NEW and stage.is_entry])
        & (Q(snoozed_until=None) | Q(snoozed_until__lte=now)),
        "late": _late(stages, funnel, now),
        "retry": Q(retry_at__lte=now, order__status=Status.NEW),
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
        "problem": _delivery_problem(stages, funnel, now),
        "failed": Q(Exists(failed_messages())),
        "due": Q(Exists(next_reminder().order_by().filter(due_in("yellow", now) | due_in("red", now)))),
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
            retry=Count("pk", filter=where["retry"]),
            unpaid=Count("pk", filter=where["unpaid"]),
            short=Count("pk", filter=where["short"]),
            arrived=Count("pk", filter=where["arrived"]),
            no_awb=Count("pk", filter=where["no-awb"]),
            problem=Count("pk", filter=where["problem"]),
            failed=Count("pk", filter=where["failed"]),
            due=Count("pk", filter=where["due"]),
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


def _delivery_problem(stages: list[Stage], funnel: Funnel, now: datetime) -> Q:
    """Orders on their way that do not arrive by themselves: their card stands on a side stage of “shipped” longer than
    its limit allows (at all, where it has none), or a parcel of theirs came back or was announced as coming back."""
    aside = [stage for stage in stages if stage.is_side and stage.status == Status.SHIPPED]
    without_limit = [stage.pk for stage in aside if stage.time_limit_hours is None]
    back = Shipment.objects.filter(order=OuterRef("order_id"), state=ShipmentState.RETURNED)
    announced = Return.objects.filter(order=OuterRef("order_id"), state=ReturnState.ANNOUNCED)
    stuck = Q(stage__in=without_limit) | _late(aside, funnel, now)
    return Q(order__status=Status.SHIPPED) & (stuck | Q(Exists(back)) | Q(Exists(announced)))


def _waits_for_goods() -> Q:
    # The references of everything that waits are few, and read once; asking order by order would cost one probe each.
    waiting = Reservation.objects.filter(backordered__gt=0).values("reference")
    return Q(In(stock_reference_at(F("order_id")), waiting.query))


def _numbered_parcels() -> QuerySet[Shipment]:
    parcels = Shipment.objects.filter(order=OuterRef("order_id")).exclude(tracking_number="")
    return parcels.exclude(state__in=[ShipmentState.VOIDED, ShipmentState.RETURNED])
