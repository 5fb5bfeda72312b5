"""The words and numbers an order or a customer is found by, and the look-up by their beginnings.

Every term is folded (no case, no diacritics, any script) and stored in a row of its own, so that a search is a walk
over an index whatever the database holds. It owns the terms; what a person may see is the caller's queryset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import phonenumbers
from django.db import connections, models
from django.db.models import Exists, OuterRef, Q, QuerySet

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
from shops.search_text import digits, fold

M = TypeVar("M", bound=models.Model)
TERM_LENGTH = 80
MOST_WORDS = 8
MOST_CHARACTERS = 200
PHONE_LENGTH = 6
LONG_NUMBER = 5
MOST_LISTED = 500
COUNTRY_CODES = ("40", "48", "380")
PUNCTUATION = ".,;:!?\"'`„”“«»()[]{}<>#*/\\|&"
NUMERIC = re.compile(r"^[+(]?[\d()./+-]*\d[\d()./+-]*$")


@dataclass(frozen=True)
class Word:
    """One word of a question: it matches a term that begins with any of `beginnings`, or all of `parts` do."""

    beginnings: frozenset[str]
    parts: tuple[Word, ...] = ()


def terms_of_order(
    order: Order,
    lines: Iterable[OrderLine],
    addresses: Iterable[AddressFields],
    shipments: Iterable[Shipment],
) -> set[str]:
    """The terms of an order: number, names, companies, e-mails, phones, SKUs and AWBs; `order` with shop and customer."""
    terms = _number_terms(order.number, order.shop.order_prefix) | _code_terms(order.external_id)
    terms |= _words(order.customer.name) | _words(order.customer.company)
    for address in addresses:
        terms |= _address_terms(address, order.shop.country)
    for line in lines:
        terms |= _code_terms(line.sku)
    for shipment in shipments:
        terms |= _code_terms(shipment.tracking_number)
        # Cards show the end of an AWB; what is on the screen can be searched for.
        terms |= _code_terms(shipment.tracking_number[-4:])
    return _storable(terms)


def terms_of_customer(
    customer: Customer, contacts: Iterable[CustomerContact], addresses: Iterable[AddressFields]
) -> set[str]:
    """The terms of a customer: names, companies, tax number, e-mails and phones; `customer` with its shop."""
    terms = _words(customer.name) | _words(customer.company) | _code_terms(customer.tax_id)
    for contact in contacts:
        is_phone = contact.kind == ContactKind.PHONE
        terms |= (
            _phone_terms(contact.value, customer.shop.country) if is_phone else _email_terms(contact.value)
        )
    for address in addresses:
        terms |= _address_terms(address, customer.shop.country)
    return _storable(terms)


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
    _store(OrderTerm, "order_id", wanted)


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
    _store(CustomerTerm, "customer_id", wanted)


def search_orders(queryset: QuerySet[Order], q: str) -> QuerySet[Order]:
    """The orders of which every word of the question begins a term; an empty question leaves all of them."""
    return _search(queryset, OrderTerm, "order_id", q)


def search_customers(queryset: QuerySet[Customer], q: str) -> QuerySet[Customer]:
    """The customers of which every word of the question begins a term; an empty question leaves all of them."""
    return _search(queryset, CustomerTerm, "customer_id", q)


def _number_terms(number: str, prefix: str) -> set[str]:
    rest = number[len(prefix) :] if prefix and number.startswith(prefix) else number
    return _code_terms(number) | _code_terms(rest) | {digits(rest)}


def _code_terms(code: str) -> set[str]:
    """A number, SKU or AWB: as it is, without spaces and dashes, and its words."""
    folded = fold(code)
    return {folded.replace(" ", ""), re.sub(r"[\s\-_./]", "", folded)} | set(folded.split())


def _words(text: str) -> set[str]:
    words = [word.strip(PUNCTUATION) for word in fold(text).split()]
    return set(words) | {part for word in words for part in word.split("-")}


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
    names = _words(address.name) | _words(address.company)
    return names | _email_terms(address.email) | _phone_terms(address.phone, address.country or country)


def _storable(terms: set[str]) -> set[str]:
    return {term[:TERM_LENGTH] for term in terms if term}


def _store(model: type[models.Model], owner: str, wanted: Mapping[int, set[str]]) -> None:
    rows = model._default_manager.filter(**{f"{owner}__in": list(wanted)}).values_list("pk", owner, "term")
    stored = {(owner_id, term): pk for pk, owner_id, term in rows}
    pairs = {(owner_id, term) for owner_id, terms in wanted.items() for term in terms}
    gone = [pk for pair, pk in stored.items() if pair not in pairs]
    if gone:
        model._default_manager.filter(pk__in=gone).delete()
    missing = sorted(pairs - stored.keys())
    model._default_manager.bulk_create(
        [model(**{owner: owner_id, "term": term}) for owner_id, term in missing],
        ignore_conflicts=True,
        batch_size=500,
    )


def _search(queryset: QuerySet[M], model: type[models.Model], owner: str, q: str) -> QuerySet[M]:
    vendor = connections[queryset.db].vendor
    for word in _words_of_question(q):
        queryset = queryset.filter(_matches(word, model, owner, vendor))
    return queryset


def _matches(word: Word, model: type[models.Model], owner: str, vendor: str) -> Q:
    """A rare word is looked up and becomes a short list of keys; a common one is asked of each row that is shown.

    So neither costs more when the database grows: the first reads few terms, the second stops when the page is full.
    """
    begins = Q()
    for beginning in sorted(word.beginnings):
        begins |= _begins_with(beginning, vendor)
    terms = model._default_manager.filter(begins)
    found = list(terms.values_list(owner, flat=True)[: MOST_LISTED + 1])
    if len(found) <= MOST_LISTED:
        condition = Q(pk__in=set(found))
    else:
        condition = Q(Exists(terms.filter(**{owner: OuterRef("pk")})))
    if word.parts:
        every = Q()
        for part in word.parts:
            every &= _matches(part, model, owner, vendor)
        condition |= every
    return condition


def _begins_with(beginning: str, vendor: str) -> Q:
    """On SQLite a range, for its LIKE with ESCAPE uses no index; elsewhere LIKE, for a range follows the collation."""
    if vendor == "sqlite":
        return Q(term__gte=beginning, term__lt=beginning + "\U0010ffff")
    return Q(term__startswith=beginning)


def _words_of_question(q: str) -> list[Word]:
    tokens = fold(q[:MOST_CHARACTERS].replace("(0)", "").replace("\0", " ")).split()[:MOST_WORDS]
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
    return Word(frozenset(_storable({token.strip(PUNCTUATION)})))


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
    return frozenset(_storable(beginnings))
