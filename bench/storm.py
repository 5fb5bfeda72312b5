"""A storm on scarce stock: many threads confirm, cancel, ship and receive at once, all on the same few orders.

Import it only after Django was set up. It uses the services of orders and stock as the pages do, each thread with
its own connection and as a person of its own. What it proves is read from the ledger afterwards.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connections
from django.db.models import Sum

import shops.locks
from inventory import services as stock
from inventory.models import MovementKind, Product, Reservation, StockMovement, Warehouse
from oms.verification import problems
from orders import services as orders
from orders.drafts import AddressDraft, LineDraft, OrderDraft
from orders.guards import Arguments
from orders.models import Return
from shops.actors import Actor
from shops.errors import DomainError
from shops.models import Membership, Shop, User
from shops.permissions import Role
from shops.services import create_shop

SYSTEM = Actor.system("storm")
ADDRESS = AddressDraft(
    name="Ana Pop",
    phone="0722 334 455",
    email="ana@storm.example",
    street="Strada Lungă 1",
    city="Cluj-Napoca",
    county="Cluj",
    postcode="400001",
    country="RO",
)
# A refusal with one of these was not foreseen by the verb but by the database: it counts as an error.
UNCLEAN = ("conflict", "impossible")
EVERY_ROUND = ("place", "confirm", "cancel", "ship", "receive")
NOW_AND_THEN = ("undo", "reopen", "give_back", "count", "write_off", "adjust", "move_goods")


@dataclass(frozen=True)
class Damage:
    """What the ledger says after the storm, in whole units; what `verify` says, in sentences."""

    shipped_beyond_received: int
    promised_beyond_existing: int
    off: list[str]

    @property
    def oversold(self) -> int:
        return self.shipped_beyond_received + self.promised_beyond_existing


@dataclass
class Storm:
    """So many threads and rounds on two shops, one that reserves at placing and one at confirmation."""

    threads: int = 50
    rounds: int = 50
    products: int = 8
    orders: int = 150
    opening_stock: int = 20
    seed: int = 1
    seconds: float = 600
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    took: float = 0.0
    rounds_done: int = 0

    def prepare(self) -> None:
        """Make shops, people, scarce goods and the orders that want them."""
        self.shops = [_make_shop(n, moment) for n, moment in enumerate(("placing", "confirmation"))]
        self.people = [_make_person(n, self.shops) for n in range(self.threads)]
        self.goods = {shop.pk: self._make_goods(shop) for shop in self.shops}
        self.places = {shop.pk: list(Warehouse.objects.filter(shop=shop)) for shop in self.shops}
        self.order_ids: list[int] = []
        self.moves: list[Any] = []
        chance = random.Random(self.seed)
        for _n in range(self.orders):
            self._place(chance, SYSTEM)

    def run(self) -> None:
        """Let it blow. Every thread starts at the same moment; after `seconds` no new round begins."""
        start, guard = threading.Barrier(self.threads + 1), threading.Lock()
        deadline = time.monotonic() + self.seconds

        def one(number: int) -> None:
            chance, actor = random.Random(f"{self.seed}-{number}"), Actor.person(self.people[number])
            mine: Counter[tuple[str, str]] = Counter()
            start.wait()
            done = 0
            while done < self.rounds and time.monotonic() < deadline:
                for operation in _plan_round(chance):
                    mine[operation, self._attempt(operation, chance, actor)] += 1
                done += 1
            connections.close_all()
            with guard:
                self.outcomes += mine
                self.rounds_done += done

        running = [threading.Thread(target=one, args=(number,)) for number in range(self.threads)]
        for thread in running:
            thread.start()
        start.wait()
        began = time.monotonic()
        for thread in running:
            thread.join()
        self.took = time.monotonic() - began

    def damage(self) -> Damage:
        """Read the ledger: was more shipped than came in, is more promised than there is, and do the books agree?"""
        kinds = (MovementKind.SHIPMENT, MovementKind.SHIPMENT_REVERSED)
        shipped: dict[int, int] = defaultdict(int)
        came_in: dict[int, int] = defaultdict(int)
        rows = StockMovement.objects.order_by().values_list("stock_item__product_id", "kind")
        for product_id, kind, units in rows.annotate(units=Sum("quantity")):
            if kind in kinds:
                shipped[product_id] -= units
            else:
                came_in[product_id] += units
        promised = Reservation.objects.order_by().values_list("stock_item__product_id")
        reserved = dict(promised.annotate(units=Sum("reserved")))
        beyond = {pk: max(0, shipped[pk] - came_in[pk]) for pk in shipped}
        left = {pk: max(0, came_in[pk] - shipped[pk]) for pk in came_in}
        return Damage(
            sum(beyond.values()),
            sum(max(0, units - left.get(pk, 0)) for pk, units in reserved.items()),
            [sentence for _check, sentence in problems()],
        )

    @property
    def operations(self) -> int:
        return self.outcomes.total()

    def count(self, outcome: str) -> int:
        """Operations that ended so: "done", "refused" or "error"."""
        return sum(number for (_operation, ended), number in self.outcomes.items() if ended == outcome)

    @property
    def deadlocks(self) -> int:
        return sum(number for text, number in self.errors.items() if "deadlock" in text)

    def _attempt(self, operation: str, chance: random.Random, actor: Actor) -> str:
        try:
            getattr(self, f"_{operation}")(chance, actor)
        except DomainError as refusal:
            if refusal.code not in UNCLEAN:
                return "refused"
            self.errors[f"{operation}: {refusal.sentence}"] += 1
            return "error"
        except Exception as error:
            self.errors[f"{operation}: {type(error).__name__}: {str(error).splitlines()[:1]}"] += 1
            return "error"
        return "done"

    def _make_goods(self, shop: Shop) -> list[Product]:
        Warehouse.objects.create(shop=shop, name="Second")
        goods = []
        for n in range(self.products):
            product = Product.objects.create(
                shop=shop, sku=f"S{n}", name=f"Scarce {n}", price=Decimal("10.00"), allow_backorder=n % 4 == 0
            )
            stock.receive(
                product_id=product.pk, quantity=self.opening_stock, reason="opening stock", actor=SYSTEM
            )
            goods.append(product)
        return goods

    def _place(self, chance: random.Random, actor: Actor) -> None:
        shop = chance.choice(self.shops)
        picked = chance.sample(self.goods[shop.pk], chance.randint(2, min(4, self.products)))
        lines = tuple(_line(product, chance.randint(1, 3)) for product in picked)
        draft = OrderDraft(currency=shop.currency, shipping=ADDRESS, lines=lines, courier="fan")
        self.order_ids.append(orders.place_order(shop_id=shop.pk, draft=draft, actor=actor, notify=False).pk)

    def _confirm(self, chance: random.Random, actor: Actor) -> None:
        change = orders.confirm_order(order_id=self._order(chance), actor=actor)
        self.moves.append(change.move_id)

    def _cancel(self, chance: random.Random, actor: Actor) -> None:
        order_id = self._order(chance)
        change = orders.cancel_order(order_id=order_id, actor=actor, reason_code="customer")
        self.moves.append(change.move_id)

    def _ship(self, chance: random.Random, actor: Actor) -> None:
        order_id = self._order(chance)
        parcel = Arguments(carrier="fan", tracking_number=f"AWB{order_id:08}")
        changes = orders.advance_order(order_id=order_id, to="shipped", actor=actor, arguments=parcel)
        self.moves += [change.move_id for change in changes[:1]]

    def _receive(self, chance: random.Random, actor: Actor) -> None:
        stock.receive(quantity=1, **self._item(chance, actor))

    def _undo(self, chance: random.Random, actor: Actor) -> None:
        if self.moves:
            orders.revert_move(move_id=chance.choice(self.moves[-20:]), actor=actor)

    def _reopen(self, chance: random.Random, actor: Actor) -> None:
        orders.reopen_order(order_id=self._order(chance), actor=actor, reason="They called.")

    def _give_back(self, chance: random.Random, actor: Actor) -> None:
        order_id = self._order(chance)
        orders.return_order(order_id=order_id, actor=actor, return_kind="refused")
        note = Return.objects.filter(order_id=order_id).latest("pk")
        units = {line.pk: line.quantity for line in note.lines.all()}
        orders.receive_return(return_id=note.pk, actor=actor, restocked=units)

    def _count(self, chance: random.Random, actor: Actor) -> None:
        stock.count(counted=chance.randint(0, 6), **self._item(chance, actor))

    def _write_off(self, chance: random.Random, actor: Actor) -> None:
        stock.write_off(quantity=1, from_reserved=chance.random() < 0.5, **self._item(chance, actor))

    def _adjust(self, chance: random.Random, actor: Actor) -> None:
        stock.adjust(difference=chance.choice((-1, 1)), **self._item(chance, actor))

    def _move_goods(self, chance: random.Random, actor: Actor) -> None:
        item = self._item(chance, actor)
        source = item.pop("warehouse_id")
        shop_id = Product.objects.values_list("shop_id", flat=True).get(pk=item["product_id"])
        target = next(place.pk for place in self.places[shop_id] if place.pk != source)
        stock.transfer(quantity=1, from_warehouse_id=source, to_warehouse_id=target, **item)

    def _order(self, chance: random.Random) -> int:
        """One of the newest orders, so that many threads want the same one."""
        return chance.choice(self.order_ids[-self.orders :])

    def _item(self, chance: random.Random, actor: Actor) -> dict[str, Any]:
        shop = chance.choice(self.shops)
        return {
            "product_id": chance.choice(self.goods[shop.pk]).pk,
            "warehouse_id": chance.choice(self.places[shop.pk]).pk,
            "reason": "storm",
            "actor": actor,
        }


@contextmanager
def lock_taken_away() -> Iterator[None]:
    """Let rows be read without a lock, and, on SQLite, let transactions begin without claiming the file."""
    locked = shops.locks.lock

    def read(queryset: Any, pks: Any) -> list[Any]:
        return list(queryset.filter(pk__in=sorted(set(pks))).order_by("pk"))

    holders = [module for module in list(sys.modules.values()) if getattr(module, "lock", None) is locked]
    options: dict[str, Any] = connections.settings["default"]["OPTIONS"]
    mode = options.get("transaction_mode")
    try:
        _set_lock(holders, read)
        if mode:
            options["transaction_mode"] = "DEFERRED"
        connections.close_all()
        yield
    finally:
        _set_lock(holders, locked)
        if mode:
            options["transaction_mode"] = mode
        connections.close_all()


def _set_lock(holders: list[Any], lock: Callable[..., Any]) -> None:
    for module in holders:
        module.lock = lock


def _plan_round(chance: random.Random) -> list[str]:
    return [*chance.sample(EVERY_ROUND, len(EVERY_ROUND)), chance.choice(NOW_AND_THEN)]


def _make_shop(number: int, reserve_at: str) -> Shop:
    mark = f"{time.time_ns():x}"[-8:]
    shop = create_shop(
        country="RO",
        name=f"Storm {mark} {number}",
        slug=f"storm-{mark}-{number}",
        order_prefix=f"T{number}{mark[-6:].upper()}-",
        domain="storm.example",
    )
    Shop.objects.filter(pk=shop.pk).update(reserve_at=reserve_at, undo_seconds=3600)
    shop.refresh_from_db()
    return shop


def _make_person(number: int, of_shops: list[Shop]) -> User:
    user = User.objects.create(username=f"storm-{time.time_ns():x}-{number}")
    for shop in of_shops:
        Membership.objects.create(user=user, shop=shop, role=Role.ADMIN)
    return user


def _line(product: Product, quantity: int) -> LineDraft:
    price = Decimal("10.00")
    return LineDraft(product.name, quantity, price, price * quantity, sku=product.sku, product_id=product.pk)
