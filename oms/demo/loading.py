"""Filling a database with the demo: shops, people, goods, orders with their stories, and a connected online shop.

Everything goes through the real services and is back-dated afterwards. Messages are written by the real outbox and
given to a transport that keeps them inside, so nothing is ever sent. What exists already is left alone: a second run
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from django.db import transaction
from django.utils import timezone

from inventory import services as inventory
from inventory.models import Product, StockMovement
from notifications import outbox
from notifications.models import Message
from notifications.sending import deliver
from notifications.statuses import Channel, MessageState
from notifications.transports.base import Outgoing, PermanentError
from notifications.transports.log import LogTransport
from oms.demo.acts import Scene
from oms.demo.backdating import Timeline, back_date
from oms.demo.cast import SHOPS, DemoShop, hire_people, open_shops
from oms.demo.catalogue import fill_catalogue
from oms.demo.connection import connect_online_shop
from oms.demo.country import Country, Good, vat_in
from oms.demo.reports import report_messages
from oms.demo.shelves import furnish_shelves
from oms.demo.stories import Plan, plan_shop
from orders import services as orders
from orders.drafts import AddressDraft, LineDraft, OrderDraft
from orders.models import Order
from orders.statuses import PaymentMethod, PaymentStatus
from shops.actors import Actor
from shops.models import Shop, User
from shops.selectors import role_in_shop

FIRST_NUMBER = 1001
TOLD_DAYS = 2
HISTORY = timedelta(days=92)
REFUSED_SHARE = 0.04
REFUSALS = {
    Channel.EMAIL: "550 5.1.1 This mailbox does not exist",
    Channel.SMS: "The gateway refused the number: not a mobile phone",
}


class SilentTransport(LogTransport):
    """The log transport without its log: hundreds of lines would hide what the command says."""

    def send(self, message: Outgoing) -> str:
        return ""


class RefusingTransport(LogTransport):
    """A provider that wants none of it, so that the Messages page has failures to show."""

    def __init__(self, channel: str) -> None:
        self.reason = REFUSALS[Channel(channel)]

    def send(self, message: Outgoing) -> str:
        raise PermanentError(self.reason)


def load_demo(say: Callable[[str], None], *, scale: int = 1) -> int:
    """Load what is missing of the demo and return how many orders that were. `scale` divides their number (for tests)."""
    shops = open_shops()
    people = hire_people(shops)
    loaded = 0
    for demo in SHOPS:
        shop = shops[demo.slug]
        new = _load_shop(demo, shop, people, scale)
        say(f"{shop.slug}: {new} orders")
        loaded += new
    with transaction.atomic():
        connect_online_shop(shops[SHOPS[0].slug])
    return loaded


def _load_shop(demo: DemoShop, shop: Shop, people: dict[str, User], scale: int) -> int:
    plans = plan_shop(demo.country, scale=scale)
    numbers = [f"{shop.order_prefix}{FIRST_NUMBER + index}" for index in range(len(plans))]
    known = set(Order.objects.filter(number__in=numbers).values_list("number", flat=True))
    goods = stock_shelves(shop, demo.country.goods)
    now, loaded = timezone.now(), 0
    with _without_automatic_confirmation(shop):
        for number, plan in zip(numbers, plans, strict=True):
            if number not in known:
                with transaction.atomic():
                    _tell(shop, demo.country, people, number, plan, goods, now)
                loaded += 1
    if loaded:
        report_messages(shop)
        novelties = fill_catalogue(shop, demo.country.code, goods.values())
        shown = [*goods.values(), *novelties]
        furnish_shelves(shop, demo.country.code, shown, opened_at=now - HISTORY)
    Shop.objects.filter(pk=shop.pk, next_order_number__lt=FIRST_NUMBER + len(plans)).update(
        next_order_number=FIRST_NUMBER + len(plans)
    )
    return loaded


@contextmanager
def _without_automatic_confirmation(shop: Shop) -> Iterator[None]:
    """Orders that confirmed themselves are told as such by their stories, at their own moments."""
    rows = Shop.objects.filter(pk=shop.pk)
    rows.update(auto_confirm_paid=False)
    try:
        yield
    finally:
        rows.update(auto_confirm_paid=shop.auto_confirm_paid)


def stock_shelves(shop: Shop, goods: Sequence[Good], *, at: datetime | None = None) -> dict[str, Product]:
    """The shop's goods by name, made and received into stock where they are missing."""
    opened_at = at or timezone.now() - HISTORY
    products = {}
    for good in goods:
        product = Product.objects.filter(shop=shop, sku=good.sku, name=good.name).first()
        products[good.name] = product or _new_product(shop, good, opened_at)
    return products


@transaction.atomic
def _new_product(shop: Shop, good: Good, opened_at: datetime) -> Product:
    product = Product.objects.create(
        shop=shop,
        sku=good.sku,
        name=good.name,
        price=Decimal(good.price),
        vat_rate=Decimal(good.vat),
        weight_grams=good.weight,
        place=good.place,
        is_tracked=good.stock is not None,
    )
    if good.stock:
        inventory.receive(
            product_id=product.pk, quantity=good.stock, reason="opening stock", actor=Actor.system("demo")
        )
        StockMovement.objects.filter(stock_item__product=product).update(at=opened_at)
    Product.objects.filter(pk=product.pk).update(created_at=opened_at)
    return product


def _tell(
    shop: Shop,
    country: Country,
    people: dict[str, User],
    number: str,
    plan: Plan,
    goods: dict[str, Product],
    now: datetime,
) -> None:
    """Place one order and live through its story, then move it all to when it is told to have happened."""
    placed_at, *moments = plan.moments(now, shop.calendar)
    told_from = now - timedelta(days=TOLD_DAYS)
    timeline = Timeline()
    order = orders.place_order(
        shop_id=shop.pk,
        draft=_draft(plan, country, shop, goods, number, placed_at),
        actor=Actor.source("WooCommerce", shop.pk) if plan.from_source else Actor.system("demo"),
        number=number,
        notify=placed_at > told_from,
    )
    scene = _scene_of(order, people, plan, country)
    scene.notify = placed_at > told_from
    _send_messages(scene)
    timeline.mark(placed_at)
    for step, at in zip(plan.story.steps, moments, strict=True):
        scene.notify = at > told_from
        step.act(scene)
        _send_messages(scene)
        timeline.mark(at)
    back_date(order, timeline)


def _scene_of(order: Order, people: dict[str, User], plan: Plan, country: Country) -> Scene:
    random = Random(plan.seed)
    managers = [people[name] for name in ("manager", "manager2")]
    members = [user for user in managers if role_in_shop(user_id=user.pk, shop_id=order.shop_id)]
    return Scene(
        order=order,
        country=country,
        random=random,
        manager=Actor.person(random.choice(members)),
        supervisor=Actor.person(people["supervisor"]),
        warehouse=Actor.person(people["warehouse"]),
    )


def _send_messages(scene: Scene) -> None:
    """Write what is waiting about the order and keep it inside; now and then a provider refuses."""
    if not scene.notify:
        return
    for message in Message.objects.filter(order=scene.order, state=MessageState.QUEUED):
        claimed = outbox.claim(message.pk, now=timezone.now() + timedelta(hours=1))
        if claimed is not None:
            refused = scene.random.random() < REFUSED_SHARE
            deliver(claimed, RefusingTransport(claimed.channel) if refused else SilentTransport())


def _draft(
    plan: Plan, country: Country, shop: Shop, goods: dict[str, Product], number: str, placed_at: datetime
) -> OrderDraft:
    external = number.removeprefix(shop.order_prefix) if plan.from_source else ""
    title = {PaymentMethod.COD: country.cod_title, PaymentMethod.CARD: country.card_title}
    shipping_total = Decimal(plan.delivery.price)
    return OrderDraft(
        currency=shop.currency,
        shipping=_address(plan, country),
        billing=plan.person.billing(country.code),
        lines=tuple(_line(line.good, line.variant, line.quantity, goods) for line in plan.lines),
        shipping_total=shipping_total,
        shipping_vat=vat_in(shipping_total, country.goods[0].vat),
        source="woocommerce" if external else "manual",
        external_id=external,
        external_number=external,
        delivery_kind=plan.delivery.kind,
        delivery_title=plan.delivery.title,
        pickup_point=plan.point,
        courier=plan.delivery.courier,
        payment_method=plan.payment,
        payment_title=title.get(PaymentMethod(plan.payment), country.transfer_title),
        payment_status=PaymentStatus.PAID if plan.is_paid else PaymentStatus.PENDING,
        paid_at=placed_at if plan.is_paid else None,
        payment_url=_payment_page(shop, number) if plan.story.is_unpaid else "",
        customer_note=plan.customer_note,
        placed_at=placed_at,
    )


def _payment_page(shop: Shop, number: str) -> str:
    return f"https://{shop.domain}/checkout/order-pay/{number.removeprefix(shop.order_prefix)}/"


def _address(plan: Plan, country: Country) -> AddressDraft:
    address = plan.person.address(country.code)
    if not plan.point:
        return address
    return AddressDraft(**address.__dict__ | {"street": "", "postcode": ""})


def _line(good: Good, variant: str, quantity: int, goods: dict[str, Product]) -> LineDraft:
    total = Decimal(good.price) * quantity
    return LineDraft(
        name=good.name,
        variant=variant,
        quantity=quantity,
        unit_price=Decimal(good.price),
        total=total,
        sku=good.sku,
        vat_rate=Decimal(good.vat),
        vat_amount=vat_in(total, good.vat),
        product_id=goods[good.name].pk,
    )
