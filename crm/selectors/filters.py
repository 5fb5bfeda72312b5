"""What a board can be narrowed by beside the figures of Today, each word of its address as a condition on deals.

Knows nothing of addresses or forms: it is given words that were read already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q

from crm.models import CustomerTag, Deal, Funnel
from crm.selectors.reminders import has_reminder
from inventory.models import Product
from inventory.search import search_products
from orders.models import OrderLine
from orders.statuses import PaymentMethod, PaymentStatus

PAYMENTS: dict[str, Q] = {
    "cod": Q(order__payment_method=PaymentMethod.COD),
    "paid": Q(order__payment_status__in=[PaymentStatus.PAID, PaymentStatus.PARTLY_REFUNDED]),
    "unpaid": Q(order__payment_status__in=[PaymentStatus.PENDING, PaymentStatus.FAILED])
    & ~Q(order__payment_method=PaymentMethod.COD),
    "failed": Q(order__payment_status=PaymentStatus.FAILED),
}


@dataclass(frozen=True)
class Wanted:
    """The filters in force, read and valid; empty ones narrow nothing.

    `older` is how long a card has stood in its stage at least; `low` and `high` bound the deal's amount, in its own
    currency.
    """

    reminder: str = ""
    pay: str = ""
    source: str = ""
    older: timedelta | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    tag: str = ""
    product: str = ""


def condition(wanted: Wanted, funnel: Funnel, now: datetime) -> Q:
    """The deals of the funnel that have all of it; always true for no filter at all.

    Only the words of a product cost a query each, here: they are looked up before the orders are.
    """
    found = Q()
    if wanted.reminder:
        found &= has_reminder(wanted.reminder, now)
    if wanted.pay:
        found &= PAYMENTS[wanted.pay]
    if wanted.source:
        found &= Q(order__source=wanted.source)
    if wanted.older is not None:
        found &= Q(stage_entered_at__lt=now - wanted.older)
    if wanted.low is not None:
        found &= Q(amount__gte=wanted.low)
    if wanted.high is not None:
        found &= Q(amount__lte=wanted.high)
    if wanted.tag:
        found &= has_tag(wanted.tag, funnel)
    if wanted.product:
        found &= has_product(wanted.product, funnel)
    return found


def has_tag(name: str, funnel: Funnel) -> Q:
    """Deals that wear the tag themselves, or whose customer does."""
    own = Deal.tags.through.objects.filter(deal=OuterRef("pk"), tag__name=name, tag__shop=funnel.shop_id)
    customers = CustomerTag.objects.filter(
        customer=OuterRef("customer_id"), tag__name=name, tag__shop=funnel.shop_id
    )
    return Q(Exists(own)) | Q(Exists(customers))


def has_product(question: str, funnel: Funnel) -> Q:
    """Deals whose order has a line with a product that the words find by name, SKU or barcode."""
    products = search_products(Product.objects.filter(shop=funnel.shop_id), question)
    lines = OrderLine.objects.filter(order=OuterRef("order_id"), product__in=products.values("pk"))
    return Q(Exists(lines))
