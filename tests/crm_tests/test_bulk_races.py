"""Two tabs, two clicks, and an Undo while it still runs: no card moves twice, and every card is where its row says."""

import uuid
from collections import Counter

import pytest

from crm.models import BulkMove, BulkState, Deal, DealMove, MoveKind, Stage
from crm.services import bulk as crm
from orders.models import Order
from orders.statuses import Status
from shops.actors import Actor
from tests.factories import make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
CARDS = 12


def begin(shop, person, key=None):
    target = Stage.objects.get(funnel__shop=shop, slug="confirmed")
    deals = Deal.objects.filter(funnel=target.funnel).order_by("pk").values_list("pk", flat=True)
    return crm.start_bulk_move(
        funnel_id=target.funnel_id, to_stage_id=target.pk, deal_ids=list(deals), actor=person, key=key
    )


def make_board():
    shop = make_shop(undo_seconds=600)
    product = make_product(shop, stock=100)
    for _ in range(CARDS):
        make_order(shop, lines=(make_line(product),))
    return shop, Actor.person(make_user(shop))


def until_done(bulk, person):
    def run():
        while crm.continue_bulk_move(bulk_id=bulk.pk, actor=person, most=3):
            pass

    return run


def test_two_tabs_that_continue_at_once_move_every_card_once(in_threads):
    shop, person = make_board()
    bulk = begin(shop, person)

    outcomes = in_threads([until_done(bulk, person) for _ in range(3)])

    assert outcomes == [None] * 3
    assert Counter(bulk.cards.values_list("state", flat=True)) == {BulkState.MOVED: CARDS}
    assert DealMove.objects.filter(kind=MoveKind.BY_HAND).count() == CARDS
    assert Order.objects.filter(status=Status.CONFIRMED).count() == CARDS
    assert_sound()


def test_two_clicks_at_once_begin_one_move(in_threads):
    shop, person = make_board()
    key = uuid.uuid4()

    outcomes = in_threads([lambda: begin(shop, person, key)] * 3)

    assert [outcome.pk for outcome in outcomes] == [key] * 3
    assert BulkMove.objects.get().cards.count() == CARDS


def test_an_undo_while_it_still_runs_leaves_every_card_in_one_place(in_threads):
    shop, person = make_board()
    bulk = begin(shop, person)

    def undo_all():
        while crm.undo_bulk_move(bulk_id=bulk.pk, actor=person, most=3):
            pass

    outcomes = in_threads([until_done(bulk, person), undo_all])
    undo_all()

    assert outcomes == [None, None]
    states = Counter(bulk.cards.values_list("state", flat=True))
    assert set(states) <= {BulkState.UNDONE, BulkState.REFUSED}
    assert sum(states.values()) == CARDS
    assert Order.objects.filter(status=Status.NEW).count() == CARDS
    assert_sound()
