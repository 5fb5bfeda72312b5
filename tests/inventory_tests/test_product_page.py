"""A product's page: who opens it, what it counts, who holds the goods, its ledger, its safety stock, its cost."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from inventory import references, services
from inventory.models import Product, ProductFamily, Reservation, StockItem, StockMovement, Warehouse
from inventory.references import Named
from shops.actors import Actor
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
HTMX = {"HTTP_HX_REQUEST": "true"}


def sign_in(client, shop, role):
    user = User.objects.create_user(f"person-{role}", password="x")
    Membership.objects.create(user=user, shop=shop, role=role)
    client.force_login(user)
    return user


@pytest.fixture
def person(client, shop):
    return sign_in(client, shop, Role.WAREHOUSE)


@pytest.fixture
def second(shop):
    return Warehouse.objects.create(shop=shop, name="Second")


def page_of(client, product, query=""):
    response = client.get(f"/stock/products/{product.pk}/{query}")
    assert response.status_code == 200
    return response.context["page"], response.content.decode()


def reserve(product, units, reference="order:1", on_shortage="refuse"):
    services.reserve(
        reference=reference,
        shop_id=product.shop_id,
        wanted={product.pk: units},
        on_shortage=on_shortage,
        actor=BY,
    )


@pytest.mark.parametrize("role", list(Role))
def test_it_opens_for_every_role(client, shop, make_product, role):
    sign_in(client, shop, role)

    _page, html = page_of(client, make_product("MUG", stock=1))

    may_change = role != Role.MANAGER
    assert ("/stock/receive/?product=" in html) == may_change
    assert ("/edit/" in html) == (role in (Role.ADMIN, Role.SUPERVISOR))


@pytest.mark.parametrize("path", ["", "edit/", "delete/", "safety-stock/{warehouse}/"])
def test_it_hides_products_of_other_shops(client, shop, path):
    sign_in(client, shop, Role.ADMIN)
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    foreign = Product.objects.create(shop=other, sku="FOREIGN", name="Foreign")
    warehouse = Warehouse.objects.get(shop=other).pk

    assert client.get(f"/stock/products/{foreign.pk}/" + path.format(warehouse=warehouse)).status_code == 404
    assert client.get(f"/stock/products/{foreign.pk + 1}/").status_code == 404
    assert client.get("/stock/products/99999999999999999999/").status_code == 404


def test_it_counts_by_warehouse_and_together(client, person, second, make_product):
    product = make_product("MUG", stock=10)
    services.receive(product_id=product.pk, quantity=4, reason="", actor=BY, warehouse_id=second.pk)
    reserve(product, 3)

    page, html = page_of(client, product)

    assert [(shelf.item.on_hand, shelf.item.reserved) for shelf in page.shelves] == [(10, 3), (4, 0)]
    assert (page.counters.on_hand, page.counters.reserved, page.counters.available) == (14, 3, 11)
    assert "Second" in html


def test_it_names_who_holds_and_who_waits(client, person, make_product, monkeypatch):
    product = make_product("MUG", stock=3)
    monkeypatch.setattr(
        references,
        "_resolvers",
        {
            "order": lambda found, user: {
                one: Named("Order " + one[6:], f"/orders/{one[6:]}/") for one in found
            }
        },
    )
    reserve(product, 3, "order:7")
    reserve(product, 2, "order:8", "backorder")

    page, html = page_of(client, product)

    held = [(row.owner.label, row.reservation.reserved, row.reservation.backordered) for row in page.holders]
    assert held == [("Order 7", 3, 0), ("Order 8", 0, 2)]
    assert '<a class="strong" href="/orders/7/">Order 7</a>' in html
    assert "short by 2" in html


def test_it_turns_the_pages_of_holders_without_losing_one(client, person, second, make_product):
    product = make_product("MUG")
    services.receive(product_id=product.pk, quantity=1, reason="", actor=BY, warehouse_id=second.pk)
    reserve(product, 0 + 1, "order:0")
    items = list(StockItem.objects.filter(product=product))
    Reservation.objects.bulk_create(
        Reservation(reference=f"order:{number + 1}", stock_item=items[number % 2], backordered=1)
        for number in range(119)
    )

    seen, query = [], ""
    while query is not None:
        page, _html = page_of(client, product, query)
        seen += [row.reservation.reference for row in page.holders]
        query = f"?held={page.more_holders}" if page.more_holders else None

    assert seen == [f"order:{number}" for number in range(120)]


def test_its_ledger_says_what_was_on_hand_after_each_movement(client, person, second, make_product):
    product = make_product("MUG", stock=10)
    services.write_off(product_id=product.pk, quantity=2, reason="broken", actor=BY)
    services.receive(product_id=product.pk, quantity=5, reason="note 7", actor=BY, warehouse_id=second.pk)

    page, html = page_of(client, product)

    assert [(line.movement.quantity, line.after) for line in page.ledger] == [(5, 13), (-2, 8), (10, 10)]
    assert "broken" in html
    assert "note 7" in html


def test_its_ledger_keeps_the_balance_on_every_page(client, person, make_product):
    product = make_product("MUG")
    item = StockItem.objects.create(product=product, warehouse=Warehouse.objects.get(shop=product.shop))
    for number in range(1, 121):
        StockMovement.objects.create(
            stock_item=item, kind="receipt", quantity=number, actor_kind="system", actor_label="test"
        )
    same = timezone.now() - timedelta(days=1)
    StockMovement.objects.filter(quantity__range=(40, 80)).update(at=same)
    StockMovement.objects.filter(quantity__lt=40).update(at=same - timedelta(days=1))
    StockItem.objects.filter(pk=item.pk).update(on_hand=sum(range(1, 121)))

    seen, query = [], ""
    while query is not None:
        page, _html = page_of(client, product, query)
        seen += [(line.movement.quantity, line.after) for line in page.ledger]
        query = f"?after={page.older}" if page.older else None

    assert seen == [(number, sum(range(1, number + 1))) for number in range(120, 0, -1)]


def test_it_shows_the_cost_of_a_receipt(client, person, make_product):
    product = make_product("MUG", stock=1)
    StockMovement.objects.update(unit_cost=Decimal("12.50"), cost_currency="RON")

    assert "12.50 RON" in page_of(client, product)[1].replace("\xa0", " ")


def test_it_lists_the_other_variants(client, person, shop, make_product):
    family = ProductFamily.objects.create(shop=shop, name="Shirt")
    red = make_product("RED", family=family, variant="Red", stock=1)
    make_product("BLUE", family=family, variant="Blue", stock=7)
    make_product("HAT")

    page, html = page_of(client, red)

    assert [(row.product.sku, row.counters.available) for row in page.sisters] == [("BLUE", 7)]
    assert "7 available" in html


def test_it_says_that_nobody_counts_an_untracked_product(client, person, make_product):
    html = page_of(client, make_product("FREE", is_tracked=False))[1]

    assert "Nobody counts this product." in html
    assert "/stock/receive/?product=" not in html


def test_it_shows_hostile_words_as_text(client, person, make_product):
    product = make_product("MUG", stock=1, name="<script>alert(1)</script>", unit="</script><b>")

    html = page_of(client, product)[1]

    assert "<script>alert" not in html
    assert "</script><b>" not in html


@pytest.mark.parametrize("query", ["?days=x", "?after=x", "?held=x", "?held=-1", "?days=99999"])
def test_it_ignores_nonsense(client, person, make_product, query):
    product = make_product("MUG", stock=1)

    page, _html = page_of(client, product, query)

    assert page.span == 90
    assert len(page.ledger) == 1


def test_it_costs_the_same_queries_however_much_happened(
    client, person, shop, make_product, django_assert_max_num_queries
):
    family = ProductFamily.objects.create(shop=shop, name="Shirt")
    product = make_product("MUG", stock=1, family=family)
    reserve(product, 1)
    make_product("MUG-0", family=family)

    def cost():
        with django_assert_max_num_queries(34) as queries:
            page_of(client, product)
        return len(queries)

    few = cost()
    for number in range(1, 61):
        services.receive(product_id=product.pk, quantity=1, reason="", actor=BY)
        reserve(product, 1, f"order:{number + 1}")
        make_product(f"MUG-{number}", family=family)

    assert cost() == few


# ---- Safety stock, in place


def safety_url(product):
    warehouse = Warehouse.objects.get(shop=product.shop, is_default=True)
    return f"/stock/products/{product.pk}/safety-stock/{warehouse.pk}/"


def safety_of(product):
    return list(StockItem.objects.filter(product=product).values_list("safety_stock", flat=True))


def test_it_sets_the_safety_stock_in_place(client, person, make_product):
    product = make_product("MUG", stock=3)

    form = client.get(safety_url(product), **HTMX).content.decode()
    cell = client.post(safety_url(product), {"safety_stock": "5"}, **HTMX)

    assert "<form" in form
    assert "<html" not in form
    assert cell.status_code == 200
    assert "running low" in cell.content.decode()
    assert safety_of(product) == [5]


def test_it_sets_the_safety_stock_without_scripts(client, person, make_product):
    product = make_product("MUG")

    page = client.get(safety_url(product))
    answer = client.post(safety_url(product), {"safety_stock": "5"})

    assert "<html" in page.content.decode()
    assert answer.status_code == 303
    assert safety_of(product) == [5]


@pytest.mark.parametrize("value", ["", "-1", "1.5", "NaN", "1e3", "1000001", "9" * 30, "five"])
def test_it_refuses_a_safety_stock_that_is_no_number(client, person, make_product, value):
    product = make_product("MUG", stock=3)

    response = client.post(safety_url(product), {"safety_stock": value}, **HTMX)

    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert safety_of(product) == [0]


def test_it_lets_only_those_change_safety_stock_who_change_stock(client, shop, make_product):
    sign_in(client, shop, Role.MANAGER)
    product = make_product("MUG", stock=3)

    assert client.get(safety_url(product)).status_code == 403
    assert client.post(safety_url(product), {"safety_stock": "5"}).status_code == 403
    assert safety_of(product) == [0]
    assert "/safety-stock/" not in page_of(client, product)[1]


def test_it_knows_no_warehouse_of_another_shop(client, person, make_product):
    product = make_product("MUG", stock=3)
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    foreign = Warehouse.objects.get(shop=other)

    url = f"/stock/products/{product.pk}/safety-stock/{foreign.pk}/"

    assert client.post(url, {"safety_stock": "5"}).status_code == 404
    assert StockItem.objects.filter(warehouse=foreign).count() == 0


def test_it_tells_when_a_raised_safety_stock_is_undercut(make_product, monkeypatch):
    product = make_product("MUG", stock=3)
    warehouse = Warehouse.objects.get(shop=product.shop)
    news = []
    monkeypatch.setattr("inventory.services.safety.publish", news.append)

    for safety in (2, 5, 6):
        services.set_safety_stock(
            product_id=product.pk, warehouse_id=warehouse.pk, safety_stock=safety, actor=BY
        )

    assert [(event.available, event.safety_stock) for event in news] == [(3, 5)]


def test_it_refuses_safety_stock_of_what_is_not_counted(client, person, make_product):
    product = make_product("FREE", is_tracked=False)

    response = client.post(safety_url(product), {"safety_stock": "5"})

    assert response.status_code == 422
    assert "cannot run low" in response.content.decode()
    assert safety_of(product) == []


def test_its_plot_switch_keeps_its_place(client, person, make_product):
    html = page_of(client, make_product("MUG", stock=1), "?days=180")[1]

    chip = re.search(r'<a class="chip is-on"\s+href="\?days=180"', html)
    assert chip
