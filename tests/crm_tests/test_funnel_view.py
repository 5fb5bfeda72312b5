"""The funnel view: how far the deals of a period came, counted against SQL, each number with its deals."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Deal, Funnel, Stage
from crm.page_selectors.cohort import cohort, deals_of_cohort
from crm.services import create_order, move_deal
from orders import services
from orders.models import Order
from orders.statuses import CancelReason
from shops.actors import Actor
from shops.models import ClaimVisibility
from shops.permissions import Role
from tests.crm_tests.test_making import make_deal, order_draft
from tests.factories import make_order, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def shop():
    return make_shop("RO")


@pytest.fixture
def leader(client, shop):
    user = make_user(shop, Role.SUPERVISOR)
    client.force_login(user)
    return user


@pytest.fixture
def funnel(shop):
    return Funnel.objects.get(shop=shop, is_default=True)


def today():
    return timezone.localdate()


def some_deals(shop, leader) -> dict[str, Order]:
    orders = {
        "new": make_order(shop),
        "shipped": make_order(shop, status="shipped"),
        "lost": make_order(shop, status="confirmed"),
        "undone": make_order(shop),
        "old": make_order(shop, status="delivered"),
    }
    actor = Actor.person(leader)
    services.cancel_order(order_id=orders["lost"].pk, actor=actor, reason_code=CancelReason.OTHER)
    change = services.confirm_order(order_id=orders["undone"].pk, actor=actor)
    services.revert_move(move_id=change.move_id, actor=actor)
    Deal.objects.filter(order=orders["old"]).update(created_at=timezone.now() - timedelta(days=3))
    return orders


def test_it_counts_the_furthest_step_of_each_deal(shop, leader, funnel):
    orders = some_deals(shop, leader)

    found = cohort(leader, funnel, today(), today())

    steps = {step.stage.slug: step for step in found.steps}
    assert found.entered == 4
    assert {slug: step.reached for slug, step in steps.items()} == {
        "new": 4, "confirmed": 2, "picking": 1, "packed": 1, "shipped": 1, "delivered": 0, "paid-out": 0,
    }  # fmt: skip
    assert [(steps[slug].stopped, steps[slug].lost) for slug in ("new", "confirmed", "shipped")] == [
        (2, 0),
        (1, 1),
        (1, 0),
    ]
    assert (steps["confirmed"].share, steps["picking"].kept) == (50, 50)
    for step in found.steps:
        for only_stopped, count in ((False, step.reached), (True, step.stopped)):
            page = deals_of_cohort(leader, funnel, today(), today(), step.stage, only_stopped=only_stopped)
            assert len(page.rows) == count
    stage = steps["confirmed"].stage
    stopped = deals_of_cohort(leader, funnel, today(), today(), stage, only_stopped=True)
    assert [deal.order_id for deal in stopped.rows] == [orders["lost"].pk]


def test_it_equals_sql(shop, leader, funnel):
    some_deals(shop, leader)

    found = cohort(leader, funnel, today() - timedelta(days=10), today())

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.id, max(s.position) FROM crm_deal d JOIN crm_dealmove m ON m.deal_id = d.id"
            " JOIN crm_stage s ON s.id = m.to_stage_id"
            " WHERE d.funnel_id = %s AND m.undone_at IS NULL AND s.kind <> 'lost' AND NOT s.is_side GROUP BY d.id",
            [funnel.pk],
        )
        furthest = [position for _deal, position in cursor.fetchall()]
    for step in found.steps:
        assert step.reached == sum(position >= step.stage.position for position in furthest), step.stage.slug


@pytest.fixture
def sales(shop):
    Funnel.objects.filter(shop=shop, slug__endswith="-sales").update(is_active=True)
    return Funnel.objects.get(shop=shop, slug__endswith="-sales")


def win(deal, actor) -> Order:
    """The deal becomes an order, and its card goes on to the board of orders."""
    shop = deal.funnel.shop
    return create_order(
        shop_id=shop.pk, draft=order_draft(shop), actor=actor, form_key=uuid.uuid4(), deal_id=deal.pk
    )


def test_a_deal_that_became_an_order_is_won_on_the_board_it_came_from(client, shop, leader, sales):
    actor = Actor.person(leader)
    asked, wavering, won, failed = (make_deal(sales, leader, title) for title in ("A", "W", "V", "F"))
    consideration = Stage.objects.get(funnel=sales, slug="consideration")
    move_deal(deal_id=wavering.pk, to_stage_id=consideration.pk, actor=actor)
    win(won, actor)
    services.cancel_order(order_id=win(failed, actor).pk, actor=actor, reason_code=CancelReason.OTHER)
    make_order(shop)

    found = cohort(leader, sales, today(), today())
    html = client.get(f"/reports/funnel/?funnel={sales.slug}&stage=order").content.decode()

    steps = {step.stage.slug: step for step in found.steps}
    assert (found.entered, found.nowhere) == (4, 0)
    assert {slug: (step.reached, step.stopped, step.lost) for slug, step in steps.items()} == {
        "interest": (4, 1, 0), "consideration": (3, 1, 0), "decision": (2, 0, 0), "order": (2, 2, 0),
    }  # fmt: skip
    for slug, deals in (("order", {won, failed}), ("consideration", {wavering}), ("interest", {asked})):
        page = deals_of_cohort(leader, sales, today(), today(), steps[slug].stage, only_stopped=True)
        assert set(page.rows) == deals
    assert f'href="/deals/{won.pk}/"' in html


def test_a_deal_from_the_sales_board_counts_on_the_board_of_orders_by_its_steps_there(
    shop, leader, sales, funnel
):
    win(make_deal(sales, leader), Actor.person(leader))

    found = cohort(leader, funnel, today(), today())

    assert found.entered == 1
    assert [step.stage.slug for step in found.steps if step.reached] == ["new"]


def test_a_won_deal_is_hidden_like_its_order_and_other_shops_count_for_themselves(shop, leader, sales):
    win(make_deal(sales, leader), Actor.person(leader))
    shop.claim_visibility = ClaimVisibility.HIDDEN
    shop.save()
    colleague, stranger = make_user(shop), make_user(make_shop("PL"), Role.SUPERVISOR)

    seen = [
        cohort(person, Funnel.objects.get(pk=sales.pk), today(), today()).entered
        for person in (leader, colleague, stranger)
    ]

    assert seen == [1, 0, 0]


def test_a_manager_counts_only_what_they_see_and_the_warehouse_nothing(client, shop, leader, funnel):
    orders = some_deals(shop, leader)
    shop.claim_visibility = ClaimVisibility.HIDDEN
    shop.save()
    Order.objects.filter(pk=orders["shipped"].pk).update(manager=leader)

    assert cohort(make_user(shop), Funnel.objects.get(pk=funnel.pk), today(), today()).entered == 3
    client.force_login(make_user(shop, Role.WAREHOUSE))
    assert client.get(f"/reports/funnel/?funnel={funnel.slug}").status_code == 403


def test_it_costs_the_same_for_many_and_names_wrong_days(client, shop, leader, funnel):
    path = f"/reports/funnel/?funnel={funnel.slug}&stage=new"
    make_order(shop)
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    some_deals(shop, leader)

    with CaptureQueriesContext(connection) as many:
        client.get(path)
    wrong = client.get("/reports/funnel/?from=never&to=2026-02-30")
    long = client.get("/reports/funnel/?from=2000-01-01")

    assert len(many) == len(few) <= 20
    assert wrong.content.decode().count("is not understood") == 2
    assert "A year at most" in long.content.decode()
    assert client.get(f"{path}x").status_code == 404
