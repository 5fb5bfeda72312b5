"""Two hands on one card: one wins, the other's board is stale; the board and the order page never disagree."""

from collections import Counter

import pytest

from crm import services as crm
from crm.errors import MoveNotAllowed, StaleBoard
from crm.models import Deal, DealMove, MoveKind, Stage
from crm.services import MoveResult
from orders import services as orders
from orders.errors import AlreadyDone, OrderError
from orders.models import Order
from orders.services.transitions import StatusChange
from orders.statuses import Status
from shops.actors import Actor
from tests.factories import make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, status_events, status_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def kinds(outcomes):
    return Counter(type(outcome).__name__ for outcome in outcomes)


def dragging(deal, slug, person, **options):
    target = Stage.objects.get(funnel_id=deal.funnel_id, slug=slug)
    return lambda: crm.move_deal(
        deal_id=deal.pk, to_stage_id=target.pk, actor=person, seen_stage_id=deal.stage_id, **options
    )


@pytest.mark.parametrize(
    "slugs", [("confirmed", "confirmed"), ("confirmed", "no-answer"), ("picking", "confirmed")]
)
def test_two_drags_of_one_card_let_one_win(slugs, in_threads):
    shop = make_shop()
    people = [Actor.person(make_user(shop)) for _ in slugs]
    order = make_order(shop)
    deal = Deal.objects.get(order=order)

    outcomes = in_threads([dragging(deal, slug, who) for slug, who in zip(slugs, people, strict=True)])

    assert kinds(outcomes) == {MoveResult.__name__: 1, StaleBoard.__name__: 1}
    assert DealMove.objects.filter(deal=deal, kind=MoveKind.BY_HAND).count() == 1
    assert_sound()


def test_a_drag_and_the_order_page_at_once_confirm_once(in_threads):
    shop = make_shop()
    board, page = Actor.person(make_user(shop)), Actor.person(make_user(shop))
    for _ in range(8):
        order = make_order(shop)
        deal = Deal.objects.get(order=order)

        dragged, clicked = in_threads(
            [
                dragging(deal, "confirmed", board),
                lambda o=order: orders.confirm_order(order_id=o.pk, actor=page),
            ]
        )

        winners = [isinstance(dragged, MoveResult), isinstance(clicked, StatusChange)]
        assert sorted(winners) == [False, True]
        assert isinstance(dragged, MoveResult | StaleBoard)
        assert isinstance(clicked, StatusChange | AlreadyDone)
        assert len(status_events(order)) == 1
        assert status_of(order) == Status.CONFIRMED
    assert_sound()


def test_undoing_a_drag_and_dragging_on_at_once_leave_one_story(in_threads):
    shop = make_shop(undo_seconds=600)
    person = Actor.person(make_user(shop))
    for _ in range(8):
        order = make_order(shop)
        deal = Deal.objects.get(order=order)
        move = dragging(deal, "confirmed", person)()
        deal = Deal.objects.get(pk=deal.pk)

        undone, dragged = in_threads(
            [
                lambda m=move: crm.undo_move(move_id=m.move_id, actor=person),
                dragging(deal, "packed", person),
            ]
        )

        if isinstance(undone, OrderError):
            assert isinstance(dragged, MoveResult)
            assert status_of(order) == Status.PROCESSING
        else:
            assert isinstance(dragged, StaleBoard)
            assert status_of(order) == Status.NEW
    assert_sound()


def test_many_cards_dropped_behind_one_at_once_never_wait_in_a_circle(in_threads):
    shop = make_shop()
    product, person = make_product(shop, stock=100), Actor.person(make_user(shop))
    first = Deal.objects.get(order=make_order(shop, lines=(make_line(product, 1),)))
    deals = [Deal.objects.get(order=make_order(shop, lines=(make_line(product, 1),))) for _ in range(20)]
    Deal.objects.filter(stage=first.stage).update(rank=7)

    outcomes = in_threads([dragging(deal, "new", person, after_deal_id=first.pk) for deal in deals])

    assert kinds(outcomes) == {MoveResult.__name__: 20}
    assert Deal.objects.filter(stage=first.stage).order_by("rank", "id").first() == first


def test_a_full_column_takes_no_more_however_many_come_at_once(in_threads):
    shop = make_shop()
    product, person = make_product(shop, stock=100), Actor.person(make_user(shop))
    Stage.objects.filter(funnel__shop=shop, slug="confirmed").update(wip_limit=3)
    made = [make_order(shop, lines=(make_line(product, 1),)) for _ in range(8)]
    deals = [Deal.objects.get(order=order) for order in made]

    outcomes = in_threads([dragging(deal, "confirmed", person) for deal in deals])

    assert kinds(outcomes) == {MoveResult.__name__: 3, MoveNotAllowed.__name__: 5}
    assert Order.objects.filter(status=Status.CONFIRMED).count() == 3
    assert_sound()
