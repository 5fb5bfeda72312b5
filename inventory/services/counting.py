"""Stock counts while people count: opening one, entering what was found, taking an entry back, closing the counting.

Nothing here changes stock; `posting` does. Locks are taken in the order stock item → count → warehouse, so that an entry knows
what the counters said at its moment, and no entry slips in beside a change of the count's state.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date, datetime

from babel.dates import format_date
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.models import (
    Category,
    CountState,
    Product,
    StockCount,
    StockCountEntry,
    StockCountLine,
    StockItem,
    StockMovement,
    Warehouse,
)
from inventory.services.limits import check_text, is_key, stock_verb
from inventory.services.sheet import LARGEST_QUANTITY, LARGEST_STOCK, open_items
from shops.actors import Actor, actor_columns
from shops.locks import lock_one
from shops.permissions import Action, require

UNFINISHED = (CountState.OPEN, CountState.REVIEW)
LONGEST_NAME = 100
LINES_AT_ONCE = 2000


@stock_verb
def open_count(
    *,
    shop_id: int,
    warehouse_id: int,
    actor: Actor,
    category_id: int | None = None,
    name: str = "",
    hides_expected: bool = True,
) -> StockCount:
    """Open a count of a warehouse, or of one category in it, with what should be there frozen in one consistent read.

    On the list: every active product whose stock is counted and that is kept in the warehouse, also those of which none
    should be left, and inactive ones of which some should be. In the default warehouse products that were never
    stocked anywhere are on it, too. Without a name it is named by the day.
    Raises `NotPermitted`, and `StockError` where nothing is to be counted or another unfinished count has one of
    the products on its list.
    """
    require(actor, shop_id=shop_id, action=Action.CHANGE_STOCK)
    check_text(name, field="name", longest=LONGEST_NAME)
    warehouse = Warehouse.objects.filter(pk=warehouse_id, shop_id=shop_id).first()
    category = Category.objects.filter(pk=category_id, shop_id=shop_id).first() if category_id else None
    if warehouse is None or (category_id and category is None):
        raise StockError(_("This warehouse or category belongs to another shop."), code="unknown_warehouse")
    if warehouse.is_default:
        _open_first_items(warehouse, category)
    lock_one(Warehouse.objects.all(), warehouse.pk)
    items = _items_to_count(warehouse, category)
    _refuse_if_counted_elsewhere(items)
    count = StockCount.objects.create(
        shop_id=shop_id,
        warehouse=warehouse,
        category=category,
        name=name.strip() or default_name(),
        hides_expected=hides_expected,
        **actor_columns(actor),
    )
    _freeze(count, items)
    return count


@stock_verb
def enter_count(
    *,
    count_id: int,
    product_id: int,
    quantity: int,
    key: uuid.UUID,
    actor: Actor,
    replaces: bool = False,
) -> StockCountLine:
    """Enter that so many units were found here, added to earlier entries, or, with `replaces`, that this is all of it.

    People counting at once add up. The same `key` again changes nothing. A product that is not on the list gets a
    line, expecting what was on hand when the count was opened. Answers the line as it stands.
    Raises `NotPermitted`, and `StockError` for a bad quantity, a product that is not counted or of another shop, one
    on the list of another unfinished count, or a count that is not open.
    """
    count = find_count(count_id, actor)
    _check_counted(quantity)
    product = _find_countable(count, product_id)
    open_items([product], count.warehouse)
    item = _lock_item(product.pk, count.warehouse_id)
    lock_in_state(count_id, CountState.OPEN)
    known = StockCountEntry.objects.filter(key=key).select_related("line").first()
    if known is not None:
        return known.line
    line = StockCountLine.objects.filter(count=count, stock_item=item).first() or _add_line(count, item)
    StockCountEntry.objects.create(
        line=line, key=key, quantity=quantity, replaces=replaces, **actor_columns(actor)
    )
    return _settle(line, on_hand_then=item.on_hand)


@stock_verb
def undo_entry(*, entry_id: int, actor: Actor) -> StockCountLine | None:
    """Take one of one's own entries back; the line is what the other entries say. Doing it twice does nothing more.

    Answers the line, or None where the entry is gone already. Raises `NotPermitted`, and `StockError` for somebody
    else's entry or a count that is not open.
    """
    entry = StockCountEntry.objects.select_related("line__stock_item").filter(pk=entry_id).first()
    if entry is None:
        return None
    find_count(entry.line.count_id, actor)
    if entry.actor_kind != actor.kind or entry.actor_user_id != actor.user_id:
        raise StockError(_("Only your own entries can be taken back."), code="not_yours")
    item = lock_one(StockItem.objects.all(), entry.line.stock_item_id)
    lock_in_state(entry.line.count_id, CountState.OPEN)
    if not StockCountEntry.objects.filter(pk=entry_id).exists():
        return None
    entry.delete()
    line = StockCountLine.objects.get(pk=entry.line_id)
    last = line.entries.order_by("-pk").first()
    return _settle(line, on_hand_then=item.on_hand - _moved_after(item, last.at) if last else None)


@stock_verb
def finish_counting(*, count_id: int, actor: Actor) -> StockCount:
    """Close the counting, so that the differences can be reviewed and posted. Refused while nothing is counted."""
    find_count(count_id, actor)
    count = lock_in_state(count_id, *UNFINISHED)
    if not count.lines.filter(counted__isnull=False).exists():
        raise StockError(_("Nothing has been counted yet."), code="nothing_counted")
    return _put(count, CountState.REVIEW)


@stock_verb
def resume_counting(*, count_id: int, actor: Actor) -> StockCount:
    """Let people count on."""
    find_count(count_id, actor)
    return _put(lock_in_state(count_id, *UNFINISHED), CountState.OPEN)


@stock_verb
def recount(*, count_id: int, line_ids: Collection[int], actor: Actor) -> StockCount:
    """Send lines back to counting: what was entered for them is dropped, and the count is open again."""
    find_count(count_id, actor)
    count = lock_in_state(count_id, *UNFINISHED)
    lines = count.lines.filter(pk__in=line_ids)
    StockCountEntry.objects.filter(line__in=lines).delete()
    lines.update(counted=None, on_hand_then=None, first_counted_at=None, counted_at=None, counted_by="")
    return _put(count, CountState.OPEN)


@stock_verb
def cancel_count(*, count_id: int, actor: Actor) -> StockCount:
    """Give a count up; stock stays as it is. Cancelling twice is harmless; a posted count stays posted."""
    find_count(count_id, actor)
    count = lock_in_state(count_id, *UNFINISHED, CountState.CANCELLED)
    return _put(count, CountState.CANCELLED)


def find_count(count_id: int, actor: Actor) -> StockCount:
    """The count, after asking whether the actor may change stock in its shop."""
    count = (
        StockCount.objects.select_related("warehouse").filter(pk=count_id).first()
        if is_key(count_id)
        else None
    )
    if count is None:
        raise StockError(_("There is no such count."), code="unknown_count")
    require(actor, shop_id=count.shop_id, action=Action.CHANGE_STOCK)
    return count


def lock_in_state(count_id: int, *states: str) -> StockCount:
    """Lock the count; raises `StockError` unless it is in one of these states, saying what became of it."""
    count = lock_one(StockCount.objects.all(), count_id)
    if count.state not in states:
        raise StockError(_why_closed(count), code=f"count_{count.state}")
    return count


def _why_closed(count: StockCount) -> str:
    if count.state == CountState.POSTED and count.posted_at is not None:
        return _("%(person)s has posted this count already, on %(day)s.") % {
            "person": count.posted_by,
            "day": _written_day(timezone.localtime(count.posted_at)),
        }
    if count.state == CountState.CANCELLED:
        return _("This count was cancelled.")
    if count.state == CountState.REVIEW:
        return _(
            "Counting is closed: this count is being reviewed. Open it again before you enter anything more."
        )
    return _("People are still counting. Finish the counting first.")


def default_name() -> str:
    """What a count is called unless somebody names it."""
    return _("Count of %(day)s") % {"day": _written_day(timezone.localdate())}


def _written_day(day: date) -> str:
    return format_date(day, "d MMM y", locale=get_language() or "en")


def _open_first_items(warehouse: Warehouse, category: Category | None) -> None:
    """Give products that were never stocked a place in the default warehouse, by ascending key."""
    products = Product.objects.filter(shop_id=warehouse.shop_id, is_tracked=True, is_active=True)
    if category is not None:
        products = products.filter(category=category)
    unplaced = products.filter(~Exists(StockItem.objects.filter(product=OuterRef("pk")))).order_by("pk")
    StockItem.objects.bulk_create(
        [StockItem(product_id=pk, warehouse=warehouse) for pk in unplaced.values_list("pk", flat=True)],
        batch_size=LINES_AT_ONCE,
        ignore_conflicts=True,
    )


def _items_to_count(warehouse: Warehouse, category: Category | None) -> QuerySet[StockItem]:
    items = StockItem.objects.filter(warehouse=warehouse, product__is_tracked=True)
    items = items.filter(Q(product__is_active=True) | ~Q(on_hand=0))
    return items.filter(product__category=category) if category is not None else items


def _freeze(count: StockCount, items: QuerySet[StockItem]) -> None:
    lines = [
        StockCountLine(count=count, stock_item_id=pk, expected=on_hand)
        for pk, on_hand in items.order_by("pk").values_list("pk", "on_hand")
    ]
    if not lines:
        raise StockError(_("There is nothing to count here: no product is kept in this place."), code="empty")
    StockCountLine.objects.bulk_create(lines, batch_size=LINES_AT_ONCE)


def _refuse_if_counted_elsewhere(items: QuerySet[StockItem]) -> None:
    """One product is on the list of one unfinished count; the caller holds the warehouse's lock."""
    elsewhere = StockCountLine.objects.filter(count__state__in=UNFINISHED, stock_item__in=items.values("pk"))
    line = elsewhere.select_related("count", "stock_item__product").order_by("pk").first()
    if line is not None:
        raise StockError(
            _(
                "%(product)s is on the list of the count “%(count)s”, which is not finished. Post or cancel that one first."
            )
            % {"product": line.stock_item.product, "count": line.count.name},
            code="counted_elsewhere",
        )


def _check_counted(quantity: int) -> None:
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 <= quantity <= LARGEST_QUANTITY:
        raise StockError(
            _("A count must be a whole number from 0 to %(largest)s.") % {"largest": LARGEST_QUANTITY},
            code="bad_quantity",
            field="quantity",
        )


def _find_countable(count: StockCount, product_id: int) -> Product:
    product = (
        Product.objects.filter(pk=product_id, shop_id=count.shop_id).first() if is_key(product_id) else None
    )
    if product is None:
        raise StockError(_("This shop has no such product."), code="unknown_product")
    if not product.is_tracked:
        raise StockError(
            _("The stock of %(product)s is not counted. Turn on “stock is counted” in the product first.")
            % {"product": product},
            code="untracked",
        )
    return product


def _lock_item(product_id: int, warehouse_id: int) -> StockItem:
    pk = StockItem.objects.values_list("pk", flat=True).get(product=product_id, warehouse=warehouse_id)
    return lock_one(StockItem.objects.all(), pk)


def _add_line(count: StockCount, item: StockItem) -> StockCountLine:
    """Put an item on the list that was not there; it expects what was on hand at the opening, by the ledger."""
    lock_one(Warehouse.objects.all(), count.warehouse_id)
    _refuse_if_counted_elsewhere(StockItem.objects.filter(pk=item.pk))
    expected = item.on_hand - _moved_after(item, count.opened_at)
    return StockCountLine.objects.create(count=count, stock_item=item, expected=expected)


def _moved_after(item: StockItem, moment: datetime) -> int:
    moved = StockMovement.objects.filter(stock_item=item, at__gt=moment).aggregate(units=Sum("quantity"))
    return int(moved["units"] or 0)


def _settle(line: StockCountLine, *, on_hand_then: int | None) -> StockCountLine:
    """Make the line what its entries say: the sum from the last one that was all of it."""
    entries = list(line.entries.order_by("pk"))
    start = max((place for place, entry in enumerate(entries) if entry.replaces), default=0)
    valid = entries[start:]
    line.counted = sum(entry.quantity for entry in valid) if valid else None
    if line.counted is not None and line.counted > LARGEST_STOCK:
        raise StockError(_("So many units cannot be kept in one place."), code="too_much", field="quantity")
    line.on_hand_then = on_hand_then if valid else None
    line.first_counted_at = valid[0].at if valid else None
    line.counted_at = valid[-1].at if valid else None
    line.counted_by = valid[-1].actor_label if valid else ""
    line.save(
        update_fields=["counted", "on_hand_then", "first_counted_at", "counted_at", "counted_by"],
    )
    return line


def _put(count: StockCount, state: str) -> StockCount:
    count.state = state
    count.save(update_fields=["state"])
    return count
