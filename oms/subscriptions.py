"""Every event of the system and what follows from it, in order: all consequences on one screen.

Handlers run in the publisher's transaction, write to the database only, and let exceptions propagate.
"""

from __future__ import annotations

from collections.abc import Mapping

from crm import handlers as crm
from crm.page_selectors.references import orders_behind, orders_called
from inventory import events as stock_events
from inventory import handlers as inventory
from inventory import references
from inventory.page_selectors.counts import counts_behind
from inventory.page_selectors.imports import imports_behind
from notifications import events as message_events
from notifications import handlers as messages
from orders import events as order_events
from orders import handlers as orders
from shops import events as shop_events
from shops.bus import Event, Handler, subscribe

TABLE: Mapping[type[Event], tuple[Handler, ...]] = {
    shop_events.ShopCreated: (
        inventory.create_default_warehouse,
        crm.create_default_funnels,
        messages.create_default_templates,
    ),
    order_events.OrderPlaced: (crm.create_deal, messages.queue_received, crm.confirm_by_itself),
    order_events.OrderAcknowledged: (crm.refresh_card, messages.queue_received_late, crm.confirm_by_itself),
    order_events.OrderStatusChanged: (crm.follow_order, messages.queue_status_message),
    order_events.OrderReverted: (crm.follow_revert, messages.discard_reverted),
    order_events.OrderEdited: (crm.refresh_card,),
    order_events.OrderClaimed: (crm.mirror_manager, messages.note_handed_over),
    order_events.PaymentRecorded: (crm.follow_payment, messages.queue_payment_message, crm.confirm_by_itself),
    order_events.ShipmentDispatched: (crm.refresh_card, messages.queue_parcel_sent),
    order_events.ShipmentAtPickup: (crm.follow_parcel_at_pickup, messages.queue_at_pickup),
    order_events.CallLogged: (crm.follow_call, messages.queue_no_answer),
    order_events.ReturnReceived: (crm.follow_return_received, messages.queue_return_received),
    order_events.OrderBecameShippable: (crm.follow_goods, messages.note_shippable),
    message_events.CorrespondenceChanged: (crm.refresh_card_of_messages,),
    stock_events.StockChanged: (),
    stock_events.StockRanLow: (),
    stock_events.StockReportDue: (messages.note_stock_report,),
    stock_events.FiguresRequested: (orders.compute_figures_soon,),
    stock_events.BackorderAllocated: (orders.note_goods_arrived, crm.refresh_card_of_backorder),
    stock_events.ReservationShorted: (orders.note_goods_missing, crm.refresh_card_of_backorder),
}


def install() -> None:
    """Put the table in force, and who stands behind stock references; called once when all applications are ready."""
    subscribe(TABLE)
    references.install(
        {"order": orders_behind, "count": counts_behind, "import": imports_behind}, finders=[orders_called]
    )
