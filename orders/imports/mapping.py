"""What WooCommerce's words mean here, by status and payment method, with a connection's own table first.

WooCommerce gives cash-on-delivery orders `processing` as soon as they are placed and notes a date of payment when
somebody completes them, so for that method neither says that money came. The words are those of its REST API's
order statuses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orders.drafts import OrderDraft
from orders.imports.statuses import Intent
from orders.imports.tables import look_up
from orders.imports.woocommerce import SourceOrder
from orders.statuses import PaymentMethod, PaymentStatus

INTENTS = {
    "processing": Intent.NEW,
    "pending": Intent.UNFINISHED,
    "on-hold": Intent.UNFINISHED,
    "failed": Intent.FAILED,
    "cancelled": Intent.CANCELLED,
    "refunded": Intent.REFUNDED,
    "completed": Intent.COMPLETED,
    "checkout-draft": Intent.IGNORED,
    "auto-draft": Intent.IGNORED,
    "trash": Intent.IGNORED,
}
# The states of payment that a source's news may replace: it never takes back what is known here.
REPLACEABLE: dict[str, frozenset[str]] = {
    PaymentStatus.PAID: frozenset({PaymentStatus.PENDING, PaymentStatus.AUTHORIZED, PaymentStatus.FAILED}),
    PaymentStatus.FAILED: frozenset({PaymentStatus.PENDING, PaymentStatus.AUTHORIZED}),
    PaymentStatus.PARTLY_REFUNDED: frozenset(PaymentStatus)
    - {PaymentStatus.REFUNDED, PaymentStatus.PARTLY_REFUNDED},
    PaymentStatus.REFUNDED: frozenset(PaymentStatus) - {PaymentStatus.REFUNDED},
}
_REAL = (Intent.NEW, Intent.COMPLETED)


def intent_of(source: SourceOrder, table: Any) -> str:
    """What the status asks for. A table's `"status:gateway"` wins over its `"status"`, and that over the usual."""
    own = look_up(table, "status", f"{source.status}:{source.gateway}", source.status)
    return own or INTENTS.get(source.status, Intent.UNKNOWN)


def payment_method_for(source: SourceOrder, table: Any) -> str:
    """The payment method, by the table or as the reader recognised it."""
    return look_up(table, "payment", source.gateway) or source.draft.payment_method


def payment_news(source: SourceOrder, intent: str, method: str) -> str | None:
    """The state of payment the source reports, or None where it says nothing about money."""
    if intent == Intent.REFUNDED:
        return PaymentStatus.REFUNDED
    if intent == Intent.FAILED:
        return PaymentStatus.FAILED
    if method == PaymentMethod.COD or intent not in (*_REAL, Intent.UNKNOWN) or not source.is_paid:
        return None
    total = source.draft.total or source.refunded
    if source.refunded and source.refunded >= total:
        return PaymentStatus.REFUNDED
    return PaymentStatus.PARTLY_REFUNDED if source.refunded else PaymentStatus.PAID


def draft_for(source: SourceOrder, method: str, news: str | None) -> OrderDraft:
    """The draft with our payment method; a date of payment stays only where the money is known to have come."""
    settled = news in (PaymentStatus.PAID, PaymentStatus.PARTLY_REFUNDED, PaymentStatus.REFUNDED)
    return replace(
        source.draft,
        payment_method=method,
        payment_status=news if news and settled else PaymentStatus.PENDING,
        paid_at=source.draft.paid_at if settled else None,
    )


def is_real(intent: str) -> bool:
    """Whether the buyer finished the checkout, so that they may be told that we have the order."""
    return intent in _REAL
