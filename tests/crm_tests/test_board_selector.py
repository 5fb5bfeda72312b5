"""The board's selectors: their cost does not grow with the orders, and each role sees what is its own."""

from datetime import timedelta
from decimal import Decimal as D

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Deal, Funnel, Stage
from crm.selectors.board import Filters, board, column_page, counts_of, deals_on
from crm.selectors.changes import latest_change
from crm.selectors.funnels import funnel_by_slug, funnels_of, home_funnel_of
from orders import services as orders
from orders.statuses import PaymentStatus, Status
from shops.actors import Actor
from shops.models import ClaimVisibility
from shops.permissions import Role
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SLUGS = (
    "new",
    "no-answer",
    "confirmed",
    "picking",
    "packed",
    "shipped",
    "at-pickup",
    "delivered",
    "cancelled",
)


def funnel_of(shop):
    return Funnel.objects.select_related("shop").get(shop=shop, is_default=True)


def fill(shop, per_stage, product):
    """Cards on every stage, with parcels, shortages and people."""
    person = make_user(shop)
    for slug in SLUGS:
        stage = Stage.objects.get(funnel__shop=shop, slug=slug)
        for n in range(per_stage):
            order = make_order(
                shop, lines=(make_line(product, 1), make_line(product, 2)), status=stage.status
            )
            Deal.objects.filter(order=order).update(stage=stage, is_open=not stage.is_terminal)
            if n % 2:
                orders.claim_order(order_id=order.pk, actor=Actor.person(person))


def queries_of(call):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        call()
    return [query["sql"] for query in captured.captured_queries]


def shown(user, shop, **options):
    found = board(user, funnel_of(shop), unfolded=[stage.slug for stage in Stage.objects.all()], **options)
    return {column.stage.slug: [card.order.pk for card in column.cards] for column in found.columns}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "visibility"),
    [(Role.ADMIN, ClaimVisibility.VISIBLE), (Role.MANAGER, ClaimVisibility.HIDDEN)],
)
def test_the_cost_of_the_board_does_not_grow(role, visibility):
    shop = make_shop(claim_visibility=visibility)
    user, product = make_user(shop, role), make_product(shop, stock=10_000)
    fill(shop, 1, product)
    funnel = funnel_of(shop)

    def page():
        latest_change(funnel)
        board(user, funnel, unfolded=SLUGS)

    page()  # the first JSON column of a process makes Django ask SQLite what it can do
    few = queries_of(page)
    fill(shop, 3, product)
    many = queries_of(page)

    assert len(few) == len(many) <= 7


def test_columns_are_counted_and_summed():
    shop = make_shop()
    product = make_product(shop, price=D("12.50"))
    for status in (Status.NEW, Status.NEW, Status.SHIPPED):
        make_order(shop, lines=(make_line(product, 2),), status=status)

    columns = {column.stage.slug: column for column in counts_of(make_user(shop), funnel_of(shop))}

    assert (columns["new"].count, columns["new"].totals) == (2, {"RON": D("50.00")})
    assert (columns["shipped"].count, columns["picking"].count) == (1, 0)


def test_sums_keep_currencies_apart():
    shop = make_shop()
    make_order(shop, currency="RON")
    make_order(shop, currency="EUR")

    columns = {column.stage.slug: column for column in counts_of(make_user(shop), funnel_of(shop))}

    assert columns["new"].totals == {"RON": D("10.00"), "EUR": D("10.00")}


def test_terminal_columns_show_thirty_days():
    shop = make_shop()
    old, recent = make_order(shop, status=Status.DELIVERED), make_order(shop, status=Status.DELIVERED)
    Deal.objects.filter(order=old).update(stage_entered_at=timezone.now() - timedelta(days=31))
    user = make_user(shop)

    counts = {column.stage.slug: column.count for column in counts_of(user, funnel_of(shop))}

    assert counts["delivered"] == 1
    assert shown(user, shop)["delivered"] == [recent.pk]


def test_old_open_cards_never_vanish():
    shop = make_shop()
    order = make_order(shop)
    Deal.objects.filter(order=order).update(stage_entered_at=timezone.now() - timedelta(days=400))

    assert shown(make_user(shop), shop)["new"] == [order.pk]


def test_each_role_sees_its_own():
    shop = make_shop(claim_visibility=ClaimVisibility.HIDDEN)
    owner = make_user(shop)
    free, mine = make_order(shop), make_order(shop)
    orders.claim_order(order_id=mine.pk, actor=Actor.person(owner))
    packed = make_order(shop, status=Status.PROCESSING)
    orders.claim_order(order_id=packed.pk, actor=Actor.person(owner))
    everyone = {role: make_user(shop, role) for role in Role.values}

    seen = {role: {pk for ids in shown(user, shop).values() for pk in ids} for role, user in everyone.items()}

    assert seen == {
        "admin": {free.pk, mine.pk, packed.pk},
        "supervisor": {free.pk, mine.pk, packed.pk},
        "manager": {free.pk},
        "warehouse": {packed.pk},
    }
    assert {pk for ids in shown(owner, shop).values() for pk in ids} == {free.pk, mine.pk, packed.pk}


def test_deals_without_an_order_are_hidden_as_their_pages_are():
    shop = make_shop(claim_visibility=ClaimVisibility.HIDDEN)
    funnel = Funnel.objects.get(shop=shop, slug=f"{shop.slug}-sales")
    owner, colleague = make_user(shop), make_user(shop)
    packer, boss = make_user(shop, Role.WAREHOUSE), make_user(shop, Role.SUPERVISOR)
    deal = Deal.objects.create(
        funnel=funnel, stage=funnel.stages.first(), title="Asks for a price", manager=owner, currency="RON"
    )

    seen = {user: list(deals_on(user, funnel)) for user in (owner, boss, colleague, packer)}

    assert seen == {owner: [deal], boss: [deal], colleague: [], packer: []}
    assert seen == {user: list(Deal.objects.visible_to(user)) for user in seen}


def test_counts_are_of_what_the_person_sees():
    shop = make_shop()
    make_order(shop)
    packer = make_user(shop, Role.WAREHOUSE)

    counts = {column.stage.slug: column.count for column in counts_of(packer, funnel_of(shop))}

    assert counts["new"] == 0


def test_people_of_another_shop_see_nothing():
    shop = make_shop()
    make_order(shop)
    stranger = make_user(make_shop(), Role.ADMIN)

    assert not any(shown(stranger, shop).values())
    assert not any(column.count for column in counts_of(stranger, funnel_of(shop)))
    assert funnel_by_slug(stranger, funnel_of(shop).slug) is None


def test_filters_show_mine_or_nobodys():
    shop = make_shop()
    user = make_user(shop)
    mine, free = make_order(shop), make_order(shop)
    orders.claim_order(order_id=mine.pk, actor=Actor.person(user))

    assert shown(user, shop, filters=Filters("mine", user.pk))["new"] == [mine.pk]
    assert shown(user, shop, filters=Filters("unclaimed", user.pk))["new"] == [free.pk]


@pytest.mark.parametrize("slug", ["new", "cancelled"])
def test_pages_of_a_column_have_no_gap_and_no_repeat(slug):
    shop = make_shop()
    user, stage = make_user(shop), Stage.objects.get(funnel__shop=shop, slug=slug)
    product = make_product(shop, stock=1000)
    for _ in range(45):
        make_order(shop, lines=(make_line(product),), status=stage.status)
    same = timezone.now()
    half = list(Deal.objects.filter(stage=stage).values_list("pk", flat=True)[:25])
    Deal.objects.filter(pk__in=half).update(rank=7, stage_entered_at=same)

    seen, after = [], None
    while True:
        page = column_page(user, funnel_of(shop), stage, Filters(), after)
        seen += [card.deal.pk for card in page.cards]
        if not page.has_more:
            break
        after = page.cards[-1].deal

    assert len(seen) == len(set(seen)) == 45
    assert seen[:15] == [
        card.deal.pk
        for column in board(user, funnel_of(shop), unfolded=[slug]).columns
        for card in column.cards
        if column.stage == stage
    ]


def test_a_folded_column_has_its_count_and_no_cards_until_it_is_opened():
    shop = make_shop()
    make_order(shop, status=Status.CANCELLED)
    user = make_user(shop)

    closed = {column.stage.slug: column for column in board(user, funnel_of(shop)).columns}["cancelled"]

    assert (closed.count, closed.cards) == (1, [])
    assert len(shown(user, shop)["cancelled"]) == 1


def test_a_card_shows_what_is_true_of_it():
    shop = make_shop()
    cup, bowl = make_product(shop, stock=1, name="Cup"), make_product(shop, name="Bowl")
    order = make_order(shop, lines=(make_line(cup, 2), make_line(bowl)))
    shipped = make_order(shop, lines=(make_line(bowl),), status=Status.SHIPPED)
    user = make_user(shop)

    cards = {card.order.pk: card for column in board(user, funnel_of(shop)).columns for card in column.cards}

    assert (cards[order.pk].first_product, cards[order.pk].more_products) == ("Cup", 1)
    assert (cards[order.pk].is_short, cards[shipped.pk].is_short) == (True, False)
    assert cards[shipped.pk].awb_tail == f"AWB{shipped.pk:06}"[-4:]
    assert cards[order.pk].has_other_open is True


def test_a_card_without_an_order_is_shown():
    shop = make_shop()
    sales = Funnel.objects.select_related("shop").get(shop=shop, slug__endswith="-sales")
    deal = Deal.objects.create(
        funnel=sales, stage=sales.stages.get(slug="interest"), title="A call", currency="RON"
    )

    found = board(make_user(shop), sales)

    assert [card.deal.pk for column in found.columns for card in column.cards] == [deal.pk]


def test_home_is_the_shop_used_last():
    first, second = make_shop(name="A"), make_shop(name="B")
    user = make_user(first)
    second.memberships.create(user=user, role=Role.MANAGER)
    assert home_funnel_of(user) == funnel_of(first)
    user.last_shop = second
    user.save()

    assert home_funnel_of(user) == funnel_of(second)
    assert [funnel.shop for funnel in funnels_of(user)] == [first, second]


def test_paid_marks_follow_the_payment():
    order = make_order(payment_method="card", payment_status=PaymentStatus.PENDING)
    assert Deal.objects.get(order=order).stage.slug == "awaiting-payment"

    orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status=PaymentStatus.PAID)

    assert Deal.objects.get(order=order).stage.slug == "new"
