"""Categories and families come to be when somebody writes a new name; warehouses are managed on a page."""

import pytest
from django.db import IntegrityError, transaction

from inventory import services
from inventory.errors import StockError
from inventory.models import Category, Product, ProductFamily, StockItem, Warehouse
from inventory.search import search_products
from inventory.services.catalogue import ensure_category, ensure_family
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def person(client, shop):
    user = User.objects.create_user("supervisor", password="x")
    Membership.objects.create(user=user, shop=shop, role=Role.SUPERVISOR)
    client.force_login(user)
    return user


def defaults_of(shop):
    return list(Warehouse.objects.filter(shop=shop, is_default=True).values_list("name", flat=True))


@pytest.mark.parametrize("again", ["Căni", "CĂNI", "cani", "  Căni  "])
def test_a_category_is_made_once_however_it_is_written(shop, again):
    first = ensure_category(shop_id=shop.pk, name="Căni")

    assert ensure_category(shop_id=shop.pk, name=again) == first
    assert list(Category.objects.values_list("name", flat=True)) == ["Căni"]


def test_each_shop_has_its_own_categories_and_families(shop):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")

    for one in (shop, other, shop):
        ensure_category(shop_id=one.pk, name="Cups")
        ensure_family(shop_id=one.pk, name="Cup")

    assert (Category.objects.count(), ProductFamily.objects.count()) == (2, 2)


def test_a_product_outlives_its_category(shop, make_product):
    product = make_product("MUG", category=ensure_category(shop_id=shop.pk, name="Cups"))

    Category.objects.all().delete()

    assert Product.objects.get(pk=product.pk).category is None


def test_the_form_offers_the_names_that_are_known(client, person, shop):
    ensure_category(shop_id=shop.pk, name="Cups & co")

    html = client.get("/stock/products/new/").content.decode()

    assert '<option value="Cups &amp; co">' in html


# ---- Warehouses


def test_it_adds_renames_and_chooses_where_goods_arrive(client, person, shop, make_product):
    client.post("/stock/warehouses/", {"name": "East"})
    east = Warehouse.objects.get(name="East")

    client.post(f"/stock/warehouses/{east.pk}/rename/", {"name": "West"})
    client.post(f"/stock/warehouses/{east.pk}/default/")

    assert defaults_of(shop) == ["West"]
    product = make_product("MUG", stock=3)
    assert StockItem.objects.get(product=product).warehouse == east


def test_choosing_it_twice_changes_nothing(shop):
    east = services.add_warehouse(shop_id=shop.pk, name="East", actor=BY)

    for _time in range(2):
        services.make_default_warehouse(warehouse_id=east.pk, actor=BY)

    assert defaults_of(shop) == ["East"]
    assert Warehouse.objects.count() == 2


def test_the_database_itself_refuses_a_second_default(shop):
    with pytest.raises(IntegrityError), transaction.atomic():
        Warehouse.objects.create(shop=shop, name="East", is_default=True)


@pytest.mark.parametrize("name", ["", "   ", "Main", "x" * 101])
def test_it_refuses_names_that_are_none_or_taken(client, person, shop, name):
    Warehouse.objects.filter(shop=shop).update(name="Main")
    east = services.add_warehouse(shop_id=shop.pk, name="East", actor=BY)

    added = client.post("/stock/warehouses/", {"name": name})
    renamed = client.post(f"/stock/warehouses/{east.pk}/rename/", {"name": name})

    assert (added.status_code, renamed.status_code) == (422, 422)
    assert sorted(Warehouse.objects.values_list("name", flat=True)) == ["East", "Main"]


def test_it_reaches_no_warehouse_of_another_shop(client, person):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    foreign = services.add_warehouse(shop_id=other.pk, name="Foreign", actor=BY)

    for path in ("rename", "default"):
        response = client.post(f"/stock/warehouses/{foreign.pk}/{path}/", {"name": "Mine"})
        assert response.status_code == 404
    assert client.get("/stock/warehouses/?shop=other").status_code == 404
    assert defaults_of(other) != ["Foreign"]
    assert Warehouse.objects.get(pk=foreign.pk).name == "Foreign"


@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.MANAGER])
def test_only_those_who_edit_products_manage_warehouses(client, shop, role):
    user = User.objects.create_user("somebody")
    Membership.objects.create(user=user, shop=shop, role=role)
    client.force_login(user)
    warehouse = Warehouse.objects.get(shop=shop)

    assert client.get("/stock/warehouses/").status_code == 403
    assert client.post(f"/stock/warehouses/{warehouse.pk}/default/").status_code == 403
    for verb in (services.make_default_warehouse, services.rename_warehouse):
        given = {"name": "X"} if verb is services.rename_warehouse else {}
        with pytest.raises(NotPermitted):
            verb(warehouse_id=warehouse.pk, actor=Actor.person(user), **given)
    with pytest.raises(NotPermitted):
        services.add_warehouse(shop_id=shop.pk, name="X", actor=Actor.person(user))
    assert Warehouse.objects.count() == 1


def test_it_names_a_warehouse_that_does_not_exist():
    with pytest.raises(StockError, match="does not exist"):
        services.make_default_warehouse(warehouse_id=999, actor=BY)


# ---- The words products are found by, in bulk


def test_products_made_and_changed_in_bulk_are_found_by_their_words(shop):
    made = Product.objects.bulk_create(
        [Product(shop=shop, sku=f"B-{number}", name="Cană roșie") for number in range(3)]
    )
    made[0].name, made[0].barcode = "Farfurie", "5941234567890"
    Product.objects.bulk_update(made[:1], ["name", "barcode"])

    def found(question):
        return [product.sku for product in search_products(Product.objects.order_by("pk"), question)]

    assert found("rosie cana") == ["B-1", "B-2"]
    assert found("FARF") == found("7890") == found("594123") == ["B-0"]
    assert found("b-2") == found("b2") == ["B-2"]
    assert found("roșie farfurie") == []
