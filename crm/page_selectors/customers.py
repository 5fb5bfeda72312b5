"""Customers: the list, and one customer's contacts, addresses and orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Count, Prefetch, QuerySet, Sum

from notifications.selectors import live_suppressions, normalised_address
from notifications.statuses import Channel
from orders.models import Customer, CustomerAddress, CustomerContact, Order
from orders.models.customers import ContactKind
from orders.statuses import Status
from shops.keyset import Page, newest_first
from shops.money import quantise
from shops.permissions import Action
from shops.selectors import shop_ids_where

if TYPE_CHECKING:
    from notifications.models import Suppression
    from shops.models import User

CHANNELS = {ContactKind.PHONE: Channel.SMS, ContactKind.EMAIL: Channel.EMAIL}


@dataclass(frozen=True)
class ContactRow:
    """A phone or an e-mail address; `closed` says why it is not written to any more."""

    contact: CustomerContact
    closed: Suppression | None


@dataclass(frozen=True)
class CurrencyTotal:
    """What a customer ordered in one currency, cancelled and returned orders left out."""

    currency: str
    order_count: int
    amount: Decimal


def visible_customers(user: User) -> QuerySet[Customer]:
    """The customers of the shops in which this person's role may see customers."""
    return Customer.objects.filter(shop_id__in=shop_ids_where(user, Action.VIEW_CUSTOMERS))


def customer_detail(user: User, customer_id: int) -> Customer | None:
    """The customer with contacts and addresses, or None where this person may not see it."""
    return (
        _with_contacts(visible_customers(user).select_related("shop", "manager"))
        .filter(pk=customer_id)
        .first()
    )


def contacts_of_customer(customer: Customer) -> list[ContactRow]:
    """How the customer is reached, each with why the shop does not write there, if it does not. One query."""
    contacts = list(customer.contacts.all())
    addresses = [(CHANNELS[ContactKind(contact.kind)], contact.normalised) for contact in contacts]
    closed = {(row.channel, row.address): row for row in live_suppressions(customer.shop_id, addresses)}
    return [
        ContactRow(contact, closed.get((channel, normalised_address(channel, address))))
        for contact, (channel, address) in zip(contacts, addresses, strict=True)
    ]


def orders_of_customer(user: User, customer_id: int, after: str = "") -> Page[Order]:
    """One page of the customer's orders that this person may see, newest first."""
    orders = Order.objects.visible_to(user).filter(customer_id=customer_id)
    return newest_first(orders.select_related("shop"), "placed_at", after, size=25)


def totals_of_customer(user: User, customer_id: int) -> list[CurrencyTotal]:
    """What the customer ordered, by currency."""
    orders = Order.objects.visible_to(user).filter(customer_id=customer_id)
    counted = orders.exclude(status__in=[Status.CANCELLED, Status.RETURNED])
    sums = counted.values_list("currency").annotate(Count("pk"), Sum("total")).order_by("currency")
    return [CurrencyTotal(currency, count, quantise(amount, currency)) for currency, count, amount in sums]


def _with_contacts(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    return customers.prefetch_related(
        Prefetch("contacts", CustomerContact.objects.order_by("-pk")),
        Prefetch("addresses", CustomerAddress.objects.order_by("-pk")),
    )
