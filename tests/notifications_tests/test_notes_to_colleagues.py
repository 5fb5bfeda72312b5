"""Colleagues hear by e-mail what runs low and which order can be sent; the same outbox, the same guarantees."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import transaction

from inventory import services as inventory
from inventory.events import ReportLine, StockReportDue
from notifications.models import Message
from notifications.sending import drain
from notifications.statuses import MessageState
from orders.models import Order
from shops.actors import Actor
from shops.bus import publish
from shops.permissions import Role
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db

LINE = ReportLine(
    product_id=1,
    sku="MUG",
    name="Cană {{secret}}",
    warehouse="Depozit",
    available=1,
    safety_stock=5,
    waiting=2,
    suggested=10,
    is_new=True,
)


def report(shop_id: int, **changes: object) -> StockReportDue:
    values = {"recipients": ("ana@example.com", "ion@example.com"), "total": 3, "new": 1, "lines": (LINE,)}
    return StockReportDue(shop_id=shop_id, day=date(2026, 11, 22), **{**values, **changes})  # type: ignore[arg-type]


def test_a_stock_report_goes_to_each_address_once_a_day() -> None:
    shop = make_shop(language="ro")

    with transaction.atomic():
        for _time in range(3):
            publish(report(shop.pk))

    notes = Message.objects.filter(shop=shop, event="staff")
    assert sorted(notes.values_list("recipient", flat=True)) == ["ana@example.com", "ion@example.com"]
    assert "MUG Cană {{secret}}" in notes[0].body and "/stock/low/" in notes[0].body


def test_a_note_leaves_in_the_words_it_was_given() -> None:
    shop = make_shop(language="en")
    with transaction.atomic():
        publish(report(shop.pk, recipients=("ana@example.com",)))
    words = Message.objects.get(shop=shop).body

    drain("email")

    note = Message.objects.get(shop=shop)
    assert (note.state, note.body, note.order) == (MessageState.SENT, words, None)


def test_who_took_the_order_hears_that_its_goods_arrived() -> None:
    shop = make_shop()
    product = make_product(shop, stock=0, allow_backorder=True)
    manager = make_user(shop, email="manager@example.com", language="pl")
    make_user(shop, Role.SUPERVISOR, email="lead@example.com")
    order = make_order(shop, lines=(make_line(product, 2),))
    Order.objects.filter(pk=order.pk).update(manager=manager)

    inventory.receive(product_id=product.pk, quantity=2, reason="delivery", actor=SYSTEM)

    note = Message.objects.get(shop=shop, event="staff")
    assert (note.recipient, note.language, note.order) == ("manager@example.com", "pl", order)
    assert order.number in note.subject and "2 × " in note.body


def test_where_nobody_took_it_those_who_lead_the_shop_hear() -> None:
    shop = make_shop()
    product = make_product(shop, stock=0, allow_backorder=True)
    make_user(shop, email="manager@example.com")
    make_user(shop, Role.SUPERVISOR, email="lead@example.com")
    make_user(make_shop(), Role.SUPERVISOR, email="elsewhere@example.com")
    make_order(shop, lines=(make_line(product, 2),))

    inventory.receive(product_id=product.pk, quantity=2, reason="delivery", actor=Actor.system())

    assert list(Message.objects.filter(shop=shop, event="staff").values_list("recipient", flat=True)) == [
        "lead@example.com"
    ]
