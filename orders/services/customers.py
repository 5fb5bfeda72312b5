"""Finding the customer an order belongs to, or making one; keeping their contacts and addresses."""

from __future__ import annotations

import hashlib
from dataclasses import astuple

from django.db import transaction

from orders.contacts import normalise_email, normalise_phone
from orders.drafts import AddressDraft
from orders.models import Customer, CustomerAddress, CustomerContact
from orders.models.customers import ContactKind
from orders.search import refresh_customer_terms
from shops.actors import Actor
from shops.models import Shop
from shops.permissions import Action, require
from shops.search_text import digits

PHONE_DIGITS = 6


def customer_for(
    *, shop: Shop, shipping: AddressDraft, billing: AddressDraft | None, language: str
) -> Customer:
    """The shop's customer with this phone or e-mail, or a new one; contacts and addresses not known yet are added."""
    sources = [shipping, *([billing] if billing else [])]
    contacts = _contacts(sources, shop.country)
    customer = _known(shop, contacts) or Customer.objects.create(
        shop=shop,
        name=next((a.name for a in sources if a.name), "")[:200],
        company=next((a.company for a in sources if a.company), "")[:200],
        tax_id=next((a.tax_id for a in reversed(sources) if a.tax_id), "")[:30],
        language=language,
    )
    CustomerContact.objects.bulk_create(
        [
            CustomerContact(customer=customer, kind=kind, value=value[:254], normalised=normalised[:254])
            for (kind, normalised), value in contacts.items()
        ],
        ignore_conflicts=True,
    )
    CustomerAddress.objects.bulk_create(
        [
            CustomerAddress(customer=customer, digest=address_digest(a), **a.__dict__)
            for a in sources
            if a.street or a.city
        ],
        ignore_conflicts=True,
    )
    refresh_customer_terms(customer.pk)
    return customer


def _contacts(sources: list[AddressDraft], country: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for address in sources:
        if address.phone.strip():
            normalised = normalise_phone(address.phone, address.country or country) or address.phone.strip()
            found.setdefault((ContactKind.PHONE, normalised), address.phone)
        if address.email.strip():
            found.setdefault((ContactKind.EMAIL, normalise_email(address.email)), address.email)
    return found


def _known(shop: Shop, contacts: dict[tuple[str, str], str]) -> Customer | None:
    wanted = [normalised for _kind, normalised in contacts if _identifies(normalised)]
    return (
        Customer.objects.filter(shop=shop, contacts__normalised__in=wanted).order_by("pk").distinct().first()
        if wanted
        else None
    )


def _identifies(normalised: str) -> bool:
    """Whether a contact can be told from a filler like "-" or "0000000000", which would make strangers one customer."""
    found = digits(normalised)
    return "@" in normalised.strip("@") or (len(found) >= PHONE_DIGITS and len(set(found)) > 1)


def address_digest(address: AddressDraft) -> str:
    """What tells two addresses of a customer apart (SHA-256, hex); case and white space at the ends do not count."""
    return hashlib.sha256(
        "\x1f".join(part.strip().casefold() for part in astuple(address)).encode()
    ).hexdigest()


@transaction.atomic
def edit_customer_note(*, customer_id: int, actor: Actor, note: str) -> None:
    """Replace the internal note on a customer. Raises NotPermitted."""
    customer = Customer.objects.get(pk=customer_id)
    require(actor, shop_id=customer.shop_id, action=Action.EDIT_ORDER)
    Customer.objects.filter(pk=customer_id).update(note=note)
