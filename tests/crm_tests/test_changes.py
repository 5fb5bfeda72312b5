"""What an open board is told: everything once, also what was committed late, and what it may not see any more."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm import services as crm
from crm.models import BoardChange, Deal, Funnel
from crm.projection import touch
from crm.selectors import changes as selector
from crm.selectors.changes import MOST_CHANGES, MOST_SEEN, changes_since, latest_change
from crm.services.feed import prune_board_feed
from orders import services as orders
from orders.statuses import Status
from shops.actors import Actor
from shops.models import ClaimVisibility
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user

pytestmark = pytest.mark.django_db


def funnel_of(shop):
    return Funnel.objects.select_related("shop").get(shop=shop, is_default=True)


def told(changes):
    return [card.order.pk for card in changes.cards]


def test_nothing_new_is_nothing():
    shop = make_shop()
    make_order(shop)
    funnel = funnel_of(shop)
    cursor, seen = latest_change(funnel)[:2]

    assert changes_since(make_user(shop), funnel, cursor=cursor, seen=seen) is None


def test_nothing_new_costs_one_query(django_assert_num_queries):
    shop = make_shop()
    make_order(shop)
    funnel, user = funnel_of(shop), make_user(shop)
    cursor, seen = latest_change(funnel)[:2]

    with django_assert_num_queries(1):
        changes_since(user, funnel, cursor=cursor, seen=seen)


def test_a_changed_card_is_told_once_with_all_counts():
    shop = make_shop()
    order, funnel, user = make_order(shop), funnel_of(shop), make_user(shop)
    cursor, seen = latest_change(funnel)[:2]
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    changes = changes_since(user, funnel, cursor=cursor, seen=seen)

    assert told(changes) == [order.pk]
    assert {column.stage.slug: column.count for column in changes.columns}["confirmed"] == 1
    assert changes_since(user, funnel, cursor=changes.cursor, seen=changes.seen) is None


def test_a_lower_key_committed_later_is_still_told():
    shop = make_shop()
    slow, quick = make_order(shop), make_order(shop)
    funnel, user = funnel_of(shop), make_user(shop)
    BoardChange.objects.all().delete()
    first = BoardChange.objects.create(funnel=funnel, deal=Deal.objects.get(order=slow))
    touch(Deal.objects.get(order=quick))
    late = {"pk": first.pk, "funnel": funnel, "deal": first.deal, "at": first.at}
    first.delete()
    changes = changes_since(user, funnel, cursor=0, seen=[])
    assert told(changes) == [quick.pk]
    BoardChange.objects.create(**late)

    after = changes_since(user, funnel, cursor=changes.cursor, seen=changes.seen)

    assert told(after) == [slow.pk]
    assert changes_since(user, funnel, cursor=after.cursor, seen=after.seen) is None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_commits_late_is_still_told(in_threads):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes one transaction after another; keys commit in order")
    shop = make_shop()
    slow, quick = make_order(shop), make_order(shop)
    funnel, user = funnel_of(shop), make_user(shop)
    cursor, seen = latest_change(funnel)[:2]
    written, answered = threading.Event(), threading.Event()

    def confirm_slowly():
        with transaction.atomic():
            orders.confirm_order(order_id=slow.pk, actor=SYSTEM)
            written.set()
            answered.wait(timeout=30)

    def confirm_quickly_and_ask():
        written.wait(timeout=30)
        orders.confirm_order(order_id=quick.pk, actor=SYSTEM)
        try:
            return changes_since(user, funnel, cursor=cursor, seen=seen)
        finally:
            answered.set()

    _slow, first = in_threads([confirm_slowly, confirm_quickly_and_ask])
    second = changes_since(user, funnel, cursor=first.cursor, seen=first.seen)

    assert (told(first), told(second)) == ([quick.pk], [slow.pk])


def test_a_key_committed_while_we_answer_is_told_next_time(monkeypatch):
    shop = make_shop()
    first, second = make_order(shop), make_order(shop)
    funnel, user = funnel_of(shop), make_user(shop)
    cursor, seen = latest_change(funnel)[:2]
    touch(Deal.objects.get(order=first))
    load = selector.load_cards

    def load_while_somebody_commits(*arguments):
        monkeypatch.setattr(selector, "load_cards", load)
        touch(Deal.objects.get(order=second))
        return load(*arguments)

    monkeypatch.setattr(selector, "load_cards", load_while_somebody_commits)
    changes = changes_since(user, funnel, cursor=cursor, seen=seen)
    assert told(changes) == [first.pk]

    assert told(changes_since(user, funnel, cursor=changes.cursor, seen=changes.seen)) == [second.pk]


def test_what_is_older_than_the_overlap_is_not_told_again():
    shop = make_shop()
    make_order(shop)
    funnel, user = funnel_of(shop), make_user(shop)
    BoardChange.objects.update(at=timezone.now() - timedelta(minutes=2))
    cursor, seen = latest_change(funnel)[:2]

    assert (seen, cursor) == ([], BoardChange.objects.latest("pk").pk)
    assert changes_since(user, funnel, cursor=cursor, seen=[]) is None


def test_a_card_that_is_hidden_now_is_taken_away():
    shop = make_shop(claim_visibility=ClaimVisibility.HIDDEN)
    order, funnel, user = make_order(shop), funnel_of(shop), make_user(shop)
    cursor, seen = latest_change(funnel)[:2]
    orders.claim_order(order_id=order.pk, actor=Actor.person(make_user(shop)))

    changes = changes_since(user, funnel, cursor=cursor, seen=seen)

    assert (changes.cards, changes.removed) == ([], [Deal.objects.get(order=order).pk])


def test_a_cancelled_order_leaves_the_warehouses_board():
    shop = make_shop()
    order, funnel = make_order(shop, status=Status.CONFIRMED), funnel_of(shop)
    packer = make_user(shop, Role.WAREHOUSE)
    cursor, seen = latest_change(funnel)[:2]
    orders.cancel_order(order_id=order.pk, actor=SYSTEM, reason_code="customer")

    changes = changes_since(packer, funnel, cursor=cursor, seen=seen)

    assert changes.removed == [Deal.objects.get(order=order).pk]


def test_people_of_another_shop_are_told_no_card():
    shop = make_shop()
    make_order(shop)

    changes = changes_since(make_user(make_shop(), Role.ADMIN), funnel_of(shop), cursor=0, seen=[])

    assert changes.cards == []


def test_other_boards_changes_are_not_told():
    shop, other = make_shop(), make_shop()
    funnel, user = funnel_of(shop), make_user(shop)
    cursor, seen = latest_change(funnel)[:2]
    make_order(other)

    assert changes_since(user, funnel, cursor=cursor, seen=seen) is None


def test_too_many_changes_ask_for_a_reload():
    shop = make_shop()
    deal, funnel = Deal.objects.get(order=make_order(shop)), funnel_of(shop)
    BoardChange.objects.bulk_create(BoardChange(funnel=funnel, deal=deal) for _ in range(250))

    assert changes_since(make_user(shop), funnel, cursor=0, seen=[]).overflow is True


def test_a_storm_is_seen_by_its_newest_keys_and_told_no_more():
    shop = make_shop()
    deal, funnel, user = Deal.objects.get(order=make_order(shop)), funnel_of(shop), make_user(shop)
    BoardChange.objects.bulk_create(BoardChange(funnel=funnel, deal=deal) for _ in range(MOST_SEEN + 250))
    keys = list(BoardChange.objects.order_by("pk").values_list("pk", flat=True))

    cursor, seen = latest_change(funnel)[:2]

    assert (cursor, seen) == (keys[-1], keys[-MOST_SEEN:])
    assert changes_since(user, funnel, cursor=cursor, seen=seen) is None


def test_after_a_storm_what_is_new_or_somewhat_late_is_still_told_and_the_keys_stay_few():
    shop = make_shop()
    slow, quick = make_order(shop), make_order(shop)
    funnel, user = funnel_of(shop), make_user(shop)
    deal = Deal.objects.get(order=slow)
    BoardChange.objects.bulk_create(BoardChange(funnel=funnel, deal=deal) for _ in range(MOST_SEEN + 250))
    late = BoardChange.objects.order_by("-pk")[10]
    gone = {"pk": late.pk, "funnel": funnel, "deal": deal, "at": late.at}
    late.delete()
    cursor, seen = latest_change(funnel)[:2]
    BoardChange.objects.create(**gone)
    touch(Deal.objects.get(order=quick))

    changes = changes_since(user, funnel, cursor=cursor, seen=seen)

    assert sorted(told(changes)) == [slow.pk, quick.pk]
    assert len(changes.seen) == MOST_SEEN
    assert changes_since(user, funnel, cursor=changes.cursor, seen=changes.seen) is None


def test_only_what_is_new_asks_for_a_reload():
    shop = make_shop()
    deal, funnel, user = Deal.objects.get(order=make_order(shop)), funnel_of(shop), make_user(shop)
    BoardChange.objects.bulk_create(BoardChange(funnel=funnel, deal=deal) for _ in range(MOST_CHANGES + 50))
    cursor, seen = latest_change(funnel)[0], []

    first = changes_since(user, funnel, cursor=cursor, seen=seen)
    second = changes_since(user, funnel, cursor=cursor, seen=first.seen)

    assert (first.overflow, second.overflow) == (False, False)
    assert changes_since(user, funnel, cursor=cursor, seen=second.seen) is None


@pytest.mark.parametrize("cursor", [-1, 10**30])
def test_a_made_up_cursor_is_harmless(cursor):
    shop = make_shop()
    order = make_order(shop)

    changes = changes_since(make_user(shop), funnel_of(shop), cursor=cursor, seen=[10**30, -5])

    assert told(changes) == [order.pk]


def test_an_undone_move_is_told():
    shop = make_shop()
    order, funnel, user = make_order(shop), funnel_of(shop), make_user(shop)
    move = orders.confirm_order(order_id=order.pk, actor=Actor.person(user)).move_id
    cursor, seen = latest_change(funnel)[:2]
    crm.undo_move(move_id=move, actor=Actor.person(user))

    changes = changes_since(user, funnel, cursor=cursor, seen=seen)

    assert [card.stage.slug for card in changes.cards] == ["new"]


def test_old_rows_are_pruned():
    shop = make_shop()
    make_order(shop)
    kept = BoardChange.objects.count()
    deal = Deal.objects.get()
    BoardChange.objects.create(funnel=deal.funnel, deal=deal, at=timezone.now() - timedelta(days=3))

    assert prune_board_feed() == 1
    assert BoardChange.objects.count() == kept
