"""Moments that the database stamps by itself on insertion, moved to when orders in mass are told to have lived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import BigIntegerField, F, OuterRef, Subquery
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from crm.models import Deal
from inventory.models import MovementKind, Reservation, StockMovement
from oms.demo.lives import OLDEST
from orders.models import Customer, Order, Return, Shipment

AFTER_PREFIX = len("order:") + 1


def back_date_batch(order_ids: Sequence[int], customer_ids: Sequence[int]) -> None:
    """Give orders, customers, cards, parcels, returns and stock rows of one batch their told moments."""
    Order.objects.filter(pk__in=order_ids).update(
        created_at=F("placed_at"), updated_at=F("status_changed_at")
    )
    order = Order.objects.filter(pk=OuterRef("order_id"))
    of_batch = {"order__in": order_ids}
    Deal.objects.filter(**of_batch).update(created_at=Subquery(order.values("placed_at")[:1]))
    Return.objects.filter(**of_batch).update(created_at=Subquery(order.values("status_changed_at")[:1]))
    Shipment.objects.filter(**of_batch).update(created_at=F("handed_over_at"))
    earliest = Order.objects.filter(customer=OuterRef("pk")).order_by("placed_at").values("placed_at")
    Customer.objects.filter(pk__in=customer_ids).update(created_at=Subquery(earliest[:1]))
    _back_date_stock(order_ids)


def _back_date_stock(order_ids: Sequence[int]) -> None:
    references = [f"order:{pk}" for pk in order_ids]
    key = Cast(Substr(OuterRef("reference"), AFTER_PREFIX), BigIntegerField())
    owner = Order.objects.filter(pk=key)
    parcel = Shipment.objects.filter(order_id=key)
    Reservation.objects.filter(reference__in=references).update(
        created_at=Subquery(owner.values("placed_at")[:1])
    )
    moved = StockMovement.objects.filter(reference__in=references)
    moved.filter(kind=MovementKind.SHIPMENT).update(at=Subquery(parcel.values("handed_over_at")[:1]))
    moved.filter(kind=MovementKind.RESTOCK).update(at=Subquery(owner.values("status_changed_at")[:1]))
    before_all = timezone.now() - OLDEST - timedelta(days=1)
    received = StockMovement.objects.filter(reference="", kind=MovementKind.RECEIPT, reason="seed")
    received.filter(at__gt=before_all).update(at=before_all)
