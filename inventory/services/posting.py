"""Posting a stock count: its differences become one set of movements, and the count is closed.

What moved since a line was counted is kept, because a difference is added to the counters and never written over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.models import CountState, MovementKind, StockCount, StockCountLine, StockItem
from inventory.services.counting import find_count, lock_in_state
from inventory.services.limits import stock_verb
from inventory.services.sheet import Sheet, find_products
from shops.actors import Actor

Uncounted = Literal["leave", "zero"]
MOST_NAMED = 10
LINES_AT_ONCE = 500


@stock_verb
def post_count(*, count_id: int, actor: Actor, uncounted: Uncounted = "leave") -> StockCount:
    """Write the differences of a reviewed count as movements, all or none.

    Lines nobody counted stay as they are, or, with "zero", count as none found. Where fewer are left than are
    reserved, the newest reservations wait again; what was found is given to those who wait, oldest first.
    Raises `NotPermitted`, and `StockError` where the count is not in review (saying who posted it, if somebody did),
    or naming the lines to be counted again because more has left since than was found.
    """
    if uncounted not in ("leave", "zero"):
        raise StockError(_("Say what becomes of the products nobody counted."), code="bad_choice")
    count = find_count(count_id, actor)
    products = _lines_to_post(count, uncounted).values_list("stock_item__product_id", flat=True)
    sheet = Sheet(find_products(products), actor=actor, reference=count.reference, reason=count.name)
    count = lock_in_state(count_id, CountState.REVIEW)
    differences = _differences(count, sheet, uncounted)
    _refuse_impossible(differences)
    for _line, item, difference in differences:
        _move(sheet, item, difference)
    sheet.close(allocate=True)
    _record(count, differences)
    count.state, count.posted_at, count.posted_by = CountState.POSTED, timezone.now(), actor.label[:150]
    count.save(update_fields=["state", "posted_at", "posted_by"])
    return count


Difference = tuple[StockCountLine, StockItem, int]


def _lines_to_post(count: StockCount, uncounted: Uncounted) -> QuerySet[StockCountLine]:
    differing = Q(counted__isnull=False) & ~Q(counted=F("on_hand_then"))
    wanted = differing | Q(counted__isnull=True) if uncounted == "zero" else differing
    lines = count.lines.filter(wanted, stock_item__product__is_tracked=True)
    return lines.select_related("stock_item").order_by("stock_item_id")


def _differences(count: StockCount, sheet: Sheet, uncounted: Uncounted) -> list[Difference]:
    """What each line changes, read under the count's lock. Lines nobody counted lose what is on hand now."""
    found = []
    for line in _lines_to_post(count, uncounted):
        product_id = line.stock_item.product_id
        if not sheet.items_of(product_id):
            raise StockError(
                _("Somebody changed this count at the same moment. Look at it again, then post it."),
                code="count_changed",
            )
        item = sheet.item_in(product_id, count.warehouse_id)
        difference = line.difference
        found.append((line, item, -item.on_hand if difference is None else difference))
    return found


def _move(sheet: Sheet, item: StockItem, difference: int) -> None:
    missing = item.reserved - (item.on_hand + difference)
    if missing > 0:
        sheet.shorten(item, missing)
    if difference:
        sheet.move(item, difference, MovementKind.COUNT)


def _refuse_impossible(differences: Sequence[Difference]) -> None:
    impossible = [item for _line, item, difference in differences if item.on_hand + difference < 0]
    if not impossible:
        return
    names = "; ".join(str(item.product) for item in impossible[:MOST_NAMED])
    if len(impossible) > MOST_NAMED:
        names = _("%(names)s and %(count)s more") % {
            "names": names,
            "count": len(impossible) - MOST_NAMED,
        }
    raise StockError(
        _("More has left the shelf since than was found there. Count these again: %(products)s.")
        % {"products": names},
        code="count_again",
    )


def _record(count: StockCount, differences: Sequence[Difference]) -> None:
    """Remember on each line what was posted; counted lines that agreed posted nothing."""
    # By EXISTS: a join would have the lines looked up by a subquery over themselves, which PostgreSQL, where it has no
    # statistics of a young table yet, may answer by comparing every line with every other.
    tracked = StockItem.objects.filter(pk=OuterRef("stock_item_id"), product__is_tracked=True)
    counted = count.lines.filter(Exists(tracked), counted__isnull=False)
    counted.update(posted_difference=F("counted") - F("on_hand_then"))
    emptied = []
    for line, _item, difference in differences:
        if line.counted is None:
            line.posted_difference = difference
            emptied.append(line)
    StockCountLine.objects.bulk_update(emptied, ["posted_difference"], batch_size=LINES_AT_ONCE)
