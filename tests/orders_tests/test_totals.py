"""Totals are kept to the cent: what the parts do not explain stands in `rounding`."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.drafts import AddressDraft, LineDraft, OrderDraft
from orders.models import Order
from orders.services.placing import set_totals
from tests.factories import make_order, make_shop


def line(quantity, unit_price, total, **fields):
    return LineDraft(
        name="Cup", quantity=quantity, unit_price=D(unit_price), total=D(total), sku="", **fields
    )


def totals(order):
    return {
        name: getattr(order, name)
        for name in ("goods_total", "shipping_total", "fees_total", "rounding", "vat_total", "total")
    }


@pytest.mark.django_db
def test_half_cents_of_a_unit_price_do_not_reach_the_total():
    shop = make_shop(country="other", currency="USD")

    order = make_order(
        shop,
        lines=(
            line(2, "3.225", "6.45", vat_amount=D("1.35"), vat_rate=D("20.93")),
            line(1, "12.90", "12.90"),
        ),
        currency="USD",
        shipping_total=D("10.00"),
        shipping_vat=D("0"),
        total=D("29.35"),
    )

    assert totals(order) == {
        "goods_total": D("19.35"),
        "shipping_total": D("10.00"),
        "fees_total": D("0.00"),
        "rounding": D("0.00"),
        "vat_total": D("1.35"),
        "total": D("29.35"),
    }
    assert order.lines.first().unit_price == D("3.2250")


@pytest.mark.django_db
def test_a_difference_to_the_source_stands_in_rounding():
    order = make_order(lines=(line(3, "3.333", "10.00"),), total=D("9.99"))

    assert (order.goods_total, order.rounding, order.total) == (D("10.00"), D("-0.01"), D("9.99"))


@pytest.mark.django_db
def test_half_a_cent_is_rounded_up_before_it_is_stored():
    order = make_order(lines=(line(1, "3.225", "3.225"), line(1, "3.225", "3.225")))

    assert [row.total for row in order.lines.all()] == [D("3.23"), D("3.23")]
    assert (order.goods_total, order.rounding, order.total) == (D("6.46"), D("0.00"), D("6.46"))


@pytest.mark.django_db
def test_tax_and_fees_are_summed():
    order = make_order(
        lines=(line(1, "119", "119.00", vat_amount=D("19.00"), vat_rate=D("19")),),
        shipping_total=D("11.90"),
        shipping_vat=D("1.90"),
        fees_total=D("2.38"),
        fees_vat=D("0.38"),
    )

    assert (order.vat_total, order.total) == (D("21.28"), D("133.28"))


@given(
    st.lists(st.decimals("-1000", "100000", places=4), max_size=8),
    st.decimals("0", "500", places=4),
    st.one_of(st.none(), st.decimals("-1000", "1000000", places=3)),
)
def test_the_parts_always_add_up(amounts, shipping, total):
    draft = OrderDraft(
        currency="RON",
        shipping=AddressDraft(),
        lines=tuple(line(1, "1", amount) for amount in amounts),
        shipping_total=shipping,
        total=total,
    )
    order = Order(currency="RON")

    set_totals(order, draft)

    parts = order.goods_total + order.shipping_total + order.fees_total + order.rounding
    assert parts == order.total
    assert all(value == value.quantize(D("0.01")) for value in totals(order).values())
    if total is None:
        assert order.rounding == 0
