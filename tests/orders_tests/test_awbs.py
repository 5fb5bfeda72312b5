"""Giving orders their AWBs and settling parcels by theirs: what a list would do, and what it does."""

from __future__ import annotations

import pytest

from inventory.models import StockMovement
from orders import services as orders
from orders.awb_files import AWBS, DELIVERED, OUTCOMES, read_awbs
from orders.errors import OrderError
from orders.models import HandoverSheet, Order, OrderEvent, Shipment
from orders.services.awb_lists import Verdict, look_through
from orders.services.awbs import assign_awb, settle_parcel
from orders.services.handover import make_handover_sheet
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Shop, User
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user

pytestmark = pytest.mark.django_db
AWB, OTHER = "2000105560061", "2000105560062"


def verdicts(user: User, text: str, **options: str) -> list[Verdict]:
    found = read_awbs(text.encode(), kind=options.pop("kind", ""))
    return look_through(found.rows, kind=found.kind, user=user, may_turn=not found.is_headed, **options)


def reasons(user: User, text: str, **options: str) -> list[str]:
    return [verdict.why_not for verdict in verdicts(user, text, **options)]


def packer(shop: Shop) -> User:
    return make_user(shop, Role.WAREHOUSE)


def test_it_prepares_a_parcel_with_the_courier_told_by_the_number():
    order = make_order(status="confirmed", courier="")
    user = packer(order.shop)

    (found,) = verdicts(user, f"{order.number};{AWB}")
    changed = assign_awb(
        order_id=order.pk, actor=Actor.person(user), carrier=found.carrier, tracking_number=AWB
    )

    parcel = order.shipments.get()
    assert (found.does, found.carrier, changed) == ("prepare", "fan", True)
    assert (parcel.tracking_number, parcel.carrier, parcel.state) == (AWB, "fan", "prepared")
    assert order.terms.filter(term=AWB).exists()


def test_it_fills_in_the_number_of_the_prepared_parcel():
    order = make_order(status="processing", courier="own")
    orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="own")
    user = packer(order.shop)

    (found,) = verdicts(user, f"{order.number};{AWB}")
    assign_awb(order_id=order.pk, actor=Actor.person(user), carrier="fan", tracking_number=AWB)

    parcel = order.shipments.get()
    assert found.does == "fill"
    assert (parcel.carrier, parcel.tracking_number) == ("fan", AWB)
    assert order.terms.filter(term=AWB).exists()


def test_a_repeat_changes_nothing():
    order = make_order(status="confirmed")
    actor = Actor.person(packer(order.shop))
    assign_awb(order_id=order.pk, actor=actor, carrier="fan", tracking_number=AWB)
    before = OrderEvent.objects.count()

    changed = assign_awb(order_id=order.pk, actor=actor, carrier="fan", tracking_number=AWB.lower())

    assert not changed
    assert OrderEvent.objects.count() == before
    assert order.shipments.count() == 1


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_awb_is_missing_also_where_the_parcel_has_none(empty):
    order = make_order(status="processing", courier="own")
    orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="own")
    other = make_order(order.shop, status="confirmed")
    user = packer(order.shop)

    found = reasons(user, f"{order.number};{empty}\n{other.number};{empty}", kind=AWBS)

    assert found == ["The tracking number (AWB) is missing."] * 2
    with pytest.raises(OrderError, match="is missing"):
        assign_awb(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number=empty)


def test_a_number_stored_as_it_was_typed_is_a_repeat():
    order = make_order(status="confirmed")
    parcel = orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="X")
    Shipment.objects.filter(pk=parcel.pk).update(tracking_number="fan 123 abc")

    (found,) = verdicts(packer(order.shop), f"{order.number};FAN123ABC", kind=AWBS)

    assert (found.does, found.why_not) == ("nothing", "")


def test_it_names_every_bad_row():
    shop = make_shop()
    user = make_user(shop)
    good, again, new, gone, off = (
        make_order(shop, status=status)
        for status in ("confirmed", "confirmed", "new", "shipped", "cancelled")
    )
    owner = make_order(shop, status="confirmed")
    orders.add_shipment(order_id=owner.pk, actor=SYSTEM, carrier="fan", tracking_number=OTHER)
    foreign = make_order(status="confirmed")
    text = "\n".join(
        [
            f"{good.number};{AWB}",
            f"{again.number};{AWB}",
            f"{again.number};{OTHER}",
            f"{new.number};2000105560063",
            f"{gone.number};2000105560064",
            f"{off.number};2000105560065",
            f"{foreign.number};2000105560066",
            "NO-SUCH;2000105560067",
            f"{again.number};6,2E+12",
            f"{again.number};2001",
            f"{again.number};",
            f"{owner.number};2000105560068",
            f"{again.number};ZZ-77-ZZ;Pigeon post",
        ]
    )

    found = reasons(user, text, kind=AWBS)

    assert found == [
        "",
        f"The same AWB stands in line 1, for {good.number}.",
        f"Order {owner.number} has this AWB.",
        "The order is not confirmed yet.",
        f"The order was already shipped with another AWB: {gone.shipments.get().tracking_number}.",
        "The order is cancelled.",
        f"No order “{foreign.number}” is known here.",
        "No order “NO-SUCH” is known here.",
        "A spreadsheet shortened this number to 6,2E+12; format its column as text and export again.",
        "“2001” cannot be a tracking number of FAN Courier.",
        "The tracking number (AWB) is missing.",
        f"The order already has another parcel prepared (AWB {OTHER}); remove it there first.",
        "“Pigeon post” is no courier known here.",
    ]


def test_it_finds_an_order_by_its_number_in_the_shop_and_in_swapped_columns():
    order = make_order(status="confirmed", external_number="7741")
    user = packer(order.shop)

    found = [verdict.order for verdict in verdicts(user, f"7741;{AWB}\n", kind=AWBS)]
    swapped = verdicts(user, f"{AWB};{order.number.lower()}", kind=AWBS)

    assert found == [order]
    assert [(verdict.order, verdict.row.number) for verdict in swapped] == [(order, AWB)]


def test_it_asks_for_the_courier_where_nothing_tells_it():
    order = make_order(status="confirmed", courier="")
    user = packer(order.shop)

    assert reasons(user, f"{order.number};ZZ-77-ZZ") == [
        "Choose the courier: it cannot be told from the number."
    ]
    assert reasons(user, f"{order.number};ZZ-77-ZZ", carrier="gls") == [""]


def test_a_colleagues_claim_is_said_before_anything_is_written():
    shop = make_shop(claim_visibility="read_only")
    order = make_order(shop, status="confirmed")
    Order.objects.filter(pk=order.pk).update(manager=make_user(shop, first_name="Ioana"))

    (said,) = reasons(make_user(shop), f"{order.number};{AWB}")

    assert said.startswith("Ioana works on order")
    assert reasons(packer(shop), f"{order.number};{AWB}") == [""]


def test_the_verb_judges_again_and_writes_nothing_when_refused():
    order, owner = make_order(status="new"), make_order(status="confirmed")
    orders.add_shipment(order_id=owner.pk, actor=SYSTEM, carrier="fan", tracking_number=AWB)
    events = OrderEvent.objects.count()
    late = make_order(owner.shop, status="confirmed")

    for target in (order, late):
        with pytest.raises(OrderError):
            assign_awb(
                order_id=target.pk,
                actor=Actor.person(make_user(target.shop)),
                carrier="fan",
                tracking_number=AWB,
            )
    with pytest.raises(NotPermitted):
        assign_awb(
            order_id=late.pk, actor=Actor.person(packer(make_shop())), carrier="fan", tracking_number=OTHER
        )

    assert Shipment.objects.count() == 1
    assert OrderEvent.objects.filter(order__in=[order, owner]).count() <= events


def test_outcomes_deliver_and_return_and_name_wrong_rows():
    shop = make_shop()
    user = packer(shop)
    arrived, refused, prepared = (make_order(shop, status=s) for s in ("shipped", "shipped", "confirmed"))
    orders.add_shipment(order_id=prepared.pk, actor=SYSTEM, carrier="fan", tracking_number=OTHER)
    first, second = arrived.shipments.get(), refused.shipments.get()
    text = (
        f"{first.tracking_number};livrat\n{second.tracking_number};odmowa\n"
        f"{first.tracking_number};refuzat\n{OTHER};delivered\n99;delivered\n{second.tracking_number};maybe"
    )

    found = verdicts(user, text, kind=OUTCOMES)
    settle_parcel(shipment_id=first.pk, actor=Actor.person(user), outcome=DELIVERED)
    settle_parcel(shipment_id=second.pk, actor=Actor.person(user), outcome="refused")
    again = settle_parcel(shipment_id=second.pk, actor=Actor.person(user), outcome="refused")

    assert [verdict.does for verdict in found] == ["deliver_order", "return_order", "", "", "", ""]
    assert [verdict.why_not for verdict in found][2:] == [
        "The same AWB stands in line 1.",
        "The parcel was not shipped here yet; ship it first.",
        "No parcel with AWB “99” is known here.",
        "“maybe” is not known: write delivered, refused or unclaimed.",
    ]
    assert Order.objects.get(pk=arrived.pk).status == "delivered"
    assert Order.objects.get(pk=refused.pk).status == "returned"
    assert again.does == "nothing" and refused.returns.count() == 1
    assert refused.returns.get().kind == "refused"
    assert not StockMovement.objects.filter(kind="restock").exists()


def test_parcels_of_other_shops_are_unknown():
    order = make_order(status="shipped")
    number = order.shipments.get().tracking_number

    assert reasons(packer(make_shop()), f"{number};delivered", kind=OUTCOMES) == [
        f"No parcel with AWB “{number}” is known here."
    ]


def test_the_summary_costs_the_same_queries_however_many_rows(django_assert_num_queries):
    shop = make_shop()
    user = packer(shop)
    numbers = [make_order(shop, status="confirmed").number for _ in range(6)]
    few, many = f"{numbers[0]};{AWB}", "\n".join(f"{n};200010556010{i}" for i, n in enumerate(numbers))

    for text in (few, many):
        with django_assert_num_queries(8):
            verdicts(user, text, kind=AWBS)


def test_two_clicks_make_one_sheet_and_undone_parcels_leave_it():
    order = make_order(status="processing")
    user = packer(order.shop)
    actor = Actor.person(user)
    change = orders.ship_order(order_id=order.pk, actor=actor, carrier="fan", tracking_number=AWB)
    parcel = order.shipments.get()

    sheet = make_handover_sheet(shop_id=order.shop_id, carrier="fan", shipment_ids=[parcel.pk], actor=actor)
    with pytest.raises(OrderError):
        make_handover_sheet(shop_id=order.shop_id, carrier="fan", shipment_ids=[parcel.pk], actor=actor)
    orders.revert_move(move_id=change.move_id, actor=actor)

    assert HandoverSheet.objects.get() == sheet
    assert not sheet.shipments.exists()
    with pytest.raises(NotPermitted):
        make_handover_sheet(shop_id=make_shop().pk, carrier="fan", shipment_ids=[parcel.pk], actor=actor)
