"""The rules of the workflow, as pure functions from facts and arguments to a refusal or nothing.

The same guards serve the services, the "why not" on buttons and the fading of columns. They never read the
database: `selectors.facts_for` loads the facts of many orders in a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from inventory.errors import written_day
from orders.carriers import CARRIERS, is_numbered
from orders.statuses import (
    CancelReason,
    DeliveryKind,
    PaymentMethod,
    PaymentStatus,
    ReturnKind,
    Status,
    Transition,
)
from orders.workflow import OrderWorkflow

FIELD_NAMES = {
    "name": pgettext_lazy("person", "name"),
    "phone": gettext_lazy("phone"),
    "street": gettext_lazy("street and number"),
    "city": gettext_lazy("town"),
    "country": gettext_lazy("country"),
    "pickup_point": gettext_lazy("locker or pick-up point"),
}
REQUIRED = {
    DeliveryKind.DOOR: ("name", "phone", "street", "city", "country"),
    DeliveryKind.OWN: ("name", "phone", "street", "city"),
    DeliveryKind.PICKUP: ("name", "phone", "pickup_point"),
    DeliveryKind.LOCKER: ("name", "phone", "pickup_point"),
}
LONGEST_TRACKING_NUMBER = 64
WITH_REST = frozenset({Status.SHIPPED, Status.DELIVERED})


@dataclass(frozen=True)
class Refusal:
    """Why not: a stable code and a sentence. `form` names the short form that would supply what is missing."""

    code: str
    sentence: str
    form: str = ""


@dataclass(frozen=True)
class ShortLine:
    """A SKU that lacks units: how many are wanted, how many can be had, from when on it may be ordered ahead."""

    sku: str
    wanted: int
    available: int
    ahead_from: date | None = None

    @property
    def sentence(self) -> str:
        words = {"sku": self.sku, "available": self.available, "wanted": self.wanted}
        if self.ahead_from is None:
            return _("%(sku)s: %(available)d of %(wanted)d in stock") % words
        return _("%(sku)s: %(available)d of %(wanted)d in stock, can be ordered ahead from %(day)s") % {
            **words,
            "day": written_day(self.ahead_from),
        }


@dataclass(frozen=True)
class ShipmentFact:
    """A parcel that is neither voided nor returned."""

    carrier: str
    tracking_number: str
    state: str

    @property
    def is_ready(self) -> bool:
        return bool(self.carrier) and (bool(self.tracking_number) or not is_numbered(self.carrier))


@dataclass(frozen=True)
class OrderFacts:
    """Everything the guards look at, for one order."""

    order_id: int
    number: str
    status: str
    delivery_kind: str
    missing: tuple[str, ...]
    line_count: int
    payment_method: str
    payment_status: str
    confirm_unpaid: bool
    blocks_on_shortage: bool
    partial_agreed: bool
    short: tuple[ShortLine, ...]
    nothing_reserved: bool
    shipments: tuple[ShipmentFact, ...]

    @property
    def ready_shipment(self) -> ShipmentFact | None:
        return next((shipment for shipment in self.shipments if shipment.is_ready), None)


@dataclass(frozen=True)
class RestFacts:
    """What of a shipped order did not travel with its first parcel, in whole units.

    `owed` is not sent and not dropped, `ready` of it can be sent now; `awaited` names what is still missing.
    """

    status: str
    owed: int
    ready: int
    awaited: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arguments:
    """What a person or machine gives along with a change."""

    carrier: str = ""
    tracking_number: str = ""
    reason_code: str = ""
    reason: str = ""
    return_kind: str = ""


Guard = Callable[[OrderFacts, Arguments], Refusal | None]
NOTHING = Arguments()


def missing_address_fields(delivery_kind: str, given: dict[str, str]) -> tuple[str, ...]:
    """Which fields are empty that this delivery kind needs; a locker needs no street."""
    needed = REQUIRED.get(DeliveryKind(delivery_kind), REQUIRED[DeliveryKind.DOOR])
    return tuple(name for name in needed if not given.get(name, "").strip())


def can_confirm(facts: OrderFacts, arguments: Arguments = NOTHING) -> Refusal | None:
    if facts.line_count == 0:
        return Refusal("no_lines", _("The order has no lines; add at least one product."))
    if facts.missing:
        names = ", ".join(str(FIELD_NAMES[name]) for name in facts.missing)
        return Refusal(
            "address_incomplete", _("The address is incomplete; it lacks: %(fields)s.") % {"fields": names}
        )
    if not _payment_allows(facts):
        return Refusal("not_paid", _("The order is not paid yet and is not cash on delivery."))
    return _stock_refusal(facts)


def _payment_allows(facts: OrderFacts) -> bool:
    if facts.payment_method == PaymentMethod.COD or facts.confirm_unpaid:
        return True
    return facts.payment_status in (PaymentStatus.PAID, PaymentStatus.AUTHORIZED)


def _stock_refusal(facts: OrderFacts) -> Refusal | None:
    if not facts.short or not facts.blocks_on_shortage or facts.partial_agreed:
        return None
    lines = "; ".join(line.sentence for line in facts.short)
    return Refusal("stock_short", _("Not enough stock (%(lines)s).") % {"lines": lines})


def can_start_processing(facts: OrderFacts, arguments: Arguments = NOTHING) -> Refusal | None:
    if facts.nothing_reserved and facts.blocks_on_shortage:
        return Refusal(
            "nothing_to_pick", _("Nothing is reserved for this order, so there is nothing to pick.")
        )
    return _stock_refusal(facts)


def can_ship(facts: OrderFacts, arguments: Arguments = NOTHING) -> Refusal | None:
    # What was reserved may turn out to be missing while it is picked.
    if facts.nothing_reserved and facts.blocks_on_shortage:
        return Refusal(
            "nothing_to_send", _("Nothing is reserved for this order, so there is nothing to send.")
        )
    if refusal := _stock_refusal(facts):
        return refusal
    if arguments.carrier:
        return parcel_refusal(arguments, form="ship")
    if facts.ready_shipment is None:
        return Refusal(
            "shipment_missing", _("Give the carrier and the tracking number (AWB) first."), form="ship"
        )
    return None


def parcel_refusal(arguments: Arguments, *, form: str) -> Refusal | None:
    """What is wrong with a named parcel: its carrier, or the number that carrier gives."""
    if arguments.carrier not in CARRIERS:
        return Refusal("carrier_unknown", _("Choose a carrier from the list."), form=form)
    if len(arguments.tracking_number.strip()) > LONGEST_TRACKING_NUMBER:
        return Refusal("tracking_too_long", _("The tracking number (AWB) is too long."), form=form)
    if is_numbered(arguments.carrier) and not arguments.tracking_number.strip():
        return Refusal("tracking_missing", _("Give the tracking number (AWB) of the parcel."), form=form)
    return None


def can_deliver(facts: OrderFacts, arguments: Arguments = NOTHING) -> Refusal | None:
    return None


def can_cancel(facts: OrderFacts, arguments: Arguments = NOTHING) -> Refusal | None:
    if arguments.reason_code not in CancelReason.values:
        return Refusal("reason_missing", _("Choose why the order is cancelled."), form="cancel")
    return None


def can_return(facts: OrderFacts, arguments: Arguments = NOTHING) -> Refusal | None:
    if arguments.return_kind not in ReturnKind.values:
        return Refusal("return_kind_missing", _("Choose what kind of return it is."), form="return")
    return None


def can_reopen(facts: OrderFacts, arguments: Arguments = NOTHING) -> Refusal | None:
    if not arguments.reason.strip():
        return Refusal("reason_missing", _("Write why the order is reopened."), form="reopen")
    return None


GUARDS: dict[str, Guard] = {
    Transition.CONFIRM: can_confirm,
    Transition.START_PROCESSING: can_start_processing,
    Transition.SHIP: can_ship,
    Transition.DELIVER: can_deliver,
    Transition.CANCEL: can_cancel,
    Transition.RETURN: can_return,
    Transition.REOPEN: can_reopen,
}


def can_have_rest(facts: RestFacts) -> Refusal | None:
    if facts.status not in WITH_REST:
        return Refusal("wrong_status", _("Only what is left of a shipped order can be sent after it."))
    if not facts.owed:
        return Refusal("nothing_owed", _("Nothing is left to send: all of the order has left."))
    return None


def can_ship_rest(facts: RestFacts, arguments: Arguments = NOTHING) -> Refusal | None:
    if refusal := can_have_rest(facts):
        return refusal
    if not facts.ready:
        return Refusal(
            "not_arrived",
            _("The rest has not arrived yet: %(goods)s.") % {"goods": ", ".join(facts.awaited)},
        )
    return parcel_refusal(arguments, form="ship-rest")


def can_drop_rest(facts: RestFacts) -> Refusal | None:
    return can_have_rest(facts)


def sources_of(transition: str) -> frozenset[str]:
    """The statuses a transition starts from, read from the workflow itself."""
    method = getattr(OrderWorkflow, transition)
    return frozenset(str(source) for source in method._django_fsm.transitions)


def check(transition: str, facts: OrderFacts, arguments: Arguments = NOTHING) -> Refusal | None:
    """Why this transition is not possible now, or nothing: first the status, then the transition's own guard."""
    if facts.status not in sources_of(transition):
        return Refusal(
            "wrong_status",
            _("%(action)s is not possible: the order is “%(status)s”.")
            % {"action": Transition(transition).label, "status": Status(facts.status).label},
        )
    return GUARDS[transition](facts, arguments)


def plan(from_status: str, to_status: str) -> tuple[str, ...] | None:
    """The transitions that lead from one status to another, or None where no way leads there.

    Forward along the happy path step by step; cancel, return and reopen are single steps.
    """
    steps = {
        Status.NEW: Transition.CONFIRM,
        Status.CONFIRMED: Transition.START_PROCESSING,
        Status.PROCESSING: Transition.SHIP,
        Status.SHIPPED: Transition.DELIVER,
    }
    if from_status == to_status:
        return ()
    singles = {
        Status.CANCELLED: Transition.CANCEL,
        Status.RETURNED: Transition.RETURN,
        Status.NEW: Transition.REOPEN,
    }
    single = singles.get(Status(to_status))
    if single is not None:
        return (single,) if from_status in sources_of(single) else None
    path, at = [], from_status
    targets = {
        step: status
        for status, step in zip([*list(steps)[1:], Status.DELIVERED], steps.values(), strict=True)
    }
    while at in steps and at != to_status:
        step = steps[Status(at)]
        path.append(step)
        at = targets[step]
    return tuple(path) if at == to_status else None


def check_way(facts: OrderFacts, to_status: str, arguments: Arguments = NOTHING) -> Refusal | None:
    """Why an order cannot get to a status now: the first refusal on the way, judged as if each step before it were done."""
    way = plan(facts.status, to_status)
    if way is None:
        return Refusal(
            "no_way",
            _("An order that is “%(from)s” cannot become “%(to)s”.")
            % {"from": Status(facts.status).label, "to": Status(to_status).label},
        )
    # Confirming reserves: what is short then was said by its own guard.
    judged = replace(facts, nothing_reserved=False) if Transition.CONFIRM in way else facts
    for step in way:
        refusal = GUARDS[step](judged, arguments)
        if refusal is not None:
            return refusal
    return None
