"""Orders in mass, fast: thousands of rows per statement, yet with every row the services would have written.

Only what a message or an open board would say is left out: nobody is told of orders that never were. Each batch is
one transaction, so that an interrupted run leaves whole orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from crm.models import Deal, DealMove, Funnel, MoveKind, Stage
from inventory.models import Product
from oms.demo.backdating import rank_at
from oms.demo.cast import SHOPS
from oms.demo.country import Country, Delivery, Good, Person, draw_awb, draw_delivery, draw_person, vat_in
from oms.demo.lives import FEWEST_OPEN, OPEN_SHARE, Life, draw_life
from oms.demo.loading import stock_shelves
from oms.demo.mass_people import create_customers
from oms.demo.mass_stock import move_stock
from oms.demo.mass_times import back_date_batch
from oms.demo.stories import SCARCE
from orders.models import (
    Customer,
    Order,
    OrderAddress,
    OrderEvent,
    OrderLine,
    OrderTerm,
    Return,
    ReturnLine,
    Shipment,
    ShipmentLine,
)
from orders.models.history import EventKind
from orders.search import terms_of_order
from orders.statuses import CancelReason, ReturnKind, ReturnState, ShipmentState, Status
from orders.tracking import digest_of, token_for
from shops.actors import Actor, actor_columns
from shops.locks import lock_one
from shops.models import Shop, User
from shops.permissions import Role

BATCH = 1000
SOURCE = "seed"
SEEDER = Actor.system("seed")
PARCEL_STATES = {Status.SHIPPED: ShipmentState.HANDED_OVER, Status.DELIVERED: ShipmentState.DELIVERED}
ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class World:
    """What all batches of one run share."""

    shop: Shop
    country: Country
    products: dict[str, Product]
    stages: dict[str, Stage]
    entries: dict[str, Stage]
    managers: tuple[User, ...]
    open_share: float
    random: Random
    now: datetime

    @property
    def goods(self) -> list[Good]:
        """The goods there is plenty of."""
        return [good for good in self.country.goods if good.stock is not None and good.stock > SCARCE]


@dataclass
class Batch:
    """The rows of one batch under way; lists run in parallel with `orders`."""

    lives: list[Life]
    people: list[Person]
    customers: list[Customer]
    deliveries: list[tuple[Delivery, str]]
    addresses: list[OrderAddress] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    lines: list[list[OrderLine]] = field(default_factory=list)
    shipments: dict[int, Shipment] = field(default_factory=dict)
    restocked: list[tuple[Order, Product, int]] = field(default_factory=list)


def enter_world(shop: Shop, count: int, *, seed: str = "") -> World:
    """Get a shop ready for `count` orders: its country's goods on the shelf, its funnel read."""
    country = next((demo.country for demo in SHOPS if demo.country.code == shop.country), SHOPS[0].country)
    funnel = Funnel.objects.filter(shop=shop, is_default=True, is_active=True).first()
    stages = list(Stage.objects.filter(funnel=funnel)) if funnel else []
    return World(
        shop=shop,
        country=country,
        products=stock_shelves(shop, country.goods),
        stages={stage.slug: stage for stage in stages},
        entries={stage.status: stage for stage in stages if stage.is_entry},
        managers=tuple(User.objects.filter(memberships__shop=shop, memberships__role=Role.MANAGER)),
        open_share=max(OPEN_SHARE, min(1.0, FEWEST_OPEN / count)),
        random=Random(f"seed:{shop.slug}:{seed or shop.next_order_number}"),
        now=timezone.now(),
    )


@transaction.atomic
def seed_batch(world: World, count: int) -> None:
    """Write `count` whole orders."""
    batch = _draw(world, count)
    _write_orders(world, batch)
    _write_lines(world, batch)
    _write_events(world, batch)
    _write_parcels(world, batch)
    _write_returns(world, batch)
    move_stock(world.shop, batch.orders, batch.lines, batch.restocked)
    _write_deals(world, batch)
    _write_terms(world, batch)
    back_date_batch([order.pk for order in batch.orders], [customer.pk for customer in batch.customers])


def bulk(rows: Iterable[Any], model: type[Any]) -> list[Any]:
    """Insert rows, many per statement; they come back with their keys."""
    created: list[Any] = model._default_manager.bulk_create(list(rows), batch_size=ROWS_AT_ONCE)
    return created


def _draw(world: World, count: int) -> Batch:
    random = world.random
    lives = [draw_life(random, world.now, open_share=world.open_share) for _each in range(count)]
    people = [draw_person(world.country, random) for _each in range(max(1, count * 7 // 10))]
    customers = create_customers(world.shop, world.country, people)
    deliveries = []
    for _each in range(count):
        delivery, point, _town = draw_delivery(world.country, random)
        deliveries.append((delivery, point))
    # Everybody buys once before somebody buys again.
    buyers = [index if index < len(people) else random.randrange(len(people)) for index in range(count)]
    return Batch(lives, [people[i] for i in buyers], [customers[i] for i in buyers], deliveries)


def _draw_numbers(shop: Shop, count: int) -> list[str]:
    """The shop's next numbers, as many as asked, leaving out any that a source has used."""
    numbers: list[str] = []
    row = lock_one(Shop.objects.all(), shop.pk)
    following = row.next_order_number
    while len(numbers) < count:
        wanted = [f"{row.order_prefix}{n}" for n in range(following, following + count - len(numbers))]
        taken = set(Order.objects.filter(number__in=wanted).values_list("number", flat=True))
        numbers += [number for number in wanted if number not in taken]
        following += len(wanted)
    Shop.objects.filter(pk=shop.pk).update(next_order_number=following)
    return numbers


def _write_orders(world: World, batch: Batch) -> None:
    shop, country = world.shop, world.country
    numbers = _draw_numbers(shop, len(batch.lives))
    drafts = [person.address(country.code) for person in batch.people]
    batch.addresses = bulk((OrderAddress(**draft.__dict__) for draft in drafts), OrderAddress)
    rows = []
    for index, life in enumerate(batch.lives):
        goods = [_line(world) for _each in range(world.random.choice((1, 1, 1, 2, 2, 3)))]
        batch.lines.append(list({line.product_id: line for line in goods}.values()))
        rows.append(_order(world, batch, index, numbers[index], life))
    batch.orders = bulk(rows, Order)


def _line(world: World) -> OrderLine:
    good = world.random.choice(world.goods)
    quantity = world.random.choice((1, 1, 1, 1, 2, 3))
    total = Decimal(good.price) * quantity
    return OrderLine(
        product=world.products[good.name],
        sku=good.sku,
        name=good.name,
        variant=world.random.choice(good.variants),
        quantity=quantity,
        unit_price=Decimal(good.price),
        vat_rate=Decimal(good.vat),
        vat_amount=vat_in(total, good.vat),
        total=total,
    )


def _order(world: World, batch: Batch, index: int, number: str, life: Life) -> Order:
    key, (delivery, point) = uuid4(), batch.deliveries[index]
    goods_total = sum((line.total for line in batch.lines[index]), Decimal(0))
    shipping = Decimal(delivery.price)
    vat = sum((line.vat_amount for line in batch.lines[index]), vat_in(shipping, world.country.goods[0].vat))
    manager = world.random.choice(world.managers) if world.managers and life.changes else None
    is_paid = life.payment_status == "paid"
    return Order(
        uuid=key,
        shop=world.shop,
        number=number,
        status=life.status,
        source=SOURCE,
        customer=batch.customers[index],
        language=world.shop.language,
        manager=manager,
        claimed_at=life.changes[0][1] if manager else None,
        shipping_address=batch.addresses[index],
        delivery_kind=delivery.kind,
        delivery_title=delivery.title,
        pickup_point=point,
        courier=delivery.courier,
        payment_method=life.payment_method,
        payment_title=world.country.cod_title if life.payment_method == "cod" else world.country.card_title,
        payment_status=life.payment_status,
        paid_at=(life.paid_out_at or life.placed_at) if is_paid else None,
        currency=world.shop.currency,
        goods_total=goods_total,
        shipping_total=shipping,
        vat_total=vat,
        total=goods_total + shipping,
        tracking_digest=digest_of(token_for(key, 1)),
        acknowledged_at=life.placed_at,
        status_changed_at=life.changed_at,
        placed_at=life.placed_at,
    )


def _write_lines(world: World, batch: Batch) -> None:
    for order, lines in zip(batch.orders, batch.lines, strict=True):
        for position, line in enumerate(lines, start=1):
            line.order, line.position = order, position
    bulk((line for lines in batch.lines for line in lines), OrderLine)


def _by(order: Order) -> dict[str, object]:
    return actor_columns(Actor.person(order.manager) if order.manager else SEEDER)


def _write_events(world: World, batch: Batch) -> None:
    rows = []
    for order, life in zip(batch.orders, batch.lives, strict=True):
        first = {"kind": EventKind.PLACED, "at": life.placed_at, "to_status": Status.NEW, "notify": False}
        rows.append(OrderEvent(order=order, **first, **actor_columns(SEEDER)))
        before = Status.NEW
        for status, at in life.changes:
            reason = {Status.CANCELLED: CancelReason.CUSTOMER, Status.RETURNED: ReturnKind.REFUSED}.get(
                status, ""
            )
            rows.append(
                OrderEvent(
                    order=order,
                    kind=EventKind.STATUS,
                    at=at,
                    from_status=before,
                    to_status=status,
                    reason_code=reason,
                    notify=False,
                    move_id=uuid4(),
                    **_by(order),
                )
            )
            before = status
    bulk(rows, OrderEvent)


def _write_parcels(world: World, batch: Batch) -> None:
    rows, indexes = [], []
    for index, (order, life) in enumerate(zip(batch.orders, batch.lives, strict=True)):
        handed_over = life.at(Status.SHIPPED)
        if handed_over is None:
            continue
        indexes.append(index)
        rows.append(
            Shipment(
                order=order,
                carrier=order.courier,
                tracking_number=draw_awb(world.country, order.courier, world.random),
                state=PARCEL_STATES.get(life.status, ShipmentState.RETURNED),
                handed_over_at=handed_over,
                delivered_at=life.at(Status.DELIVERED),
                **_by(order),
            )
        )
    batch.shipments = dict(zip(indexes, bulk(rows, Shipment), strict=True))
    bulk(
        (
            ShipmentLine(shipment=parcel, line=line, quantity=line.quantity)
            for index, parcel in batch.shipments.items()
            for line in batch.lines[index]
        ),
        ShipmentLine,
    )


def _write_returns(world: World, batch: Batch) -> None:
    indexes = [index for index, life in enumerate(batch.lives) if life.status == Status.RETURNED]
    notes = bulk(
        (
            Return(
                order=batch.orders[index],
                kind=ReturnKind.REFUSED,
                state=ReturnState.RECEIVED,
                received_at=batch.lives[index].changed_at,
                **actor_columns(SEEDER),
            )
            for index in indexes
        ),
        Return,
    )
    rows = []
    for index, note in zip(indexes, notes, strict=True):
        for line in batch.lines[index]:
            rows.append(
                ReturnLine(return_note=note, line=line, quantity=line.quantity, restocked=line.quantity)
            )
            batch.restocked.append((batch.orders[index], line.product, line.quantity))
    bulk(rows, ReturnLine)


def _write_deals(world: World, batch: Batch) -> None:
    if Status.NEW not in world.entries:
        return
    paths = [_path(world, life) for life in batch.lives]
    deals = bulk(
        (
            Deal(
                funnel_id=path[-1][0].funnel_id,
                stage=path[-1][0],
                rank=rank_at(path[-1][1]),
                title=order.number,
                order=order,
                customer_id=order.customer_id,
                manager_id=order.manager_id,
                amount=order.total,
                currency=order.currency,
                is_open=not path[-1][0].is_terminal,
                stage_entered_at=path[-1][1],
            )
            for order, path in zip(batch.orders, paths, strict=True)
        ),
        Deal,
    )
    bulk(
        (
            move
            for deal, order, path in zip(deals, batch.orders, paths, strict=True)
            for move in _moves(deal, order, path)
        ),
        DealMove,
    )


def _path(world: World, life: Life) -> list[tuple[Stage, datetime]]:
    """The stages a card passed, with the moments it entered them; a status without an entry stage moves no card."""
    path = [(world.entries[Status.NEW], life.placed_at)]
    path += [(world.entries[status], at) for status, at in life.changes if status in world.entries]
    if life.paid_out_at is not None and "paid-out" in world.stages:
        path.append((world.stages["paid-out"], life.paid_out_at))
    return path


def _moves(deal: Deal, order: Order, path: Sequence[tuple[Stage, datetime]]) -> Iterable[DealMove]:
    from_stage: Stage | None = None
    from_at: datetime | None = None
    for stage, at in path:
        kind = MoveKind.BY_HAND if stage.slug == "paid-out" else MoveKind.FOLLOWED
        yield DealMove(
            deal=deal,
            kind=kind if from_stage else MoveKind.CREATED,
            from_stage=from_stage,
            to_stage=stage,
            from_rank=rank_at(from_at) if from_at else None,
            to_rank=rank_at(at),
            from_entered_at=from_at,
            at=at,
            **_by(order),
        )
        from_stage, from_at = stage, at


def _write_terms(world: World, batch: Batch) -> None:
    rows = []
    for index, order in enumerate(batch.orders):
        parcel = batch.shipments.get(index)
        parcels = [parcel] if parcel else []
        terms = terms_of_order(order, batch.lines[index], [batch.addresses[index]], parcels)
        rows += [OrderTerm(order=order, term=term) for term in terms]
    bulk(rows, OrderTerm)
