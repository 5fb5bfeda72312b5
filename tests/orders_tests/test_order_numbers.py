"""An order's number: the shop's prefix and the source's number, else the shop's next."""

import pytest

from orders import services as orders
from orders.models import Order
from tests.factories import SYSTEM, make_draft, make_line, make_order, make_product, make_shop

pytestmark = pytest.mark.django_db


def numbers_of(shop):
    return list(Order.objects.filter(shop=shop).order_by("pk").values_list("number", flat=True))


def test_it_draws_the_shops_next_number():
    shop = make_shop(order_prefix="RO-", next_order_number=1001)

    for _ in range(3):
        make_order(shop)

    assert numbers_of(shop) == ["RO-1001", "RO-1002", "RO-1003"]


def test_it_takes_the_sources_number_behind_the_prefix():
    shop = make_shop(order_prefix="WOO-")

    make_order(shop, source="woocommerce", external_id="1", external_number="727")

    assert numbers_of(shop) == ["WOO-727"]


def test_it_skips_a_drawn_number_that_a_source_used():
    shop = make_shop(order_prefix="RO-", next_order_number=1001)
    make_order(shop, external_id="1", external_number="1001")

    make_order(shop)

    assert numbers_of(shop) == ["RO-1001", "RO-1002"]


def test_it_tells_two_orders_with_one_source_number_apart():
    shop = make_shop(order_prefix="RO-")
    for source in ("woocommerce", "allegro", "emag"):
        make_order(shop, source=source, external_id="5", external_number="5")

    assert numbers_of(shop) == ["RO-5", "RO-5-2", "RO-5-3"]


def test_it_sees_a_taken_number_among_many_that_begin_like_it():
    shop = make_shop(order_prefix="RO-")
    product = make_product(shop, stock=1000)
    first = make_order(shop, lines=(make_line(product),))
    rows = [f"RO-1{n}" for n in range(100, 250)]
    template = {f.attname: getattr(first, f.attname) for f in Order._meta.concrete_fields}
    for n, number in enumerate(["RO-1", *rows]):
        values = template | {"number": number, "tracking_digest": f"d{n}"}
        for name in ("id", "uuid", "shipping_address_id", "billing_address_id"):
            values.pop(name)
        address = first.shipping_address
        address.pk = None
        address.save()
        Order.objects.create(**values, shipping_address_id=address.pk)

    order = make_order(shop, lines=(make_line(product),), external_id="x", external_number="1")

    assert order.number == "RO-1-2"


def test_a_number_may_be_given():
    shop = make_shop()

    order = orders.place_order(
        shop_id=shop.pk, draft=make_draft(shop, make_line(make_product(shop))), actor=SYSTEM, number="X-1"
    )

    assert order.number == "X-1"
