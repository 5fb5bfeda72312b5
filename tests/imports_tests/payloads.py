"""Orders as WooCommerce sends them, made for these tests: a Romanian shop's, with Romanian names and amounts."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
from typing import Any

from django.test import Client
from django.urls import reverse

from orders.imports.models import Connection
from orders.imports.selectors import secret_of
from orders.imports.services import open_connection
from shops.models import Shop

BUYER: dict[str, Any] = {
    "first_name": "Ioana",
    "last_name": "Mureșan",
    "company": "",
    "address_1": "Strada Fântânii 12",
    "address_2": "ap. 4",
    "city": "Sibiu",
    "state": "SB",
    "postcode": "550100",
    "country": "RO",
}
ORDER: dict[str, Any] = {
    "id": 5101,
    "number": "5101",
    "status": "processing",
    "currency": "RON",
    "date_created": "2026-03-02T11:15:00",
    "date_created_gmt": "2026-03-02T09:15:00",
    "date_modified": "2026-03-02T11:15:20",
    "date_modified_gmt": "2026-03-02T09:15:20",
    "discount_total": "10.00",
    "discount_tax": "2.10",
    "shipping_total": "15.00",
    "shipping_tax": "3.15",
    "total": "171.82",
    "total_tax": "29.82",
    "prices_include_tax": True,
    "customer_note": "Sunați înainte.",
    "billing": {**BUYER, "email": "ioana@example.ro", "phone": "0744 555 666"},
    "shipping": {**BUYER},
    "payment_method": "cod",
    "payment_method_title": "Ramburs la curier",
    "date_paid": None,
    "date_paid_gmt": None,
    "meta_data": [{"id": 1, "key": "_billing_cui", "value": "RO12345674"}],
    "line_items": [
        {
            "id": 61,
            "name": "Cană &ndash; albastră",
            "product_id": 901,
            "variation_id": 0,
            "quantity": 2,
            "subtotal": "80.00",
            "subtotal_tax": "16.80",
            "total": "70.00",
            "total_tax": "14.70",
            "taxes": [{"id": 3, "total": "14.70", "subtotal": "16.80"}],
            "meta_data": [],
            "sku": "CANA-01",
            "price": 35,
        },
        {
            "id": 62,
            "name": "Tricou",
            "product_id": 902,
            "variation_id": 903,
            "quantity": 1,
            "subtotal": "57.00",
            "subtotal_tax": "11.97",
            "total": "57.00",
            "total_tax": "11.97",
            "taxes": [{"id": 3, "total": "11.97", "subtotal": "11.97"}],
            "meta_data": [
                {"id": 9, "key": "pa_marime", "value": "m", "display_key": "Mărime", "display_value": "M"},
                {"id": 10, "key": "_reduced_stock", "value": "1"},
            ],
            "sku": "",
            "price": 57,
        },
    ],
    "tax_lines": [{"id": 71, "rate_code": "RO-TVA-1", "rate_id": 3, "label": "TVA", "rate_percent": 21}],
    "shipping_lines": [
        {
            "id": 81,
            "method_title": "FAN Courier",
            "method_id": "flat_rate",
            "total": "15.00",
            "total_tax": "3.15",
            "meta_data": [],
        }
    ],
    "fee_lines": [],
    "coupon_lines": [{"id": 91, "code": "zece", "discount": "10.00", "discount_tax": "2.10"}],
    "refunds": [],
}
PAID_BY_CARD: dict[str, Any] = {
    "payment_method": "stripe",
    "payment_method_title": "Card",
    "date_paid_gmt": "2026-03-02T09:15:10",
}
LATER = {"date_modified_gmt": "2026-03-02T10:00:00"}
LATER_STILL = {"date_modified_gmt": "2026-03-02T11:00:00"}


def order(**changes: Any) -> dict[str, Any]:
    """The usual order, with fields replaced."""
    return {**copy.deepcopy(ORDER), **changes}


def signature_of(body: bytes, connection: Connection) -> str:
    digest = hmac.new(secret_of(connection).encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def deliver(shop: Shop, payload: Any, *, client: Client | None = None, **headers: str) -> Any:
    """Post a delivery as WooCommerce does, signed with the shop's secret unless a signature is given."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    connection = open_connection(shop_id=shop.pk, source="woocommerce")
    usual = {"X-WC-Webhook-Signature": signature_of(body, connection), "X-WC-Webhook-Topic": "order.updated"}
    return (client or Client()).post(
        reverse("imports:woocommerce", args=[shop.slug]),
        body,
        content_type="application/json",
        headers=usual | headers,
    )
