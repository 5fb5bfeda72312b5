"""A deal's timeline: everything in order, page by page, narrowed, and at the same cost however long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from crm import services
from crm.models import Deal, DealComment, Reminder, Stage
from crm.page_selectors.timeline import SIZE, TimelineEntry, timeline_of
from crm.selectors.changes import visible_deal
from notifications.models import Message
from orders import services as orders
from orders.models import Order
from orders.services import LineChange
from shops.actors import Actor
from shops.models import User
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db
SCRIPT = {"HX-Request": "true"}


def deal_for(user: User, order: Order) -> Deal:
    found = visible_deal(user, Deal.objects.get(order=order).pk)
    assert found is not None
    return found


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_it_tells_everything_newest_first_and_narrows_to_a_kind() -> None:
    shop = make_shop(language="en")
    mara = make_user(shop, first_name="Mara", last_name="Ilie")
    dan = make_user(shop, first_name="Dan", last_name="Pop")
    order, actor = make_order(shop, notify=True), Actor.person(mara)
    deal = deal_for(mara, order)
    services.add_comment(deal_id=deal.pk, actor=actor, text="Call after two")
    orders.add_note(order_id=order.pk, actor=actor, text="Fragile")
    orders.log_call(order_id=order.pk, actor=actor, answered=False, note="Busy line")
    services.set_reminder(
        deal_id=deal.pk, actor=actor, due_at=timezone.now() + timedelta(hours=1), note="Size"
    )
    services.finish_reminder(reminder_id=Reminder.objects.get().pk, actor=actor)
    services.move_deal(
        deal_id=deal.pk, to_stage_id=Stage.objects.get(funnel=deal.funnel, slug="new").pk, actor=actor
    )
    line = order.lines.get()
    orders.edit_lines(order_id=order.pk, actor=actor, changes=[LineChange(line_id=line.pk, quantity=3)])
    orders.hand_over_order(order_id=order.pk, to_user_id=dan.pk, actor=actor, note="Speaks Hungarian")

    told = {
        kind: [f"{entry.sentence} {entry.text}".strip() for entry in _entries(deal, kind)]
        for kind in ("", "messages", "comments", "changes")
    }

    at = [entry.at for entry in _entries(deal, "")]
    assert at == sorted(at, reverse=True)
    assert told[""][-1] == "The order was placed"
    assert told[""][0] == "The order was given to Dan Pop Speaks Hungarian"
    assert set(told["comments"]) == {
        "Comment Call after two",
        "Internal note Fragile",
        "Called: nobody answered (attempt 1) Busy line",
        "Reminder for Mara Ilie Size",
        "Reminder done Size",
    }
    assert any(words.startswith("E-mail: ") for words in told["messages"])
    assert "Changed: lines, total" in told["changes"]
    assert len(told[""]) == sum(len(told[kind]) for kind in ("messages", "comments", "changes"))
    changed = next(entry for entry in _entries(deal, "changes") if "lines" in entry.sentence)
    assert [(row.before, row.after) for row in changed.differences] == [
        (f"1 × {line.name}", f"3 × {line.name}"),
        ("RON\xa010.00", "RON\xa030.00"),
    ]


def _entries(deal: Deal, kind: str) -> list[TimelineEntry]:
    return timeline_of(deal, sees_messages=True, kind=kind).entries


def test_pages_leave_nothing_out_and_tell_nothing_twice() -> None:
    shop = make_shop()
    user = make_user(shop)
    order = make_order(shop, notify=True)
    deal = deal_for(user, order)
    now = timezone.now()
    rows = [
        DealComment(deal=deal, text=str(number), actor_kind="person", actor_label="Mara")
        for number in range(SIZE * 2 + 5)
    ]
    DealComment.objects.bulk_create(rows)
    # Many rows of one moment, so that the key must part them; messages share it, too.
    DealComment.objects.filter(deal=deal).update(at=now)
    Message.objects.filter(order=order).update(created_at=now)

    seen, after, pages = [], "", 0
    while pages == 0 or after:
        page = timeline_of(deal, sees_messages=True, after=after)
        seen += [entry.key for entry in page.entries]
        after, pages = page.older, pages + 1

    assert pages == 3
    assert len(seen) == len(set(seen))
    assert {f"c-{row.pk}" for row in DealComment.objects.all()} <= set(seen)
    assert sum(key.startswith("s-") for key in seen) == Message.objects.filter(order=order).count() > 0
    assert timeline_of(deal, sees_messages=True, after="nonsense|%").is_first


def test_the_page_and_the_panel_cost_the_same_with_1_and_with_200_lines(
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    shop = make_shop()
    user = make_user(shop)
    short, long = make_order(shop, notify=True), make_order(shop, notify=True)
    for order, count in ((short, 1), (long, 200)):
        deal = deal_for(user, order)
        DealComment.objects.bulk_create(
            DealComment(deal=deal, text=str(number), actor_kind="person") for number in range(count)
        )
        for number in range(min(count, 5)):
            services.tag_deal(deal_id=deal.pk, actor=Actor.person(user), name=f"Tag {number}")
    client = sign_in(user)
    urls = [f"/deals/{deal_for(user, order).pk}/" for order in (short, long)]
    client.get(urls[0])

    for headers in ({}, SCRIPT):
        with django_assert_max_num_queries(58) as few:
            client.get(urls[0], headers=headers)
        with django_assert_num_queries(len(few.captured_queries)):
            client.get(urls[1], headers=headers)


def test_a_quiet_page_is_answered_204_and_news_with_the_content() -> None:
    shop = make_shop()
    user = make_user(shop)
    order = make_order(shop)
    deal = deal_for(user, order)
    client = sign_in(user)
    html = client.get(f"/deals/{deal.pk}/", headers=SCRIPT).content.decode()
    mark = html.partition('data-mark="')[2].partition('"')[0]
    address = f"/deals/{deal.pk}/changes/?mark={mark}"

    assert client.get(address, headers=SCRIPT).status_code == 204
    services.add_comment(deal_id=deal.pk, actor=Actor.person(user), text="News")
    news = client.get(address, headers=SCRIPT)

    assert news.status_code == 200
    assert "News" in news.content.decode()
    assert "<html" not in news.content.decode()
    assert "HX-Request" in news["Vary"]


@pytest.mark.parametrize(
    "happening", ["note", "call", "message", "reminder", "claim", "tag", "customer tag", "manager"]
)
def test_whatever_the_page_shows_changes_its_mark(happening: str) -> None:
    shop = make_shop()
    user = make_user(shop)
    order = make_order(shop, notify=True)
    deal, actor = deal_for(user, order), Actor.person(user)
    client = sign_in(user)
    html = client.get(f"/deals/{deal.pk}/", headers=SCRIPT).content.decode()
    mark = html.partition('data-mark="')[2].partition('"')[0]

    due = timezone.now() + timedelta(hours=1)
    customer = order.customer_id
    {
        "note": lambda: orders.add_note(order_id=order.pk, actor=actor, text="x"),
        "call": lambda: orders.log_call(order_id=order.pk, actor=actor, answered=True),
        "message": lambda: Message.objects.filter(order=order).update(state="sent", sent_at=due),
        "reminder": lambda: services.set_reminder(deal_id=deal.pk, actor=actor, due_at=due),
        "claim": lambda: services.claim_deal(deal_id=deal.pk, actor=actor),
        "tag": lambda: services.tag_deal(deal_id=deal.pk, actor=actor, name="VIP"),
        "customer tag": lambda: services.tag_customer(customer_id=customer, actor=actor, name="VIP"),
        "manager": lambda: orders.set_personal_manager(customer_id=customer, user_id=user.pk, actor=actor),
    }[happening]()

    assert client.get(f"/deals/{deal.pk}/changes/?mark={mark}", headers=SCRIPT).status_code == 200


def test_the_warehouse_reads_no_messages_and_sees_no_customer() -> None:
    shop = make_shop()
    order = make_order(shop, status="confirmed", notify=True)
    deal = Deal.objects.get(order=order)
    services.add_comment(deal_id=deal.pk, actor=Actor.person(make_user(shop)), text="Pack well")

    html = sign_in(make_user(shop, Role.WAREHOUSE)).get(f"/deals/{deal.pk}/").content.decode()

    assert "Pack well" in html
    assert "E-mail: " not in html
    assert 'id="deal-customer"' not in html
