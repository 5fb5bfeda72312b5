"""Tracking numbers from outside: giving an order its AWB, and noting what became of a parcel by its AWB.

What may be done is judged by the same pure functions before anything is written and under the order's lock. It
knows nothing of lists and pages; a repeated number or outcome changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from orders.awb_files import DELIVERED, is_shortened
from orders.carriers import CARRIERS, carrier_name, is_malformed, is_numbered, normal_number
from orders.errors import OrderError
from orders.events import OrderEdited
from orders.models import Order, Shipment
from orders.models.history import EventKind
from orders.search import refresh_order_terms
from orders.services.access import lock_order
from orders.services.awb_owners import require_free_awb
from orders.services.parcels import add_shipment, deliver_parcel
from orders.services.recording import record
from orders.services.transitions import deliver_order, return_order
from orders.statuses import ReturnKind, ReturnState, ShipmentState, Status
from shops.actors import Actor, actor_columns
from shops.bus import publish
from shops.permissions import Action

PREPARE, FILL, NOTHING = "prepare", "fill", "nothing"
DELIVER_ORDER, DELIVER_PARCEL, RETURN_ORDER = "deliver_order", "deliver_parcel", "return_order"
LIVE = (
    ShipmentState.PREPARED,
    ShipmentState.HANDED_OVER,
    ShipmentState.DELIVERED,
    ShipmentState.RETURNED,
)


@dataclass(frozen=True)
class Judgement:
    """What would happen (`does`, one of the words above), or why nothing may (`why_not`, a sentence)."""

    does: str = ""
    why_not: str = ""


def judge_awb(order: Order, parcels: Sequence[Shipment], *, carrier: str, number: str) -> Judgement:
    """Whether the order may get this AWB; `parcels` are all of its that are not voided. Reads nothing."""
    # Parcels may have none, and older ones have theirs as somebody typed it.
    if number and any(normal_number(parcel.tracking_number) == normal_number(number) for parcel in parcels):
        return Judgement(NOTHING)
    if order.status == Status.NEW:
        return _no(_("The order is not confirmed yet."))
    if order.status == Status.CANCELLED:
        return _no(_("The order is cancelled."))
    gone = [parcel for parcel in parcels if parcel.state != ShipmentState.PREPARED]
    if gone or order.status not in (Status.CONFIRMED, Status.PROCESSING):
        return _no(_gone_with(gone))
    if refused := form_refusal(carrier, number):
        return _no(refused)
    ready = next((parcel.tracking_number for parcel in parcels if parcel.tracking_number), "")
    if ready:
        return _no(
            _("The order already has another parcel prepared (AWB %(number)s); remove it there first.")
            % {"number": ready}
        )
    return Judgement(FILL if parcels else PREPARE)


def form_refusal(carrier: str, number: str) -> str:
    """Why this can be no tracking number of the carrier, or an empty text."""
    if is_shortened(number):
        return _(
            "A spreadsheet shortened this number to %(number)s; format its column as text and export again."
        ) % {"number": number}
    if not number:
        return _("The tracking number (AWB) is missing.")
    if carrier not in CARRIERS or not is_numbered(carrier):
        return _("Choose the courier: it cannot be told from the number.")
    if is_malformed(carrier, number):
        return _("“%(number)s” cannot be a tracking number of %(carrier)s.") % {
            "number": number,
            "carrier": carrier_name(carrier),
        }
    return ""


def _gone_with(gone: Sequence[Shipment]) -> str:
    number = next((parcel.tracking_number for parcel in gone if parcel.tracking_number), "")
    if number:
        return _("The order was already shipped with another AWB: %(number)s.") % {"number": number}
    return _("The order was already shipped.")


def _no(sentence: str) -> Judgement:
    return Judgement(why_not=sentence)


@transaction.atomic
def assign_awb(*, order_id: int, actor: Actor, carrier: str, tracking_number: str) -> bool:
    """Give an order the AWB of its one parcel: a new prepared parcel, or the number of the prepared one without any.

    Answers False where the order has this very number already. Raises OrderError saying why not, or NotPermitted.
    """
    order = lock_order(order_id=order_id, actor=actor, action=Action.SHIP)
    number = normal_number(tracking_number)
    parcels = list(order.shipments.filter(state__in=LIVE))
    judged = judge_awb(order, parcels, carrier=carrier, number=number)
    if judged.why_not:
        raise OrderError(judged.why_not, code="awb_refused")
    if judged.does == NOTHING:
        return False
    if judged.does == FILL:
        _fill(order, parcels[0], actor, carrier, number)
    else:
        add_shipment(order_id=order.pk, actor=actor, carrier=carrier, tracking_number=number)
    return True


def _fill(order: Order, parcel: Shipment, actor: Actor, carrier: str, number: str) -> None:
    require_free_awb(order, carrier=carrier, number=number)
    Shipment.objects.filter(pk=parcel.pk).update(
        carrier=carrier, tracking_number=number, **actor_columns(actor)
    )
    refresh_order_terms(order.pk)
    details = {"shipment": parcel.pk, "carrier": carrier, "number": number}
    event = record(order, kind=EventKind.SHIPMENT, actor=actor, details=details, notify=False)
    publish(
        OrderEdited(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=False,
            changes=(EventKind.SHIPMENT.value,),
        )
    )


def judge_outcome(
    order: Order, parcels: Sequence[Shipment], parcel: Shipment, *, outcome: str, kind: str = ""
) -> Judgement:
    """What noting this outcome of a parcel would do; `kind` is that of the order's live return, if any. Reads nothing."""
    if parcel.state == ShipmentState.PREPARED:
        return _no(_("The parcel was not shipped here yet; ship it first."))
    if parcel.state == ShipmentState.RETURNED or order.status == Status.RETURNED:
        if outcome == kind:
            return Judgement(NOTHING)
        return _no(_("The parcel is registered as “%(kind)s”.") % {"kind": _label_of(kind)})
    if outcome != DELIVERED:
        return Judgement(RETURN_ORDER)
    if parcel.state == ShipmentState.DELIVERED:
        return Judgement(NOTHING)
    on_the_way = [other for other in parcels if other.state == ShipmentState.HANDED_OVER]
    is_last = order.status == Status.SHIPPED and [other.pk for other in on_the_way] == [parcel.pk]
    return Judgement(DELIVER_ORDER if is_last else DELIVER_PARCEL)


def _label_of(kind: str) -> str:
    return str(ReturnKind(kind).label) if kind in ReturnKind.values else _("returned")


@dataclass(frozen=True)
class Settled:
    """What was done about a parcel; `move_id` names the change of the order's status, where there was one."""

    does: str
    move_id: uuid.UUID | None = None


@transaction.atomic
def settle_parcel(*, shipment_id: int, actor: Actor, outcome: str) -> Settled:
    """Note what became of a parcel: “delivered”, or a kind of return, by which all units of the order come back.

    Returned goods go into stock on receipt only. A repeat does nothing. Raises OrderError saying why not, or
    NotPermitted.
    """
    order_id = Shipment.objects.values_list("order_id", flat=True).get(pk=shipment_id)
    action = Action.DELIVER if outcome == DELIVERED else Action.RETURN
    order = lock_order(order_id=order_id, actor=actor, action=action)
    parcels = list(order.shipments.filter(state__in=LIVE))
    parcel = next((found for found in parcels if found.pk == shipment_id), None)
    if parcel is None:
        raise OrderError(_("This parcel was removed."), code="voided")
    note = order.returns.exclude(state=ReturnState.VOIDED).last()
    judged = judge_outcome(order, parcels, parcel, outcome=outcome, kind=note.kind if note else "")
    if judged.why_not:
        raise OrderError(judged.why_not, code="outcome_refused")
    if judged.does == DELIVER_ORDER:
        return Settled(judged.does, deliver_order(order_id=order.pk, actor=actor).move_id)
    if judged.does == RETURN_ORDER:
        change = return_order(order_id=order.pk, actor=actor, return_kind=outcome)
        return Settled(judged.does, change.move_id)
    if judged.does == DELIVER_PARCEL:
        deliver_parcel(shipment_id=parcel.pk, actor=actor)
    return Settled(judged.does)
