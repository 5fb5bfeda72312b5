"""Whatever a verb is given: a sentence that names the field, or nothing at all, and never half of it."""

import pytest
from django.db import IntegrityError, connection

from inventory import services
from inventory.errors import StockError
from inventory.models import StockItem, Warehouse
from shops.actors import Actor
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
NONSENSE = [0, -1, 1.5, 10**12, True, "2", float("nan")]
NO_KEY = [0, -1, 2**80, 10**6, None, "A"]


def calls(product_id, units, reason="because", reference="order:1", shop_id=0):
    """Every verb that takes a quantity, by name."""
    by_hand = {"product_id": product_id, "reason": reason, "actor": BY}
    return {
        "receive": lambda: services.receive(quantity=units, **by_hand),
        "write_off": lambda: services.write_off(quantity=units, **by_hand),
        "adjust": lambda: services.adjust(difference=units, **by_hand),
        "return_to_stock": lambda: services.return_to_stock(quantity=units, **by_hand),
        "restock": lambda: services.restock(
            reference=reference, quantities={product_id: units}, reason=reason, actor=BY
        ),
        "ship_out": lambda: services.ship_out(
            reference=reference, quantities={product_id: units}, actor=BY, strict=False
        ),
        "reserve": lambda: services.reserve(
            reference=reference,
            shop_id=shop_id,
            wanted={product_id: units},
            on_shortage="backorder",
            actor=BY,
        ),
    }


VERBS = sorted(calls(1, 1))


def refused(call):
    with pytest.raises(StockError) as refusal:
        call()
    assert refusal.value.sentence
    return refusal.value


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("units", NONSENSE)
def test_it_refuses_a_quantity_that_is_none(shop, make_product, everything, verb, units):
    product = make_product(stock=5)
    if verb == "adjust" and units == -1:
        pytest.skip("an adjustment may go down")
    before = everything()

    refusal = refused(calls(product.pk, units, shop_id=shop.pk)[verb])

    assert refusal.code == "bad_quantity"
    assert refusal.field in ("quantity", "difference")
    assert everything() == before


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("key", NO_KEY)
def test_it_refuses_a_product_that_does_not_exist(shop, make_product, everything, verb, key):
    make_product(stock=5)
    before = everything()

    refusal = refused(calls(key, 1, shop_id=shop.pk)[verb])

    assert (refusal.code, refusal.field) == ("unknown_product", "product")
    assert everything() == before


def test_it_refuses_to_reserve_the_goods_of_another_shop(make_product, everything):
    product = make_product(stock=5)
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="O-")
    before = everything()

    refusal = refused(calls(product.pk, 1, shop_id=other.pk)["reserve"])

    assert refusal.code == "unknown_product"
    assert everything() == before


@pytest.mark.parametrize("verb", ["receive", "write_off", "adjust", "return_to_stock", "count"])
@pytest.mark.parametrize("key", ["foreign", 0, 2**80, "1"])
def test_it_refuses_a_warehouse_the_shop_does_not_have(make_product, everything, verb, key):
    product = make_product(stock=5)
    if key == "foreign":
        other = create_shop(country="PL", name="Other", slug="other", order_prefix="O-")
        key = Warehouse.objects.get(shop=other).pk
    amount = {"adjust": "difference", "count": "counted"}.get(verb, "quantity")
    before = everything()

    refusal = refused(
        lambda: getattr(services, verb)(
            product_id=product.pk, reason="", actor=BY, warehouse_id=key, **{amount: 1}
        )
    )

    assert (refusal.code, refusal.field) == ("unknown_warehouse", "warehouse")
    assert everything() == before


@pytest.mark.parametrize("verb", ["receive", "write_off", "adjust", "return_to_stock", "restock"])
@pytest.mark.parametrize("reason", ["a\x00b", "half \ud83d"])
def test_it_refuses_a_reason_that_no_database_keeps(make_product, everything, verb, reason):
    product = make_product(stock=5)
    before = everything()

    refusal = refused(calls(product.pk, 1, reason=reason)[verb])

    assert (refusal.code, refusal.field) == ("bad_text", "reason")
    assert everything() == before


def test_it_cuts_a_long_reason(make_product):
    product = make_product()

    services.receive(product_id=product.pk, quantity=1, reason="x" * 999, actor=BY)

    assert len(StockItem.objects.get(product=product).movements.get().reason) == 200


@pytest.mark.parametrize("verb", ["restock", "ship_out", "reserve"])
@pytest.mark.parametrize("reference", ["", "x" * 101, "a\x00b"])
def test_it_refuses_a_reference_that_names_nobody(shop, make_product, everything, verb, reference):
    product = make_product(stock=5)
    before = everything()

    refusal = refused(calls(product.pk, 1, reference=reference, shop_id=shop.pk)[verb])

    assert (refusal.code, refusal.field) == ("bad_text", "reference")
    assert everything() == before


def test_what_a_constraint_refuses_is_a_sentence_too(make_product, everything, monkeypatch):
    product = make_product(stock=5)
    before = everything()
    monkeypatch.setattr("inventory.services.sheet._refuse_impossible", lambda item: None)
    monkeypatch.setattr("inventory.models.StockItem.available", 10**6)

    refusal = refused(calls(product.pk, 7)["write_off"])

    assert refusal.code == "conflict"
    assert isinstance(refusal.__cause__, IntegrityError)
    assert everything() == before


def test_counters_that_could_not_be_are_refused_before_the_database_is_asked(
    make_product, everything, monkeypatch
):
    product = make_product(stock=5)
    before = everything()
    monkeypatch.setattr("inventory.models.StockItem.available", 10**6)

    refusal = refused(calls(product.pk, 7)["write_off"])

    assert refusal.code == "impossible"
    assert "0 reserved of -2 on hand" in refusal.sentence
    assert everything() == before


@pytest.mark.parametrize("counter", ["reserved = -1", "reserved = on_hand + 1", "on_hand = -1"])
def test_the_database_itself_refuses_impossible_counters(make_product, counter):
    make_product(stock=5)

    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute(f"UPDATE inventory_stockitem SET {counter}")
