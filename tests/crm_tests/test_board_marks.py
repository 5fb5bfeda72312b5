"""The marks of a card: each only when it is true, and told to open boards when it becomes so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import BoardChange, CustomerTag, Deal, Funnel, Stage, Tag
from crm.selectors.board import load_cards
from crm.selectors.cards import Card
from crm.selectors.changes import changes_since
from crm.services import reminders
from notifications import outbox
from notifications.models import Message, SmsReply
from notifications.services.replies import read_replies
from orders import services as orders
from orders.models import Order, Return
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Shop
from shops.permissions import Role
from tests.factories import PAID, SYSTEM, make_order, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def shop() -> Shop:
    return make_shop(language="en")


def card_of(order: Order) -> Card:
    deal = Deal.objects.select_related("funnel__shop").get(order=order)
    return load_cards(deal.funnel, [deal.pk])[deal.pk]


def set_deal(order: Order, **values: Any) -> None:
    Deal.objects.filter(order=order).update(**values)


def in_hours(hours: float) -> datetime:
    return timezone.now() + timedelta(hours=hours)


def remind(order: Order, hours: float) -> None:
    user = make_user(order.shop)
    reminder = reminders.set_reminder(
        deal_id=Deal.objects.get(order=order).pk,
        person_id=user.pk,
        due_at=in_hours(9),
        note="call",
        actor=Actor.person(user),
    )
    type(reminder).objects.filter(pk=reminder.pk).update(due_at=in_hours(hours))


def refuse(order: Order, **values: Any) -> None:
    """An earlier order of the same customer, whose parcel came back."""
    earlier = make_order(order.shop, status=Status.SHIPPED)
    Order.objects.filter(pk=earlier.pk).update(customer=order.customer)
    Return.objects.create(order=earlier, kind="refused", actor_kind="system", actor_label="x", **values)


def test_a_card_without_anything_has_no_mark(shop: Shop) -> None:
    card = card_of(make_order(shop, **PAID))

    assert not card.has_marks
    assert card.tags == ()


@pytest.mark.parametrize(
    ("prepare", "is_marked"),
    [
        (lambda order: set_deal(order, retry_at=in_hours(2), attempts=2), lambda card: card.call_at),
        (lambda order: set_deal(order, retry_at=in_hours(-1)), lambda card: card.is_call_due),
        (lambda order: set_deal(order, attempts=3), lambda card: card.attempts == 3),
        (lambda order: set_deal(order, snoozed_until=in_hours(5)), lambda card: card.put_off_until),
        (
            lambda order: set_deal(order, held_by=make_user(order.shop), held_until=in_hours(1)),
            lambda card: card.held_by,
        ),
        (lambda order: remind(order, 3), lambda card: card.reminder_colour == "green"),
        (lambda order: remind(order, -0.2), lambda card: card.reminder_colour == "yellow"),
        (lambda order: remind(order, -3), lambda card: card.reminder_colour == "red"),
        (refuse, lambda card: card.refused_before == 1),
    ],
)
def test_it_marks_what_is_true(
    shop: Shop, prepare: Callable[[Order], None], is_marked: Callable[[Card], Any]
) -> None:
    order = make_order(shop)

    prepare(order)

    assert is_marked(card_of(order))
    assert card_of(order).has_marks


@pytest.mark.parametrize(
    "prepare",
    [
        lambda order: set_deal(order, snoozed_until=in_hours(-1)),
        lambda order: set_deal(order, held_by=make_user(order.shop), held_until=in_hours(-1)),
    ],
)
def test_what_is_over_leaves_no_mark(shop: Shop, prepare: Callable[[Order], None]) -> None:
    order = make_order(shop)

    prepare(order)

    assert not card_of(order).has_marks


def test_a_voided_return_is_none_and_a_confirmed_order_is_not_called(shop: Shop) -> None:
    order = make_order(shop, status=Status.CONFIRMED)
    refuse(order, state="voided")
    set_deal(order, retry_at=in_hours(2), attempts=2)

    card = card_of(order)

    assert (card.refused_before, card.call_at, card.attempts) == (0, None, 0)


def test_it_wears_its_own_tags_and_its_customers(shop: Shop) -> None:
    order = make_order(shop)
    vip, gift = (
        Tag.objects.create(shop=shop, name=name, colour="#16A34A") for name in ("VIP", "Gift, wrapped")
    )
    Deal.objects.get(order=order).tags.add(gift, vip)
    CustomerTag.objects.create(customer=order.customer, tag=vip)

    tags = card_of(order).tags

    assert [(tag.name, tag.colour) for tag in tags] == [("Gift, wrapped", "#16A34A"), ("VIP", "#16A34A")]


def test_a_failed_message_marks_the_card_and_is_told_at_once(shop: Shop) -> None:
    order = make_order(shop)
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)
    Message.objects.filter(order=order).update(
        state="sending", attempts=1, lease_until=in_hours(1), via="log"
    )
    message = Message.objects.filter(order=order).first()
    assert message is not None
    before = BoardChange.objects.count()

    outbox.mark_failed(message, reason="no such address")
    outbox.mark_failed(message, reason="a worker that came back late")

    assert card_of(order).has_failed_message
    assert BoardChange.objects.count() == before + 1


def test_a_reply_marks_the_card_until_somebody_read_it(shop: Shop) -> None:
    order = make_order(shop)
    SmsReply.objects.create(shop=shop, order=order, key="1", sender="+40722334455", text="Yes")
    marked = card_of(order).has_unread_reply
    before = BoardChange.objects.count()

    with pytest.raises(NotPermitted):
        read_replies(order_id=order.pk, actor=Actor.person(make_user(shop, Role.WAREHOUSE)))
    assert card_of(order).has_unread_reply
    read = [read_replies(order_id=order.pk, actor=Actor.person(make_user(shop))) for _ in range(2)]

    assert (marked, read, card_of(order).has_unread_reply) == (True, [1, 0], False)
    assert BoardChange.objects.count() == before + 1


def test_a_card_says_when_it_will_look_different_and_is_shown_anew_then(shop: Shop) -> None:
    order, user = make_order(shop), make_user(shop)
    funnel = Funnel.objects.select_related("shop").get(shop=shop, is_default=True)
    soon = in_hours(0.01)
    set_deal(order, retry_at=soon, snoozed_until=in_hours(5))
    newest = BoardChange.objects.latest("pk").pk
    seen = set(BoardChange.objects.values_list("pk", flat=True))

    quiet = changes_since(user, funnel, cursor=newest, seen=seen)
    asked = changes_since(
        user, funnel, cursor=newest, seen=seen, look=[Deal.objects.get(order=order).pk, 10**30]
    )

    assert card_of(order).looks_new_at == soon
    assert quiet is None
    assert asked is not None
    assert ([card.order for card in asked.cards], asked.cursor) == ([order], newest)


def test_marks_are_words_for_everybody_and_the_limit_says_what_it_does(shop: Shop) -> None:
    order, user = make_order(shop), make_user(shop, language="en", first_name="Mia")
    colleague = make_user(shop, first_name="Ana")
    set_deal(order, retry_at=in_hours(30), attempts=2, held_by=colleague, held_until=in_hours(1))
    remind(order, -3)
    Stage.objects.filter(funnel__shop=shop, slug="new").update(wip_limit=1, wip_is_hard=False)
    client = Client()
    client.force_login(user)

    html = client.get(f"/board/{Funnel.objects.get(shop=shop, is_default=True).slug}/").content.decode()

    assert "Ana has it open" in html
    assert "×2" in html
    assert "reminder overdue" in html
    assert "should not hold more than its limit" in html
    assert "column-full" in html
    Stage.objects.filter(funnel__shop=shop, slug="new").update(wip_is_hard=True)
    assert (
        "takes no more than its limit"
        in client.get(f"/board/{Funnel.objects.get(shop=shop, is_default=True).slug}/").content.decode()
    )


@pytest.mark.parametrize(
    ("figure", "prepare"),
    [
        ("retry", lambda order: set_deal(order, retry_at=in_hours(-1))),
        ("due", lambda order: remind(order, -1)),
    ],
)
def test_today_counts_calls_to_repeat_and_reminders(
    shop: Shop, figure: str, prepare: Callable[[Order], None]
) -> None:
    order, _other = make_order(shop), make_order(shop)
    prepare(order)
    client = Client()
    client.force_login(make_user(shop))

    html = client.get(
        f"/board/{Funnel.objects.get(shop=shop, is_default=True).slug}/?show={figure}"
    ).content.decode()

    assert html.count('class="deal-card') == 1
    assert order.number in html


def test_a_delivery_problem_is_a_parcel_that_does_not_arrive_by_itself(shop: Shop) -> None:
    stuck, waiting, back, fine = (make_order(shop, status=Status.SHIPPED) for _ in range(4))
    aside = Stage.objects.get(funnel__shop=shop, slug="at-pickup")
    for order, days in ((stuck, 30), (waiting, 0)):
        set_deal(order, stage=aside, stage_entered_at=timezone.now() - timedelta(days=days))
    back.shipments.update(state="returned")
    client = Client()
    client.force_login(make_user(shop))

    html = client.get(
        f"/board/{Funnel.objects.get(shop=shop, is_default=True).slug}/?show=problem"
    ).content.decode()

    assert all(f'data-order="{order.number}"' in html for order in (stuck, back))
    assert not any(f'data-order="{order.number}"' in html for order in (waiting, fine))
