"""The verbs of an order's life. Each locks the order, asks permission, then the guard, and writes all or nothing."""

from orders.services.arrivals import mark_at_pickup
from orders.services.automatic import confirm_by_itself
from orders.services.calls import log_call
from orders.services.claims import claim_order, hand_over_order, release_order
from orders.services.customers import edit_customer_note, set_personal_manager
from orders.services.editing import (
    add_note,
    edit_address,
    edit_delivery,
    edit_payment_method,
    set_partial_agreed,
)
from orders.services.lines import LineChange, edit_lines, is_mastered_elsewhere
from orders.services.parcels import add_shipment, deliver_parcel, receive_return, void_shipment
from orders.services.payments import record_payment
from orders.services.placing import place_order
from orders.services.prospects import note_customer
from orders.services.rest import RestChange, drop_rest, ship_rest
from orders.services.sources import acknowledge_order, report_from_source, update_from_source
from orders.services.transitions import (
    StatusChange,
    advance_order,
    cancel_order,
    change_status,
    confirm_order,
    deliver_order,
    reopen_order,
    return_order,
    ship_order,
    start_processing,
)
from orders.services.undo import revert_move

__all__ = [
    "LineChange",
    "RestChange",
    "StatusChange",
    "acknowledge_order",
    "add_note",
    "add_shipment",
    "advance_order",
    "cancel_order",
    "change_status",
    "claim_order",
    "confirm_by_itself",
    "confirm_order",
    "deliver_order",
    "deliver_parcel",
    "drop_rest",
    "edit_address",
    "edit_customer_note",
    "edit_delivery",
    "edit_lines",
    "edit_payment_method",
    "hand_over_order",
    "is_mastered_elsewhere",
    "log_call",
    "mark_at_pickup",
    "note_customer",
    "place_order",
    "receive_return",
    "record_payment",
    "release_order",
    "reopen_order",
    "report_from_source",
    "return_order",
    "revert_move",
    "set_partial_agreed",
    "set_personal_manager",
    "ship_order",
    "ship_rest",
    "start_processing",
    "update_from_source",
    "void_shipment",
]
