"""Customers in mass, with their contacts, addresses and search terms."""

from __future__ import annotations

from collections.abc import Sequence

from oms.demo.country import Country, Person
from orders.contacts import normalise_email, normalise_phone
from orders.models import Customer, CustomerAddress, CustomerContact, CustomerTerm
from orders.models.customers import ContactKind
from orders.search import terms_of_customer
from orders.services.customers import address_digest
from shops.models import Shop

ROWS_AT_ONCE = 2000


def create_customers(shop: Shop, country: Country, people: Sequence[Person]) -> list[Customer]:
    """One new customer for each person, in their order."""
    customers = Customer.objects.bulk_create(
        [
            Customer(
                shop=shop,
                name=person.name,
                company=person.company,
                tax_id=person.tax_id,
                language=shop.language,
            )
            for person in people
        ],
        batch_size=ROWS_AT_ONCE,
    )
    contacts = [
        _contacts(customer, person, country) for customer, person in zip(customers, people, strict=True)
    ]
    addresses = [
        _address(customer, person, country) for customer, person in zip(customers, people, strict=True)
    ]
    CustomerContact.objects.bulk_create([row for rows in contacts for row in rows], batch_size=ROWS_AT_ONCE)
    CustomerAddress.objects.bulk_create(addresses, batch_size=ROWS_AT_ONCE)
    terms = [
        CustomerTerm(customer=customer, term=term)
        for customer, mine, address in zip(customers, contacts, addresses, strict=True)
        for term in terms_of_customer(customer, mine, [address])
    ]
    CustomerTerm.objects.bulk_create(terms, batch_size=ROWS_AT_ONCE)
    return customers


def _contacts(customer: Customer, person: Person, country: Country) -> list[CustomerContact]:
    phone = normalise_phone(person.phone, country.code) or person.phone
    given = (
        (ContactKind.PHONE, person.phone, phone),
        (ContactKind.EMAIL, person.email, normalise_email(person.email)),
    )
    return [
        CustomerContact(customer=customer, kind=kind, value=value, normalised=normalised)
        for kind, value, normalised in given
    ]


def _address(customer: Customer, person: Person, country: Country) -> CustomerAddress:
    draft = person.address(country.code)
    return CustomerAddress(customer=customer, digest=address_digest(draft), **draft.__dict__)
