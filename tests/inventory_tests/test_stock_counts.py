"""A stock count's life: what is on its list, how entries add up, what posting writes, and what is refused."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from inventory import services
from inventory.errors import StockError
from inventory.models import (
    Category,
    CountState,
    StockCount,
    StockCountEntry,
    StockCountLine,
    StockItem,
    StockMovement,
    Warehouse,
)
from inventory.selectors import Held, stock_problems
from inventory.services.counting import (
    cancel_count,
    enter_count,
    finish_counting,
    open_count,
    recount,
    resume_counting,
    undo_entry,
)
from inventory.services.posting import post_count
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.permissions import Role
from tests.factories import make_shop, make_user

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


def main_warehouse(shop):
    return Warehouse.objects.get(shop=shop, is_default=True)


def opened(shop, **fields):
    values = {"warehouse_id": main_warehouse(shop).pk, "name": "Autumn", "actor": BY} | fields
    return open_count(shop_id=shop.pk, **values)


def enter(count, product, quantity, **fields):
    values = {"key": uuid.uuid4(), "actor": BY} | fields
    return enter_count(count_id=count.pk, product_id=product.pk, quantity=quantity, **values)


def posted(count, **fields):
    finish_counting(count_id=count.pk, actor=BY)
    return post_count(count_id=count.pk, actor=BY, **fields)


def lines_of(count):
    return dict(count.lines.values_list("stock_item__product__sku", "expected"))


def reserve(shop, product, number, quantity, on_shortage="refuse"):
    services.reserve(
        reference=f"order:{number}",
        shop_id=shop.pk,
        wanted={product.pk: quantity},
        on_shortage=on_shortage,
        actor=BY,
    )


def ship(product, number, quantity):
    services.ship_out(reference=f"order:{number}", quantities={product.pk: quantity}, actor=BY)


def receive(product, quantity):
    services.receive(product_id=product.pk, quantity=quantity, reason="", actor=BY)


def counted_movements(count):
    return list(
        StockMovement.objects.filter(reference=count.reference)
        .order_by("stock_item")
        .values_list("stock_item__product__sku", "kind", "quantity", "reason")
    )


# --- Opening


def test_it_lists_what_is_kept_in_the_warehouse_with_what_should_be_there(shop, make_product):
    make_product("MUG", stock=12)
    make_product("NONE-LEFT")
    make_product("OLD", stock=3)
    make_product("FREE", is_tracked=False)
    make_product("GONE", is_active=False)
    left_over = make_product("LEFT-OVER", stock=2)
    type(left_over).objects.filter(pk=left_over.pk).update(is_active=False)

    count = opened(shop)

    assert lines_of(count) == {"MUG": 12, "NONE-LEFT": 0, "OLD": 3, "LEFT-OVER": 2}
    assert (count.state, count.hides_expected, count.actor_label) == (CountState.OPEN, True, "test")


def test_it_lists_one_category_or_one_warehouse_only(shop, make_product):
    mugs = Category.objects.create(shop=shop, name="Mugs")
    make_product("MUG", stock=1, category=mugs)
    plate = make_product("PLATE", stock=1)
    annex = Warehouse.objects.create(shop=shop, name="Annex")
    services.receive(product_id=plate.pk, quantity=4, reason="", actor=BY, warehouse_id=annex.pk)

    of_category = opened(shop, category_id=mugs.pk)
    of_annex = opened(shop, warehouse_id=annex.pk)

    assert lines_of(of_category) == {"MUG": 1}
    assert lines_of(of_annex) == {"PLATE": 4}


def test_it_refuses_what_another_unfinished_count_has_on_its_list(shop, make_product):
    mugs = Category.objects.create(shop=shop, name="Mugs")
    make_product("MUG", stock=1, category=mugs)
    first = opened(shop, name="Mugs in autumn", category_id=mugs.pk)

    with pytest.raises(StockError, match="Mugs in autumn"):
        opened(shop)

    assert StockCount.objects.count() == 1
    cancel_count(count_id=first.pk, actor=BY)
    assert lines_of(opened(shop)) == {"MUG": 1}


def test_it_refuses_to_open_a_count_of_nothing_or_of_another_shop(shop, make_product):
    with pytest.raises(StockError, match="nothing to count"):
        opened(shop)
    make_product("MUG", stock=1)
    other = make_shop()
    with pytest.raises(StockError, match="another shop"):
        opened(shop, warehouse_id=main_warehouse(other).pk)
    foreign = Category.objects.create(shop=other, name="Theirs")
    with pytest.raises(StockError, match="another shop"):
        opened(shop, category_id=foreign.pk)

    assert not StockCount.objects.exists()
    assert not StockCountLine.objects.exists()


@pytest.mark.parametrize("role", [Role.MANAGER, None])
def test_it_lets_only_those_count_who_may_change_stock(shop, make_product, role):
    mug = make_product("MUG", stock=1)
    count = opened(shop)
    actor = Actor.person(make_user(shop if role else None, role))
    everything = [
        lambda: opened(shop, actor=actor),
        lambda: enter(count, mug, 1, actor=actor),
        lambda: finish_counting(count_id=count.pk, actor=actor),
        lambda: resume_counting(count_id=count.pk, actor=actor),
        lambda: recount(count_id=count.pk, line_ids=[count.lines.get().pk], actor=actor),
        lambda: cancel_count(count_id=count.pk, actor=actor),
        lambda: post_count(count_id=count.pk, actor=actor),
    ]

    for verb in everything:
        with pytest.raises(NotPermitted):
            verb()

    assert StockCount.objects.get().state == CountState.OPEN
    assert not StockCountEntry.objects.exists()


# --- Entering


def test_it_adds_entries_up_until_one_is_all_of_it(shop, make_product):
    mug = make_product("MUG", stock=12)
    count = opened(shop)

    enter(count, mug, 5)
    assert enter(count, mug, 4).counted == 9
    assert enter(count, mug, 7, replaces=True).counted == 7
    line = enter(count, mug, 3)

    assert (line.counted, line.on_hand_then, line.difference) == (10, 12, -2)


def test_it_takes_the_same_entry_once(shop, make_product):
    mug = make_product("MUG", stock=12)
    count, key = opened(shop), uuid.uuid4()

    enter(count, mug, 5, key=key)
    line = enter(count, mug, 5, key=key)

    assert line.counted == 5
    assert StockCountEntry.objects.count() == 1


def test_it_counts_no_movement_during_the_count_as_a_difference(shop, make_product):
    mug = make_product("MUG", stock=12)
    count = opened(shop)
    reserve(shop, mug, 1, 4)
    ship(mug, 1, 4)

    line = enter(count, mug, 8)

    assert (line.expected, line.on_hand_then, line.difference) == (12, 8, 0)


def test_it_adds_a_product_that_is_not_on_the_list_with_what_was_there_at_the_opening(shop, make_product):
    mugs = Category.objects.create(shop=shop, name="Mugs")
    make_product("MUG", stock=1, category=mugs)
    plate = make_product("PLATE", stock=6)
    count = opened(shop, category_id=mugs.pk)
    receive(plate, 4)

    line = enter(count, plate, 9)

    assert (line.expected, line.on_hand_then, line.difference) == (6, 10, -1)
    assert lines_of(count) == {"MUG": 1, "PLATE": 6}


def test_it_refuses_to_add_what_is_counted_elsewhere_or_cannot_be_counted(shop, make_product):
    mugs, plates = (Category.objects.create(shop=shop, name=name) for name in ("Mugs", "Plates"))
    make_product("MUG", stock=1, category=mugs)
    plate = make_product("PLATE", stock=1, category=plates)
    free = make_product("FREE", is_tracked=False)
    count = opened(shop, category_id=mugs.pk)
    opened(shop, category_id=plates.pk, name="Plates in autumn")
    foreign = services.ensure_product(shop_id=make_shop().pk, source="", sku="X", name="Foreign")

    with pytest.raises(StockError, match="Plates in autumn"):
        enter(count, plate, 1)
    with pytest.raises(StockError, match="not counted"):
        enter(count, free, 1)
    with pytest.raises(StockError, match="no such product"):
        enter(count, foreign, 1)

    assert not StockCountEntry.objects.exists()
    assert lines_of(count) == {"MUG": 1}


@pytest.mark.parametrize("quantity", [-1, 1_000_001, 1.5, True, "5", float("nan"), None])
def test_it_refuses_what_is_no_quantity(shop, make_product, quantity):
    mug = make_product("MUG", stock=12)
    count = opened(shop)

    with pytest.raises(StockError, match="whole number"):
        enter(count, mug, quantity)

    assert not StockCountEntry.objects.exists()


def test_it_takes_back_ones_own_entry_only(shop, make_product):
    ana, bogdan = (Actor.person(make_user(shop, Role.WAREHOUSE)) for _ in range(2))
    mug = make_product("MUG", stock=12)
    count = opened(shop)
    enter(count, mug, 5, actor=ana)
    enter(count, mug, 4, actor=bogdan)
    of_ana, of_bogdan = StockCountEntry.objects.order_by("pk")

    with pytest.raises(StockError, match="your own"):
        undo_entry(entry_id=of_bogdan.pk, actor=ana)
    assert count.lines.get().counted == 9
    undo_entry(entry_id=of_ana.pk, actor=ana)
    assert undo_entry(entry_id=of_ana.pk, actor=ana) is None

    assert count.lines.get().counted == 4


def test_it_knows_again_what_the_counters_said_when_an_entry_is_taken_back(shop, make_product):
    ana = Actor.person(make_user(shop, Role.WAREHOUSE))
    mug = make_product("MUG", stock=12)
    count = opened(shop)
    enter(count, mug, 12, actor=ana)
    receive(mug, 3)
    enter(count, mug, 99, actor=ana, replaces=True)

    undo_entry(entry_id=StockCountEntry.objects.latest("pk").pk, actor=ana)

    line = count.lines.get()
    assert (line.counted, line.on_hand_then, line.difference) == (12, 12, 0)


def test_it_is_not_counted_any_more_when_the_only_entry_is_taken_back(shop, make_product):
    ana = Actor.person(make_user(shop, Role.WAREHOUSE))
    mug = make_product("MUG", stock=12)
    count = opened(shop)
    enter(count, mug, 12, actor=ana)

    undo_entry(entry_id=StockCountEntry.objects.get().pk, actor=ana)

    line = count.lines.get()
    assert (line.counted, line.on_hand_then, line.counted_at, line.counted_by) == (None, None, None, "")


# --- States


def test_it_takes_no_entries_while_it_is_reviewed(shop, make_product):
    mug = make_product("MUG", stock=12)
    count = opened(shop)
    with pytest.raises(StockError, match="Nothing has been counted"):
        finish_counting(count_id=count.pk, actor=BY)
    enter(count, mug, 12)
    finish_counting(count_id=count.pk, actor=BY)

    with pytest.raises(StockError, match="being reviewed"):
        enter(count, mug, 1)
    assert count.lines.get().counted == 12
    resume_counting(count_id=count.pk, actor=BY)

    assert enter(count, mug, 1).counted == 13


def test_it_sends_lines_back_to_counting(shop, make_product):
    mug, plate = make_product("MUG", stock=12), make_product("PLATE", stock=2)
    count = opened(shop)
    line = enter(count, mug, 10)
    enter(count, plate, 2)
    finish_counting(count_id=count.pk, actor=BY)

    recount(count_id=count.pk, line_ids=[line.pk], actor=BY)

    assert StockCount.objects.get().state == CountState.OPEN
    assert dict(count.lines.values_list("stock_item__product__sku", "counted")) == {"MUG": None, "PLATE": 2}
    assert enter(count, mug, 3).counted == 3


def test_it_leaves_stock_alone_when_cancelled(shop, make_product, everything):
    mug = make_product("MUG", stock=12)
    count = opened(shop)
    enter(count, mug, 1)
    before = everything()

    cancel_count(count_id=count.pk, actor=BY)
    cancel_count(count_id=count.pk, actor=BY)

    assert everything() == before
    with pytest.raises(StockError, match="cancelled"):
        post_count(count_id=count.pk, actor=BY)
    with pytest.raises(StockError, match="cancelled"):
        enter(count, mug, 1)


# --- Posting


def test_it_posts_the_differences_as_one_set_of_movements(shop, make_product, counters):
    more, less, same = (make_product(sku, stock=10) for sku in ("MORE", "LESS", "SAME"))
    uncounted = make_product("UNCOUNTED", stock=10)
    count = opened(shop)
    enter(count, more, 13), enter(count, less, 4), enter(count, same, 10)

    posted(count)

    assert counted_movements(count) == [("MORE", "count", 3, "Autumn"), ("LESS", "count", -6, "Autumn")]
    assert [counters(p)[0] for p in (more, less, same, uncounted)] == [13, 4, 10, 10]
    assert dict(count.lines.values_list("stock_item__product__sku", "posted_difference")) == {
        "MORE": 3,
        "LESS": -6,
        "SAME": 0,
        "UNCOUNTED": None,
    }
    count.refresh_from_db()
    assert (count.state, count.posted_by) == (CountState.POSTED, "test")
    assert list(stock_problems()) == []


def test_it_keeps_what_moves_between_counting_and_posting(shop, make_product, counters):
    mug = make_product("MUG", stock=10)
    count = opened(shop)
    enter(count, mug, 8)
    receive(mug, 5)
    reserve(shop, mug, 1, 3)
    ship(mug, 1, 3)

    posted(count)

    assert counters(mug) == (10, 0)
    assert counted_movements(count) == [("MUG", "count", -2, "Autumn")]


def test_it_sets_what_nobody_counted_to_nothing_when_asked_to(shop, make_product, counters):
    counted, forgotten, empty = make_product("A", stock=1), make_product("B", stock=7), make_product("C")
    count = opened(shop)
    enter(count, counted, 1)

    posted(count, uncounted="zero")

    assert counters(forgotten) == (0, 0)
    assert counters(empty) == (0, 0)
    assert counted_movements(count) == [("B", "count", -7, "Autumn")]
    assert list(count.lines.order_by("pk").values_list("posted_difference", flat=True)) == [0, -7, 0]


def test_it_lets_the_newest_reservations_wait_for_what_is_not_there(
    shop, make_product, counters, held, published
):
    mug = make_product("MUG", stock=10)
    reserve(shop, mug, 1, 4), reserve(shop, mug, 2, 4)
    count = opened(shop)
    enter(count, mug, 5)

    posted(count)

    assert counters(mug) == (5, 5)
    assert held("order:1", mug) == Held(4, 0)
    assert held("order:2", mug) == Held(1, 3)
    shorted = [event for event in published if event.topic == "stock.reservation_shorted"]
    assert [(event.reference, event.quantity) for event in shorted] == [("order:2", 3)]
    assert list(stock_problems()) == []


def test_it_gives_what_was_found_to_those_who_wait(shop, make_product, counters, held):
    mug = make_product("MUG", stock=2)
    reserve(shop, mug, 1, 5, on_shortage="backorder")
    count = opened(shop)
    enter(count, mug, 6)

    posted(count)

    assert counters(mug) == (6, 5)
    assert held("order:1", mug) == Held(5, 0)


def test_it_refuses_to_post_what_cannot_be_and_writes_nothing(shop, make_product, everything):
    mug, plate = make_product("MUG", stock=10), make_product("PLATE", stock=10)
    count = opened(shop)
    enter(count, mug, 2), enter(count, plate, 9)
    reserve(shop, mug, 1, 5)
    ship(mug, 1, 5)
    finish_counting(count_id=count.pk, actor=BY)
    before = everything()

    with pytest.raises(StockError, match="Count these again: MUG") as refusal:
        post_count(count_id=count.pk, actor=BY)

    assert "PLATE" not in refusal.value.sentence
    assert everything() == before
    assert StockCount.objects.get().state == CountState.REVIEW
    assert not count.lines.filter(posted_difference__isnull=False).exists()


def test_it_posts_once_and_tells_the_second_who_did(shop, make_product, everything):
    mug = make_product("MUG", stock=10)
    count = opened(shop)
    enter(count, mug, 8)
    finish_counting(count_id=count.pk, actor=BY)
    post_count(count_id=count.pk, actor=Actor.system("Ana"))
    before = everything()

    with pytest.raises(StockError, match="Ana has posted"):
        post_count(count_id=count.pk, actor=BY)
    with pytest.raises(StockError, match="Ana has posted"):
        cancel_count(count_id=count.pk, actor=BY)

    assert everything() == before


def test_it_posts_only_what_was_reviewed(shop, make_product, everything):
    mug = make_product("MUG", stock=10)
    count = opened(shop)
    enter(count, mug, 8)
    before = everything()

    with pytest.raises(StockError, match="still counting"):
        post_count(count_id=count.pk, actor=BY)
    finish_counting(count_id=count.pk, actor=BY)
    with pytest.raises(StockError, match="nobody counted"):
        post_count(count_id=count.pk, actor=BY, uncounted="anything")

    assert everything() == before


def test_it_frees_the_products_for_the_next_count_once_posted(shop, make_product):
    mug = make_product("MUG", stock=10, cost=Decimal("2.50"))
    first = opened(shop)
    enter(first, mug, 8)
    posted(first)

    second = opened(shop)

    assert lines_of(second) == {"MUG": 8}
    assert StockItem.objects.get().on_hand == 8
    assert second.opened_at - first.opened_at < timedelta(minutes=5)


def test_it_posts_into_the_warehouse_it_counted_and_shares_out_what_the_others_have(
    shop, make_product, counters, held
):
    mug = make_product("MUG", stock=4)
    annex = Warehouse.objects.create(shop=shop, name="Annex")
    services.receive(product_id=mug.pk, quantity=6, reason="", actor=BY, warehouse_id=annex.pk)
    reserve(shop, mug, 1, 4), reserve(shop, mug, 2, 3)
    count = opened(shop, warehouse_id=annex.pk)
    enter(count, mug, 1)

    posted(count)

    in_annex = StockItem.objects.get(product=mug, warehouse=annex)
    assert counters(mug) == (4, 4)
    assert (in_annex.on_hand, in_annex.reserved) == (1, 1)
    assert held("order:1", mug) == Held(4, 0)
    assert held("order:2", mug) == Held(1, 2)
    assert list(stock_problems()) == []


def test_it_leaves_out_what_is_not_counted_any_more(shop, make_product, counters):
    mug, plate = make_product("MUG", stock=4), make_product("PLATE", stock=4)
    count = opened(shop)
    enter(count, mug, 1), enter(count, plate, 3)
    type(mug).objects.filter(pk=mug.pk).update(is_tracked=False)

    posted(count, uncounted="zero")

    assert counters(mug) == (4, 0)
    assert counters(plate) == (3, 0)
    assert counted_movements(count) == [("PLATE", "count", -1, "Autumn")]


def test_it_lists_a_product_that_was_never_stocked_once_in_the_default_warehouse(shop, make_product):
    make_product("NEW")
    annexed = make_product("ANNEXED")
    annex = Warehouse.objects.create(shop=shop, name="Annex")
    services.receive(product_id=annexed.pk, quantity=6, reason="", actor=BY, warehouse_id=annex.pk)
    StockItem.objects.filter(product=annexed).exclude(warehouse=annex).delete()

    count = opened(shop)

    assert lines_of(count) == {"NEW": 0}
