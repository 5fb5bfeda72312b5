"""A connected online shop: signed deliveries as WooCommerce would send them, some of which cannot be read.

None of them places an order, so nothing is written to anybody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from orders.imports.models import Delivery
from orders.imports.services import open_connection, process_delivery, receive_delivery
from orders.imports.statuses import Source
from shops.models import Shop
from shops.secrets import decrypt

LINE = {"id": 1, "name": "Miere de tei", "quantity": 1, "total": "52.00", "sku": "MIE-TEI-900"}
DRAFT = {
    "id": 9001,
    "number": "9001",
    "status": "checkout-draft",
    "currency": "RON",
    "total": "52.00",
    "line_items": [LINE],
}
NO_CURRENCY = {"id": 9002, "number": "9002", "status": "processing", "currency": "lei", "total": "39.00"}
DELIVERIES: tuple[tuple[str, bytes], ...] = (
    ("", b"webhook_id=12"),
    ("order.created", json.dumps(DRAFT).encode()),
    ("order.created", json.dumps(NO_CURRENCY).encode()),
    ("order.updated", b'{"id": 9003, "status": "processing", "line_items": [{"na'),
    ("product.updated", b'{"id": 55, "name": "Ceai"}'),
)


def connect_online_shop(shop: Shop) -> None:
    """Connect a shop to WooCommerce and let it deliver; a shop that ever got a delivery is left alone."""
    connection = open_connection(shop_id=shop.pk, source=Source.WOOCOMMERCE)
    if Delivery.objects.filter(connection=connection).exists():
        return
    secret = decrypt(connection.secret).encode()
    for index, (topic, body) in enumerate(DELIVERIES, start=1):
        signature = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
        delivery_id = receive_delivery(
            source=Source.WOOCOMMERCE,
            shop_slug=shop.slug,
            body=body,
            signature=signature,
            topic=topic,
            delivery_id=f"demo-{index}",
        )
        process_delivery(delivery_id=delivery_id)
