"""What makes the stock pages of the demo worth a look: costs, suppliers, safety stock, goods nobody buys, a history.

It comes after the orders, so that safety stocks fit what is left. Suppliers and prices are invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from inventory import services as inventory
from inventory.models import MovementKind, Product, StockItem, StockMovement
from orders.services.sales import refresh_figures
from shops.actors import Actor
from shops.models import Shop

BY = Actor.system("demo")
CENT = Decimal("0.01")
COST_SHARE = Decimal("0.52")
FIRST_COST_SHARE = Decimal("0.47")
LEAD_DAYS = (7, 14, 21)
PACKS = (1, 6, 12)
USUAL_SAFETY = 25
# Every fifth product has a little less than its safety stock.
LOW_EVERY, LOW_BY = 5, 12


@dataclass(frozen=True)
class Shelves:
    """A country's suppliers, and an article nobody buys: SKU, name, price, units."""

    suppliers: tuple[str, ...]
    unsold: tuple[tuple[str, str, str, int], ...]


SHELVES = {
    "RO": Shelves(
        ("Stupina Valea Largă", "Atelierul Dorna", "Plantele Bunicii"),
        (
            ("CAL-PER-26", "Calendar de perete 2026", "35.00", 64),
            ("SUP-LUM-1", "Suport de lumânare, lemn de nuc", "58.00", 23),
        ),
    ),
    "PL": Shelves(
        ("Papiernia Wisełka", "Drewniany Zakątek", "Farbiarnia Osa"),
        (
            ("KAL-SCN-26", "Kalendarz ścienny 2026", "45.00", 80),
            ("GLB-DRW-1", "Globus drewniany", "210.00", 9),
        ),
    ),
    "UA": Shelves(
        ("Майстерня «Дідух»", "Гончарі Опішні", "Пасіка «Липа»"),
        (
            ("KAL-NST-26", "Календар настінний 2026", "180.00", 70),
            ("SKR-DER-1", "Скринька різьблена", "760.00", 11),
        ),
    ),
}


def furnish_shelves(shop: Shop, country_code: str, goods: Sequence[Product], *, opened_at: datetime) -> None:
    """Give the shop's goods what the stock pages show, and compute its figures. Doing it again changes nothing."""
    shelves = SHELVES[country_code]
    unsold = [_unsold(shop, article, opened_at) for article in shelves.unsold]
    with transaction.atomic():
        for number, product in enumerate([*goods, *unsold]):
            if product.is_tracked and product.cost is None and product.price is not None:
                _furnish(product, product.price, number, shelves, shop.currency)
    inventory.rebuild_stock_days(shop_id=shop.pk, since=opened_at.astimezone(shop.zone).date())
    refresh_figures(shop_id=shop.pk, actor=BY)


@transaction.atomic
def _unsold(shop: Shop, article: tuple[str, str, str, int], opened_at: datetime) -> Product:
    sku, name, price, units = article
    product = Product.objects.filter(shop=shop, sku=sku).first()
    if product is not None:
        return product
    product = Product.objects.create(shop=shop, sku=sku, name=name, price=Decimal(price))
    inventory.receive(product_id=product.pk, quantity=units, reason="opening stock", actor=BY)
    StockMovement.objects.filter(stock_item__product=product).update(at=opened_at)
    Product.objects.filter(pk=product.pk).update(created_at=opened_at)
    return product


def _furnish(product: Product, price: Decimal, number: int, shelves: Shelves, currency: str) -> None:
    Product.objects.filter(pk=product.pk).update(
        cost=(price * COST_SHARE).quantize(CENT),
        cost_currency=currency,
        supplier=shelves.suppliers[number % len(shelves.suppliers)],
        lead_time_days=LEAD_DAYS[number % len(LEAD_DAYS)],
        pack_size=PACKS[number % len(PACKS)],
    )
    _tell_costs(product, price, currency)
    is_low = number % LOW_EVERY == 0
    for item in StockItem.objects.filter(product=product):
        safety = item.available + LOW_BY if is_low else USUAL_SAFETY
        StockItem.objects.filter(pk=item.pk).update(safety_stock=safety)


def _tell_costs(product: Product, price: Decimal, currency: str) -> None:
    """What came in later cost what it costs today; the opening stock was a little cheaper, if anything came later."""
    receipts = StockMovement.objects.filter(stock_item__product=product, kind=MovementKind.RECEIPT)
    receipts.update(unit_cost=(price * COST_SHARE).quantize(CENT), cost_currency=currency)
    first, *later = receipts.order_by("at", "pk")[:2] or [None]
    if first is not None and later:
        receipts.filter(pk=first.pk).update(unit_cost=(price * FIRST_COST_SHARE).quantize(CENT))
