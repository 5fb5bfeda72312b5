"""The verbs of stock. Each is one transaction: it locks the stock items it touches by primary key, keeps
`0 ≤ reserved ≤ on hand`, writes the ledger and publishes what changed. Quantities are whole units.
"""

from inventory.services.booking import Booked, Change, Outlook, book, foresee, seal
from inventory.services.by_hand import adjust, count, receive, return_to_stock, transfer, write_off
from inventory.services.catalogue import create_default_warehouse, ensure_product
from inventory.services.moving import restock, reverse_shipment, ship_out
from inventory.services.repairing import repair_stock
from inventory.services.reserving import Reserved, lock_products, release, reserve

__all__ = [
    "Booked",
    "Change",
    "Outlook",
    "Reserved",
    "adjust",
    "book",
    "count",
    "create_default_warehouse",
    "ensure_product",
    "foresee",
    "lock_products",
    "receive",
    "release",
    "repair_stock",
    "reserve",
    "restock",
    "return_to_stock",
    "reverse_shipment",
    "seal",
    "ship_out",
    "transfer",
    "write_off",
]
