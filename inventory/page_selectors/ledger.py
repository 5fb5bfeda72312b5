"""The ledger across products: every movement, newest first, narrowed by what it was, where, of what, when and by whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from inventory.models import MovementKind, Product, StockMovement, Warehouse
from inventory.references import Named, lookup, named
from inventory.search import search_products
from shops.keyset import newest_first, read_key
from shops.models import User

if TYPE_CHECKING:
    from shops.models import Shop

# What a person can book the other way round: the verb's address by kind of movement.
REVERSIBLE = {
    MovementKind.RECEIPT: "inventory:adjust",
    MovementKind.WRITE_OFF: "inventory:adjust",
    MovementKind.ADJUSTMENT: "inventory:adjust",
    MovementKind.RESTOCK: "inventory:adjust",
    MovementKind.TRANSFER: "inventory:transfer",
}
BY_HAND = (
    MovementKind.RECEIPT,
    MovementKind.WRITE_OFF,
    MovementKind.ADJUSTMENT,
    MovementKind.TRANSFER,
    MovementKind.RESTOCK,
)
LATEST = 10


@dataclass(frozen=True)
class LedgerFilter:
    """What the ledger is narrowed by, as it stands in the address."""

    q: str = ""
    product: str = ""
    kind: str = ""
    warehouse: str = ""
    person: str = ""
    since: str = ""
    until: str = ""
    reference: str = ""
    shop: str = ""

    @property
    def is_narrowed(self) -> bool:
        return any(asdict(self).values())

    @property
    def days(self) -> tuple[date | None, date | None]:
        """The first and the last day; one that cannot be read sets no bound."""
        return _day(self.since), _day(self.until)

    def query(self, **changes: str) -> str:
        """The filter with some values changed, ready for a link; empty values are left out."""
        after = changes.pop("after", "")
        pairs = asdict(replace(self, **changes)) | {"after": after}
        return urlencode({name: value for name, value in pairs.items() if value})


@dataclass(frozen=True)
class Line:
    """One movement as the page shows it: what its reference is called, and where it can be booked the other way."""

    movement: StockMovement
    named: Named | None
    reverse_url: str = ""


@dataclass(frozen=True)
class LedgerPage:
    """One page of the ledger, and the cursor of the next one (empty on the last)."""

    rows: list[Line]
    after: str


def read_filter(asked: Mapping[str, str]) -> LedgerFilter:
    """The filter of a request; what cannot be meant is left out."""
    values = {name: " ".join(asked.get(name, "").split())[:100] for name in asdict(LedgerFilter())}
    for name in ("product", "warehouse", "person"):
        values[name] = values[name] if read_key(values[name]) is not None else ""
    for name in ("since", "until"):
        values[name] = values[name] if _day(values[name]) else ""
    values["kind"] = values["kind"] if values["kind"] in MovementKind.values else ""
    return LedgerFilter(**values)


def ledger_page(
    user: User,
    wanted: LedgerFilter,
    *,
    shop_ids: Collection[int],
    changeable: Collection[int],
    after: str = "",
) -> LedgerPage:
    """One page of the movements in these shops. `changeable` are the shops whose stock the person may change.

    Days are those of the clock in force. A fixed number of queries.
    """
    found = _narrowed(user, wanted, shop_ids).select_related(
        "stock_item__product__shop", "stock_item__warehouse"
    )
    page = newest_first(found, "at", after)
    return LedgerPage(show_lines(page.rows, user, changeable), page.after)


def movements_wanted(
    user: User, wanted: LedgerFilter, *, shop_ids: Collection[int]
) -> QuerySet[StockMovement]:
    """All movements of these shops that the ledger is narrowed to, unordered; for files, which read them part by part."""
    return _narrowed(user, wanted, shop_ids).select_related(
        "stock_item__product__shop", "stock_item__warehouse"
    )


def latest_of(user: User, *, shop_ids: Collection[int]) -> list[Line]:
    """The last movements this person made by hand in these shops, newest first."""
    mine = StockMovement.objects.filter(
        actor_user=user, kind__in=BY_HAND, stock_item__product__shop_id__in=shop_ids
    ).select_related("stock_item__product__shop", "stock_item__warehouse")
    return show_lines(list(mine.order_by("-at", "-pk")[:LATEST]), user, shop_ids)


def show_lines(movements: list[StockMovement], user: User, changeable: Collection[int]) -> list[Line]:
    """The movements with their references named and, where the person may, the way back. One query a kind of reference."""
    names = named({movement.reference for movement in movements if movement.reference}, user)
    return [
        Line(
            movement,
            names.get(movement.reference),
            _reverse_url(movement) if movement.stock_item.product.shop_id in changeable else "",
        )
        for movement in movements
    ]


def warehouses_of(shop_ids: Collection[int]) -> QuerySet[Warehouse]:
    """The warehouses of the shops, with their shops, by name."""
    return (
        Warehouse.objects.filter(shop_id__in=shop_ids).select_related("shop").order_by("shop__name", "name")
    )


def people_of(shops: list[Shop]) -> QuerySet[User]:
    """The people of the shops: those whose movements the ledger can be asked for."""
    return (
        User.objects.filter(memberships__shop__in=shops)
        .distinct()
        .order_by("first_name", "last_name", "username")
    )


def _narrowed(user: User, wanted: LedgerFilter, shop_ids: Collection[int]) -> QuerySet[StockMovement]:
    found = StockMovement.objects.filter(stock_item__product__shop_id__in=shop_ids)
    since, until = wanted.days
    exact = {
        "stock_item__product_id": wanted.product,
        "stock_item__warehouse_id": wanted.warehouse,
        "actor_user_id": wanted.person,
        "kind": wanted.kind,
        "at__gte": since and _midnight(since),
        "at__lt": until and _midnight(until + timedelta(days=1)),
        "reference__in": lookup(wanted.reference, user) if wanted.reference else None,
    }
    found = found.filter(**{field: value for field, value in exact.items() if value})
    if wanted.q:
        products = search_products(Product.objects.filter(shop_id__in=shop_ids), wanted.q)
        found = found.filter(stock_item__product__in=products.values("pk"))
    return found


def _reverse_url(movement: StockMovement) -> str:
    """The form that books the opposite, filled in; empty for what is not made by hand."""
    address = REVERSIBLE.get(MovementKind(movement.kind))
    if address is None:
        return ""
    item, units = movement.stock_item, movement.quantity
    asked: dict[str, object] = {"product": item.product_id}
    if movement.kind == MovementKind.TRANSFER:
        asked |= {
            "from_warehouse" if units > 0 else "to_warehouse": item.warehouse_id,
            "quantity": abs(units),
        }
    else:
        asked |= {
            "warehouse": item.warehouse_id,
            "quantity": abs(units),
            "way": "less" if units > 0 else "more",
        }
    asked["reason"] = _("Reverses %(units)s of %(moment)s") % {
        "units": f"{units:+d}",
        "moment": f"{timezone.localtime(movement.at, item.product.shop.zone):%Y-%m-%d %H:%M}",
    }
    return f"{reverse(address)}?{urlencode(asked)}"


def _day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    # The first and the last days of the calendar have no neighbours to compare with.
    return day if day and 1900 <= day.year < 3000 else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
