"""Addresses, tax numbers and the customer's language, with the meta keys that common plugins use."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from orders.drafts import AddressDraft
from orders.imports.woocommerce.fields import Node, clean
from orders.imports.woocommerce.places import county_name

# Keys are compared without leading underscores, "wc_" groups and paths (`_wc_billing/avfacturare/cui` is `cui`).
TAX_KEYS = (
    *(
        "billing_nip",
        "nip",
        "nip_number",
        "vat_nip",
        "billing_cui",
        "cui",
        "billing_cif",
        "cif",
        "billing_facturare_cui",
    ),
    *(
        "billing_edrpou",
        "edrpou",
        "billing_tax_id",
        "tax_id",
        "billing_vat_number",
        "vat_number",
        "billing_vat",
    ),
    *("billing_vat_id", "vat_id", "billing_eu_vat_number", "eu_vat_number"),
)
TAX_GROUPS = ("av_facturare", "curiero_pf_pj_option")
LANGUAGE_KEYS = ("wpml_language", "trp_language", "weglot_language", "pll_language", "_locale", "locale")
_LANGUAGE_ALIASES = {"ua": "uk"}
_PLACE_FIELDS = ("address_1", "city", "postcode", "first_name", "last_name", "company")


def read_addresses(order: Node) -> tuple[AddressDraft, AddressDraft]:
    """The delivery and the billing address. Without a delivery address the billing one is both; phone and e-mail are
    the buyer's, given once, with the billing address."""
    billing_node, shipping_node = order.child("billing"), order.child("shipping")
    billing = _address(billing_node, tax_id=tax_id_of(order))
    if not any(shipping_node.text(name) for name in _PLACE_FIELDS):
        shipping_node = billing_node
    return _address(shipping_node, phone=billing.phone, email=billing.email), billing


def tax_id_of(order: Node) -> str:
    """The buyer's tax number (NIP, CUI, ЄДРПОУ) from the order's or the billing address's fields, or nothing."""
    values = {_plain_key(key): value for key, value in order.meta().items()}
    values |= {_plain_key(f"billing_{key}"): value for key, value in order.child("billing").value.items()}
    for key in TAX_KEYS:
        if isinstance(values.get(key), (str, int)) and values[key]:
            return clean(values[key], 30)
    for group in TAX_GROUPS:
        fields = as_object(values.get(group))
        found = fields.get("cui") or fields.get("cif")
        if isinstance(found, (str, int)):
            return clean(found, 30)
    return ""


def language_of(order: Node) -> str:
    """The language the customer ordered in, where a translation plugin says so and we write it; else nothing."""
    candidates = [order.value.get("lang"), *(order.meta().get(key) for key in LANGUAGE_KEYS)]
    for value in candidates:
        if isinstance(value, str) and value:
            code = re.split(r"[-_]", value.strip().lower())[0]
            code = _LANGUAGE_ALIASES.get(code, code)
            if code in dict(settings.LANGUAGES):
                return code
    return ""


def as_object(value: Any) -> Mapping[str, Any]:
    """A meta value that is an object, or the JSON text of one; else an empty object."""
    if isinstance(value, str) and value.lstrip().startswith("{") and len(value) < 10_000:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}


def _address(node: Node, *, tax_id: str = "", phone: str = "", email: str = "") -> AddressDraft:
    country = node.text("country", 2).upper()
    name = f"{node.text('first_name', 100)} {node.text('last_name', 100)}".strip()
    return AddressDraft(
        name=name[:200],
        company=node.text("company", 200),
        tax_id=tax_id,
        phone=node.text("phone", 50) or phone,
        email=node.text("email", 254) or email,
        street=node.text("address_1"),
        street2=node.text("address_2"),
        city=node.text("city", 100),
        county=county_name(country, node.text("state", 100)),
        postcode=node.text("postcode", 20),
        country=country,
    )


def _plain_key(key: str) -> str:
    return key.rsplit("/", 1)[-1].lstrip("_").removeprefix("wc_").lower()
