"""Many cards moved to one stage: each by itself, refused ones with their reason, all undone together while there is time."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from crm.models import BulkMove, BulkState, Deal, Stage
from crm.page_selectors.bulk import MOST_CARDS, bulk_progress, preview_bulk_move
from crm.services import bulk as crm
from crm.services import move_deal
from notifications.models import Message
from notifications.statuses import MessageState
from orders import services as orders
from orders.guards import Arguments
from orders.models import Order, OrderEvent
from orders.services.transitions import LONGEST_HOLD
from orders.statuses import CancelReason, Status
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.models import ClaimVisibility, Shop, User
from shops.permissions import Role
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, everything, held_for, status_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make_shop()


@pytest.fixture
def person(shop):
    return make_user(shop)


def stage(shop, slug):
    return Stage.objects.get(funnel__shop=shop, slug=slug)


def deal_of(order):
    return Deal.objects.select_related("stage").get(order=order)


def make_orders(shop, count, **fields):
    product = make_product(shop, stock=100)
    return [make_order(shop, lines=(make_line(product),), **fields) for _ in range(count)]


def start(rows, slug, person, **options):
    target = stage(rows[0].shop, slug)
    return crm.start_bulk_move(
        funnel_id=target.funnel_id,
        to_stage_id=target.pk,
        deal_ids=[deal_of(order).pk for order in rows],
        actor=Actor.person(person),
        **options,
    )


def go(bulk, person, **options):
    return crm.continue_bulk_move(bulk_id=bulk.pk, actor=Actor.person(person), **options)


def undo(bulk, person, **options):
    return crm.undo_bulk_move(bulk_id=bulk.pk, actor=Actor.person(person), **options)


def states(bulk):
    return list(bulk.cards.values_list("state", flat=True))


def sentences(bulk):
    return list(bulk.cards.exclude(sentence="").values_list("sentence", flat=True))


def preview(rows, slug, person):
    target = stage(rows[0].shop, slug)
    user = User.objects.get(pk=person.pk)
    return preview_bulk_move(user, target.funnel, target, deal_ids=[deal_of(order).pk for order in rows])


def statuses(rows):
    return [status_of(order) for order in rows]


# --- Moving


def test_it_moves_every_card_with_its_order_and_says_when_it_is_done(shop, person):
    rows = make_orders(shop, 3)

    bulk = start(rows, "confirmed", person)
    tried = go(bulk, person)

    assert tried == [deal_of(order).pk for order in rows]
    assert statuses(rows) == [Status.CONFIRMED] * 3
    assert states(bulk) == [BulkState.MOVED] * 3
    assert BulkMove.objects.get(pk=bulk.pk).finished_at is not None
    assert_sound()


def test_the_cards_stand_in_the_order_they_were_chosen(shop, person):
    rows = make_orders(shop, 3)[::-1]

    go(start(rows, "confirmed", person), person)

    column = Deal.objects.filter(stage=stage(shop, "confirmed")).order_by("rank", "id")
    assert list(column.values_list("order_id", flat=True)) == [order.pk for order in rows]


def test_it_goes_on_past_a_refused_card_and_keeps_its_sentence(shop, person):
    _, second, _ = rows = make_orders(shop, 3)
    Order.objects.filter(pk=second.pk).update(payment_method="transfer")

    bulk = start(rows, "confirmed", person)
    go(bulk, person)

    assert statuses(rows) == [Status.CONFIRMED, Status.NEW, Status.CONFIRMED]
    assert states(bulk) == [BulkState.MOVED, BulkState.REFUSED, BulkState.MOVED]
    assert "not paid" in sentences(bulk)[0]
    assert Message.objects.filter(order=second, move_id__isnull=False).count() == 0


def test_all_refused_changes_nothing_but_the_sentences(shop, person):
    rows = make_orders(shop, 2, status=Status.PROCESSING)
    bulk = start(rows, "shipped", person)
    before = everything()

    go(bulk, person)

    assert everything() == before
    assert states(bulk) == [BulkState.REFUSED] * 2
    assert all("AWB" in sentence for sentence in sentences(bulk))


def test_each_card_goes_with_its_own_parcel(shop, person):
    with_awb, without = rows = make_orders(shop, 2, status=Status.PROCESSING)
    orders.add_shipment(order_id=with_awb.pk, actor=SYSTEM, carrier="fan", tracking_number="77")

    bulk = start(rows, "shipped", person)
    go(bulk, person)

    assert statuses(rows) == [Status.SHIPPED, Status.PROCESSING]
    assert with_awb.shipments.get().tracking_number == "77"
    assert without.shipments.count() == 0


def test_what_all_need_is_given_once(shop, person):
    rows = make_orders(shop, 2)
    arguments = Arguments(reason_code=CancelReason.CUSTOMER, reason="fair is over")

    bulk = start(rows, "cancelled", person, arguments=arguments)
    go(bulk, person)

    assert statuses(rows) == [Status.CANCELLED] * 2
    reasons = OrderEvent.objects.filter(to_status=Status.CANCELLED).values_list("reason", flat=True)
    assert list(reasons) == ["fair is over"] * 2


def test_a_limit_holds_for_all_of_them_together(shop, person):
    rows = make_orders(shop, 4)
    Stage.objects.filter(pk=stage(shop, "confirmed").pk).update(wip_limit=3)

    summary = preview(rows, "confirmed", person)
    bulk = start(rows, "confirmed", person)
    go(bulk, person)

    assert (len(summary.moving), summary.staying_count) == (3, 1)
    assert states(bulk) == [BulkState.MOVED] * 3 + [BulkState.REFUSED]
    assert "limit" in sentences(bulk)[0]


def test_a_card_moved_meanwhile_stays_where_it_was_put(shop, person):
    rows = make_orders(shop, 2)
    bulk = start(rows, "confirmed", person)
    move_deal(deal_id=deal_of(rows[0]).pk, to_stage_id=stage(shop, "no-answer").pk, actor=SYSTEM)

    go(bulk, person)

    assert deal_of(rows[0]).stage.slug == "no-answer"
    assert states(bulk) == [BulkState.REFUSED, BulkState.MOVED]
    assert stage(shop, "no-answer").name in sentences(bulk)[0]


def test_what_the_page_showed_elsewhere_is_refused_at_once(shop, person):
    rows = make_orders(shop, 2)
    seen = {deal_of(rows[0]).pk: "no-answer", deal_of(rows[1]).pk: "new"}

    bulk = start(rows, "confirmed", person, seen=seen)

    assert states(bulk) == [BulkState.REFUSED, BulkState.WAITING]


def test_a_card_that_is_there_already_keeps_its_place(shop, person):
    there, other = rows = [*make_orders(shop, 1, status=Status.CONFIRMED), *make_orders(shop, 1)]
    rank = deal_of(there).rank

    go(start(rows, "confirmed", person), person)

    assert deal_of(there).rank == rank
    assert status_of(other) == Status.CONFIRMED


def test_a_stage_deleted_meanwhile_is_said_for_each_card(shop, person):
    rows = make_orders(shop, 1)
    bulk = start(rows, "no-answer", person)
    BulkMove.objects.filter(pk=bulk.pk).update(to_stage=None)

    go(bulk, person)

    assert states(bulk) == [BulkState.REFUSED]
    assert "not on this board" in sentences(bulk)[0]


# --- Once, in steps, by one person


def test_a_double_click_begins_one_move(shop, person):
    rows, key = make_orders(shop, 2), uuid.uuid4()

    first, second = start(rows, "confirmed", person, key=key), start(rows, "confirmed", person, key=key)

    assert first.pk == second.pk == key
    assert first.cards.count() == 2


def test_it_stops_after_a_step_and_resumes_where_it_was(shop, person):
    rows = make_orders(shop, 3)
    bulk = start(rows, "confirmed", person)

    go(bulk, person, most=2)
    halfway = bulk_progress(BulkMove.objects.get(pk=bulk.pk))
    go(bulk, person, most=2)

    assert (halfway.done, halfway.total, halfway.bulk.finished_at) == (2, 3, None)
    assert statuses(rows) == [Status.CONFIRMED] * 3


def test_a_death_in_the_middle_of_a_card_leaves_it_waiting(shop, person, monkeypatch):
    rows = make_orders(shop, 2)
    bulk = start(rows, "confirmed", person)

    def dying(**options):
        move_deal(**options)
        raise KeyboardInterrupt

    monkeypatch.setattr("crm.services.bulk.move_deal", dying)
    with pytest.raises(KeyboardInterrupt):
        go(bulk, person)
    monkeypatch.undo()

    assert states(bulk) == [BulkState.WAITING] * 2
    assert statuses(rows) == [Status.NEW] * 2
    go(bulk, person)
    assert statuses(rows) == [Status.CONFIRMED] * 2


def test_stopping_leaves_the_rest_and_says_so(shop, person):
    rows = make_orders(shop, 3)
    bulk = start(rows, "confirmed", person)
    go(bulk, person, most=1)

    left = crm.stop_bulk_move(bulk_id=bulk.pk, actor=Actor.person(person))

    assert left == 2
    assert statuses(rows) == [Status.CONFIRMED, Status.NEW, Status.NEW]
    assert go(bulk, person) == []


def test_only_who_began_it_goes_on(shop, person):
    rows = make_orders(shop, 1)
    bulk, other = start(rows, "confirmed", person), make_user(shop, Role.ADMIN)
    before = everything()

    for call in (go, undo):
        with pytest.raises(NotPermitted):
            call(bulk, other)
    with pytest.raises(NotPermitted):
        start(rows, "confirmed", other, key=bulk.pk)

    assert everything() == before
    assert states(bulk) == [BulkState.WAITING]


@pytest.mark.parametrize("count", [0, MOST_CARDS + 1])
def test_none_and_too_many_are_refused(shop, person, count):
    target = stage(shop, "confirmed")

    with pytest.raises(DomainError):
        crm.start_bulk_move(
            funnel_id=target.funnel_id,
            to_stage_id=target.pk,
            deal_ids=list(range(1, count + 1)),
            actor=Actor.person(person),
        )

    assert BulkMove.objects.count() == 0


def test_cards_of_another_shop_are_left_out(shop, person):
    mine, foreign = make_orders(shop, 1)[0], make_order(make_shop("PL"))

    bulk = start([mine, foreign], "confirmed", person)
    go(bulk, person)

    assert bulk.cards.get().deal == deal_of(mine)
    assert status_of(foreign) == Status.NEW


def test_a_role_that_may_not_confirm_is_told_so_before_and_after(shop):
    worker = make_user(shop, Role.WAREHOUSE)
    rows = make_orders(shop, 1, status=Status.CONFIRMED)
    arguments = Arguments(reason_code=CancelReason.OTHER)

    summary = preview(rows, "cancelled", worker)
    bulk = start(rows, "cancelled", worker, arguments=arguments)
    go(bulk, worker)

    assert summary.moving == []
    assert "role" in summary.staying[0].sentence
    assert status_of(rows[0]) == Status.CONFIRMED
    assert "role" in sentences(bulk)[0]


# --- Undo


def test_all_can_be_undone_until_one_moment_and_nobody_hears(shop, person):
    rows = make_orders(shop, 3)
    places = [(deal_of(order).stage_id, deal_of(order).rank) for order in rows]
    bulk = start(rows, "confirmed", person)
    go(bulk, person)

    moments = set(OrderEvent.objects.filter(undo_until__isnull=False).values_list("undo_until", flat=True))
    assert moments == {bulk.undo_until}
    undo(bulk, person)

    assert statuses(rows) == [Status.NEW] * 3
    assert [(deal_of(order).stage_id, deal_of(order).rank) for order in rows] == places
    assert states(bulk) == [BulkState.UNDONE] * 3
    left = Message.objects.filter(move_id__isnull=False).exclude(state=MessageState.DISCARDED)
    assert left.count() == 0
    assert all(held_for(order) == (1, 0) for order in rows)
    assert_sound()


def test_the_time_to_undo_grows_with_the_cards_and_has_an_end(shop):
    assert crm.seconds_to_undo(10, 1) == 11
    assert crm.seconds_to_undo(10, 100) == 40
    assert crm.seconds_to_undo(10, MOST_CARDS * 3) == LONGEST_HOLD.total_seconds()
    assert crm.seconds_to_undo(900, 2) == 900
    assert crm.seconds_to_undo(0, 100) == 0


def test_a_later_end_is_never_later_than_the_longest_hold(shop, person):
    order = make_orders(shop, 1)[0]
    wanted = timezone.now() + timedelta(hours=3)

    result = move_deal(
        deal_id=deal_of(order).pk,
        to_stage_id=stage(shop, "confirmed").pk,
        actor=Actor.person(person),
        undo_until=wanted,
    )

    assert result.undo_until < timezone.now() + LONGEST_HOLD
    assert result.undo_until > timezone.now() + LONGEST_HOLD - timedelta(minutes=1)


def test_a_move_that_was_left_for_a_while_gets_a_new_end(shop, person):
    rows = make_orders(shop, 2)
    bulk = start(rows, "confirmed", person)
    go(bulk, person, most=1)
    BulkMove.objects.filter(pk=bulk.pk).update(undo_until=timezone.now() - timedelta(hours=1))

    go(bulk, person)

    assert BulkMove.objects.get(pk=bulk.pk).undo_until > timezone.now()
    latest = OrderEvent.objects.filter(order=rows[1], to_status=Status.CONFIRMED).get()
    assert latest.undo_until == BulkMove.objects.get(pk=bulk.pk).undo_until


def test_what_cannot_go_back_says_why_and_the_others_go(shop, person):
    _, late, moved_on = rows = make_orders(shop, 3)
    bulk = start(rows, "confirmed", person)
    go(bulk, person)
    OrderEvent.objects.filter(order=late).update(undo_until=timezone.now() - timedelta(seconds=1))
    orders.start_processing(order_id=moved_on.pk, actor=SYSTEM)

    undo(bulk, person)

    assert statuses(rows) == [Status.NEW, Status.CONFIRMED, Status.PROCESSING]
    assert states(bulk) == [BulkState.UNDONE, BulkState.MOVED, BulkState.MOVED]
    assert "time to undo is over" in sentences(bulk)[0]
    assert "moved on" in sentences(bulk)[1]
    assert bulk_progress(bulk).stuck == 2
    assert undo(bulk, person) == []


def test_undo_stops_what_is_still_to_come(shop, person):
    rows = make_orders(shop, 3)
    bulk = start(rows, "confirmed", person)
    go(bulk, person, most=2)

    undo(bulk, person)

    assert statuses(rows) == [Status.NEW] * 3
    assert states(bulk) == [BulkState.UNDONE, BulkState.UNDONE, BulkState.REFUSED]


def test_a_machine_gets_no_time_to_undo(shop):
    rows = make_orders(shop, 1)
    target = stage(shop, "confirmed")

    bulk = crm.start_bulk_move(
        funnel_id=target.funnel_id,
        to_stage_id=target.pk,
        deal_ids=[deal_of(order).pk for order in rows],
        actor=SYSTEM,
    )
    crm.continue_bulk_move(bulk_id=bulk.pk, actor=SYSTEM)

    assert bulk.undo_until is None
    assert status_of(rows[0]) == Status.CONFIRMED


# --- The summary, and claiming


def test_the_summary_tells_reasons_together_and_who_is_told(shop, person):
    rows = make_orders(shop, 4)
    for order in rows[2:]:
        Order.objects.filter(pk=order.pk).update(payment_method="transfer")

    summary = preview(rows, "confirmed", person)

    assert [deal.order_id for deal in summary.moving] == [order.pk for order in rows[:2]]
    (reason,) = summary.staying
    assert [deal.order_id for deal in reason.deals] == [order.pk for order in rows[2:]]
    told = summary.forecast
    assert (told.people, told.emails, told.texts) == (2, 2, 2)


def test_the_summary_asks_for_what_all_share_and_names_what_each_lacks(shop, person):
    rows = make_orders(shop, 2, status=Status.PROCESSING)

    assert preview(rows, "cancelled", person).form == "cancel"
    summary = preview(rows, "shipped", person)
    assert (summary.form, summary.moving) == ("", [])
    assert "AWB" in summary.staying[0].sentence


def test_a_colleagues_claim_is_said_before(shop, person):
    shop.claim_visibility = ClaimVisibility.READ_ONLY
    shop.save()
    order = make_orders(shop, 1)[0]
    orders.claim_order(order_id=order.pk, actor=Actor.person(make_user(shop, first_name="Vlad")))

    summary = preview([order], "confirmed", person)
    bulk = start([order], "confirmed", person)
    go(bulk, person)

    assert "Vlad" in summary.staying[0].sentence
    assert sentences(bulk) == [summary.staying[0].sentence]


def test_claiming_many_says_nothing_of_cards_the_person_may_not_see(shop, person):
    free, foreign = make_orders(shop, 1)[0], make_order(make_shop())
    hidden = make_order(shop)
    orders.claim_order(order_id=hidden.pk, actor=Actor.person(make_user(shop, first_name="Vlad")))
    Shop.objects.filter(pk=shop.pk).update(claim_visibility=ClaimVisibility.HIDDEN)
    keys = [deal_of(order).pk for order in (free, foreign, hidden)]

    answer = crm.claim_deals(deal_ids=keys, actor=Actor.person(person))

    assert (answer.claimed, answer.refusals) == (1, [])
    assert deal_of(foreign).manager_id is None


def test_claiming_many_takes_the_free_and_names_who_has_the_others(shop, person):
    free, taken = make_orders(shop, 2)
    orders.claim_order(order_id=taken.pk, actor=Actor.person(make_user(shop, first_name="Vlad")))
    keys = [deal_of(free).pk, deal_of(taken).pk]

    answer = crm.claim_deals(deal_ids=keys, actor=Actor.person(person))

    assert answer.claimed == 1
    assert "Vlad" in answer.refusals[0][1]
    assert [deal_of(free).manager_id, deal_of(taken).manager_id != person.pk] == [person.pk, True]
