"""Claiming on the board: the order decides where there is one; without an order the first click wins, too."""

import pytest

from crm import services as crm
from crm.models import Deal, DealComment, Funnel
from orders.errors import AlreadyDone
from orders.models import Order
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user
from tests.state import everything

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make_shop()


def loose_deal(shop):
    sales = Funnel.objects.get(shop=shop, slug__endswith="-sales")
    return Deal.objects.create(funnel=sales, stage=sales.stages.first(), title="A call", currency="RON")


def refused(error, call):
    before = everything()
    with pytest.raises(error) as refusal:
        call()
    assert everything() == before
    return refusal.value


@pytest.mark.parametrize("with_order", [True, False])
def test_the_first_click_wins_and_the_second_is_told_who_did(shop, with_order):
    deal = Deal.objects.get(order=make_order(shop)) if with_order else loose_deal(shop)
    first, second = make_user(shop, first_name="Ioana", last_name="Pop"), make_user(shop)

    assert crm.claim_deal(deal_id=deal.pk, actor=Actor.person(first)) is True
    assert crm.claim_deal(deal_id=deal.pk, actor=Actor.person(first)) is False

    assert Deal.objects.get(pk=deal.pk).manager == first
    refusal = refused(AlreadyDone, lambda: crm.claim_deal(deal_id=deal.pk, actor=Actor.person(second)))
    assert "Ioana Pop" in refusal.sentence


@pytest.mark.parametrize("with_order", [True, False])
def test_only_who_has_it_lets_go(shop, with_order):
    deal = Deal.objects.get(order=make_order(shop)) if with_order else loose_deal(shop)
    first, second = Actor.person(make_user(shop)), Actor.person(make_user(shop))
    crm.claim_deal(deal_id=deal.pk, actor=first)
    refused(DomainError, lambda: crm.release_deal(deal_id=deal.pk, actor=second))

    assert crm.release_deal(deal_id=deal.pk, actor=first) is True
    assert crm.release_deal(deal_id=deal.pk, actor=first) is False

    assert Deal.objects.get(pk=deal.pk).manager is None


@pytest.mark.parametrize("with_order", [True, False])
def test_machines_claim_nothing(shop, with_order):
    deal = Deal.objects.get(order=make_order(shop)) if with_order else loose_deal(shop)

    refused(DomainError, lambda: crm.claim_deal(deal_id=deal.pk, actor=SYSTEM))


def test_people_of_another_shop_claim_nothing(shop):
    stranger = Actor.person(make_user(make_shop(), Role.ADMIN))
    deals = [loose_deal(shop), Deal.objects.get(order=make_order(shop))]

    for deal in deals:
        refused(NotPermitted, lambda deal=deal: crm.claim_deal(deal_id=deal.pk, actor=stranger))


def test_claiming_the_card_claims_the_order(shop):
    order, person = make_order(shop), make_user(shop)

    crm.claim_deal(deal_id=Deal.objects.get(order=order).pk, actor=Actor.person(person))

    assert Order.objects.get(pk=order.pk).manager == person


def test_a_comment_is_kept_and_never_empty(shop):
    deal, person = loose_deal(shop), Actor.person(make_user(shop))

    crm.add_comment(deal_id=deal.pk, actor=person, text="  called, calls back  ")

    assert DealComment.objects.get().text == "called, calls back"
    assert (
        refused(DomainError, lambda: crm.add_comment(deal_id=deal.pk, actor=person, text=" ")).code == "empty"
    )


def test_strangers_do_not_comment(shop):
    deal, stranger = loose_deal(shop), Actor.person(make_user(make_shop(), Role.ADMIN))

    refused(NotPermitted, lambda: crm.add_comment(deal_id=deal.pk, actor=stranger, text="hello"))


def test_a_supervisor_takes_over_and_releases_a_colleagues_deal(shop):
    deal = loose_deal(shop)
    mara, lead = make_user(shop), make_user(shop, Role.SUPERVISOR)
    crm.claim_deal(deal_id=deal.pk, actor=Actor.person(mara))

    crm.claim_deal(deal_id=deal.pk, actor=Actor.person(lead))

    assert Deal.objects.get(pk=deal.pk).manager == lead
    crm.claim_deal(deal_id=deal.pk, actor=Actor.person(lead))
    crm.release_deal(deal_id=deal.pk, actor=Actor.person(lead))
    assert Deal.objects.get(pk=deal.pk).manager is None
