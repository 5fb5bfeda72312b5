"""Any sequence of stock verbs leaves the ledger, the counters and the reservations in agreement."""

from contextlib import suppress

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from inventory import services
from inventory.errors import StockError
from inventory.models import Product, Reservation, StockItem, Warehouse
from inventory.selectors import stock_problems
from shops.actors import Actor
from shops.services import create_shop

BY = Actor.system("test")
UNITS = st.integers(min_value=1, max_value=6)
REFERENCES = st.sampled_from(["order:1", "order:2", "order:3"])
PICKS = st.dictionaries(st.sampled_from([0, 1]), UNITS, min_size=1)


class StockVerbs(RuleBasedStateMachine):
    """Two products in two warehouses, three owners, every verb in any order."""

    @initialize()
    def open_shop(self) -> None:
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.shop = create_shop(country="RO", name="Shop", slug="shop", order_prefix="RO-")
        self.products = [
            Product.objects.create(shop=self.shop, sku="A", name="A"),
            Product.objects.create(shop=self.shop, sku="B", name="B", allow_backorder=True),
        ]
        services.create_default_warehouse(shop_id=self.shop.pk)
        self.places = [None, Warehouse.objects.create(shop=self.shop, name="Second").pk]

    def teardown(self) -> None:
        if hasattr(self, "transaction"):
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def keys(self, picks: dict[int, int]) -> dict[int, int]:
        return {self.products[index].pk: units for index, units in picks.items()}

    @rule(reference=REFERENCES, picks=PICKS, on_shortage=st.sampled_from(["refuse", "backorder"]))
    def reserve(self, reference, picks, on_shortage):
        with suppress(StockError):
            services.reserve(
                reference=reference,
                shop_id=self.shop.pk,
                wanted=self.keys(picks),
                on_shortage=on_shortage,
                actor=BY,
            )

    @rule(reference=REFERENCES)
    def release(self, reference):
        services.release(reference=reference, actor=BY)

    @rule(reference=REFERENCES, picks=PICKS, strict=st.booleans())
    def ship_out(self, reference, picks, strict):
        with suppress(StockError):
            services.ship_out(reference=reference, quantities=self.keys(picks), actor=BY, strict=strict)

    @rule(reference=REFERENCES)
    def reverse_shipment(self, reference):
        services.reverse_shipment(reference=reference, actor=BY)

    @rule(picks=PICKS)
    def restock(self, picks):
        services.restock(reference="return:1", quantities=self.keys(picks), reason="", actor=BY)

    @rule(
        verb=st.sampled_from(["receive", "write_off"]),
        index=st.integers(0, 1),
        units=UNITS,
        place=st.integers(0, 1),
    )
    def receive_or_write_off(self, verb, index, units, place):
        with suppress(StockError):
            getattr(services, verb)(
                product_id=self.products[index].pk,
                quantity=units,
                reason="",
                actor=BY,
                warehouse_id=self.places[place],
            )

    @rule(index=st.integers(0, 1), units=st.integers(0, 6), place=st.integers(0, 1))
    def count(self, index, units, place):
        with suppress(StockError):
            services.count(
                product_id=self.products[index].pk,
                counted=units,
                reason="",
                actor=BY,
                warehouse_id=self.places[place],
            )

    @invariant()
    def the_books_agree(self):
        assert list(stock_problems()) == []
        assert all(0 <= item.reserved <= item.on_hand for item in StockItem.objects.all())

    @invariant()
    def nobody_waits_for_units_that_are_free(self):
        for product in getattr(self, "products", []):
            waits = Reservation.objects.filter(stock_item__product=product, backordered__gt=0).exists()
            sums = StockItem.objects.filter(product=product).aggregate(
                here=Sum("on_hand"), held=Sum("reserved")
            )
            assert not (waits and (sums["here"] or 0) > (sums["held"] or 0))


@pytest.mark.slow
@pytest.mark.django_db
def test_it_keeps_the_books_whatever_happens():
    run_state_machine_as_test(
        StockVerbs,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
