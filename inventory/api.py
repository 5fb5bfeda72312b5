"""Stock for machines: what there is of each product, and what changed since they last asked."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from django.db.models import Q, Sum
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime

from inventory.errors import StockError
from inventory.models import Product, Reservation, StockItem, Warehouse
from shops.api import PROBLEMS

# A movement is dated before it is committed, and an import is committed minutes after its first movement.
OVERLAP = timedelta(minutes=5)
FIRST_YEAR, LAST_YEAR = 2000, 2100

router = Router(tags=["stock"])


class WarehouseStock(Schema):
    """The units of one product in one warehouse."""

    warehouse: int = Field(description="The key of the warehouse.")
    name: str
    on_hand: int
    reserved: int
    available: int
    safety_stock: int


class ProductStock(Schema):
    """The units of one product: in all warehouses, and in each. Whole units."""

    id: int
    sku: str
    barcode: str
    name: str
    on_hand: int
    reserved: int
    available: int = Field(description="on_hand − reserved: what can be sold now.")
    waiting: int = Field(description="Units that orders wait for.")
    safety_stock: int
    changed_at: datetime = Field(description="When its counters, or what is waited for, changed last.")
    warehouses: list[WarehouseStock]


class StockPage(Schema):
    """One page, oldest change first."""

    items: list[ProductStock]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")
    as_of: datetime = Field(
        description="Send it as `updated_since` next time, and no change is missed. The same on every page."
    )


class StockQuestion(Schema):
    """What is asked for."""

    updated_since: AwareDatetime | None = Field(
        None, description="Only products whose counters, or what is waited for, changed since."
    )
    sku: Annotated[str, Field(max_length=100)] = ""
    warehouse: int | None = Field(None, description="Only products kept in this warehouse.", ge=1, lt=2**63)
    limit: int = Field(100, ge=1, le=500)
    cursor: Annotated[str, Field(max_length=300)] = ""


@dataclass(frozen=True)
class Place:
    """Where a page begins: after this change, in a walk that began at `as_of`."""

    as_of: datetime
    at: datetime | None = None
    pk: int = 0

    def written(self) -> str:
        """The place as an opaque text."""
        at = self.at.isoformat() if self.at else ""
        return base64.urlsafe_b64encode(f"{self.as_of.isoformat()}|{at}|{self.pk}".encode()).decode()


@router.get("/stock", response={200: StockPage, **PROBLEMS}, summary="What there is, and what changed")
def stock(request: HttpRequest, question: Query[StockQuestion]) -> StockPage:
    """The products of the key's shop whose stock is counted, oldest change first.

    Walk with `cursor` until `next_cursor` is null, then ask again with `updated_since` set to `as_of`. It lies some
    minutes back, because a change is dated before it is committed; so a product may come again unchanged, and one
    that is kept in two warehouses may come twice. Take what comes last.
    """
    shop_id: int = request.auth.shop_id  # type: ignore[attr-defined]
    place = _read_place(question.cursor)
    items = StockItem.objects.filter(product__shop_id=shop_id, product__is_tracked=True)
    if question.updated_since is not None:
        items = items.filter(changed_at__gte=_sensible(question.updated_since))
    if question.sku:
        items = items.filter(product__sku=question.sku)
    if question.warehouse is not None:
        if not Warehouse.objects.filter(pk=question.warehouse, shop_id=shop_id).exists():
            raise Http404(_("This shop has no such warehouse."))
        items = items.filter(warehouse_id=question.warehouse)
    if place.at is not None:
        later = Q(changed_at__gt=place.at) | Q(pk__gt=place.pk)
        items = items.filter(later, changed_at__gte=place.at)
    rows = list(
        items.order_by("changed_at", "pk").values_list("changed_at", "pk", "product_id")[: question.limit + 1]
    )
    more, rows = len(rows) > question.limit, rows[: question.limit]
    after = Place(place.as_of, rows[-1][0], rows[-1][1]).written() if more else None
    products = list(dict.fromkeys(product_id for _at, _pk, product_id in rows))
    return StockPage(items=_stock_of(products), next_cursor=after, as_of=place.as_of)


def _stock_of(product_ids: list[int]) -> list[ProductStock]:
    """The stock of these products, in their order. Three queries."""
    products = Product.objects.in_bulk(product_ids)
    items: dict[int, list[StockItem]] = {}
    for item in StockItem.objects.filter(product__in=product_ids).select_related("warehouse").order_by("pk"):
        items.setdefault(item.product_id, []).append(item)
    waiting = dict(
        Reservation.objects.filter(stock_item__product__in=product_ids, backordered__gt=0)
        .order_by()
        .values_list("stock_item__product_id")
        .annotate(units=Sum("backordered"))
    )
    return [
        _one(products[pk], items[pk], waiting.get(pk, 0))
        for pk in product_ids
        if pk in products and pk in items
    ]


def _one(product: Product, items: list[StockItem], waiting: int) -> ProductStock:
    return ProductStock(
        id=product.pk,
        sku=product.sku,
        barcode=product.barcode,
        name=product.full_name,
        on_hand=sum(item.on_hand for item in items),
        reserved=sum(item.reserved for item in items),
        available=sum(item.available for item in items),
        waiting=waiting,
        safety_stock=sum(item.safety_stock for item in items),
        changed_at=max(item.changed_at for item in items),
        warehouses=[
            WarehouseStock(
                warehouse=item.warehouse_id,
                name=item.warehouse.name,
                on_hand=item.on_hand,
                reserved=item.reserved,
                available=item.available,
                safety_stock=item.safety_stock,
            )
            for item in items
        ],
    )


def _read_place(text: str) -> Place:
    """Where the page begins; raises `StockError` for a cursor we did not write."""
    if not text:
        return Place(timezone.now() - OVERLAP)
    try:
        as_of, at, pk = base64.urlsafe_b64decode(text).decode().split("|")
        place = Place(_moment(as_of), _moment(at), int(pk))
    except (ValueError, OverflowError, binascii.Error) as error:
        raise _refuse("cursor", _("This is no cursor of ours.")) from error
    if not 0 <= place.pk < 2**63:
        raise _refuse("cursor", _("This is no cursor of ours."))
    return place


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise ValueError(text)
    return _sensible(moment, "cursor")


def _sensible(moment: datetime, field: str = "updated_since") -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise _refuse(field, _("This moment is too far away."))
    return moment.astimezone(UTC)


def _refuse(field: str, sentence: str) -> StockError:
    return StockError(sentence, code="invalid", field=field)
