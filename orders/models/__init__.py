"""The rows of an order's life: customers, orders and lines, their history, parcels and returns.

They hold facts and constraints. Rules are in `orders.guards`, changes in `orders.services`.
"""

from orders.models.customers import Customer, CustomerAddress, CustomerContact, CustomerTerm
from orders.models.history import OrderEvent
from orders.models.orders import Order, OrderAddress, OrderLine, OrderNote, OrderTerm
from orders.models.parcels import HandoverSheet, Return, ReturnLine, Shipment, ShipmentLine

__all__ = [
    "Customer",
    "CustomerAddress",
    "CustomerContact",
    "CustomerTerm",
    "HandoverSheet",
    "Order",
    "OrderAddress",
    "OrderEvent",
    "OrderLine",
    "OrderNote",
    "OrderTerm",
    "Return",
    "ReturnLine",
    "Shipment",
    "ShipmentLine",
]
