"""Orders that confirm themselves, in shops that ask for it: which, when, and what is said where they do not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.models import Deal
from notifications.models import Message
from orders import services as orders
from orders.models import Order
from orders.models.history import EventKind
from orders.services.automatic import confirm_by_itself
from orders.statuses import CancelReason, PaymentMethod, PaymentStatus, Status
from shops.actors import Actor
from shops.models import Shop
from tests.factories import make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


@pytest.fixture
def shop() -> Shop:
    return make_shop("PL", auto_confirm_paid=True, language="en")


def card_order(shop: Shop, **more) -> Order:
    return make_order(shop, payment_method=PaymentMethod.CARD, notify=True, **more)


def pay(order: Order, actor: Actor = SYSTEM) -> None:
    orders.record_payment(order_id=order.pk, actor=actor, payment_status=PaymentStatus.PAID)


def status(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


def why(order: Order) -> str:
    return " ".join(order.events.filter(kind=EventKind.REPORTED).values_list("reason", flat=True))


def test_a_payment_confirms_and_its_card_follows(shop):
    order = card_order(shop)

    pay(order, Actor.person(make_user(shop)))

    event = order.events.get(kind=EventKind.STATUS)
    assert (status(order), Deal.objects.get(order=order).stage.slug) == (Status.CONFIRMED, "confirmed")
    assert (event.actor_kind, event.actor_label) == ("system", "Automatic confirmation")
    assert Message.objects.filter(order=order, event="confirmed").exists()
    assert_sound()


def test_an_order_placed_as_paid_is_answered_as_confirmed(shop):
    order = card_order(shop, payment_status=PaymentStatus.PAID)

    assert order.status == Status.CONFIRMED


@pytest.mark.parametrize(
    ("source", "method", "expected"),
    [
        ("eMAG", PaymentMethod.COD, Status.CONFIRMED),
        ("allegro", PaymentMethod.CARD, Status.NEW),
        ("manual", PaymentMethod.COD, Status.NEW),
    ],
)
def test_a_marketplace_vouches_for_its_cash_orders(shop, source, method, expected):
    order = make_order(shop, source=source, payment_method=method, notify=True)

    assert status(order) == expected


def test_other_shops_wait_for_a_person():
    order = card_order(make_shop("RO", auto_confirm_paid=False))

    pay(order)

    assert status(order) == Status.NEW


def test_a_refusal_leaves_the_order_and_says_why(shop):
    product = make_product(shop, stock=1)
    order = card_order(shop, lines=(make_line(product, 3),))

    pay(order)

    assert status(order) == Status.NEW
    assert why(order).startswith("Not confirmed automatically: Not enough stock")
    assert PaymentStatus(Order.objects.get(pk=order.pk).payment_status) == PaymentStatus.PAID


def test_an_order_a_person_reopened_is_theirs(shop):
    person = Actor.person(make_user(shop))
    order = card_order(shop)
    orders.cancel_order(order_id=order.pk, actor=person, reason_code=CancelReason.values[0])
    orders.reopen_order(order_id=order.pk, actor=person, reason="called back")

    pay(order)

    assert status(order) == Status.NEW


def test_a_card_that_was_put_off_holds_its_order(shop):
    order = card_order(shop)
    Deal.objects.filter(order=order).update(snoozed_until=timezone.now() + timedelta(hours=1))

    pay(order)

    assert status(order) == Status.NEW


def test_an_unfinished_checkout_is_left_alone(shop):
    order = card_order(shop)
    Order.objects.filter(pk=order.pk).update(acknowledged_at=None)

    pay(order)

    assert status(order) == Status.NEW


def test_asking_again_does_nothing(shop):
    order = card_order(shop)
    pay(order)

    again = confirm_by_itself(order_id=order.pk)

    assert again is False
    assert order.events.filter(kind=EventKind.STATUS).count() == 1
