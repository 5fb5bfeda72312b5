"""Classes by revenue: the rule, what is kept, and the page."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from inventory import services
from inventory.models import FiguresRun, ProductFigures, StockSettings
from inventory.page_selectors.abc import is_being_computed
from inventory.rules.abc import classify
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Membership, User
from shops.permissions import Role

BY = Actor.system("test")
SINCE, UNTIL = date(2026, 1, 1), date(2026, 11, 1)


def classes(*revenues, a=80, b=15):
    rows = enumerate((Decimal(revenue) for revenue in revenues), start=1)
    return {row.key: row.abc_class for row in classify(rows, a_percent=a, b_percent=b)}


def store(shop, *sales, left_out=()):
    return services.store_figures(
        shop_id=shop.pk,
        sales=[services.Sale(product.pk, units, Decimal(revenue)) for product, units, revenue in sales],
        since=SINCE,
        until=UNTIL,
        left_out=list(left_out),
        began_at=timezone.now(),
    )


def test_the_product_that_crosses_a_threshold_belongs_to_the_better_class():
    assert classes(79, 2, 13, 3, 3) == {1: "A", 3: "A", 4: "B", 5: "C", 2: "C"}


def test_exactly_eighty_percent_before_it_makes_a_product_b():
    assert classes(80, 15, 5) == {1: "A", 2: "B", 3: "C"}


def test_the_best_product_is_a_even_if_it_is_everything():
    assert classes(100) == {1: "A"}


def test_what_earned_nothing_is_c():
    assert classes(0, 0) == {1: "C", 2: "C"}
    assert classes(10, 0)[2] == "C"


def test_equal_products_are_ranked_by_key():
    ranked = list(classify([(3, Decimal(5)), (1, Decimal(5)), (2, Decimal(7))], a_percent=80, b_percent=15))

    assert [row.key for row in ranked] == [2, 1, 3]


@given(st.lists(st.decimals(0, 10**9, places=2), max_size=40), st.integers(1, 99), st.data())
def test_classes_never_get_better_down_the_list_and_shares_add_up(revenues, a, data):
    b = data.draw(st.integers(0, 100 - a))

    ranked = list(classify(enumerate(revenues, start=1), a_percent=a, b_percent=b))

    assert sorted(row.key for row in ranked) == list(range(1, len(revenues) + 1))
    assert [row.abc_class for row in ranked] == sorted(row.abc_class for row in ranked)
    assert [row.cumulated for row in ranked] == sorted(row.cumulated for row in ranked)
    whole = sum(revenues)
    if whole:
        assert ranked[-1].cumulated == 100
        assert abs(sum(row.share for row in ranked) - 100) <= Decimal("0.0001") * len(ranked)
        earned_by_a = sum(row.revenue for row in ranked if row.abc_class == "A")
        assert earned_by_a * 100 >= whole * a or all(row.abc_class == "A" for row in ranked if row.revenue)
    else:
        assert {row.abc_class for row in ranked} <= {"C"}


@pytest.mark.django_db
def test_it_keeps_every_active_product_with_its_class(shop, make_product):
    best, good, idle = make_product("A"), make_product("B"), make_product("C")
    gone = make_product("D", is_active=False)

    count = store(shop, (good, 3, "10.00"), (best, 9, "90.00"))

    figures = {row.product_id: row for row in ProductFigures.objects.all()}
    assert count == 3
    assert gone.pk not in figures
    assert figures[best.pk].abc_class == "A"
    assert (figures[best.pk].share, figures[best.pk].cumulated) == (Decimal(90), Decimal(90))
    assert (figures[good.pk].abc_class, figures[good.pk].cumulated) == ("B", Decimal(100))
    assert (figures[idle.pk].abc_class, figures[idle.pk].revenue) == ("C", 0)


@pytest.mark.django_db
def test_computing_again_replaces_what_was_known(shop, make_product):
    kept, closed = make_product("A"), make_product("B")
    store(shop, (kept, 1, "5.00"), (closed, 1, "95.00"))
    closed.is_active = False
    closed.save()

    store(shop, (kept, 2, "10.00"))

    row = ProductFigures.objects.get()
    assert (row.product_id, row.units_sold, row.revenue, row.share) == (kept.pk, 2, 10, 100)
    assert FiguresRun.objects.get().since == SINCE


@pytest.mark.django_db
def test_it_uses_the_shares_of_the_shop(shop, make_product):
    first, second = make_product("A"), make_product("B")
    StockSettings.objects.create(shop=shop, abc_a_percent=50, abc_b_percent=10)

    store(shop, (first, 1, "70.00"), (second, 1, "30.00"))

    assert ProductFigures.objects.get(product=second).abc_class == "C"


@pytest.mark.django_db
def test_a_request_made_while_figures_are_computed_stays(shop):
    began_at = services.claim_figures(shop_id=shop.pk)
    services.request_figures(shop_id=shop.pk, actor=BY)

    services.store_figures(
        shop_id=shop.pk, sales=[], since=SINCE, until=UNTIL, left_out=[], began_at=began_at
    )

    assert FiguresRun.objects.get().requested_at is not None


@pytest.mark.django_db
def test_a_request_made_before_is_answered(shop):
    services.request_figures(shop_id=shop.pk, actor=BY)

    store(shop)

    run = FiguresRun.objects.get()
    assert run.requested_at is None
    assert not is_being_computed(run)


@pytest.mark.django_db
def test_two_workers_do_not_compute_at_once(shop):
    assert services.claim_figures(shop_id=shop.pk) is not None

    assert services.claim_figures(shop_id=shop.pk) is None
    FiguresRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert services.claim_figures(shop_id=shop.pk) is not None


@pytest.mark.django_db
def test_a_stranger_may_not_ask_for_figures(shop):
    stranger = Actor.person(User.objects.create_user("stranger"))

    with pytest.raises(NotPermitted):
        services.request_figures(shop_id=shop.pk, actor=stranger)

    assert not FiguresRun.objects.exists()


@pytest.fixture
def person(client, shop):
    user = User.objects.create_user("wanda", password="x")
    Membership.objects.create(user=user, shop=shop, role=Role.MANAGER)
    client.force_login(user)
    return user


def skus(response):
    return re.findall(r'data-sku="([^"]*)"', response.content.decode())


@pytest.mark.django_db
def test_the_page_says_when_nothing_was_computed_yet(client, person):
    assert "were not computed yet" in client.get("/stock/abc/").content.decode()


@pytest.mark.django_db
def test_the_page_shows_classes_curve_products_and_what_is_left_out(client, person, shop, make_product):
    best = make_product("BEST", stock=4, cost=Decimal("2.50"))
    store(
        shop,
        (make_product("GOOD"), 1, "10.00"),
        (best, 9, "90.00"),
        left_out=[{"currency": "EUR", "orders": 2, "amount": "77.00"}],
    )

    page = client.get("/stock/abc/").content.decode()

    assert skus(client.get("/stock/abc/")) == ["BEST", "GOOD"]
    assert "2 orders in EUR are not in these figures: goods for 77.00 EUR." in page
    assert "<polyline" in page
    row = re.search(r'<tr data-class="A">(.*?)</tr>', page, re.DOTALL)[1]
    assert "90.0 %" in row
    assert "10.00" in row, "4 × 2.50 in stock"


@pytest.mark.django_db
def test_the_page_shows_one_class(client, person, shop, make_product):
    store(shop, (make_product("GOOD"), 1, "10.00"), (make_product("BEST"), 9, "90.00"))

    assert skus(client.get("/stock/abc/", {"only": "B"})) == ["GOOD"]
    assert skus(client.get("/stock/abc/", {"only": "Z"})) == ["BEST", "GOOD"]


@pytest.mark.django_db
def test_it_turns_the_page_without_losing_or_repeating_a_product(client, person, shop, make_product):
    store(shop, *((make_product(f"S{number}"), 1, f"{number % 9}.10") for number in range(120)))

    seen, address = [], "/stock/abc/"
    while address:
        page = client.get(address)
        seen += skus(page)
        found = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = "/stock/abc/" + found[1].replace("&amp;", "&") if found else None

    assert len(seen) == 120
    assert len(set(seen)) == 120


@pytest.mark.django_db
@pytest.mark.parametrize("after", ["", "x", "NaN_1", "1e999_2", "5.00_", "_5", "sNaN_3"])
def test_a_place_that_is_none_begins_at_the_beginning(client, person, shop, make_product, after):
    store(shop, (make_product("MUG"), 1, "10.00"))

    assert skus(client.get("/stock/abc/", {"after": after})) == ["MUG"]


@pytest.mark.django_db
def test_the_button_asks_and_the_page_waits_until_it_is_done(client, person, shop):
    response = client.post("/stock/abc/compute/", {"shop": shop.slug})

    waiting = client.get("/stock/abc/").content.decode()
    still = client.get("/stock/abc/run/", {"shop": shop.slug})
    store(shop)
    done = client.get("/stock/abc/run/", {"shop": shop.slug})

    assert (response.status_code, response["Location"]) == (303, f"/stock/abc/?shop={shop.slug}")
    assert 'hx-trigger="every 2s"' in waiting
    assert "being computed" in still.content.decode()
    assert "HX-Refresh" not in still.headers
    assert done.headers["HX-Refresh"] == "true"


@pytest.mark.django_db
def test_it_costs_the_same_queries_for_two_products_as_for_sixty(
    client, person, shop, make_product, django_assert_max_num_queries
):
    def cost():
        with django_assert_max_num_queries(24) as queries:
            client.get("/stock/abc/")
        return len(queries)

    store(shop, (make_product("A"), 1, "10.00"), (make_product("B"), 1, "5.00"))
    few = cost()
    store(shop, *((make_product(f"S{number}"), 1, "1.00") for number in range(60)))

    assert cost() == few


@pytest.mark.django_db
def test_a_lapsed_lease_is_not_shown_as_work(shop):
    run = FiguresRun(shop=shop, lease_until=datetime(2020, 1, 1, tzinfo=UTC))

    assert not is_being_computed(run)
    assert not is_being_computed(None)


@pytest.mark.django_db
def test_the_warehouse_is_not_told_what_products_earn(client, person, shop, make_product):
    Membership.objects.filter(user=person).update(role=Role.WAREHOUSE)
    store(shop, (make_product("A"), 1, "10.00"))

    answers = [client.get("/stock/abc/"), client.post("/stock/abc/compute/"), client.get("/stock/abc/run/")]
    page = client.get("/stock/slow/").content.decode()

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "/stock/abc/" not in page
    assert FiguresRun.objects.get().requested_at is None
