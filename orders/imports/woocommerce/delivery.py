"""How the parcel travels and how it is paid: kind of delivery, locker, courier, payment method."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from orders.carriers import recognise
from orders.drafts import AddressDraft
from orders.imports.woocommerce.addresses import as_object
from orders.imports.woocommerce.fields import Node, clean
from orders.statuses import DeliveryKind, PaymentMethod
from shops.search_text import fold

_LOCKER_WORDS = (
    *(
        "easybox",
        "fanbox",
        "locker",
        "paczkomat",
        "parcel machine",
        "parcel_machine",
        "automat paczkowy",
        "поштомат",
    ),
    *("почтомат", "ship&go", "shipgo", "dpdbox", "box dpd"),
)
_PICKUP_WORDS = (
    *("відділен", "отделен", "warehouse", "pick-up point", "pickup point", "pickup_point", "punkt odbioru"),
    *("odbior w punkcie", "punct de ridicare", "orlen paczka", "oficiu postal"),
)
_LOCAL_WORDS = (
    *(
        "local_pickup",
        "pickup_location",
        "local pickup",
        "ridicare personala",
        "ridicare din magazin",
        "odbior osobisty",
    ),
    *("самовивіз", "самовывоз"),
)
_OWN_WORDS = ("curier propriu", "livrare proprie", "dostawa wlasna", "wlasny transport", "own delivery")
# Where plugins keep the chosen point, the readable ones first (a `ref` of Nova Poshta is only a UUID).
_POINT_KEYS = (
    *(
        "_parcel_machine_id",
        "_parcel_machine_desc",
        "_paczkomat_id",
        "paczkomat_id",
        "paczkomat_key",
        "_paczkomat",
    ),
    *(
        "_sameday_shipping_locker_id",
        "_fanbox_name",
        "fanbox_name",
        "_fan_courier_fanbox",
        "fan_fanbox",
        "_cargus_locker",
    ),
    *("wcus_warehouse_name", "nova_poshta_warehouse_name", "nova_poshta_warehouse", "_nova_poshta_warehouse"),
    *(
        "warehouse_name",
        "_furgonetkaPoint",
        "_furgonetka_point",
        "apaczka_delivery_point",
        "_orlen_point",
        "orlen_point",
    ),
    *(
        "_dpd_pickup_point",
        "dpd_pickup_point",
        "_gls_pickup_point",
        "pickup_location",
        "_pickup_location_name",
    ),
    *("pickup_point", "_pickup_point", "pickup_point_id", "locker_id", "_locker_id", "wcus_warehouse_ref"),
)
_POINT_ID_KEYS = ("code", "lockerId", "locker_id", "id", "pointCode", "foreign_access_point_id", "point_id")
_CARD_WORDS = (
    *(
        "stripe",
        "przelewy24",
        "p24",
        "payu",
        "tpay",
        "netopia",
        "mobilpay",
        "euplatesc",
        "librapay",
        "btipay",
        "ipay",
    ),
    *(
        "liqpay",
        "wayforpay",
        "fondy",
        "monobank",
        "mono_gateway",
        "portmone",
        "paynow",
        "autopay",
        "bluemedia",
        "imoje",
    ),
    *("dotpay", "card", "woocommerce_payments", "blik", "square", "braintree", "mollie"),
)
_COD_TITLES = (
    "ramburs",
    "cash on delivery",
    "pobrani",
    "przy odbiorze",
    "післяплат",
    "накладен",
    "наложен",
    "при отриманні",
)


@dataclass(frozen=True)
class Delivery:
    """How the parcel travels, as chosen at the source."""

    kind: str
    title: str
    pickup_point: str
    courier: str


def read_delivery(order: Node, shipping: AddressDraft) -> Delivery:
    """Kind, title, point and courier, from the shipping method, its meta and the order's meta."""
    rows = order.children("shipping_lines")
    titles = [row.text("method_title", 200) for row in rows]
    methods = " ".join(row.text("method_id", 100) for row in rows)
    title = ", ".join(filter(None, titles))[:200]
    point = _point([order, *rows])
    words = f"{title} {methods}"
    kind = _kind(words, shipping, bool(point))
    if kind in (DeliveryKind.LOCKER, DeliveryKind.PICKUP) and not point:
        point = _point_in_address(shipping) or (title if _is_local(words) else "")
    if kind not in (DeliveryKind.LOCKER, DeliveryKind.PICKUP):
        point = ""
    courier = "own" if kind == DeliveryKind.OWN else recognise(words.replace("_", " "))
    return Delivery(kind, title, point[:100], courier)


def payment_method_of(code: str, title: str) -> str:
    """Our payment method for WooCommerce's gateway id and its title; gateways of plugins are known by their words."""
    folded = code.lower()
    parts = re.split(r"[^a-z0-9]+", folded)
    if "cod" in parts or any(word in title.casefold() for word in _COD_TITLES):
        return PaymentMethod.COD
    if folded == "bacs" or "transfer" in parts:
        return PaymentMethod.TRANSFER
    if any(word in folded for word in _CARD_WORDS):
        return PaymentMethod.CARD
    return PaymentMethod.OTHER


def _kind(words: str, shipping: AddressDraft, has_point: bool) -> str:
    folded = fold(words)
    place = fold(shipping.street)
    if any(fold(word) in folded for word in _LOCKER_WORDS) or "поштомат" in place:
        return DeliveryKind.LOCKER
    if (
        _is_local(words)
        or any(fold(word) in folded for word in _PICKUP_WORDS)
        or place.startswith("відділення")
    ):
        return DeliveryKind.PICKUP
    if any(word in folded for word in _OWN_WORDS):
        return DeliveryKind.OWN
    return DeliveryKind.PICKUP if has_point else DeliveryKind.DOOR


def _is_local(words: str) -> bool:
    """Collected at the shop itself: the method's own title names the place."""
    folded = fold(words)
    return any(fold(word) in folded for word in _LOCAL_WORDS)


def _point(nodes: list[Node]) -> str:
    for key in _POINT_KEYS:
        for node in nodes:
            found = _point_text(node.meta().get(key))
            if found:
                return found
    return ""


def _point_text(value: Any) -> str:
    fields = as_object(value)
    if not fields:
        return (
            clean(value, 100)
            if isinstance(value, (str, int)) and not isinstance(value, bool) and value
            else ""
        )
    code = next(
        (clean(fields[key], 40) for key in _POINT_ID_KEYS if isinstance(fields.get(key), (str, int))), ""
    )
    name = clean(fields["name"], 80) if isinstance(fields.get("name"), str) else ""
    if name and code and code not in name:
        return f"{name} ({code})"
    return name or code


def _point_in_address(shipping: AddressDraft) -> str:
    """Nova Poshta's plugins write the branch or locker into the street."""
    folded = fold(shipping.street)
    return shipping.street if "відділення" in folded or "поштомат" in folded else ""
