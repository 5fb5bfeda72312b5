"""A deal becomes an order while somebody else works on it: afterwards the deal and its order tell the same story."""

from __future__ import annotations

import uuid

import pytest

from crm import projection
from crm import services as crm
from crm.errors import StaleBoard
from crm.models import Deal, Funnel, Happening, MoveKind, Stage, StageRule
from crm.services import making
from notifications.models import Message
from oms import verification
from orders import services as orders
from orders.models import Order
from shops.actors import Actor
from shops.errors import DomainError
from shops.models import ClaimVisibility, Shop
from tests.factories import make_draft, make_line, make_product, make_shop, make_user
from tests.state import everything

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make_shop()


@pytest.fixture
def person(shop):
    return make_user(shop)


def lead(shop, slug="interest"):
    funnel = Funnel.objects.get(shop=shop, slug__endswith="-sales")
    Funnel.objects.filter(pk=funnel.pk).update(is_active=True)
    return loose_deal(shop, funnel.stages.get(slug=slug))


def loose_deal(shop, stage):
    deal = Deal.objects.create(
        funnel=stage.funnel,
        stage=stage,
        title="20 mugs",
        currency=shop.currency,
        is_open=not stage.is_terminal,
    )
    projection.record_creation(deal, Actor.system("tests"))
    return deal


def order_from(shop, deal, person):
    return crm.create_order(
        shop_id=shop.pk,
        draft=make_draft(shop, make_line(make_product(shop))),
        actor=Actor.person(person),
        form_key=uuid.uuid4(),
        deal_id=deal.pk,
    )


def order_board(shop):
    return Funnel.objects.get(shop=shop, is_default=True)


def follow_placed(funnel, slug):
    StageRule.objects.create(funnel=funnel, happening=Happening.PLACED, stage=funnel.stages.get(slug=slug))


def problems():
    return list(verification.problems(None))


@pytest.mark.parametrize(
    "change",
    [
        lambda deal, **by: crm.claim_deal(deal_id=deal.pk, **by),
        lambda deal, **by: crm.release_deal(deal_id=deal.pk, **by),
        lambda deal, **by: crm.hand_over_deal(
            deal_id=deal.pk, to_user_id=make_user(deal.funnel.shop).pk, **by
        ),
        lambda deal, **by: crm.add_comment(deal_id=deal.pk, text="Calls back.", **by),
        lambda deal, **by: crm.cancel_retry(deal_id=deal.pk, **by),
        lambda deal, **by: crm.move_deal(
            deal_id=deal.pk, to_stage_id=order_board(deal.funnel.shop).stages.get(slug="confirmed").pk, **by
        ),
    ],
    ids=["claim", "release", "hand over", "comment", "cancel retry", "move"],
)
def test_who_saw_no_order_before_waiting_is_told_of_it(shop, person, change, monkeypatch):
    deal = lead(shop)
    order_from(shop, deal, make_user(shop))
    monkeypatch.setattr(projection, "order_of", lambda deal_id: None)
    before, messages = everything(), Message.objects.count()

    with pytest.raises(StaleBoard, match="has become an order meanwhile"):
        change(deal, actor=Actor.person(person))

    assert everything() == before
    assert Message.objects.count() == messages
    assert problems() == []


def claim_after_the_first_look(monkeypatch, deal, person):
    look = making._require_free

    def look_and_lose(*where):
        look(*where)
        crm.claim_deal(deal_id=deal.pk, actor=Actor.person(person))

    monkeypatch.setattr(making, "_require_free", look_and_lose)


def test_who_claims_the_deal_while_its_order_is_placed_has_the_order(shop, person, monkeypatch):
    deal = lead(shop)
    claim_after_the_first_look(monkeypatch, deal, person)

    order = order_from(shop, deal, make_user(shop))

    assert order.manager == person
    assert Deal.objects.get(order=order).manager == person
    assert problems() == []


def test_a_claim_that_keeps_others_out_stops_an_order_that_is_being_placed(shop, person, monkeypatch):
    Shop.objects.filter(pk=shop.pk).update(claim_visibility=ClaimVisibility.READ_ONLY)
    deal = lead(shop)
    claim_after_the_first_look(monkeypatch, deal, person)

    with pytest.raises(DomainError, match="works on this deal"):
        order_from(shop, deal, make_user(shop))

    assert not Order.objects.exists()
    assert Deal.objects.get(pk=deal.pk).manager == person


def test_who_works_on_the_deal_comes_before_the_customers_personal_manager(shop, person):
    first = order_from(shop, lead(shop), person)
    keeper = make_user(shop)
    orders.set_personal_manager(customer_id=first.customer_id, user_id=keeper.pk, actor=Actor.person(keeper))
    claimed, free = lead(shop), lead(shop)
    crm.claim_deal(deal_id=claimed.pk, actor=Actor.person(person))

    managers = [order_from(shop, deal, person).manager for deal in (claimed, free)]

    assert managers == [person, keeper]
    assert problems() == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_claim_and_an_order_at_once_agree_on_the_manager(in_threads):
    shop = make_shop()
    maker, other = make_user(shop), make_user(shop)
    for _ in range(8):
        deal = lead(shop)

        placed, claimed = in_threads(
            [
                lambda d=deal: order_from(shop, d, maker),
                lambda d=deal: crm.claim_deal(deal_id=d.pk, actor=Actor.person(other)),
            ]
        )

        assert isinstance(placed, Order)
        assert claimed is True or isinstance(claimed, StaleBoard)
        order = Order.objects.get(pk=placed.pk)
        assert (
            order.manager_id
            == Deal.objects.get(order=order).manager_id
            == (other.pk if claimed is True else None)
        )
    assert problems() == []


def test_an_order_of_a_sales_deal_starts_where_the_rule_for_placed_orders_says(shop, person):
    follow_placed(order_board(shop), "no-answer")

    order = order_from(shop, lead(shop), person)

    card = Deal.objects.get(order=order)
    assert (card.funnel, card.stage.slug) == (order_board(shop), "no-answer")
    assert card.moves.latest("id").kind == MoveKind.FOLLOWED
    assert problems() == []


def test_a_rule_whose_condition_the_order_does_not_meet_is_passed_over(shop, person):
    follow_placed(order_board(shop), "awaiting-payment")

    order = order_from(shop, lead(shop), person)

    assert Deal.objects.get(order=order).stage.slug == "new"


def test_the_rule_holds_for_a_deal_of_the_board_of_orders_itself(shop, person):
    board = order_board(shop)
    waiting = Stage.objects.create(funnel=board, name="Asked", slug="asked", position=99)
    follow_placed(board, "no-answer")

    order = order_from(shop, loose_deal(shop, waiting), person)

    assert Deal.objects.get(order=order).stage.slug == "no-answer"
    assert problems() == []


def test_a_board_of_orders_without_their_stages_keeps_its_won_deal(shop, person):
    deal = lead(shop)
    Funnel.objects.filter(shop=shop).update(is_default=False)
    Funnel.objects.filter(pk=deal.funnel_id).update(is_default=True, follows_orders=False)

    order = order_from(shop, deal, person)

    assert Deal.objects.get(order=order).stage.slug == "order"


def test_both_boards_rules_are_held_before_the_card(shop, person, monkeypatch):
    deal, seen = lead(shop), []
    hold, lock_one = projection.hold_rules, projection.lock_one
    monkeypatch.setattr(projection, "hold_rules", lambda key: seen.append(key) or hold(key))
    monkeypatch.setattr(projection, "lock_one", lambda rows, key: seen.append("card") or lock_one(rows, key))

    order_from(shop, deal, person)

    first = seen.index("card")
    assert set(seen[:first]) == {order_board(shop).pk, deal.funnel_id}
