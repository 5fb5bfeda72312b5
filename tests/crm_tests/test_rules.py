"""The board's own rules, as pure functions of stages, counts and the order's facts."""

import pytest

from crm.models import Deal, Funnel, Stage, StageCondition
from crm.rules import BoardFacts, check_move, meets_condition
from orders.guards import OrderFacts
from orders.models import Order
from orders.statuses import PaymentStatus, Status


def stage(pk, position=0, **fields):
    return Stage(pk=pk, name=f"Stage {pk}", slug=f"s{pk}", position=position or pk, **fields)


def facts(status):
    return OrderFacts(
        order_id=1, number="1", status=status, delivery_kind="door", missing=(), line_count=1,
        payment_method="cod", payment_status="pending", confirm_unpaid=False, blocks_on_shortage=True,
        partial_agreed=False, short=(), nothing_reserved=False, shipments=(),
    )  # fmt: skip


def deal_on(where, order=None):
    deal = Deal(pk=1, stage=where, funnel=Funnel())
    deal.order = order
    return deal


def code(deal, target, board, order_facts=None):
    refusal = check_move(deal, target, order_facts, board)
    return refusal.code if refusal else None


@pytest.mark.parametrize(
    ("condition", "method", "status", "meets"),
    [
        (StageCondition.NONE, "cod", PaymentStatus.PENDING, True),
        (StageCondition.UNPAID, "cod", PaymentStatus.PENDING, False),
        (StageCondition.UNPAID, "card", PaymentStatus.PENDING, True),
        (StageCondition.UNPAID, "card", PaymentStatus.FAILED, True),
        (StageCondition.UNPAID, "card", PaymentStatus.AUTHORIZED, False),
        (StageCondition.UNPAID, "card", PaymentStatus.PAID, False),
        (StageCondition.PAID, "card", PaymentStatus.PAID, True),
        (StageCondition.PAID, "card", PaymentStatus.PARTLY_REFUNDED, True),
        (StageCondition.PAID, "card", PaymentStatus.REFUNDED, False),
        (StageCondition.PAID, "cod", PaymentStatus.PENDING, False),
    ],
)
def test_a_condition_looks_at_the_payment(condition, method, status, meets):
    order = Order(payment_method=method, payment_status=status)

    assert meets_condition(stage(1, condition=condition), order) is meets


def test_a_deal_without_an_order_meets_no_condition():
    assert meets_condition(stage(1), None) is True
    assert meets_condition(stage(1, condition=StageCondition.PAID), None) is False


def test_staying_is_always_allowed():
    full = stage(1, wip_limit=0, requires_previous=True, condition=StageCondition.PAID)

    assert code(deal_on(full), full, BoardFacts([full], {1: 9})) is None


@pytest.mark.parametrize(("count", "expected"), [(0, None), (1, None), (2, "wip_limit"), (3, "wip_limit")])
def test_a_limit_is_the_most_cards_at_once(count, expected):
    target = stage(2, wip_limit=2)

    assert code(deal_on(stage(1)), target, BoardFacts([stage(1), target], {2: count})) == expected


def test_requires_previous_skips_side_stages():
    first, side, target = stage(1), stage(2, is_side=True), stage(3, requires_previous=True)
    board = BoardFacts([first, side, target], {})

    assert code(deal_on(first), target, board) is None
    assert code(deal_on(side), target, board) == "requires_previous"


def test_the_first_stage_has_no_previous_one():
    target, later = stage(1, requires_previous=True), stage(2)

    assert code(deal_on(later), target, BoardFacts([target, later], {})) is None


def test_a_stage_with_a_status_needs_an_order():
    target = stage(2, status=Status.CONFIRMED)

    assert code(deal_on(stage(1)), target, BoardFacts([stage(1), target], {})) == "no_order"


@pytest.mark.parametrize(
    ("status", "target", "expected"),
    [
        (Status.NEW, Status.CONFIRMED, None),
        (Status.DELIVERED, Status.NEW, "no_way"),
        (Status.PROCESSING, Status.SHIPPED, "shipment_missing"),
        (Status.NEW, Status.CANCELLED, "reason_missing"),
    ],
)
def test_the_orders_rules_come_last(status, target, expected):
    where, there = stage(1, status=status), stage(2, status=target)

    assert code(deal_on(where, Order(pk=1)), there, BoardFacts([where, there], {}), facts(status)) == expected
