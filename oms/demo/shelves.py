"""What the shelves of a demo shop look like: categories, barcodes, costs, suppliers, safety stock, deliveries.

Products come with the orders that name them; this dresses them once, so that every stock page has something to show.
Barcodes are of the range that is free for use inside a shop, so none is a real article's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from inventory import services as inventory
from inventory.models import Product, StockItem, StockMovement
from shops.actors import Actor
from shops.models import Shop
from shops.money import quantise

BY = Actor.system("demo")
COST_SHARE = Decimal("0.55")
INSIDE_RANGE = "20"
SAFETY, SAFETY_OF_FEW = 25, 5
PLENTY = 100
DELIVERED = 6


@dataclass(frozen=True)
class Shelves:
    """One country's words: categories by the beginning of a place, suppliers in turn, an article in two variants."""

    categories: Mapping[str, str]
    suppliers: tuple[str, ...]
    delivery: str
    broken: str
    novelty: str
    sku: str
    in_stock: str
    announced: str
    price: str
    vat: str


SHELVES = {
    "RO": Shelves(
        categories={"A": "Îngrijire", "B": "Din stup și din cămară", "C": "Casă și cadouri"},
        suppliers=("Prisaca Teilor", "Atelierul din Deal", "Ierburi de Câmp"),
        delivery="aviz de la furnizor",
        broken="spart la raft",
        novelty="Ceainic emailat",
        sku="CNC-EML",
        in_stock="alb",
        announced="verde",
        price="119.00",
        vat="21",
    ),
    "PL": Shelves(
        categories={"1": "Papier i pióra", "2": "Zabawki i gry", "3": "Rękodzieło", "4": "Na święta"},
        suppliers=("Papiernia pod Dębem", "Tartak Zabawek", "Motek i Nić"),
        delivery="dostawa od producenta",
        broken="uszkodzone na półce",
        novelty="Piórnik filcowy",
        sku="PRN-FLC",
        in_stock="szary",
        announced="zielony",
        price="69.00",
        vat="23",
    ),
    "UA": Shelves(
        categories={"П": "Текстиль", "К": "Кераміка та свічки", "С": "Смаколики"},
        suppliers=("Майстерня Калина", "Гончарне коло", "Пасіка над Дністром"),
        delivery="накладна постачальника",
        broken="розбилося на складі",
        novelty="Глечик глиняний",
        sku="GLK-GLN",
        in_stock="коричневий",
        announced="синій",
        price="520.00",
        vat="20",
    ),
}


@transaction.atomic
def dress_shelves(shop: Shop, products: Iterable[Product]) -> None:
    """Give the shop's goods what a catalogue has; goods that have a cost already are left alone."""
    words = SHELVES[shop.country]
    plain = [product for product in products if product.cost is None and product.price is not None]
    for number, product in enumerate(plain):
        _dress(shop, product, words, number)
    Product.objects.bulk_update(
        plain, ["barcode", "category", "cost", "supplier", "lead_time_days", "pack_size"]
    )
    _set_safety(plain)
    for number, product in enumerate(_plentiful(plain)[:DELIVERED]):
        _tell_deliveries(shop, product, words, number)
    if plain:
        _announce_novelty(shop, words)


def _dress(shop: Shop, product: Product, words: Shelves, number: int) -> None:
    name = words.categories.get(product.place[:1])
    product.category = inventory.ensure_category(shop_id=shop.pk, name=name) if name else None
    product.barcode = barcode_of(product.pk) if product.sku else ""
    price, vat = product.price or Decimal(0), product.vat_rate or Decimal(0)
    product.cost = quantise(price * 100 / (100 + vat) * COST_SHARE, shop.currency)
    product.supplier = words.suppliers[number % len(words.suppliers)]
    product.lead_time_days = 5 + number % 3 * 4
    product.pack_size = (1, 6, 12)[number % 3]


def barcode_of(number: int) -> str:
    """An EAN-13 of the range for use inside a shop, with its check digit."""
    body = f"{INSIDE_RANGE}{number:010}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _set_safety(products: list[Product]) -> None:
    items = StockItem.objects.filter(product__in=products, warehouse__is_default=True)
    items.filter(on_hand__gte=PLENTY).update(safety_stock=SAFETY)
    items.filter(on_hand__lt=PLENTY).update(safety_stock=SAFETY_OF_FEW)


def _plentiful(products: list[Product]) -> list[Product]:
    rows = StockItem.objects.filter(product__in=products, on_hand__gte=PLENTY)
    many = set(rows.values_list("product_id", flat=True))
    return [product for product in products if product.pk in many]


def _tell_deliveries(shop: Shop, product: Product, words: Shelves, number: int) -> None:
    """Two deliveries and something broken, told as of the last two months."""
    for units, days in ((60 + 12 * number, 58 - number), (96 - 12 * number, 27 - 2 * number)):
        inventory.receive(
            product_id=product.pk,
            quantity=units,
            reason=f"{words.delivery} {1000 + product.pk}",
            unit_cost=product.cost,
            cost_currency=shop.currency,
            actor=BY,
        )
        _back_date(product, days)
    inventory.write_off(product_id=product.pk, quantity=1 + number % 3, reason=words.broken, actor=BY)
    _back_date(product, 40 - 3 * number)


def _back_date(product: Product, days: int) -> None:
    newest = StockMovement.objects.filter(stock_item__product=product).latest("pk")
    StockMovement.objects.filter(pk=newest.pk).update(at=timezone.now() - timedelta(days=days, hours=2))


def _announce_novelty(shop: Shop, words: Shelves) -> None:
    """One article in two variants: one on the shelf, one that may be ordered ahead."""
    today = timezone.localdate(timezone=shop.zone)
    values = {
        "name": words.novelty,
        "family": words.novelty,
        "price": Decimal(words.price),
        "vat_rate": Decimal(words.vat),
        "supplier": words.suppliers[0],
    }
    here = inventory.create_product(
        shop_id=shop.pk, values=values | {"sku": f"{words.sku}-1", "variant": words.in_stock}, actor=BY
    )
    inventory.receive(product_id=here.pk, quantity=24, reason=words.delivery, actor=BY)
    _back_date(here, 9)
    coming = {
        "sku": f"{words.sku}-2",
        "variant": words.announced,
        "preorder_from": today,
        "expected_on": today + timedelta(days=21),
    }
    inventory.create_product(shop_id=shop.pk, values=values | coming, actor=BY)
