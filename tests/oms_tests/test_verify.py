"""`manage.py verify` names whatever was broken behind the services' backs."""

import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from crm.models import Deal, DealMove, Stage
from inventory.models import Reservation, StockItem, StockMovement
from notifications.models import Message
from notifications.statuses import MessageState
from orders import services as orders
from orders.models import Order, OrderEvent, OrderLine, Shipment
from orders.models.history import EventKind
from orders.statuses import ShipmentState, Status
from shops.actors import Actor
from shops.models import Shop
from tests.factories import make_order, make_shop, make_user


@pytest.fixture(scope="module")
def healthy(django_db_setup: None, django_db_blocker: Any) -> Iterator[Shop]:
    """A shop with an order in every status; one move was undone and customers were written to. Made once."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield _healthy_shop()
        transaction.set_rollback(True)


def _healthy_shop() -> Shop:
    shop = make_shop()
    manager = Actor.person(make_user(shop))
    for status in Status.values:
        make_order(shop, status=status, notify=status == Status.NEW)
    undone = make_order(shop)
    change = orders.confirm_order(order_id=undone.pk, actor=manager)
    orders.revert_move(move_id=change.move_id, actor=manager)
    told = make_order(shop)
    orders.confirm_order(order_id=told.pk, actor=manager)
    return shop


@pytest.fixture
def shop(healthy: Shop, db: None) -> Shop:
    """The healthy shop; what a test breaks is mended after it."""
    return healthy


def run(**options: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify", stdout=out, **options)
    except SystemExit as stop:
        return int(str(stop.code)), out.getvalue()
    return 0, out.getvalue()


def order_in(status: str) -> Order:
    return Order.objects.filter(status=status).earliest("pk")


def break_ledger() -> str:
    StockMovement.objects.filter(pk=StockMovement.objects.earliest("pk").pk).update(quantity=77)
    return "its movements add up to"


def break_reserved_counter() -> str:
    item = StockItem.objects.filter(reserved=1).earliest("pk")
    StockItem.objects.filter(pk=item.pk).update(reserved=3)
    return "its reservations add up to 1"


def break_reservation_owner() -> str:
    Reservation.objects.filter(pk=Reservation.objects.earliest("pk").pk).update(reference="order:999999")
    return "reservation order:999999: there is no such order"


def break_holding() -> str:
    order = order_in(Status.CONFIRMED)
    OrderLine.objects.filter(order=order).update(quantity=5)
    return f"order {order.number} ordered 5 of product"


def let_the_cancelled_hold() -> str:
    held, gone = order_in(Status.CONFIRMED), order_in(Status.CANCELLED)
    Reservation.objects.filter(reference=held.stock_reference).update(reference=gone.stock_reference)
    return f"order {gone.number} is cancelled but still holds stock"


def let_the_delivered_hold() -> str:
    held, gone = order_in(Status.CONFIRMED), order_in(Status.DELIVERED)
    Reservation.objects.filter(reference=held.stock_reference).update(reference=gone.stock_reference)
    return f"order {gone.number} is delivered but still holds stock of product"


def send_a_line_twice() -> str:
    gone = order_in(Status.DELIVERED)
    OrderLine.objects.filter(order=gone).update(dropped=1)
    return f"order {gone.number}: 1 of"


def break_goods_total() -> str:
    order = order_in(Status.NEW)
    OrderLine.objects.filter(order=order).update(total=Decimal("11.01"))
    return f"order {order.number}: its lines add up to 11.01, its goods to 10.00"


def break_total() -> str:
    order = order_in(Status.NEW)
    Order.objects.filter(pk=order.pk).update(shipping_total=Decimal("3.00"))
    return f"order {order.number}: its parts add up to 13.00, its total is 10.00"


def break_tracking_link() -> str:
    order = order_in(Status.NEW)
    Order.objects.filter(pk=order.pk).update(tracking_version=2)
    return f"order {order.number}: the link of its tracking page leads nowhere"


def break_status() -> str:
    order = order_in(Status.PROCESSING)
    Order.objects.filter(pk=order.pk).update(status=Status.CONFIRMED)
    return f"order {order.number} is confirmed, but its history ends at processing"


def break_history() -> str:
    order = order_in(Status.DELIVERED)
    OrderEvent.objects.filter(order=order, to_status=Status.PROCESSING).delete()
    return f"order {order.number}: a change from processing is recorded while it was confirmed"


def forget_the_undo() -> str:
    OrderEvent.objects.filter(kind=EventKind.STATUS, reverted_at__isnull=False).update(reverted_at=None)
    return "but its history without undone changes ends at confirmed"


def forget_the_placing() -> str:
    order = order_in(Status.NEW)
    OrderEvent.objects.filter(order=order, kind=EventKind.PLACED).delete()
    return f"order {order.number}: nothing records that it was placed"


def lose_parcel() -> str:
    order = order_in(Status.SHIPPED)
    Shipment.objects.filter(order=order).update(state=ShipmentState.VOIDED)
    return f"order {order.number} is shipped, but no parcel of it was handed over"


def drift() -> str:
    order = order_in(Status.NEW)
    deal = Deal.objects.get(order=order)
    wrong = Stage.objects.get(funnel=deal.funnel, slug="picking")
    Deal.objects.filter(pk=deal.pk).update(stage=wrong)
    return f"order {order.number} is new, but its card stands in picking (drift)"


def break_amount() -> str:
    order = order_in(Status.NEW)
    Deal.objects.filter(order=order).update(amount=Decimal("1.00"))
    return f"order {order.number} costs 10.00 RON, but its card says 1.00 RON"


def break_manager() -> str:
    order = order_in(Status.NEW)
    Deal.objects.filter(order=order).update(manager=make_user())
    return f"order {order.number} and its card name different managers"


def break_openness() -> str:
    deal = Deal.objects.filter(is_open=True).earliest("pk")
    Deal.objects.filter(pk=deal.pk).update(is_open=False)
    return f"deal {deal.pk} ({deal.title}) is counted as closed wrongly"


def lose_card() -> str:
    deal = Deal.objects.earliest("pk")
    deal.delete()
    return f"order {deal.title} has no card on the board"


def break_moves() -> str:
    move = DealMove.objects.filter(from_stage__isnull=False).earliest("pk")
    DealMove.objects.filter(pk=move.pk).update(from_stage=move.to_stage)
    return f"deal {move.deal_id} ({move.deal.title}): a move starts where the one before did not end"


def break_last_move() -> str:
    deal = Deal.objects.latest("pk")
    last = deal.moves.latest("pk")
    DealMove.objects.filter(pk=last.pk).update(to_stage=Stage.objects.get(funnel=deal.funnel, slug="packed"))
    return f"deal {deal.pk} ({deal.title}): its last move does not end where it stands"


def lose_moves() -> str:
    deal = Deal.objects.latest("pk")
    deal.moves.all().delete()
    return f"deal {deal.pk} ({deal.title}): nothing records how it came here"


def lose_entry() -> str:
    stage = Stage.objects.get(slug="picking")
    Stage.objects.filter(pk=stage.pk).update(is_entry=False)
    return f"funnel {stage.funnel.slug}: 0 entry stages for processing, not one"


def break_key() -> str:
    message = Message.objects.earliest("created_at")
    Message.objects.filter(pk=message.pk).update(dedupe_key="a:b:c:d")
    return f"message {message.pk}: its key is a:b:c:d, not "


def lose_event_of_message() -> str:
    message = Message.objects.earliest("created_at")
    Message.objects.filter(pk=message.pk).update(event_uid=uuid.uuid4())
    return f"message {message.pk} speaks of an event that its order never had"


def tell_the_undone() -> str:
    message = Message.objects.filter(state=MessageState.DISCARDED).earliest("created_at")
    Message.objects.filter(pk=message.pk).update(state=MessageState.SENT, sent_at=timezone.now())
    return f"message {message.pk} is sent although its change was undone"


def break_resend() -> str:
    first, second = Message.objects.order_by("created_at", "pk").distinct()[:2]
    other = Message.objects.exclude(order_id=first.order_id).earliest("created_at")
    Message.objects.filter(pk=second.pk).update(resend_of=other, order_id=first.order_id)
    return f"message {second.pk} does not repeat the message it is said to repeat"


BREAKERS: list[Callable[[], str]] = [
    *(break_ledger, break_reserved_counter, break_reservation_owner, break_holding, let_the_cancelled_hold),
    *(
        let_the_delivered_hold,
        send_a_line_twice,
        break_goods_total,
        break_total,
        break_tracking_link,
        break_status,
    ),
    *(break_history, forget_the_undo, forget_the_placing, lose_parcel, drift, break_amount, break_manager),
    *(break_openness, lose_card, break_moves, break_last_move, lose_moves, lose_entry, break_key),
    *(lose_event_of_message, tell_the_undone, break_resend),
]


def test_it_says_in_one_line_that_everything_agrees(shop: Shop) -> None:
    code, said = run()

    assert code == 0
    assert said.startswith("verify: everything agrees (9 orders, 9 deals, 9 stock items, ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("breaker", BREAKERS, ids=lambda breaker: breaker.__name__)
def test_it_names_what_was_broken(shop: Shop, breaker: Callable[[], str]) -> None:
    expected = breaker()

    code, said = run()

    assert code == 1
    assert expected in said


def test_it_counts_what_it_does_not_print(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oms.management.commands.verify.MOST_LINES", 2)
    Order.objects.update(tracking_version=9)

    code, said = run()

    assert code == 1
    assert said.count("leads nowhere") == 2
    assert "… and 7 more (totals and tracking links)" in said
    assert said.endswith("verify: 9 things are off\n")
