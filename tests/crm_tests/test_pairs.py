"""Show 4: every pair of stages, by drag and by the order's own services: card and order always agree."""

from dataclasses import replace

import pytest

from crm import services as crm
from crm.errors import MoveNotAllowed
from crm.models import Deal, DealMove, Funnel, MoveKind, Stage
from oms.verification import problems
from orders import services as orders
from orders.errors import OrderError
from orders.guards import Arguments, plan
from orders.statuses import CancelReason, ReturnKind, Status
from shops.actors import Actor
from tests.factories import PAID, bring_to, make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, everything, status_events, status_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SLUGS = (
    *("new", "no-answer", "awaiting-payment", "confirmed", "picking", "packed", "shipped", "at-pickup"),
    *("delivered", "paid-out", "returned", "cancelled"),
)
ARGUMENTS = Arguments(
    carrier="fan",
    reason_code=CancelReason.CUSTOMER,
    reason="called",
    return_kind=ReturnKind.REFUSED,
)
UNPAID = {"payment_method": "transfer"}
VERBS = {
    "confirm": orders.confirm_order,
    "start_processing": orders.start_processing,
    "ship": orders.ship_order,
    "deliver": orders.deliver_order,
    "cancel": orders.cancel_order,
    "return_": orders.return_order,
    "reopen": orders.reopen_order,
}
VALUES = {
    "ship": {"carrier": "fan", "tracking_number": "A2"},
    "cancel": {"reason_code": CancelReason.CUSTOMER},
    "return_": {"return_kind": ReturnKind.REFUSED},
    "reopen": {"reason": "called"},
}


def card_on(shop, slug, payment):
    """A card that stands on a stage, and the person who put it there."""
    person = Actor.person(make_user(shop))
    stage = Stage.objects.get(funnel__shop=shop, slug=slug)
    order = make_order(shop, lines=(make_line(make_product(shop), 2),), **payment)
    bring_to(order, stage.status)
    deal = Deal.objects.get(order=order)
    if deal.stage_id != stage.pk:
        if stage.requires_previous and deal.stage.slug != "delivered":
            crm.move_deal(deal_id=deal.pk, to_stage_id=_stage(shop, "delivered").pk, actor=person)
        crm.move_deal(deal_id=deal.pk, to_stage_id=stage.pk, actor=person)
    return Deal.objects.select_related("stage", "order").get(pk=deal.pk), person


def _stage(shop, slug):
    return Stage.objects.get(funnel__shop=shop, slug=slug)


def payments_for(source, target):
    """The payment with which both stages may hold the order, as far as that is possible."""
    if "awaiting-payment" in (source, target):
        return UNPAID
    return PAID


def is_possible(source, target, unpaid):
    if source == target:
        return True
    if target.slug == "paid-out" and source.slug != "delivered":
        return False
    if target.slug == "awaiting-payment" and source.status not in (Status.NEW, Status.CANCELLED):
        return False
    way = plan(source.status, target.status)
    if way is None:
        return False
    return not (unpaid and "confirm" in way)


@pytest.mark.parametrize("source_slug", SLUGS)
def test_every_drag_agrees_or_changes_nothing(source_slug):
    shop = make_shop()
    for target_slug in SLUGS:
        payment = payments_for(source_slug, target_slug)
        if source_slug == "awaiting-payment" or (
            target_slug == "awaiting-payment" and source_slug in SLUGS[3:11]
        ):
            # Such a card left “new” paid; only where it goes is closed to it.
            payment = UNPAID if source_slug == "awaiting-payment" else PAID
        deal, person = card_on(shop, source_slug, payment)
        source, target = deal.stage, _stage(shop, target_slug)
        before, events = everything(), len(status_events(deal.order))
        moves = DealMove.objects.filter(deal=deal).count()
        possible = is_possible(source, target, payment is UNPAID)

        try:
            crm.move_deal(
                deal_id=deal.pk,
                to_stage_id=target.pk,
                actor=person,
                seen_stage_id=source.pk,
                # An AWB is one order's; so many cards leave this shop.
                arguments=replace(ARGUMENTS, tracking_number=f"A{deal.pk}"),
            )
            moved = True
        except (MoveNotAllowed, OrderError):
            moved = False

        assert moved is possible, (source_slug, target_slug)
        if not moved:
            assert everything() == before
            continue
        after = Deal.objects.select_related("stage").get(pk=deal.pk)
        assert after.stage_id == target.pk
        assert status_of(deal.order) == target.status
        steps = plan(source.status, target.status) or ()
        assert len(status_events(deal.order)) - events == len(steps)
        assert DealMove.objects.filter(deal=deal).count() - moves == 1
    assert_sound()
    assert list(problems(None)) == []


@pytest.mark.parametrize("source_slug", SLUGS)
def test_every_change_of_the_order_takes_the_card_along(source_slug):
    shop = make_shop()
    for transition, verb in VERBS.items():
        payment = UNPAID if source_slug == "awaiting-payment" else PAID
        deal, person = card_on(shop, source_slug, payment)
        source = deal.stage
        before, events = everything(), len(status_events(deal.order))
        moves = DealMove.objects.filter(deal=deal).count()

        try:
            change = verb(order_id=deal.order_id, actor=person, **VALUES.get(transition, {}))
        except OrderError as error:
            change, refusal = None, error
        if change is None:
            assert everything() == before
            assert refusal.code in ("already_done", "wrong_status", "not_paid")
            continue

        after = Deal.objects.select_related("stage").get(pk=deal.pk)
        assert status_of(deal.order) == change.to_status == after.stage.status
        assert after.stage.is_entry or transition == "reopen"
        assert after.stage_id != source.pk
        assert len(status_events(deal.order)) - events == 1
        (move,) = DealMove.objects.filter(deal=deal).order_by("id")[moves:]
        assert (move.kind, move.move_id) == (MoveKind.FOLLOWED, change.move_id)
    assert_sound()
    assert list(problems(None)) == []


@pytest.mark.parametrize("target_slug", SLUGS)
def test_a_drag_within_a_status_leaves_the_order_alone(target_slug):
    shop = make_shop()
    target = Stage.objects.get(funnel__shop=shop, slug=target_slug)
    for source in Stage.objects.filter(funnel=target.funnel, status=target.status).exclude(pk=target.pk):
        payment = UNPAID if "awaiting-payment" in (source.slug, target_slug) else PAID
        deal, person = card_on(shop, source.slug, payment)
        history = deal.order.events.count()

        result = crm.move_deal(deal_id=deal.pk, to_stage_id=target.pk, actor=person)

        assert result.status_changed is False
        assert deal.order.events.count() == history
        assert Deal.objects.get(pk=deal.pk).stage_id == target.pk
    assert_sound()


def test_the_preset_has_the_stages_these_tests_walk():
    shop = make_shop()

    funnel = Funnel.objects.get(shop=shop, is_default=True)

    assert tuple(funnel.stages.values_list("slug", flat=True)) == SLUGS
