"""Whatever moves before, between and after the entries: what is posted is what was counted, plus what moved since."""

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory import services
from inventory.errors import StockError
from inventory.models import Product, StockItem, Warehouse
from inventory.selectors import stock_problems
from inventory.services.counting import enter_count, finish_counting, open_count
from inventory.services.posting import post_count
from shops.actors import Actor
from tests.factories import make_shop

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
BY = Actor.system("test")

steps = st.lists(
    st.one_of(
        st.tuples(st.just("receive"), st.integers(1, 20)),
        st.tuples(st.just("ship"), st.integers(1, 20)),
        st.tuples(st.just("reserve"), st.integers(1, 20)),
        st.tuples(st.just("count"), st.integers(0, 30)),
        st.tuples(st.just("count all"), st.integers(0, 30)),
    ),
    max_size=14,
)


class Shelf:
    """One product whose count is open, and what a person with a pencil would know about it."""

    def __init__(self) -> None:
        self.shop = make_shop()
        self.product = Product.objects.create(shop=self.shop, sku="MUG", name="Mug", allow_backorder=True)
        services.receive(product_id=self.product.pk, quantity=20, reason="", actor=BY)
        warehouse = Warehouse.objects.get(shop=self.shop, is_default=True)
        self.count = open_count(shop_id=self.shop.pk, warehouse_id=warehouse.pk, actor=BY)
        self.counted: int | None = None
        self.moved_since = 0
        self.orders = 0

    @property
    def item(self) -> StockItem:
        return StockItem.objects.get(product=self.product)

    def do(self, verb: str, quantity: int) -> None:
        before = self.item.on_hand
        if verb == "receive":
            services.receive(product_id=self.product.pk, quantity=quantity, reason="", actor=BY)
        elif verb in ("ship", "reserve"):
            self.order(quantity, ships=verb == "ship")
        else:
            self.enter(quantity, replaces=verb == "count all")
        self.moved_since += self.item.on_hand - before

    def order(self, quantity: int, *, ships: bool) -> None:
        self.orders += 1
        reference, wanted = f"order:{self.orders}", {self.product.pk: quantity}
        services.reserve(
            reference=reference, shop_id=self.shop.pk, wanted=wanted, on_shortage="backorder", actor=BY
        )
        if ships:
            services.ship_out(reference=reference, quantities=wanted, actor=BY, strict=False)

    def enter(self, quantity: int, *, replaces: bool) -> None:
        enter_count(
            count_id=self.count.pk,
            product_id=self.product.pk,
            quantity=quantity,
            replaces=replaces,
            key=uuid.uuid4(),
            actor=BY,
        )
        self.counted = quantity if replaces or self.counted is None else self.counted + quantity
        self.moved_since = 0


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=steps, after=steps)
def test_it_leaves_on_hand_what_was_counted_and_what_moved_since(before, after):
    shelf = Shelf()
    for verb, quantity in [*before, ("count", 5)]:
        shelf.do(verb, quantity)
    for verb, quantity in after:
        shelf.do(verb, quantity)
    finish_counting(count_id=shelf.count.pk, actor=BY)
    expected, item = shelf.counted + shelf.moved_since, shelf.item

    if expected < 0:
        with pytest.raises(StockError, match="Count these again"):
            post_count(count_id=shelf.count.pk, actor=BY)
        assert (shelf.item.on_hand, shelf.item.reserved) == (item.on_hand, item.reserved)
    else:
        post_count(count_id=shelf.count.pk, actor=BY)
        assert shelf.item.on_hand == expected
    assert list(stock_problems()) == []
