"""Products and stock in the admin: found, scoped, and changed by verbs only."""

import pytest
from django.urls import reverse

from inventory import services
from inventory.models import Category, Product, ProductFamily, StockItem
from shops.actors import Actor
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def admin_person(client, shop):
    user = User.objects.create_user("ana", password="x", is_staff=True)
    Membership.objects.create(user=user, shop=shop, role=Role.ADMIN)
    client.force_login(user)
    return user


@pytest.fixture
def foreign():
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    product = Product.objects.create(shop=other, sku="FOREIGN", name="Foreign")
    services.receive(product_id=product.pk, quantity=5, reason="", actor=BY)
    return product


@pytest.mark.parametrize("model", ["product", "stockitem", "stockmovement", "reservation", "warehouse"])
def test_it_opens_every_list_and_shows_own_rows_only(client, admin_person, make_product, foreign, model):
    product = make_product("MINE", stock=2)
    for owner in (product, foreign):
        services.reserve(
            reference=f"order:{owner.pk}",
            shop_id=owner.shop_id,
            wanted={owner.pk: 1},
            on_shortage="refuse",
            actor=BY,
        )

    page = client.get(reverse(f"admin:inventory_{model}_changelist"))

    assert page.status_code == 200
    assert page.context["cl"].result_list
    assert "FOREIGN" not in page.content.decode()
    assert "Other" not in page.content.decode()


@pytest.mark.parametrize("model", ["product", "stockitem", "stockmovement", "reservation"])
def test_it_searches_without_case_and_diacritics(client, admin_person, make_product, model):
    product = make_product("MUG", stock=2, name="Cană roșie")
    make_product("DISH", stock=2)
    services.reserve(
        reference="order:1", shop_id=product.shop_id, wanted={product.pk: 1}, on_shortage="refuse", actor=BY
    )

    page = client.get(reverse(f"admin:inventory_{model}_changelist"), {"q": "CANA"})

    assert len(page.context["cl"].result_list) == 1


def test_it_cannot_type_in_counters(client, admin_person, make_product):
    product = make_product("MUG", stock=5)
    item = StockItem.objects.get(product=product)

    client.post(
        reverse("admin:inventory_stockitem_change", args=[item.pk]),
        {"on_hand": 50, "reserved": 5, "safety_stock": 2},
    )

    item = StockItem.objects.get(product=product)
    assert (item.on_hand, item.reserved, item.safety_stock) == (5, 0, 2)


@pytest.mark.parametrize("model", ["stockmovement", "reservation", "stockitem"])
def test_it_has_no_form_that_adds_to_the_books(client, admin_person, model):
    assert client.get(reverse(f"admin:inventory_{model}_add")).status_code == 403


def test_it_opens_a_product_with_its_counters(client, admin_person, make_product):
    product = make_product("MUG", stock=5)

    page = client.get(reverse("admin:inventory_product_change", args=[product.pk])).content.decode()

    assert "Its page: stock, movements, who waits" in page
    assert "5" in page


def test_it_leads_to_the_products_page(client, admin_person, make_product):
    product = make_product("MUG", stock=5)

    answer = client.get(f"/admin/inventory/product/{product.pk}/open-page/")

    assert (answer.status_code, answer["Location"]) == (302, f"/stock/products/{product.pk}/")


def test_a_safety_stock_set_here_is_a_change_machines_hear_of(client, admin_person, make_product):
    item = StockItem.objects.get(product=make_product("MUG", stock=5))

    client.post(reverse("admin:inventory_stockitem_change", args=[item.pk]), {"safety_stock": 2})

    assert StockItem.objects.get().changed_at > item.changed_at


def test_it_offers_own_shops_only_for_a_new_product(client, admin_person, shop, foreign):
    add = reverse("admin:inventory_product_add")
    inline = {"stock_items-TOTAL_FORMS": 0, "stock_items-INITIAL_FORMS": 0}
    product = {**inline, "name": "New", "sku": "NEW", "unit": "pcs", "pack_size": 1, "is_tracked": "on"}

    client.post(add, {**product, "shop": foreign.shop_id})
    assert not Product.objects.filter(sku="NEW").exists()

    client.post(add, {**product, "shop": shop.pk})
    assert Product.objects.get(sku="NEW").shop == shop


def test_it_keeps_counting_what_orders_hold_and_takes_no_category_of_another_shop(
    client, admin_person, shop, make_product, foreign
):
    product = make_product("MUG", stock=3)
    services.reserve(
        reference="order:1", shop_id=shop.pk, wanted={product.pk: 1}, on_shortage="refuse", actor=BY
    )
    theirs = Category.objects.create(shop=foreign.shop, name="Theirs")
    inline = {"stock_items-TOTAL_FORMS": 0, "stock_items-INITIAL_FORMS": 0}
    change = reverse("admin:inventory_product_change", args=[product.pk])

    form = {**inline, "name": "Changed", "sku": "MUG", "pack_size": 1}
    untracked = client.post(change, form)
    misplaced = client.post(change, {**form, "is_tracked": "on", "category": theirs.pk})

    assert "1 are reserved" in untracked.content.decode()
    assert misplaced.status_code == 200
    product.refresh_from_db()
    assert (product.name, product.is_tracked, product.category) == ("Product MUG", True, None)


@pytest.mark.parametrize("model", ["category", "productfamily"])
def test_it_lists_categories_and_families_of_own_shops(client, admin_person, shop, foreign, model):
    make = {"category": Category, "productfamily": ProductFamily}[model]
    for owner, name in ((shop, "Mine"), (foreign.shop, "Theirs")):
        make.objects.create(shop=owner, name=name)

    html = client.get(reverse(f"admin:inventory_{model}_changelist")).content.decode()

    assert "Mine" in html
    assert "Theirs" not in html


def test_it_shows_nothing_to_staff_with_another_role(client, shop, make_product):
    user = User.objects.create_user("max", password="x", is_staff=True)
    Membership.objects.create(user=user, shop=shop, role=Role.WAREHOUSE)
    client.force_login(user)

    assert client.get(reverse("admin:inventory_product_changelist")).status_code == 403
