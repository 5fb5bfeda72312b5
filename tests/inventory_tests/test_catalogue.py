"""Products that come to be because an order names them."""

from decimal import Decimal

import pytest

from inventory.handlers import create_default_warehouse
from inventory.models import Product, Warehouse
from inventory.services import ensure_product
from shops.events import ShopCreated
from shops.services import create_shop


def ensure(shop, sku="", name="Mug", **more):
    return ensure_product(shop_id=shop.pk, source="woocommerce", sku=sku, name=name, **more)


@pytest.mark.django_db
def test_it_creates_an_unknown_product_untracked(shop):
    product = ensure(shop, sku=" MUG-1 ", price=Decimal("9.90"), vat_rate=Decimal("19"))

    product = Product.objects.get(pk=product.pk)
    assert (product.sku, product.name, product.is_tracked) == ("MUG-1", "Mug", False)
    assert (product.price, product.vat_rate) == (Decimal("9.90"), Decimal("19"))
    assert product.search_text == "mug-1 mug"


@pytest.mark.django_db
def test_it_finds_a_product_by_its_sku_and_leaves_it_as_it_is(shop, make_product):
    product = make_product("MUG-1", stock=3)

    assert ensure(shop, sku="MUG-1", name="Another name", external_product_id="7") == product
    product.refresh_from_db()
    assert (product.name, product.is_tracked) == ("Product MUG-1", True)


@pytest.mark.django_db
def test_it_knows_a_product_without_sku_by_its_key_at_the_source(shop):
    first = ensure(shop, external_product_id="7", external_variation_id="1")

    assert ensure(shop, external_product_id="7", external_variation_id="1", name="Renamed") == first
    assert ensure(shop, external_product_id="7", external_variation_id="2") != first


@pytest.mark.django_db
def test_it_gives_a_product_the_sku_it_gets_later(shop):
    first = ensure(shop, external_product_id="7")

    assert ensure(shop, sku="MUG-1", external_product_id="7") == first
    first.refresh_from_db()
    assert (first.sku, first.search_text) == ("MUG-1", "mug-1 mug")


@pytest.mark.django_db
def test_it_knows_a_product_without_any_key_by_its_name(shop):
    first = ensure(shop, name="Cană")

    assert ensure(shop, name="CANĂ") == first
    assert ensure(shop, name="Farfurie") != first


@pytest.mark.django_db
def test_it_keeps_shops_apart(shop):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")

    assert ensure(shop, sku="MUG-1") != ensure(other, sku="MUG-1")


@pytest.mark.django_db
def test_it_survives_names_and_skus_that_are_too_long(shop):
    product = ensure(shop, sku="S" * 300, name="N" * 1000)

    assert (len(product.sku), len(product.name)) == (100, 255)
    assert ensure(shop, sku="S" * 300) == product


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sku", ["MUG-1", ""])
def test_it_creates_one_row_for_deliveries_that_arrive_at_once(shop, in_threads, sku):
    products = in_threads([lambda: ensure(shop, sku=sku, external_product_id="7").pk] * 16)

    assert len(set(products)) == 1
    assert Product.objects.count() == 1


@pytest.mark.django_db
def test_it_gives_a_new_shop_one_warehouse_named_in_its_language(shop):
    event = ShopCreated(shop_id=shop.pk, country="RO")

    create_default_warehouse(event)
    create_default_warehouse(event)

    assert Warehouse.objects.get(shop=shop).is_default
