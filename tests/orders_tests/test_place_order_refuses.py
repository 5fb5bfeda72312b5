"""What cannot be stored is refused with the field's name, and nothing is written."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from orders import services as orders
from orders.errors import OrderError
from orders.models import Order
from tests.factories import ADDRESS, SYSTEM, make_draft, make_line, make_product, make_shop
from tests.state import everything

pytestmark = pytest.mark.django_db

BAD_FIELDS = [
    ("currency", "LEI"),
    ("currency", ""),
    ("delivery_kind", "pigeon"),
    ("payment_method", "barter"),
    ("payment_status", "maybe"),
    ("language", "tlh"),
    ("total", D("NaN")),
    ("total", D("1e30")),
    ("shipping_total", D("Infinity")),
    ("shipping_vat", D("-Infinity")),
    ("fees_total", D("1000000000")),
    ("fees_vat", D("sNaN")),
    ("source", "s" * 31),
    ("external_id", "9" * 65),
    ("courier", "c" * 31),
    ("customer_note", "a\x00b"),
    ("external_number", "\ud800"),
]
BAD_LINES = [
    ("quantity", 0),
    ("quantity", -1),
    ("quantity", 10**9),
    ("name", "   "),
    ("name", "a\x00b"),
    ("sku", "\x00"),
    ("unit_price", D("NaN")),
    ("total", D("1e20")),
    ("discount", D("Infinity")),
    ("vat_amount", D("-1e12")),
    ("vat_rate", D("NaN")),
    ("vat_rate", D("100000")),
    ("vat_rate", D("-1")),
    ("external_id", "x" * 65),
]
BAD_ADDRESS = [
    ("country", "ROU"),
    ("name", "n" * 201),
    ("phone", "1" * 51),
    ("city", "\udfff"),
    ("street", "\x00"),
]


def refused(shop, draft):
    before = everything()
    with pytest.raises(OrderError) as refusal:
        orders.place_order(shop_id=shop.pk, draft=draft, actor=SYSTEM)
    assert everything() == before
    assert refusal.value.code == "invalid"
    return refusal.value.field


@pytest.mark.parametrize(("name", "value"), BAD_FIELDS)
def test_it_names_the_bad_field(name, value):
    shop = make_shop()
    draft = make_draft(shop, make_line(make_product(shop)), **{name: value})

    assert refused(shop, draft) == name


@pytest.mark.parametrize(("name", "value"), BAD_LINES)
def test_it_names_the_bad_field_of_a_line(name, value):
    shop = make_shop()
    line = make_line(make_product(shop))
    draft = make_draft(shop, line, replace(line, **{name: value}))

    assert refused(shop, draft) == f"lines[1].{name}"


@pytest.mark.parametrize("which", ["shipping", "billing"])
@pytest.mark.parametrize(("name", "value"), BAD_ADDRESS)
def test_it_names_the_bad_field_of_an_address(which, name, value):
    shop = make_shop()
    draft = make_draft(shop, make_line(make_product(shop)), **{which: replace(ADDRESS, **{name: value})})

    assert refused(shop, draft) == f"{which}.{name}"


def test_it_refuses_more_lines_than_an_order_can_have():
    shop = make_shop()
    draft = make_draft(shop, *[make_line(make_product(shop))] * 1001)

    assert refused(shop, draft) == "lines"


def test_it_refuses_lines_that_add_up_to_more_than_can_be_stored():
    shop = make_shop()
    huge = make_line(make_product(shop), total=D("999999999.99"))

    assert refused(shop, make_draft(shop, huge, huge)) == "lines"


def test_it_takes_the_largest_that_is_allowed():
    shop = make_shop()
    line = make_line(make_product(shop), 1_000_000, unit_price=D("999.9999"), total=D("999999999.99"))

    order = orders.place_order(shop_id=shop.pk, draft=make_draft(shop, line), actor=SYSTEM)

    assert Order.objects.get(pk=order.pk).total == D("999999999.99")


def test_markup_in_a_name_is_text():
    shop = make_shop()
    name = "<img src=x onerror=alert(1)>"
    draft = make_draft(shop, make_line(make_product(shop)), shipping=replace(ADDRESS, name=name))

    order = orders.place_order(shop_id=shop.pk, draft=draft, actor=SYSTEM)

    assert Order.objects.get(pk=order.pk).shipping_address.name == name
