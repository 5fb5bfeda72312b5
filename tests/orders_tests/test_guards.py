"""The rules as a model: `plan` and `check_way` follow the workflow's graph, and every transition is used."""

from dataclasses import replace
from itertools import pairwise, product

import pytest

from orders.guards import (
    GUARDS,
    NOTHING,
    Arguments,
    OrderFacts,
    ShipmentFact,
    ShortLine,
    check,
    check_way,
    plan,
    sources_of,
)
from orders.selectors import ACTION_OF_TRANSITION
from orders.services.effects import COMPENSATIONS, EFFECTS
from orders.statuses import HAPPY_PATH, TARGETS, PaymentStatus, Status, Transition
from orders.workflow import OrderWorkflow

GOOD = OrderFacts(
    order_id=1,
    number="RO-1",
    status=Status.NEW,
    delivery_kind="door",
    missing=(),
    line_count=1,
    payment_method="cod",
    payment_status="pending",
    confirm_unpaid=False,
    blocks_on_shortage=True,
    partial_agreed=False,
    short=(),
    nothing_reserved=False,
    shipments=(),
)
ALL = Arguments(carrier="own", reason_code="customer", reason="called", return_kind="refused")
SHORT = (ShortLine("CUP", 3, 1),)


def edges():
    """Every edge of the workflow but undo, read from its transitions: (from, to) → verb."""
    found = {}
    for name in Transition.values:
        for source in sources_of(name):
            target = getattr(OrderWorkflow, name)._django_fsm.transitions[source].target
            found[source, str(target)] = name
    return found


def test_every_transition_of_the_workflow_is_used_everywhere():
    methods = {name for name in vars(OrderWorkflow) if hasattr(getattr(OrderWorkflow, name), "_django_fsm")}

    assert methods - {"revert"} == set(Transition.values)
    for table in (GUARDS, TARGETS, EFFECTS, ACTION_OF_TRANSITION):
        assert set(table) == set(Transition.values)
    assert set(COMPENSATIONS) == set(Status)


def test_the_targets_are_those_of_the_workflow():
    assert {(name, to) for (_source, to), name in edges().items()} == {
        (name, target.value) for name, target in TARGETS.items()
    }


def test_the_graph_is_the_one_agreed_upon():
    assert edges() == {
        ("new", "confirmed"): "confirm",
        ("confirmed", "processing"): "start_processing",
        ("processing", "shipped"): "ship",
        ("shipped", "delivered"): "deliver",
        ("new", "cancelled"): "cancel",
        ("confirmed", "cancelled"): "cancel",
        ("processing", "cancelled"): "cancel",
        ("shipped", "returned"): "return_",
        ("delivered", "returned"): "return_",
        ("cancelled", "new"): "reopen",
    }


@pytest.mark.parametrize(("start", "to"), list(product(Status, Status)))
def test_a_plan_walks_the_graph_or_there_is_none(start, to):
    way = plan(start, to)

    if way is None:
        assert (start, to) not in edges()
        forward = start in HAPPY_PATH and to in HAPPY_PATH and HAPPY_PATH.index(start) < HAPPY_PATH.index(to)
        assert not forward
        return
    at = start
    for step in way:
        assert at in sources_of(step)
        at = TARGETS[step]
    assert at == to
    assert len(way) <= 1 or (start in HAPPY_PATH and to in HAPPY_PATH)


def test_forward_is_always_a_way():
    for earlier, later in pairwise(HAPPY_PATH):
        assert plan(earlier, later) == (edges()[earlier, later],)
    assert len(plan(Status.NEW, Status.DELIVERED)) == 4


@pytest.mark.parametrize(("start", "to"), list(product(Status, Status)))
def test_with_good_facts_and_arguments_every_plan_is_allowed(start, to):
    refusal = check_way(replace(GOOD, status=start), to, ALL)

    assert (refusal is None) == (plan(start, to) is not None)
    assert refusal is None or refusal.code == "no_way"


@pytest.mark.parametrize(("transition", "status"), list(product(Transition, Status)))
def test_a_transition_is_refused_from_every_status_it_does_not_start_from(transition, status):
    refusal = check(transition, replace(GOOD, status=status), ALL)

    assert (refusal is None) == (status in sources_of(transition))
    assert refusal is None or refusal.code == "wrong_status"


BAD = [
    ({"line_count": 0}, "no_lines"),
    ({"missing": ("phone", "street")}, "address_incomplete"),
    ({"payment_method": "card"}, "not_paid"),
    ({"payment_method": "card", "payment_status": PaymentStatus.FAILED}, "not_paid"),
    ({"short": SHORT}, "stock_short"),
]


@pytest.mark.parametrize(("facts", "code"), BAD)
@pytest.mark.parametrize("to", [Status.CONFIRMED, Status.PROCESSING, Status.SHIPPED, Status.DELIVERED])
def test_what_stops_confirming_stops_the_whole_way(facts, code, to):
    assert check_way(replace(GOOD, **facts), to, ALL).code == code


@pytest.mark.parametrize(
    "facts",
    [
        {"payment_method": "card", "payment_status": PaymentStatus.PAID},
        {"payment_method": "card", "payment_status": PaymentStatus.AUTHORIZED},
        {"payment_method": "card", "confirm_unpaid": True},
        {"short": SHORT, "partial_agreed": True},
        {"short": SHORT, "blocks_on_shortage": False},
    ],
)
def test_what_lets_an_order_be_confirmed(facts):
    assert check(Transition.CONFIRM, replace(GOOD, **facts)) is None


@pytest.mark.parametrize(
    ("shipments", "arguments", "form"),
    [
        ((), NOTHING, "ship"),
        ((), Arguments(carrier="fan"), "ship"),
        ((), Arguments(carrier="fan", tracking_number=" "), "ship"),
        ((), Arguments(carrier="nobody", tracking_number="1"), "ship"),
        ((ShipmentFact("fan", "", "prepared"),), NOTHING, "ship"),
        ((ShipmentFact("fan", "A1", "prepared"),), NOTHING, None),
        ((ShipmentFact("own", "", "prepared"),), NOTHING, None),
        ((), Arguments(carrier="own"), None),
        ((), Arguments(carrier="fan", tracking_number="A1"), None),
    ],
)
def test_a_parcel_needs_a_carrier_and_its_number(shipments, arguments, form):
    facts = replace(GOOD, status=Status.PROCESSING, shipments=shipments)

    refusal = check(Transition.SHIP, facts, arguments)

    assert (refusal.form if refusal else None) == form


def test_picking_needs_something_reserved_where_shortage_blocks():
    facts = replace(GOOD, status=Status.CONFIRMED, nothing_reserved=True)

    assert check(Transition.START_PROCESSING, facts).code == "nothing_to_pick"
    assert check(Transition.START_PROCESSING, replace(facts, blocks_on_shortage=False)) is None
