"""What the page of a new order looks up: products with price and stock, customers known here, the lines so far."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from inventory.models import Product
from inventory.page_selectors.finding import find_by_code, read_code
from inventory.selectors import available_units, with_counters
from orders.models import Customer, CustomerAddress, CustomerContact
from orders.models.customers import ContactKind
from orders.search import search_customers
from shops.models import Shop, User

MOST_CUSTOMERS = 5


@dataclass(frozen=True)
class KnownCustomer:
    """A customer who may be meant, with how they are reached and where they had things sent last."""

    customer: Customer
    phone: str
    email: str
    address: CustomerAddress | None

    def values(self) -> dict[str, Any]:
        """What fills the form: the last address, with the customer's own name and contacts where it has none."""
        names = ("street", "street2", "city", "county", "postcode", "country")
        found: dict[str, Any] = {name: getattr(self.address, name, "") for name in names}
        found |= {name: getattr(self.customer, name) for name in ("name", "company", "tax_id")}
        found |= {"phone": self.phone, "email": self.email}
        if self.customer.language:
            found["language"] = self.customer.language
        return found


def product_hits(shop: Shop, text: str) -> list[Product]:
    """Up to ten products on sale in this shop that the text names, with their counters. At most four queries."""
    found = find_by_code(read_code(text), shop_ids=[shop.pk])
    keys = [found.product.pk] if found.product else [hit.pk for hit in found.hits]
    if not keys:
        return []
    rows = with_counters(Product.objects.filter(pk__in=keys, is_active=True))
    by_key = {row.pk: row for row in rows}
    return [by_key[key] for key in keys if key in by_key]


def product_scanned(shop: Shop, text: str) -> Product | None:
    """The one product on sale whose barcode or SKU is exactly this text, as a scanner types it."""
    found = find_by_code(read_code(text), shop_ids=[shop.pk]).product
    return found if found is not None and found.is_active else None


def products_of_lines(shop: Shop, keys: Collection[int]) -> dict[int, Product]:
    """This shop's products by key; keys of other shops are simply not there. One query."""
    return Product.objects.filter(shop=shop).in_bulk(list(keys)) if keys else {}


def free_units(shop: Shop, keys: Collection[int]) -> dict[int, int]:
    """Free units of counted products, where a shortage matters; empty in shops that do not count here."""
    return available_units(keys) if keys and shop.blocks_on_shortage else {}


def customers_called(user: User, shop: Shop, text: str) -> list[KnownCustomer]:
    """Up to five customers of the shop that the text (name, phone, e-mail) names. A fixed number of queries."""
    if not text.strip():
        return []
    mine = Customer.objects.visible_to(user).filter(shop=shop)
    rows = search_customers(mine, text).prefetch_related(
        Prefetch("contacts", CustomerContact.objects.order_by("pk")),
        Prefetch("addresses", CustomerAddress.objects.order_by("-pk")),
    )
    return [_known(row) for row in rows.order_by("-pk")[:MOST_CUSTOMERS]]


def customer_called(user: User, shop: Shop, customer_id: int) -> KnownCustomer | None:
    """One customer of the shop, or None where this person sees no such."""
    row = Customer.objects.visible_to(user).filter(shop=shop, pk=customer_id).first()
    return _known(row) if row is not None else None


def _known(customer: Customer) -> KnownCustomer:
    contacts = list(customer.contacts.all())
    addresses = list(customer.addresses.all())

    def last(kind: str) -> str:
        return next((contact.value for contact in contacts if contact.kind == kind), "")

    return KnownCustomer(
        customer,
        last(ContactKind.PHONE),
        last(ContactKind.EMAIL),
        max(addresses, key=lambda address: address.pk) if addresses else None,
    )
