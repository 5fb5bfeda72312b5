"""Who works on an order: handing over to a colleague, and a customer's personal manager."""

from __future__ import annotations

import pytest

from crm.models import Deal
from notifications.models import Message
from orders import services
from orders.errors import OrderError
from orders.models import Customer, Order, OrderEvent
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Membership
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user

pytestmark = pytest.mark.django_db


def manager_of(order: Order) -> int | None:
    return Order.objects.values_list("manager_id", flat=True).get(pk=order.pk)


def test_who_has_the_order_gives_it_to_a_colleague_who_is_told() -> None:
    shop = make_shop()
    mara = make_user(shop, first_name="Mara", last_name="Ilie")
    dan = make_user(shop, first_name="Dan", last_name="Pop", email="dan@example.com", language="en")
    order = make_order(shop)
    services.claim_order(order_id=order.pk, actor=Actor.person(mara))

    changed = services.hand_over_order(
        order_id=order.pk, to_user_id=dan.pk, actor=Actor.person(mara), note="They speak Hungarian"
    )

    event = OrderEvent.objects.filter(order=order, kind="claimed").latest("pk")
    note = Message.objects.get(recipient="dan@example.com")
    assert changed
    assert manager_of(order) == dan.pk == Deal.objects.get(order=order).manager_id
    assert (event.actor_user, event.details["name"], event.reason) == (
        mara,
        "Dan Pop",
        "They speak Hungarian",
    )
    assert (note.event, note.order) == ("staff", order)
    assert order.number in note.subject and "Mara Ilie" in note.body and "They speak Hungarian" in note.body


def test_a_colleagues_order_is_handed_over_by_who_may_take_over() -> None:
    shop = make_shop()
    owner, other, third = (make_user(shop) for _number in range(3))
    order = make_order(shop)
    services.claim_order(order_id=order.pk, actor=Actor.person(owner))
    events = OrderEvent.objects.count()

    with pytest.raises(OrderError, match="only they or a supervisor"):
        services.hand_over_order(order_id=order.pk, to_user_id=third.pk, actor=Actor.person(other))

    assert (manager_of(order), OrderEvent.objects.count()) == (owner.pk, events)
    boss = make_user(shop, Role.SUPERVISOR)
    assert services.hand_over_order(order_id=order.pk, to_user_id=third.pk, actor=Actor.person(boss))
    assert manager_of(order) == third.pk


def test_it_goes_to_nobody_who_could_not_work_on_it() -> None:
    shop = make_shop()
    owner = make_user(shop)
    order = make_order(shop)
    services.claim_order(order_id=order.pk, actor=Actor.person(owner))
    strangers = [
        make_user(make_shop()).pk,
        make_user(shop, is_active=False).pk,
        make_user(shop, Role.WAREHOUSE).pk,
        999_999,
    ]

    for stranger in strangers:
        with pytest.raises(OrderError) as refused:
            services.hand_over_order(order_id=order.pk, to_user_id=stranger, actor=Actor.person(owner))
        assert refused.value.field == "to"

    assert manager_of(order) == owner.pk
    assert not Message.objects.filter(event="staff").exists()


def test_the_warehouse_gets_a_confirmed_order() -> None:
    shop = make_shop()
    packer = make_user(shop, Role.WAREHOUSE)
    order = make_order(shop, status=Status.CONFIRMED)

    services.hand_over_order(order_id=order.pk, to_user_id=packer.pk, actor=Actor.person(make_user(shop)))

    assert manager_of(order) == packer.pk


def test_new_orders_go_to_the_personal_manager() -> None:
    shop = make_shop()
    mara = make_user(shop)
    first = make_order(shop)
    assert first.manager is None
    services.set_personal_manager(customer_id=first.customer_id, user_id=mara.pk, actor=Actor.person(mara))

    second = make_order(shop)

    assert second.customer_id == first.customer_id
    assert second.manager == mara and second.claimed_at is not None
    assert Deal.objects.get(order=second).manager == mara
    assert OrderEvent.objects.filter(order=second, kind="claimed").count() == 1
    assert manager_of(first) is None


def test_open_orders_nobody_has_follow_when_asked() -> None:
    shop = make_shop()
    mara, other = make_user(shop), make_user(shop)
    free, taken, sent = make_order(shop), make_order(shop), make_order(shop, status=Status.SHIPPED)
    services.claim_order(order_id=taken.pk, actor=Actor.person(other))

    services.set_personal_manager(
        customer_id=free.customer_id, user_id=mara.pk, actor=Actor.person(mara), with_open_orders=True
    )

    assert [manager_of(order) for order in (free, taken, sent)] == [mara.pk, other.pk, None]


def test_somebody_who_left_gets_nothing() -> None:
    shop = make_shop()
    mara = make_user(shop)
    order = make_order(shop)
    services.set_personal_manager(customer_id=order.customer_id, user_id=mara.pk, actor=SYSTEM)
    Membership.objects.filter(user=mara).delete()

    assert make_order(shop).manager is None


def test_a_colleagues_customer_is_theirs_to_give_away() -> None:
    shop = make_shop()
    mara, dan, packer = make_user(shop), make_user(shop), make_user(shop, Role.WAREHOUSE)
    order = make_order(shop)
    customer = order.customer_id
    services.set_personal_manager(customer_id=customer, user_id=mara.pk, actor=Actor.person(mara))

    with pytest.raises(OrderError, match="looks after this customer"):
        services.set_personal_manager(customer_id=customer, user_id=dan.pk, actor=Actor.person(dan))
    with pytest.raises(OrderError, match="confirms orders"):
        services.set_personal_manager(customer_id=customer, user_id=packer.pk, actor=Actor.person(mara))
    with pytest.raises(NotPermitted):
        services.set_personal_manager(
            customer_id=customer, user_id=None, actor=Actor.person(make_user(shop, Role.WAREHOUSE))
        )

    assert Customer.objects.get(pk=customer).manager == mara
    services.set_personal_manager(customer_id=customer, user_id=None, actor=Actor.person(mara))
    assert Customer.objects.get(pk=customer).manager is None
