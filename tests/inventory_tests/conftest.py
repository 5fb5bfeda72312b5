"""The small cast of the stock tests: a shop, its goods, and what its counters say."""

from collections.abc import Callable
from typing import Any

import pytest

from inventory import services
from inventory.models import Product, Reservation, StockItem, StockMovement
from inventory.selectors import Held, reservations_of, stock_problems
from shops import bus
from shops.actors import Actor
from shops.models import Shop
from shops.services import create_shop

BY = Actor.system("test")


@pytest.fixture
def shop() -> Shop:
    return create_shop(country="RO", name="Shop", slug="shop", order_prefix="RO-")


@pytest.fixture
def make_product(shop: Shop) -> Callable[..., Product]:
    """A product of the shop, tracked unless told otherwise, with `stock` units on hand."""

    def make(sku: str = "A", stock: int = 0, **fields: Any) -> Product:
        product = Product.objects.create(**{"shop": shop, "sku": sku, "name": f"Product {sku}", **fields})
        if stock:
            services.receive(product_id=product.pk, quantity=stock, reason="first stock", actor=BY)
        return product

    return make


@pytest.fixture
def counters() -> Callable[[Product], tuple[int, int]]:
    """(on hand, reserved) of a product in its default warehouse."""

    def read(product: Product) -> tuple[int, int]:
        item = StockItem.objects.get(product=product, warehouse__is_default=True)
        return item.on_hand, item.reserved

    return read


@pytest.fixture
def held() -> Callable[[str, Product], Held]:
    """What a reference holds of a product."""
    return lambda reference, product: reservations_of([reference])[reference].get(product.pk, Held())


@pytest.fixture
def everything() -> Callable[[], list[Any]]:
    """Every counter, reservation and ledger line, to compare before and after a refusal."""

    def read() -> list[Any]:
        assert list(stock_problems()) == []
        return [
            list(StockItem.objects.order_by("pk").values()),
            list(Reservation.objects.order_by("pk").values()),
            list(StockMovement.objects.order_by("pk").values()),
        ]

    return read


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[bus.Event]:
    """The stock events published during the test, in order."""
    events: list[bus.Event] = []
    monkeypatch.setattr("inventory.services.sheet.publish", events.append)
    return events
