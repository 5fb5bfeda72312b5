"""The demo's catalogue: categories, barcodes, deliveries between the opening and today, an article in two variants.

It comes after the orders and before the figures. Barcodes are of the range that is free for use inside a shop, so
none is a real article's.
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

BY = Actor.system("demo")
INSIDE_RANGE = "20"
PLENTY = 100
DELIVERED = 6


@dataclass(frozen=True)
class Words:
    """One country's words: categories by the beginning of a place, and an article in two variants."""

    categories: Mapping[str, str]
    delivery: str
    broken: str
    novelty: str
    sku: str
    in_stock: str
    announced: str
    price: str
    vat: str


WORDS = {
    "RO": Words(
        categories={"A": "Îngrijire", "B": "Din stup și din cămară", "C": "Casă și cadouri"},
        delivery="aviz de la furnizor",
        broken="spart la raft",
        novelty="Ceainic emailat",
        sku="CNC-EML",
        in_stock="alb",
        announced="verde",
        price="119.00",
        vat="21",
    ),
    "PL": Words(
        categories={"1": "Papier i pióra", "2": "Zabawki i gry", "3": "Rękodzieło", "4": "Na święta"},
        delivery="dostawa od producenta",
        broken="uszkodzone na półce",
        novelty="Piórnik filcowy",
        sku="PRN-FLC",
        in_stock="szary",
        announced="zielony",
        price="69.00",
        vat="23",
    ),
    "UA": Words(
        categories={"П": "Текстиль", "К": "Кераміка та свічки", "С": "Смаколики"},
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
def fill_catalogue(shop: Shop, country_code: str, products: Iterable[Product]) -> list[Product]:
    """Give the shop's goods what a catalogue has; a second time changes nothing. Answers the articles that are new."""
    words = WORDS[country_code]
    if Product.objects.filter(shop=shop, sku=f"{words.sku}-1").exclude(sku="").exists():
        return []
    plain = [product for product in products if product.sku]
    for product in plain:
        name = words.categories.get(product.place[:1])
        product.category = inventory.ensure_category(shop_id=shop.pk, name=name) if name else None
        product.barcode = barcode_of(product.pk)
    Product.objects.bulk_update(plain, ["barcode", "category"])
    for number, product in enumerate(_plentiful(plain)[:DELIVERED]):
        _tell_deliveries(product, words, number)
    return _announce_novelty(shop, words)


def barcode_of(number: int) -> str:
    """An EAN-13 of the range for use inside a shop, with its check digit."""
    body = f"{INSIDE_RANGE}{number:010}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _plentiful(products: list[Product]) -> list[Product]:
    rows = StockItem.objects.filter(product__in=products, on_hand__gte=PLENTY)
    many = set(rows.values_list("product_id", flat=True))
    return [product for product in products if product.pk in many]


def _tell_deliveries(product: Product, words: Words, number: int) -> None:
    """Two deliveries and something broken, told as of the last two months."""
    for units, days in ((60 + 12 * number, 58 - number), (96 - 12 * number, 27 - 2 * number)):
        inventory.receive(
            product_id=product.pk,
            quantity=units,
            reason=f"{words.delivery} {1000 + product.pk}",
            actor=BY,
        )
        _back_date(product, days)
    inventory.write_off(product_id=product.pk, quantity=1 + number % 3, reason=words.broken, actor=BY)
    _back_date(product, 40 - 3 * number)


def _back_date(product: Product, days: int) -> None:
    newest = StockMovement.objects.filter(stock_item__product=product).latest("pk")
    StockMovement.objects.filter(pk=newest.pk).update(at=timezone.now() - timedelta(days=days, hours=2))


def _announce_novelty(shop: Shop, words: Words) -> list[Product]:
    """One article in two variants: one on the shelf, one that may be ordered ahead."""
    today = timezone.localdate(timezone=shop.zone)
    values = {
        "name": words.novelty,
        "family": words.novelty,
        "price": Decimal(words.price),
        "vat_rate": Decimal(words.vat),
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
    return [here, inventory.create_product(shop_id=shop.pk, values=values | coming, actor=BY)]
