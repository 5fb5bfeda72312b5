"""The words and numbers an order or a customer is found by, and the look-up by their beginnings.

Every term is folded (no case, no diacritics, any script) and stored in a row of its own, so that a search is a walk
over an index whatever the database holds. It owns the terms; what a person may see is the caller's queryset.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import groupby

import phonenumbers
from django.db.models import QuerySet, Value
from django.db.models.functions import Concat

from orders.models import (
    Customer,
    CustomerAddress,
    CustomerContact,
    CustomerTerm,
    Order,
    OrderLine,
    OrderTerm,
    Shipment,
)
from orders.models.customers import AddressFields, ContactKind
from orders.statuses import ShipmentState
from shops.search import (
    MOST_CHARACTERS,
    PUNCTUATION,
    Word,
    code_terms,
    narrow,
    storable,
    store_terms,
    tokens_of,
    word_terms,
)
from shops.search_text import digits, fold

PHONE_LENGTH = 6
LONG_NUMBER = 5
COUNTRY_CODES = ("40", "48", "380")
NUMERIC = re.compile(r"^[+(]?[\d()./+-]*\d[\d()./+-]*$")


def terms_of_order(
    order: Order,
    lines: Iterable[OrderLine],
    addresses: Iterable[AddressFields],
    shipments: Iterable[Shipment],
) -> set[str]:
    """The terms of an order: number, names, companies, e-mails, phones, SKUs and AWBs; `order` with shop and customer."""
    terms = _number_terms(order.number, order.shop.order_prefix) | code_terms(order.external_id)
    terms |= word_terms(order.customer.name) | word_terms(order.customer.company)
    for address in addresses:
        terms |= _address_terms(address, order.shop.country)
    for line in lines:
        terms |= code_terms(line.sku)
    for shipment in shipments:
        terms |= code_terms(shipment.tracking_number)
        # Cards show the end of an AWB; what is on the screen can be searched for.
        terms |= code_terms(shipment.tracking_number[-4:])
    return storable(terms)


def terms_of_customer(
    customer: Customer, contacts: Iterable[CustomerContact], addresses: Iterable[AddressFields]
) -> set[str]:
    """The terms of a customer: names, companies, tax number, e-mails and phones; `customer` with its shop."""
    terms = word_terms(customer.name) | word_terms(customer.company) | code_terms(customer.tax_id)
    for contact in contacts:
        is_phone = contact.kind == ContactKind.PHONE
        terms |= (
            _phone_terms(contact.value, customer.shop.country) if is_phone else _email_terms(contact.value)
        )
    for address in addresses:
        terms |= _address_terms(address, customer.shop.country)
    return storable(terms)


def refresh_order_terms(order_id: int) -> None:
    """Make the stored terms of one order agree with its facts; writes only the difference."""
    refresh_terms_of_orders([order_id])


def refresh_terms_of_orders(order_ids: Iterable[int]) -> None:
    """The same for many orders, in a fixed number of queries."""
    orders = Order.objects.filter(pk__in=list(order_ids)).select_related(
        "shop", "customer", "shipping_address", "billing_address"
    )
    wanted: dict[int, set[str]] = {}
    for order in orders.prefetch_related("lines", "shipments"):
        addresses = [address for address in (order.shipping_address, order.billing_address) if address]
        wanted[order.pk] = terms_of_order(order, order.lines.all(), addresses, order.shipments.all())
    store_terms(OrderTerm, "order_id", wanted)


def refresh_customer_terms(customer_id: int) -> None:
    """Make the stored terms of one customer agree with its facts; writes only the difference."""
    refresh_terms_of_customers([customer_id])


def refresh_terms_of_customers(customer_ids: Iterable[int]) -> None:
    """The same for many customers, in a fixed number of queries."""
    customers = Customer.objects.filter(pk__in=list(customer_ids)).select_related("shop")
    wanted: dict[int, set[str]] = {}
    for customer in customers.prefetch_related("contacts", "addresses"):
        addresses: Iterable[CustomerAddress] = customer.addresses.all()
        wanted[customer.pk] = terms_of_customer(customer, customer.contacts.all(), addresses)
    store_terms(CustomerTerm, "customer_id", wanted)


def search_orders(queryset: QuerySet[Order], q: str) -> QuerySet[Order]:
    """The orders of which every word of the question begins a term; an empty question leaves all of them."""
    return narrow(queryset, OrderTerm, "order_id", words_of_question(q))


def orders_called(q: str, shop_ids: Collection[int]) -> list[QuerySet[Order]]:
    """The orders whose number or AWB is the whole question, with or without the shop's prefix, in any case.

    Three queries for the caller to ask, each by an index; what a person may see is theirs to add.
    """
    code = "".join(q[:MOST_CHARACTERS].split()).lstrip("#")
    if not code or "\0" in code:
        return []
    spellings = {code, code.upper()}
    # By the term first: on their own, numbers made of each shop's prefix would be compared with every order's.
    called_so = OrderTerm.objects.filter(term__in=storable({fold(code)})).values("order_id")
    parcels = Shipment.objects.filter(tracking_number__in=spellings).exclude(state=ShipmentState.VOIDED)
    mine = Order.objects.filter(shop_id__in=shop_ids)
    return [
        mine.filter(number__in=spellings),
        mine.filter(pk__in=called_so, number=Concat("shop__order_prefix", Value(code.upper()))),
        mine.filter(pk__in=parcels.values("order_id")),
    ]


def search_customers(queryset: QuerySet[Customer], q: str) -> QuerySet[Customer]:
    """The customers of which every word of the question begins a term; an empty question leaves all of them."""
    return narrow(queryset, CustomerTerm, "customer_id", words_of_question(q))


def _number_terms(number: str, prefix: str) -> set[str]:
    rest = number[len(prefix) :] if prefix and number.startswith(prefix) else number
    return code_terms(number) | code_terms(rest) | {digits(rest)}


def _email_terms(email: str) -> set[str]:
    folded = fold(email)
    return {folded, folded.partition("@")[0]}


def _phone_terms(raw: str, country: str) -> set[str]:
    """E.164 digits, national digits with and without the leading zero, and the last six; raw digits if unreadable."""
    plain = digits(raw)
    if not plain:
        return set()
    terms = {plain, plain.lstrip("0"), plain[-PHONE_LENGTH:]}
    try:
        number = phonenumbers.parse(raw, country.upper() or None)
    except phonenumbers.NumberParseException:
        return terms
    national = digits(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))
    return terms | {f"{number.country_code}{number.national_number}", str(number.national_number), national}


def _address_terms(address: AddressFields, country: str) -> set[str]:
    names = word_terms(address.name) | word_terms(address.company)
    return names | _email_terms(address.email) | _phone_terms(address.phone, address.country or country)


def words_of_question(q: str) -> list[Word]:
    """The words of a question about orders or customers; numbers written in groups are one word."""
    tokens = tokens_of(q.replace("(0)", ""))
    words: list[Word] = []
    for is_numeric, group in groupby(tokens, key=lambda token: bool(NUMERIC.match(token))):
        run = list(group)
        if is_numeric and len(run) > 1:
            # Groups of a phone are short; long ones may be numbers of their own, side by side.
            are_numbers = all(len(digits(token)) >= LONG_NUMBER for token in run)
            parts = tuple(_single(token) for token in run) if are_numbers else ()
            words.append(Word(_numeric_beginnings("".join(run)), parts))
        else:
            words.extend(_single(token) for token in run)
    return [word for word in words if word.beginnings or word.parts]


def _single(token: str) -> Word:
    if NUMERIC.match(token):
        return Word(_numeric_beginnings(token))
    return Word(frozenset(storable({token.strip(PUNCTUATION)})))


def _numeric_beginnings(token: str) -> frozenset[str]:
    """A number as typed and as digits; from six digits on it may be a phone, with or without its country."""
    plain = digits(token)
    beginnings = {token.strip(PUNCTUATION + "+"), plain}
    if len(plain) >= PHONE_LENGTH:
        bare = plain.lstrip("0")
        beginnings.add(bare)
        beginnings |= {
            bare[len(code) :]
            for code in COUNTRY_CODES
            if bare.startswith(code) and len(bare) >= 9 + len(code)
        }
    return frozenset(storable(beginnings))
