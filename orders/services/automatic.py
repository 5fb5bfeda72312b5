"""Confirming an order without a person, in shops that ask for it; the very guards a person meets decide."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from orders.models import Order
from orders.models.history import EventKind
from orders.services.sources import report_from_source
from orders.services.transitions import confirm_order
from orders.statuses import PaymentStatus, Status
from shops.actors import Actor, ActorKind
from shops.errors import DomainError

ALMOST_PAID = (PaymentStatus.PAID, PaymentStatus.AUTHORIZED)


def confirm_by_itself(*, order_id: int, notify: bool = True, from_marketplace: bool = False) -> bool:
    """Confirm a new order that is paid (or a marketplace's, which vouches for it) as the system; whether it did.

    Only in a shop that asks for it and for an order the buyer knows of; never one that a person put back to “new”.
    A refusal leaves the order as it is and is written on its history. Called within the transaction of the news.
    """
    order = Order.objects.select_related("shop").get(pk=order_id)
    if not _is_wanted(order, from_marketplace):
        return False
    actor = Actor.system(_("Automatic confirmation"))
    try:
        with transaction.atomic():
            confirm_order(order_id=order_id, actor=actor, notify=notify)
    except DomainError as refusal:
        sentence = _("Not confirmed automatically: %(why)s") % {"why": refusal.sentence}
        report_from_source(order_id=order_id, actor=actor, sentence=sentence)
        return False
    return True


def _is_wanted(order: Order, from_marketplace: bool) -> bool:
    if not order.shop.auto_confirm_paid or order.status != Status.NEW or order.acknowledged_at is None:
        return False
    vouched_for = from_marketplace and (order.is_cod or order.payment_status in ALMOST_PAID)
    if order.payment_status != PaymentStatus.PAID and not vouched_for:
        return False
    put_back = order.events.filter(
        kind__in=[EventKind.STATUS, EventKind.REVERTED], to_status=Status.NEW, actor_kind=ActorKind.PERSON
    )
    return not put_back.exists()
