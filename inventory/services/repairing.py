"""Setting counters right that disagree with the rows behind them. Every repair is recorded, with its reason.

The ledger is the truth for what is on hand, the reservations for what is reserved; where more is reserved than exists,
the newest reservations wait again.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.models import Counter, MovementKind, StockItem, StockRepair
from inventory.selectors import Sums, sums_of
from inventory.services.limits import check_text, is_key, stock_verb
from inventory.services.sheet import LARGEST_STOCK, Sheet, find_products
from shops.actors import Actor, actor_columns
from shops.permissions import Action, require


@stock_verb
def repair_stock(
    *, stock_item_id: int, reason: str, actor: Actor, counted: int | None = None, shown: str = ""
) -> list[StockRepair]:
    """Set the counters of one stock item to what its movements and reservations add up to; answers the records.

    With `counted` the shelf has the last word: a movement brings the ledger to it first. It is needed where the
    ledger adds up to less than nothing. `shown` is the `Sums.mark` a person decided upon.
    Raises `NotPermitted`, or `StockError` when nothing is off, when the numbers moved since they were shown, or
    without a reason; then nothing is written.
    """
    item = _find_item(stock_item_id)
    require(actor, shop_id=item.product.shop_id, action=Action.CHANGE_STOCK)
    _check(reason, counted)
    sheet = Sheet(find_products([item.product_id]), actor=actor, reason=reason)
    item = sheet.item_in(item.product_id, item.warehouse_id)
    before = sums_of(item)
    _refuse(item, before, counted, shown)
    sheet.correct(item, on_hand=before.ledger, reserved=before.held)
    if counted is not None and counted != before.ledger:
        sheet.move(item, counted - before.ledger, MovementKind.COUNT)
    sheet.shorten(item, before.held - item.on_hand)
    repairs = _record(item, before, reason, actor)
    sheet.close(allocate=True)
    return repairs


def _record(item: StockItem, before: Sums, reason: str, actor: Actor) -> list[StockRepair]:
    stamp = {"stock_item": item, "reason": reason.strip()[:200], **actor_columns(actor)}
    rows = []
    if before.on_hand != before.ledger:
        rows.append(StockRepair(counter=Counter.ON_HAND, before=before.on_hand, after=item.on_hand, **stamp))
    if before.reserved != before.held or item.reserved != before.held:
        rows.append(
            StockRepair(counter=Counter.RESERVED, before=before.reserved, after=item.reserved, **stamp)
        )
    return StockRepair.objects.bulk_create(rows)


def _find_item(stock_item_id: int) -> StockItem:
    items = StockItem.objects.select_related("product")
    item = items.filter(pk=stock_item_id).first() if is_key(stock_item_id) else None
    if item is None:
        raise StockError(_("This stock item does not exist."), code="unknown_item", field="stock_item")
    return item


def _check(reason: str, counted: int | None) -> None:
    check_text(reason, field="reason")
    if not reason.strip():
        raise StockError(
            _("Say why the counters are repaired; it stays in the record."),
            code="reason_missing",
            field="reason",
        )
    if counted is None:
        return
    if isinstance(counted, bool) or not isinstance(counted, int) or not 0 <= counted <= LARGEST_STOCK:
        raise StockError(
            _("A count must be a whole number from 0 to %(largest)s.") % {"largest": LARGEST_STOCK},
            code="bad_quantity",
            field="counted",
        )


def _refuse(item: StockItem, before: Sums, counted: int | None, shown: str) -> None:
    if before.agree:
        raise StockError(
            _("%(product)s: nothing is off; its counters agree with its movements and reservations.")
            % {"product": item.product},
            code="agrees",
        )
    if shown and shown != before.mark:
        raise StockError(
            _("%(product)s: the numbers moved since you looked. Check them again.")
            % {"product": item.product},
            code="moved",
        )
    if before.ledger < 0 and counted is None:
        raise StockError(
            _(
                "%(product)s: its movements add up to %(ledger)s, less than nothing. "
                "Count what is on the shelf and enter it here."
            )
            % {"product": item.product, "ledger": before.ledger},
            code="count_first",
            field="counted",
        )
