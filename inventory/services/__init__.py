"""The verbs of stock. Each is one transaction: it locks the stock items it touches by primary key, keeps
`0 ≤ reserved ≤ on hand`, writes the ledger and publishes what changed. Quantities are whole units.
"""

from inventory.services.catalogue import create_default_warehouse, ensure_product
from inventory.services.moving import count, receive, restock, reverse_shipment, ship_out, write_off
from inventory.services.reserving import Reserved, lock_products, release, reserve

__all__ = [
    "Reserved",
    "count",
    "create_default_warehouse",
    "ensure_product",
    "lock_products",
    "receive",
    "release",
    "reserve",
    "restock",
    "reverse_shipment",
    "ship_out",
    "write_off",
]
