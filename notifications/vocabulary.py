"""The names a template may use: what each means, an example, and the spellings other shop platforms use.

Every name is always present in a message's facts, empty when unknown. This module knows no order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Name:
    """One name of the vocabulary, with an example value of the type it always has."""

    name: str
    meaning: str | Promise
    example: Any
    aliases: tuple[str, ...] = ()


LINE_NAMES = (
    Name("name", _("the product, with its variant"), "Ceramic mug, blue"),
    Name("sku", _("your article number"), "MUG-01"),
    Name("quantity", _("how many"), 2),
    Name("price", _("price of one"), "49.90 lei"),
    Name("total", _("price of the line"), "99.80 lei"),
)
_EXAMPLE_LINES = [
    {line.name: line.example for line in LINE_NAMES},
    {**{line.name: line.example for line in LINE_NAMES}, "quantity": 1},
]

NAMES = (
    Name("firstname", _("the customer's first name"), "Maria", ("first_name", "firstName")),
    Name("lastname", _("the customer's last name"), "Ionescu", ("last_name", "lastName")),
    Name("name", _("the customer's full name"), "Maria Ionescu", ("customer_name",)),
    Name("number", _("the order's number"), "RO-1001", ("order_number", "orderNumber")),
    Name("total", _("what the whole order costs"), "249.00 lei", ("order_total",)),
    Name("goods", _("what the products cost together"), "229.00 lei"),
    Name("shipping", _("what the delivery costs"), "20.00 lei"),
    Name("fees", _("other fees and adjustments; empty when there are none"), "5.00 lei"),
    Name("due", _("what the courier collects at the door; empty when nothing is left to pay"), "249.00 lei"),
    Name("currency", _("the currency's code"), "RON"),
    Name("lines", _("the products, for a loop"), _EXAMPLE_LINES, ("products", "items")),
    Name("carrier", _("the courier"), "FAN Courier", ("courier",)),
    Name(
        "awbNumber", _("the parcel's tracking number"), "2030405060", ("awb", "awb_number", "tracking_number")
    ),
    Name(
        "awbNumberWithTracking",
        _("the tracking number followed by the courier's tracking address"),
        "2030405060 (https://www.fancourier.ro/awb-tracking/?tracking=2030405060)",
        ("awb_number_with_tracking",),
    ),
    Name(
        "trackingUrl",
        _("the courier's page that follows the parcel"),
        "https://www.fancourier.ro/awb-tracking/?tracking=2030405060",
        ("tracking_url",),
    ),
    Name(
        "order_url",
        _("your own tracking page of this order"),
        "https://shop.example/t/AbCdEfGhIjKlMnOpQrStUv/",
        ("orderUrl",),
    ),
    Name("shipping_Date", _("the day the parcel left"), "21 Nov 2026", ("shipping_date", "shippingDate")),
    Name("order_date", _("the day the order was placed"), "20 Nov 2026", ("orderDate",)),
    Name("domain", _("your web site"), "shop.example", ("shop_domain",)),
    Name("shop_name", _("your shop's name"), "Demo Shop", ("shopName",)),
    Name("shop_phone", _("your shop's phone"), "0312 345 678", ("shopPhone",)),
    Name("shop_email", _("the address your e-mails come from"), "hello@shop.example", ("shopEmail",)),
    Name("status", _("the order's status"), "Shipped"),
    Name(
        "reason", _("why the order was cancelled or came back, where customers may read it"), "Out of stock"
    ),
    Name("paid", _("whether the order is paid (for an if)"), True),
    Name("cod", _("whether it is cash on delivery (for an if)"), True),
    Name("refund", _("whether paid money goes back (for an if)"), True),
    Name(
        "address",
        _("the delivery address, in one line"),
        "Str. Lungă 12, 500123 Brașov",
        ("shipping_address",),
    ),
    Name("pickup_point", _("the locker or pick-up point"), "easybox Central"),
    Name("delivery", _("the delivery the customer chose"), "Courier to the door", ("shipping_method",)),
    Name("payment", _("the payment the customer chose"), "Cash on delivery", ("payment_method",)),
    Name(
        "payment_url",
        _("the online shop's page where the order can be paid; empty when it is not known"),
        "https://shop.example/checkout/order-pay/1001/",
        ("paymentUrl", "retry_url"),
    ),
    Name("phone", _("the customer's phone"), "+40721234567"),
    Name("email", _("the customer's e-mail"), "maria@example.com"),
)
ALIASES: dict[str, str] = {alias: name.name for name in NAMES for alias in name.aliases}
KNOWN = frozenset(name.name for name in NAMES) | frozenset(ALIASES)
# Every spelling of the names that stand for a list.
LOOPED = frozenset(
    spelling for name in NAMES if isinstance(name.example, list) for spelling in (name.name, *name.aliases)
)
# How alike two spellings must be for one to be offered in place of the other.
ALIKE = 0.6

_NO_PARCEL = _("the order has no parcel yet")
# Why a name may have nothing to say, for those where an admin would wonder.
WHY_EMPTY: dict[str, str | Promise] = {
    "firstname": _("the order has no name"),
    "lastname": _("the customer gave one name only"),
    "name": _("the order has no name"),
    "fees": _("the order has no fees"),
    "due": _("nothing is left to pay on delivery"),
    "carrier": _("no courier was chosen yet"),
    "awbNumber": _NO_PARCEL,
    "awbNumberWithTracking": _NO_PARCEL,
    "trackingUrl": _NO_PARCEL,
    "shipping_Date": _NO_PARCEL,
    "domain": _("the shop's settings have no web site"),
    "shop_phone": _("the shop's settings have no phone"),
    "shop_email": _("the shop's settings have no sender's address"),
    "reason": _("there is one only when an order was cancelled or came back"),
    "pickup_point": _("it goes to an address, not to a pick-up point"),
    "payment_url": _("the online shop gave no page to pay on"),
    "phone": _("the order has no phone"),
    "email": _("the order has no e-mail"),
}


def nearest_name(wrong: str) -> str:
    """The known name that was probably meant; empty when none is near. Capitals and underscores do not count."""
    return _nearest(wrong, KNOWN)


def nearest_field(wrong: str) -> str:
    """The same among the fields of a product in a loop."""
    return _nearest(wrong, frozenset(line.name for line in LINE_NAMES))


def _nearest(wrong: str, known: frozenset[str]) -> str:
    plain = {_plain(name): name for name in sorted(known)}
    found = get_close_matches(_plain(wrong), plain, n=1, cutoff=ALIKE)
    return plain[found[0]] if found else ""


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()


def with_aliases(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as a template gets them: under every spelling, and names the stored facts lack are there too.

    Liquid takes an empty text for true; what is empty goes in as nothing, so that `{% if due %}` means what it says.
    """
    full = {name.name: _or_nothing(facts.get(name.name, empty_like(name.example))) for name in NAMES}
    return full | {alias: full[name] for alias, name in ALIASES.items()}


def _or_nothing(value: Any) -> Any:
    if isinstance(value, list):
        return [{key: _or_nothing(part) for key, part in line.items()} for line in value]
    return None if value == "" else value


def empty_like(example: Any) -> Any:
    """The value a name has when there is nothing to say."""
    if isinstance(example, bool):
        return False
    if isinstance(example, int):
        return 0
    return [] if isinstance(example, list) else ""


def sample() -> dict[str, Any]:
    """Facts in which everything is there: every condition true, every loop filled."""
    return {name.name: name.example for name in NAMES}


def sparse_sample() -> dict[str, Any]:
    """Facts in which nothing is there but one line, which takes the other branch of every condition."""
    facts = {name.name: empty_like(name.example) for name in NAMES}
    return facts | {"lines": [{line.name: empty_like(line.example) for line in LINE_NAMES}]}
