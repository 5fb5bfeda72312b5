"""Letting go of stock, and who gets what became free."""

import pytest

from inventory import services
from inventory.events import BackorderAllocated
from inventory.models import Reservation
from inventory.selectors import Held
from shops.actors import Actor

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


def hold(product, units, reference):
    services.reserve(
        reference=reference,
        shop_id=product.shop_id,
        wanted={product.pk: units},
        on_shortage="backorder",
        actor=BY,
    )


def test_it_frees_what_is_reserved_and_what_waits(make_product, counters):
    product = make_product(stock=2)
    hold(product, 5, "order:1")

    services.release(reference="order:1", actor=BY)

    assert counters(product) == (2, 0)
    assert not Reservation.objects.exists()


def test_it_changes_nothing_the_second_time(make_product, everything, published):
    product = make_product(stock=2)
    hold(product, 1, "order:1")
    services.release(reference="order:1", actor=BY)
    before = everything()
    published.clear()

    services.release(reference="order:1", actor=BY)

    assert everything() == before
    assert published == []


def test_it_leaves_other_references_alone(make_product, counters, held):
    product = make_product(stock=5)
    hold(product, 1, "order:1")
    hold(product, 2, "order:2")

    services.release(reference="order:1", actor=BY)

    assert held("order:2", product) == Held(2, 0)
    assert counters(product) == (5, 2)


def test_it_gives_the_freed_units_to_those_who_wait_oldest_first(make_product, held, published, counters):
    product = make_product(stock=5)
    hold(product, 5, "order:1")
    hold(product, 3, "order:2")
    hold(product, 4, "order:3")
    hold(product, 1, "order:4")
    published.clear()

    services.release(reference="order:1", actor=BY)

    assert held("order:2", product) == Held(3, 0)
    assert held("order:3", product) == Held(2, 2)
    assert held("order:4", product) == Held(0, 1)
    assert counters(product) == (5, 5)
    told = [(event.reference, event.quantity) for event in published if isinstance(event, BackorderAllocated)]
    assert told == [("order:2", 3), ("order:3", 2)]


def test_it_lets_go_of_the_named_products_only(make_product, held):
    cup, bowl = make_product("A", stock=1), make_product("B", stock=1)
    for product in (cup, bowl):
        hold(product, 2, "order:1")
        hold(product, 1, "order:2")

    services.release(reference="order:1", actor=BY, product_ids=[cup.pk])

    assert (held("order:1", cup), held("order:2", cup)) == (Held(0, 0), Held(1, 0))
    assert (held("order:1", bowl), held("order:2", bowl)) == (Held(1, 1), Held(0, 1))


def test_it_does_not_give_the_units_back_to_the_one_who_let_go(make_product, held):
    product = make_product(stock=2)
    hold(product, 5, "order:1")
    hold(product, 1, "order:2")

    services.release(reference="order:1", actor=BY)

    assert held("order:1", product) == Held(0, 0)
    assert held("order:2", product) == Held(1, 0)
