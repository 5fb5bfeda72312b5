"""`manage.py demo`: alive, consistent, repeatable, and silent towards the world."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count, Min
from django.utils import timezone

from crm.models import Deal, DealMove, Stage
from notifications.models import Message, MessageReport, Suppression
from notifications.statuses import MessageState
from oms.demo.backdating import Timeline
from oms.demo.cast import SHOPS
from oms.demo.loading import load_demo
from oms.demo.stories import STORIES, plan_shop
from oms.verification import problems
from orders.imports.models import Delivery
from orders.imports.statuses import DeliveryState
from orders.models import Customer, Order, OrderEvent, OrderLine, Shipment
from orders.statuses import PaymentMethod, PaymentStatus, Status
from shops.models import Membership, Shop, User

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[int]:
    """The demo with each story told once per shop; loaded once for all these tests."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load_demo(lambda line: None, scale=100)
        transaction.set_rollback(True)


@pytest.fixture
def demo(loaded: int, db: None) -> int:
    return loaded


def test_it_tells_every_story_in_every_shop(demo: int) -> None:
    assert demo == len(STORIES) * len(SHOPS)
    assert Order.objects.count() == demo
    assert set(Shop.objects.values_list("slug", "currency", "language")) == {
        ("demo-ro", "RON", "ro"),
        ("demo-pl", "PLN", "pl"),
        ("demo-ua", "UAH", "uk"),
    }


def test_every_status_and_every_stage_has_orders(demo: int) -> None:
    assert set(Order.objects.values_list("status", flat=True)) == set(Status.values)
    for stage in Stage.objects.filter(funnel__is_default=True):
        assert stage.deals.exists(), f"{stage.funnel.slug}: {stage.slug}"


def test_verify_finds_nothing(demo: int) -> None:
    assert list(problems()) == []


def test_a_second_run_changes_nothing(demo: int) -> None:
    def fingerprint() -> list[Any]:
        models = (Order, OrderEvent, OrderLine, Deal, DealMove, Message, Shipment, User, Membership, Delivery)
        rows = [list(model.objects.order_by("pk").values()) for model in models]
        return [*rows, list(Shop.objects.order_by("pk").values())]

    before = fingerprint()

    assert load_demo(lambda line: None, scale=100) == 0
    assert fingerprint() == before


def test_nothing_is_left_to_be_sent(demo: int) -> None:
    states = set(Message.objects.values_list("state", flat=True))

    assert MessageState.SENT in states
    assert MessageState.DISCARDED in states
    assert states.isdisjoint({MessageState.QUEUED, MessageState.SENDING})
    assert set(Message.objects.filter(state=MessageState.SENT).values_list("via", flat=True)) == {"log"}


def test_providers_have_reported_and_one_address_a_shop_is_closed(demo: int) -> None:
    states = set(Message.objects.values_list("state", flat=True))
    closed = Suppression.objects.filter(lifted_at=None)

    assert states >= {MessageState.DELIVERED, MessageState.BOUNCED}
    assert closed.count() == closed.values("shop").distinct().count() == len(SHOPS)
    for row in closed:
        bounced = Message.objects.get(shop=row.shop, state=MessageState.BOUNCED)
        assert bounced.recipient.casefold() == row.address
    for report in MessageReport.objects.select_related("message"):
        assert report.message.sent_at is not None
        assert report.message.sent_at <= report.at


def test_a_failed_payment_can_be_tried_again_and_a_parcel_waits_at_its_point(demo: int) -> None:
    failed = Order.objects.filter(payment_status=PaymentStatus.FAILED)
    waiting = Shipment.objects.exclude(at_pickup_at=None)

    assert failed.exists()
    assert not failed.filter(payment_url="").exists()
    assert "order-pay" in Message.objects.filter(event="payment_failed", channel="email").latest("pk").html
    assert waiting.exists()
    assert not waiting.filter(order__pickup_point="").exists()


def test_most_customers_pay_on_delivery_and_all_moments_are_in_order(demo: int) -> None:
    now = timezone.now()
    for order in Order.objects.prefetch_related("events"):
        moments = [event.at for event in sorted(order.events.all(), key=lambda event: event.pk)]
        assert moments == sorted(moments)
        assert order.placed_at == order.created_at == moments[0]
        assert order.status_changed_at <= moments[-1] <= now
    cod = Order.objects.filter(payment_method=PaymentMethod.COD).count()
    assert cod > Order.objects.count() / 2


def test_cards_stand_where_and_since_when_their_last_move_says(demo: int) -> None:
    for deal in Deal.objects.select_related("order").prefetch_related("moves"):
        last = max(deal.moves.all(), key=lambda move: move.pk)
        assert (deal.stage_id, deal.rank) == (last.to_stage_id, last.to_rank)
        assert deal.stage_entered_at <= last.at


def test_people_have_their_roles_and_languages(demo: int) -> None:
    roles = set(Membership.objects.values_list("user__username", "shop__slug", "role"))
    alone = {(slug, role) for name, slug, role in roles if name == "manager2"}

    assert alone == {("demo-pl", "manager")}
    assert len(roles) == 4 * len(SHOPS) + 1
    assert dict(User.objects.values_list("username", "language")) == {
        "admin": "en",
        "supervisor": "ro",
        "manager": "en",
        "manager2": "pl",
        "warehouse": "uk",
    }
    assert User.objects.get(username="manager").check_password("demo")
    assert User.objects.get(username="admin").is_superuser


def test_a_connected_shop_has_deliveries_that_could_not_be_read(demo: int) -> None:
    states = list(Delivery.objects.order_by("pk").values_list("state", flat=True))

    assert states.count(DeliveryState.FAILED) == 2
    assert states.count(DeliveryState.IGNORED) == 3


def test_the_plan_is_the_same_every_time() -> None:
    assert plan_shop(SHOPS[0].country) == plan_shop(SHOPS[0].country)
    assert len(plan_shop(SHOPS[0].country)) == 99


def test_a_moment_is_moved_to_the_step_that_wrote_it() -> None:
    before = timezone.now()
    timeline = Timeline()
    placed, confirmed = before - timedelta(days=3), before - timedelta(days=2)
    first = timezone.now()
    timeline.mark(placed)
    second = timezone.now()
    timeline.mark(confirmed)
    after = timezone.now() + timedelta(seconds=1)

    moved = [timeline.moved(moment) for moment in (before, first, second, after)]

    assert moved == [before, placed, confirmed, after]


def test_a_customer_is_as_old_as_their_first_order(demo: int) -> None:
    customers = Customer.objects.annotate(first_order=Min("orders__placed_at"), count=Count("orders"))

    assert customers.filter(count__gt=1).exists()
    for customer in customers:
        assert customer.created_at == customer.first_order
