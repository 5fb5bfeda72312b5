"""A drag: the order moves first, then the card takes its exact place; a refusal says why and writes nothing."""

import pytest

from crm import services as crm
from crm.errors import MoveNotAllowed, StaleBoard
from crm.models import BoardChange, Deal, DealMove, Funnel, MoveKind, Stage
from crm.selectors.board import why_not
from orders import services as orders
from orders.errors import NeedsInput, OrderError
from orders.guards import Arguments
from orders.models import Order
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import ClaimVisibility
from shops.permissions import Role
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, everything, held_for, status_events, status_of

pytestmark = pytest.mark.django_db


def deal_of(order):
    return Deal.objects.select_related("stage", "order__shop", "funnel").get(order=order)


def stage(shop, slug):
    return Stage.objects.get(funnel__shop=shop, slug=slug)


def move(order, slug, person, **options):
    deal = deal_of(order)
    target = stage(order.shop, slug)
    return crm.move_deal(deal_id=deal.pk, to_stage_id=target.pk, actor=Actor.person(person), **options)


def refused(error, call):
    before = everything()
    with pytest.raises(error) as refusal:
        call()
    assert everything() == before
    return refusal.value


def column(shop, slug):
    cards = Deal.objects.filter(stage=stage(shop, slug)).order_by("rank", "id")
    return list(cards.values_list("order_id", flat=True))


@pytest.fixture
def shop():
    return make_shop()


@pytest.fixture
def person(shop):
    return make_user(shop)


def test_it_moves_the_order_and_then_the_card(shop, person):
    order = make_order(shop)

    result = move(order, "confirmed", person)

    assert (status_of(order), deal_of(order).stage.slug) == (Status.CONFIRMED, "confirmed")
    assert (result.status_changed, result.from_stage.slug, result.to_stage.slug) == (True, "new", "confirmed")
    (event,) = status_events(order)
    assert (event.move_id, event.undo_until, event.notify) == (result.move_id, result.undo_until, True)
    moved = DealMove.objects.get(deal=deal_of(order), move_id=result.move_id)
    assert (moved.kind, moved.actor_user, moved.undo_until) == (MoveKind.BY_HAND, person, result.undo_until)
    assert_sound()


def test_new_to_shipped_makes_one_move_of_three_steps(shop, person):
    order = make_order(shop)

    result = move(order, "shipped", person, arguments=Arguments(carrier="fan", tracking_number="A1"))

    assert [event.notify for event in status_events(order)] == [False, False, True]
    assert DealMove.objects.filter(deal=deal_of(order)).exclude(kind=MoveKind.CREATED).count() == 1
    assert DealMove.objects.get(move_id=result.move_id).from_stage.slug == "new"


def test_shipping_without_a_parcel_asks_for_it(shop, person):
    order = make_order(shop)

    assert refused(NeedsInput, lambda: move(order, "shipped", person)).form == "ship"


@pytest.mark.parametrize(("slug", "form"), [("cancelled", "cancel"), ("returned", "return")])
def test_leaving_the_path_asks_why(shop, person, slug, form):
    order = make_order(shop, status=Status.SHIPPED if slug == "returned" else Status.NEW)

    assert refused(NeedsInput, lambda: move(order, slug, person)).form == form


def test_a_step_inside_a_status_is_taken_at_once(shop, person):
    order = make_order(shop, status=Status.CONFIRMED)

    move(order, "packed", person)

    assert (status_of(order), deal_of(order).stage.slug) == (Status.PROCESSING, "packed")
    assert DealMove.objects.filter(deal=deal_of(order), kind=MoveKind.BY_HAND).count() == 1
    assert_sound()


def test_a_stale_board_is_told_where_the_card_is(shop, person):
    order = make_order(shop)
    seen = deal_of(order).stage_id
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    refusal = refused(StaleBoard, lambda: move(order, "no-answer", person, seen_stage_id=seen))

    assert stage(shop, "confirmed").name in refusal.sentence


def test_delivered_to_new_is_refused_in_words(shop, person):
    order = make_order(shop, status=Status.DELIVERED)

    refusal = refused(MoveNotAllowed, lambda: move(order, "new", person))

    assert refusal.code == "no_way"
    assert "Delivered" in refusal.sentence
    assert "New" in refusal.sentence


def test_a_stage_of_another_board_is_refused(shop, person):
    deal, foreign = deal_of(make_order(shop)), stage(make_shop(), "confirmed")

    refusal = refused(
        MoveNotAllowed,
        lambda: crm.move_deal(deal_id=deal.pk, to_stage_id=foreign.pk, actor=Actor.person(person)),
    )

    assert refusal.code == "no_stage"


def test_a_full_column_is_refused_by_hand_and_not_to_the_order(shop, person):
    Stage.objects.filter(pk=stage(shop, "confirmed").pk).update(wip_limit=1)
    make_order(shop, status=Status.CONFIRMED)
    order = make_order(shop)

    refusal = refused(MoveNotAllowed, lambda: move(order, "confirmed", person))
    orders.confirm_order(order_id=order.pk, actor=Actor.person(person))

    assert refusal.code == "wip_limit"
    assert deal_of(order).stage.slug == "confirmed"


def test_paid_out_is_reached_from_delivered_only_and_when_paid(shop, person):
    order = make_order(shop, status=Status.DELIVERED)
    assert refused(MoveNotAllowed, lambda: move(order, "paid-out", person)).code == "condition"
    orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status="paid")
    shipped = make_order(shop, status=Status.SHIPPED)
    orders.record_payment(order_id=shipped.pk, actor=SYSTEM, payment_status="paid")
    assert refused(MoveNotAllowed, lambda: move(shipped, "paid-out", person)).code == "requires_previous"

    move(order, "paid-out", person)

    assert deal_of(order).stage.slug == "paid-out"


def test_awaiting_payment_is_closed_to_cash_on_delivery(shop, person):
    order = make_order(shop)

    assert refused(MoveNotAllowed, lambda: move(order, "awaiting-payment", person)).code == "condition"


def test_short_stock_is_refused_by_sku(shop, person):
    order = make_order(shop, lines=(make_line(make_product(shop, stock=1, sku="RARE"), 3),))

    refusal = refused(MoveNotAllowed, lambda: move(order, "packed", person))

    assert (refusal.code, "RARE" in refusal.sentence) == ("stock_short", True)


def test_roles_decide_on_the_boards_moves(shop):
    order = make_order(shop)
    packer, stranger = make_user(shop, Role.WAREHOUSE), make_user(make_shop(), Role.ADMIN)

    refused(NotPermitted, lambda: move(order, "confirmed", packer))
    refused(NotPermitted, lambda: move(order, "no-answer", stranger))


@pytest.mark.parametrize("visibility", [ClaimVisibility.READ_ONLY, ClaimVisibility.HIDDEN])
def test_a_colleagues_claim_keeps_the_card_still(visibility):
    shop = make_shop(claim_visibility=visibility)
    order = make_order(shop)
    orders.claim_order(order_id=order.pk, actor=Actor.person(make_user(shop)))

    refused(OrderError, lambda: move(order, "no-answer", make_user(shop)))


def test_a_card_goes_behind_the_named_one_to_the_top_or_to_the_end(shop, person):
    first, second, third, moved = (make_order(shop).pk for _ in range(4))
    order = Order.objects.get(pk=moved)

    move(order, "new", person, after_deal_id=deal_of(Order.objects.get(pk=first)).pk)
    assert column(shop, "new") == [first, moved, second, third]
    move(order, "new", person, after_deal_id=0)
    assert column(shop, "new") == [moved, first, second, third]
    move(order, "new", person)
    assert column(shop, "new") == [first, second, third, moved]


def test_room_is_made_however_often_cards_are_put_between_two(shop, person):
    first = make_order(shop)
    expected = [make_order(shop).pk]
    for _ in range(25):
        order = make_order(shop)
        move(order, "new", person, after_deal_id=deal_of(first).pk)
        expected.insert(0, order.pk)

    assert column(shop, "new") == [first.pk, *expected]


def test_cards_of_equal_rank_still_make_room(shop, person):
    cards = [make_order(shop) for _ in range(3)]
    Deal.objects.filter(order__in=cards).update(rank=5)
    order = make_order(shop)

    move(order, "new", person, after_deal_id=deal_of(cards[0]).pk)

    assert column(shop, "new") == [cards[0].pk, order.pk, cards[1].pk, cards[2].pk]


def test_a_neighbour_that_left_the_column_means_the_end(shop, person):
    left, other, order = make_order(shop), make_order(shop), make_order(shop)
    orders.confirm_order(order_id=left.pk, actor=SYSTEM)

    move(order, "new", person, after_deal_id=deal_of(left).pk)

    assert column(shop, "new") == [other.pk, order.pk]


def test_open_boards_are_told_once_per_move(shop, person):
    order = make_order(shop)
    before = BoardChange.objects.count()

    move(order, "no-answer", person)

    assert BoardChange.objects.count() == before + 1


def test_why_not_tells_for_every_column(shop):
    deal = deal_of(make_order(shop, payment_method="card"))

    answers = {Stage.objects.get(pk=pk).slug: refusal for pk, refusal in why_not(deal, Role.MANAGER).items()}

    closed = {slug: refusal.code for slug, refusal in answers.items() if refusal}
    assert closed == {
        **dict.fromkeys(["confirmed", "picking", "packed", "shipped", "at-pickup", "delivered"], "not_paid"),
        "paid-out": "condition",
        "returned": "no_way",
    }


def test_a_deal_without_an_order_moves_on_its_own_board(shop, person):
    sales = Funnel.objects.get(shop=shop, slug__endswith="-sales")
    interest, decision = sales.stages.get(slug="interest"), sales.stages.get(slug="decision")
    deal = Deal.objects.create(funnel=sales, stage=interest, title="A call", currency="RON")

    result = crm.move_deal(deal_id=deal.pk, to_stage_id=decision.pk, actor=Actor.person(person))
    assert Deal.objects.get(pk=deal.pk).stage == decision
    crm.undo_move(move_id=result.move_id, actor=Actor.person(person))

    assert Deal.objects.get(pk=deal.pk).stage == interest


def test_a_deal_without_an_order_cannot_go_where_orders_go(shop, person):
    funnel = Funnel.objects.get(shop=shop, is_default=True)
    free = Stage.objects.create(funnel=funnel, name="Ideas", slug="ideas", position=99)
    deal = Deal.objects.create(funnel=funnel, stage=free, title="A call", currency="RON")

    refusal = refused(
        MoveNotAllowed,
        lambda: crm.move_deal(deal_id=deal.pk, to_stage_id=stage(shop, "new").pk, actor=Actor.person(person)),
    )

    assert refusal.code == "no_order"


def test_units_follow_a_drag(shop, person):
    order = make_order(shop, lines=(make_line(make_product(shop, stock=5), 2),))

    move(order, "cancelled", person, arguments=Arguments(reason_code="customer"))

    assert held_for(order) == (0, 0)
