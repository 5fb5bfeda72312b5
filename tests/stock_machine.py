"""Any sequence of stock verbs against a model that is nothing but sums: what is there, who wants how much.

Nobody waits while units are free, so what is reserved follows: all that is wanted, as far as it exists. Shared by the
test and by the long measurement.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from inventory import services
from inventory.errors import StockError
from inventory.models import (
    MovementKind,
    Product,
    Reservation,
    StockItem,
    StockMovement,
    StockRepair,
    Warehouse,
)
from inventory.selectors import Held, reservations_of, stock_problems
from inventory.services import counting
from inventory.services.posting import post_count
from shops.actors import Actor
from shops.models import Shop

BY = Actor.system("test")
UNITS = st.integers(min_value=1, max_value=6)
PRODUCTS = st.integers(0, 2)
PLACES = st.integers(0, 1)
REFERENCES = st.sampled_from(["order:1", "order:2", "order:3", "order:4"])
PICKS = st.dictionaries(PRODUCTS, UNITS, min_size=1)
NONSENSE = st.sampled_from([0, -1, 10**9, 1.5, float("nan"), True, "3", None])
Quantities = dict[int, int]


class StockVerbs(RuleBasedStateMachine):
    """Three products in two warehouses, four owners, every verb in any order. `steps` counts what was done."""

    steps: Counter[str] = Counter()

    @initialize()
    def open_shop(self) -> None:
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.shop = Shop.objects.create(name="Shop", slug="shop", country="RO", currency="RON")
        self.products = [
            Product.objects.create(shop=self.shop, sku="A", name="A"),
            Product.objects.create(shop=self.shop, sku="B", name="B", allow_backorder=True),
            Product.objects.create(shop=self.shop, sku="C", name="C"),
        ]
        services.create_default_warehouse(shop_id=self.shop.pk)
        second = Warehouse.objects.create(shop=self.shop, name="Second")
        self.places = [Warehouse.objects.get(shop=self.shop, is_default=True).pk, second.pk]
        # The model: units there, units wanted and units that are out, by product key.
        self.there: Quantities = defaultdict(int)
        self.wanted: dict[str, Quantities] = defaultdict(lambda: defaultdict(int))
        self.out: dict[str, Quantities] = defaultdict(lambda: defaultdict(int))

    def teardown(self) -> None:
        if hasattr(self, "transaction"):
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def keys(self, picks: Quantities) -> Quantities:
        return {self.products[index].pk: units for index, units in picks.items()}

    def counters(self, product_id: int, place: int) -> tuple[int, int]:
        """(on hand, reserved) in one warehouse."""
        rows = StockItem.objects.filter(product_id=product_id, warehouse_id=self.places[place])
        return next(iter(rows.values_list("on_hand", "reserved")), (0, 0))

    def free(self, product_id: int) -> int:
        rows = StockItem.objects.filter(product_id=product_id)
        sums = rows.aggregate(here=Sum("on_hand"), held=Sum("reserved"))
        return (sums["here"] or 0) - (sums["held"] or 0)

    def held(self, reference: str) -> dict[int, Held]:
        found = reservations_of([reference])[reference]
        return {product.pk: found.get(product.pk, Held()) for product in self.products}

    def by_hand(self, index: int, place: int) -> dict[str, Any]:
        return {
            "product_id": self.products[index].pk,
            "warehouse_id": self.places[place],
            "reason": "because",
            "actor": BY,
        }

    def expect(self, is_allowed: bool, verb: Any, **arguments: Any) -> bool:
        """Run the verb; it must be refused exactly when the model says so. Answers whether it was done."""
        self.steps[verb.__name__] += 1
        refusal = None
        try:
            verb(**arguments)
        except StockError as error:
            refusal = error
        assert (refusal is None) is is_allowed, f"{verb.__name__}, {arguments}: {refusal}"
        assert refusal is None or refusal.code not in ("conflict", "impossible"), refusal
        return is_allowed

    @rule(reference=REFERENCES, picks=PICKS, on_shortage=st.sampled_from(["refuse", "backorder"]))
    def reserve(self, reference: str, picks: Quantities, on_shortage: str) -> None:
        wanted, held = self.keys(picks), self.held(reference)
        may_wait = {product.pk: product.allow_backorder for product in self.products}
        enough = all(
            held[pk].reserved + self.free(pk) >= units or may_wait[pk] for pk, units in wanted.items()
        )
        arguments = {"shop_id": self.shop.pk, "wanted": wanted, "on_shortage": on_shortage, "actor": BY}
        is_allowed = enough or on_shortage == "backorder"
        if self.expect(is_allowed, services.reserve, reference=reference, **arguments):
            self.wanted[reference].update(wanted)

    @rule(reference=REFERENCES, only=st.none() | PRODUCTS)
    def release(self, reference: str, only: int | None) -> None:
        keys = None if only is None else [self.products[only].pk]
        self.expect(True, services.release, reference=reference, actor=BY, product_ids=keys)
        for product in self.products:
            if keys is None or product.pk in keys:
                self.wanted[reference][product.pk] = 0

    @rule(reference=REFERENCES, picks=PICKS, strict=st.booleans())
    def ship_out(self, reference: str, picks: Quantities, strict: bool) -> None:
        units, held = self.keys(picks), self.held(reference)
        leaves = {pk: min(n, held[pk].reserved + self.free(pk)) for pk, n in units.items()}
        is_allowed = not strict or all(held[pk].reserved >= n for pk, n in units.items())
        arguments = {"quantities": units, "actor": BY, "strict": strict}
        if self.expect(is_allowed, services.ship_out, reference=reference, **arguments):
            for pk, asked in units.items():
                self.there[pk] -= leaves[pk]
                self.out[reference][pk] += leaves[pk]
                self.wanted[reference][pk] = max(0, self.wanted[reference][pk] - asked)

    @rule(reference=REFERENCES, picks=st.none() | PICKS)
    def reverse_shipment(self, reference: str, picks: Quantities | None) -> None:
        asked = None if picks is None else self.keys(picks)
        self.expect(True, services.reverse_shipment, reference=reference, actor=BY, quantities=asked)
        for pk, gone in self.out[reference].items():
            back = gone if asked is None else min(gone, asked.get(pk, 0))
            self.out[reference][pk] -= back
            self.there[pk] += back
            self.wanted[reference][pk] += back

    @rule(picks=PICKS)
    def restock(self, picks: Quantities) -> None:
        units = self.keys(picks)
        self.expect(True, services.restock, reference="return:1", quantities=units, reason="back", actor=BY)
        for pk, back in units.items():
            self.there[pk] += back

    @rule(index=PRODUCTS, units=UNITS, place=PLACES, cost=st.none() | st.decimals(0, 99, places=2))
    def receive(self, index: int, units: int, place: int, cost: Decimal | None) -> None:
        arguments = self.by_hand(index, place) | {"quantity": units, "unit_cost": cost, "update_cost": True}
        self.expect(True, services.receive, **arguments)
        self.there[self.products[index].pk] += units

    @rule(index=PRODUCTS, units=UNITS, place=PLACES)
    def return_to_stock(self, index: int, units: int, place: int) -> None:
        self.expect(True, services.return_to_stock, quantity=units, **self.by_hand(index, place))
        self.there[self.products[index].pk] += units

    @rule(index=PRODUCTS, units=UNITS, place=PLACES, from_reserved=st.booleans())
    def write_off(self, index: int, units: int, place: int, from_reserved: bool) -> None:
        product_id = self.products[index].pk
        on_hand, reserved = self.counters(product_id, place)
        is_allowed = units <= (on_hand if from_reserved else on_hand - reserved)
        arguments = {"quantity": units, "from_reserved": from_reserved}
        if self.expect(is_allowed, services.write_off, **arguments, **self.by_hand(index, place)):
            self.there[product_id] -= units

    @rule(index=PRODUCTS, difference=st.integers(-6, 6).filter(bool), place=PLACES)
    def adjust(self, index: int, difference: int, place: int) -> None:
        product_id = self.products[index].pk
        on_hand, reserved = self.counters(product_id, place)
        is_allowed = on_hand - reserved + difference >= 0 or difference > 0
        if self.expect(is_allowed, services.adjust, difference=difference, **self.by_hand(index, place)):
            self.there[product_id] += difference

    @rule(index=PRODUCTS, units=st.integers(0, 6), place=PLACES)
    def count(self, index: int, units: int, place: int) -> None:
        product_id = self.products[index].pk
        on_hand, reserved = self.counters(product_id, place)
        if self.expect(units >= reserved, services.count, counted=units, **self.by_hand(index, place)):
            self.there[product_id] += units - on_hand

    @rule(index=PRODUCTS, units=UNITS, source=PLACES)
    def transfer(self, index: int, units: int, source: int) -> None:
        on_hand, reserved = self.counters(self.products[index].pk, source)
        self.expect(
            units <= on_hand - reserved,
            services.transfer,
            product_id=self.products[index].pk,
            quantity=units,
            from_warehouse_id=self.places[source],
            to_warehouse_id=self.places[1 - source],
            reason="",
            actor=BY,
        )

    @rule(place=PLACES, found=st.dictionaries(PRODUCTS, st.integers(0, 6)), meanwhile=st.integers(0, 3))
    def take_inventory(self, place: int, found: Quantities, meanwhile: int) -> None:
        """Count a warehouse, while goods come in: whoever had more reserved than was found waits again."""
        by, warehouse_id = {"actor": BY}, self.places[place]
        if not StockItem.objects.filter(warehouse_id=warehouse_id).exists():
            return
        count_id = counting.open_count(shop_id=self.shop.pk, warehouse_id=warehouse_id, name="Count", **by).pk
        for product_id, units in self.keys(found).items():
            on_hand, _reserved = self.counters(product_id, place)
            entry = {"product_id": product_id, "quantity": units, "key": uuid.uuid4()}
            counting.enter_count(count_id=count_id, **entry, **by)
            self.there[product_id] += units - on_hand
        if meanwhile:
            self.receive(0, meanwhile, place, None)
        if self.expect(bool(found), counting.finish_counting, count_id=count_id, **by):
            self.expect(True, post_count, count_id=count_id, **by)
        else:
            counting.cancel_count(count_id=count_id, **by)

    @rule(index=PRODUCTS, place=PLACES, on_hand=st.integers(0, 9), share=st.integers(0, 9))
    def tamper_and_repair(self, index: int, place: int, on_hand: int, share: int) -> None:
        """Somebody writes counters past the verbs; a repair brings them back to what the rows say."""
        item = self.item_of(index, place)
        if item is None:
            return
        reserved = min(on_hand, share)
        is_off = (item.on_hand, item.reserved) != (on_hand, reserved)
        StockItem.objects.filter(pk=item.pk).update(on_hand=on_hand, reserved=reserved)
        repair = {"stock_item_id": item.pk, "reason": "a slip", "actor": BY}
        self.expect(is_off, services.repair_stock, **repair)

    @rule(index=PRODUCTS, place=PLACES, units=st.integers(-6, 6).filter(bool), counted=st.integers(0, 6))
    def lose_a_counter_and_repair(self, index: int, place: int, units: int, counted: int) -> None:
        """A movement that the counters never heard of: the ledger is the truth, unless it is less than nothing."""
        item = self.item_of(index, place)
        if item is None:
            return
        StockMovement.objects.create(
            stock_item=item, kind=MovementKind.ADJUSTMENT, quantity=units, actor_kind="system"
        )
        repair: dict[str, Any] = {"stock_item_id": item.pk, "reason": "a slip", "actor": BY}
        if item.on_hand + units < 0:
            self.expect(False, services.repair_stock, **repair)
            repair["counted"] = counted
            units = counted - item.on_hand
        self.expect(True, services.repair_stock, **repair)
        self.there[item.product_id] += units

    def item_of(self, index: int, place: int) -> StockItem | None:
        items = StockItem.objects.filter(product=self.products[index], warehouse_id=self.places[place])
        return items.first()

    @rule(index=PRODUCTS, units=NONSENSE, verb=st.sampled_from(["receive", "write_off", "return_to_stock"]))
    def say_nonsense(self, index: int, units: Any, verb: str) -> None:
        self.expect(False, getattr(services, verb), quantity=units, **self.by_hand(index, 0))

    @invariant()
    def the_books_agree(self) -> None:
        assert list(stock_problems()) == []
        assert all(0 <= item.reserved <= item.on_hand for item in StockItem.objects.all())
        assert not StockRepair.objects.filter(reason="").exists()

    @invariant()
    def the_model_agrees(self) -> None:
        for product in getattr(self, "products", []):
            items = StockItem.objects.filter(product=product)
            sums = items.aggregate(here=Sum("on_hand"), held=Sum("reserved"))
            wanted = sum(self.wanted[reference][product.pk] for reference in list(self.wanted))
            assert (sums["here"] or 0) == self.there[product.pk]
            assert (sums["held"] or 0) == min(wanted, self.there[product.pk])
            rows = Reservation.objects.filter(stock_item__product=product).order_by()
            held = {
                reference: reserved + waiting
                for reference, reserved, waiting in rows.values_list("reference").annotate(
                    Sum("reserved"), Sum("backordered")
                )
            }
            assert held == {
                name: units[product.pk] for name, units in self.wanted.items() if units[product.pk]
            }
