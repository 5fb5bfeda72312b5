"""Lists of AWBs and of what became of them, looked through row by row before anything is written.

Each row is matched with an order or a parcel this person may change, or gets the sentence why not. It writes
nothing; the verbs are in `orders.services.awbs` and judge again under the lock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from orders.awb_files import AWBS, AwbRow, is_shortened, outcome_of
from orders.carriers import (
    CARRIERS,
    carrier_by_name,
    carrier_name,
    carriers_by_number,
    is_malformed,
    is_numbered,
)
from orders.models import Order, Return, Shipment
from orders.services.access import claim_refusal
from orders.services.awb_owners import taken_sentence
from orders.services.awbs import LIVE, NOTHING, form_refusal, judge_awb, judge_outcome
from orders.statuses import ReturnState, ShipmentState
from shops.models import Shop, User
from shops.permissions import Action
from shops.selectors import roles_of, shop_ids_where

T = TypeVar("T")
AT_ONCE = 500


@dataclass(frozen=True)
class Verdict:
    """One row, and what it would do (`does`) to which order, or `why_not`."""

    row: AwbRow
    order: Order | None = None
    parcel: Shipment | None = None
    carrier: str = ""
    outcome: str = ""
    does: str = ""
    why_not: str = ""


def look_through(
    rows: Sequence[AwbRow], *, kind: str, user: User, carrier: str = "", may_turn: bool = False
) -> list[Verdict]:
    """A verdict for each row, in order. `carrier` is for rows that name none; `may_turn`: columns may be swapped.

    A fixed number of queries for every 500 rows. Orders of other shops are as unknown as those that do not exist.
    """
    seen = _Seen()
    look = _look_at_awbs if kind == AWBS else _look_at_outcomes
    found: list[Verdict] = []
    for some in _in_parts(rows):
        found.extend(look(some, user, carrier, may_turn, seen))
    roles = roles_of(user)
    return [_respecting_claims(verdict, user, roles) for verdict in found]


def _respecting_claims(verdict: Verdict, user: User, roles: dict[int, str]) -> Verdict:
    order = verdict.order
    if order is None or verdict.why_not or verdict.does == NOTHING:
        return verdict
    kept = claim_refusal(order, user_id=user.pk, role=roles.get(order.shop_id))
    return replace(verdict, does="", why_not=kept) if kept else verdict


class _Seen:
    """Where in the list an AWB or an order stood first."""

    def __init__(self) -> None:
        self.numbers: dict[str, AwbRow] = {}
        self.orders: dict[int, AwbRow] = {}


def _in_parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


# --- order;AWB


def _look_at_awbs(
    rows: Sequence[AwbRow], user: User, carrier: str, may_turn: bool, seen: _Seen
) -> list[Verdict]:
    by_name = _orders_by_name(rows, user, may_turn)
    rows = [_turned(row, by_name) if may_turn else row for row in rows]
    known = {order.pk for orders in by_name.values() for order in orders}
    parcels: dict[int, list[Shipment]] = defaultdict(list)
    for parcel in Shipment.objects.filter(order_id__in=known, state__in=LIVE).order_by("pk"):
        parcels[parcel.order_id].append(parcel)
    taken = _taken(rows, user)
    return [_judge_row(row, by_name, parcels, taken, carrier, seen) for row in rows]


def _orders_by_name(rows: Iterable[AwbRow], user: User, may_turn: bool) -> dict[str, list[Order]]:
    """The orders a cell may mean, by the cell in capitals: the one of that number, else those of it behind a prefix."""
    cells = {row.order for row in rows} | ({row.number for row in rows} if may_turn else set())
    cells.discard("")
    shop_ids = shop_ids_where(user, Action.SHIP)
    prefixes = list(Shop.objects.filter(pk__in=shop_ids).values_list("order_prefix", flat=True))
    numbers = {form for cell in cells for form in _spellings(cell, prefixes)}
    orders = Order.objects.visible_to(user).filter(shop_id__in=shop_ids, number__in=numbers)
    by_number: dict[str, Order] = {}
    for order in orders.select_related("shop", "shipping_address", "customer", "manager"):
        by_number[order.number] = order
    found = {}
    for cell in cells:
        exact = [by_number[form] for form in dict.fromkeys((cell, cell.upper())) if form in by_number]
        behind = {by_number[form] for form in _spellings(cell, prefixes) if form in by_number}
        found[cell.upper()] = exact[:1] or sorted(behind, key=lambda order: order.number)
    return found


def _spellings(cell: str, prefixes: Iterable[str]) -> set[str]:
    return {cell, cell.upper()} | {f"{prefix}{cell}" for prefix in prefixes}


def _turned(row: AwbRow, by_name: dict[str, list[Order]]) -> AwbRow:
    if by_name.get(row.order.upper()) or not by_name.get(row.number.upper()):
        return row
    return replace(row, order=row.number, number="".join(row.order.split()).upper())


def _taken(rows: Iterable[AwbRow], user: User) -> dict[str, list[tuple[int, int, str, str]]]:
    """By AWB: key, shop and courier of every order that has it, and its number where this person may see it."""
    numbers = {row.number for row in rows if row.number}
    holders = list(
        Shipment.objects.filter(tracking_number__in=numbers)
        .exclude(state=ShipmentState.VOIDED)
        .values_list("tracking_number", "order_id", "order__shop_id", "carrier")
    )
    mine = Order.objects.visible_to(user).filter(pk__in={holder[1] for holder in holders})
    names = dict(mine.values_list("pk", "number"))
    found = defaultdict(list)
    for number, order_id, shop_id, code in holders:
        found[number].append((order_id, shop_id, code, names.get(order_id, "")))
    return found


def _judge_row(
    row: AwbRow,
    by_name: dict[str, list[Order]],
    parcels: dict[int, list[Shipment]],
    taken: dict[str, list[tuple[int, int, str, str]]],
    carrier: str,
    seen: _Seen,
) -> Verdict:
    orders = by_name.get(row.order.upper(), [])
    if len(orders) != 1:
        return Verdict(row, why_not=_unknown_order(row, orders))
    order = orders[0]
    mine = parcels[order.pk]
    code = _carrier_of(row, order, mine, carrier)
    verdict = Verdict(row, order, carrier=code)
    if why := _said_before(row, order, seen):
        return replace(verdict, why_not=why)
    if row.carrier and not code:
        return replace(verdict, why_not=_("“%(name)s” is no courier known here.") % {"name": row.carrier})
    judged = judge_awb(order, mine, carrier=code, number=row.number)
    if judged.why_not:
        return replace(verdict, why_not=judged.why_not)
    for order_id, shop_id, other_code, name in taken.get(row.number, []):
        if order_id != order.pk and (shop_id == order.shop_id or other_code == code):
            return replace(verdict, why_not=taken_sentence(name))
    seen.numbers.setdefault(row.number, row)
    seen.orders.setdefault(order.pk, row)
    return replace(verdict, does=judged.does)


def _unknown_order(row: AwbRow, orders: Sequence[Order]) -> str:
    if orders:
        return _("This may be %(numbers)s: write the whole number.") % {
            "numbers": ", ".join(order.number for order in orders)
        }
    if not row.order:
        return _("The order's number is missing.")
    return _("No order “%(number)s” is known here.") % {"number": row.order}


def _said_before(row: AwbRow, order: Order, seen: _Seen) -> str:
    if first := seen.numbers.get(row.number):
        return _("The same AWB stands in line %(line)d, for %(order)s.") % {
            "line": first.line,
            "order": first.order,
        }
    if first := seen.orders.get(order.pk):
        return _("The same order stands in line %(line)d with another AWB.") % {"line": first.line}
    return ""


def _carrier_of(row: AwbRow, order: Order, parcels: Sequence[Shipment], chosen: str) -> str:
    """Who carries it: as the row says, as was chosen for the list, as the number looks, as the order wanted."""
    said = carrier_by_name(row.carrier) or chosen
    if said:
        return said
    like = carriers_by_number(row.number, order.shop.country)
    if row.carrier:
        # A name nobody knows may be that of a service; it is passed over only where the number is plain.
        return like[0] if len(like) == 1 else ""
    wanted = [code for code in (order.courier, *(p.carrier for p in parcels)) if _is_courier(code)]
    for code in wanted:
        if code in like:
            return code
    if len(like) == 1:
        return like[0]
    return next((code for code in wanted if not like or not is_malformed(code, row.number)), "")


def _is_courier(code: str) -> bool:
    return code in CARRIERS and is_numbered(code)


# --- AWB;what became of it


def _look_at_outcomes(
    rows: Sequence[AwbRow], user: User, carrier: str, may_turn: bool, seen: _Seen
) -> list[Verdict]:
    by_number: dict[str, list[Shipment]] = defaultdict(list)
    numbers = {row.number for row in rows if row.number}
    for parcel in parcels_by_number(numbers, user):
        by_number[parcel.tracking_number].append(parcel)
    order_ids = {parcel.order_id for parcels in by_number.values() for parcel in parcels}
    siblings: dict[int, list[Shipment]] = defaultdict(list)
    for parcel in Shipment.objects.filter(order_id__in=order_ids, state__in=LIVE).order_by("pk"):
        siblings[parcel.order_id].append(parcel)
    notes = Return.objects.filter(order_id__in=order_ids).exclude(state=ReturnState.VOIDED)
    kinds = dict(notes.order_by("pk").values_list("order_id", "kind"))
    return [_judge_outcome_row(row, by_number, siblings, kinds, seen) for row in rows]


def parcels_by_number(numbers: Iterable[str], user: User) -> Any:
    """The parcels with these AWBs, not voided, of orders this person may see and ship; with order, shop and address."""
    orders = Order.objects.visible_to(user).filter(shop_id__in=shop_ids_where(user, Action.SHIP))
    found = Shipment.objects.filter(tracking_number__in=list(numbers), order__in=orders)
    related = ("order__shop", "order__customer", "order__shipping_address", "order__manager")
    return found.exclude(state=ShipmentState.VOIDED).select_related(*related).order_by("pk")


def _judge_outcome_row(
    row: AwbRow,
    by_number: dict[str, list[Shipment]],
    siblings: dict[int, list[Shipment]],
    kinds: dict[int, str],
    seen: _Seen,
) -> Verdict:
    found = by_number.get(row.number, [])
    outcome = outcome_of(row.outcome)
    if not outcome:
        return Verdict(row, why_not=_wrong_word(row))
    if len(found) != 1:
        return Verdict(row, outcome=outcome, why_not=_unknown_parcel(row, found))
    parcel = found[0]
    verdict = Verdict(row, parcel.order, parcel, parcel.carrier, outcome)
    first = seen.numbers.setdefault(row.number, row)
    if first is not row:
        return replace(verdict, why_not=_("The same AWB stands in line %(line)d.") % {"line": first.line})
    before = seen.orders.setdefault(parcel.order_id, row)
    if before is not row and outcome != outcome_of(before.outcome):
        return replace(
            verdict,
            why_not=_("Line %(line)d says something else of a parcel of the same order.")
            % {"line": before.line},
        )
    judged = judge_outcome(
        parcel.order,
        siblings[parcel.order_id],
        parcel,
        outcome=outcome,
        kind=kinds.get(parcel.order_id, ""),
    )
    return replace(verdict, does=judged.does, why_not=judged.why_not)


def _wrong_word(row: AwbRow) -> str:
    if not row.outcome:
        return _("What became of the parcel is missing: write delivered, refused or unclaimed.")
    return _("“%(word)s” is not known: write delivered, refused or unclaimed.") % {"word": row.outcome}


def _unknown_parcel(row: AwbRow, found: Sequence[Shipment]) -> str:
    if found:
        return _("More than one order has this AWB: %(numbers)s.") % {
            "numbers": ", ".join(
                f"{parcel.order.number} ({carrier_name(parcel.carrier)})" for parcel in found
            )
        }
    if not row.number:
        return _("The tracking number (AWB) is missing.")
    if is_shortened(row.number):
        return form_refusal("", row.number)
    return _("No parcel with AWB “%(number)s” is known here.") % {"number": row.number}
