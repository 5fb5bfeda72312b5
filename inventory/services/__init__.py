"""The verbs of stock. Each is one transaction: it locks the stock items it touches by primary key, keeps
`0 ≤ reserved ≤ on hand`, writes the ledger and publishes what changed. Quantities are whole units.
"""

from inventory.services.booking import Booked, Change, Outlook, book, foresee, seal
from inventory.services.by_hand import adjust, count, receive, return_to_stock, transfer, write_off
from inventory.services.catalogue import (
    create_default_warehouse,
    ensure_category,
    ensure_family,
    ensure_product,
)
from inventory.services.editing import create_product, delete_product, edit_product
from inventory.services.figures import Sale, claim_figures, request_figures, store_figures
from inventory.services.moving import restock, reverse_shipment, ship_out
from inventory.services.repairing import repair_stock
from inventory.services.reserving import Reserved, lock_products, release, reserve
from inventory.services.safety import set_safety_stock
from inventory.services.settings import change_stock_settings
from inventory.services.stock_days import rebuild_stock_days, record_stock_day
from inventory.services.warehouses import add_warehouse, make_default_warehouse, rename_warehouse

__all__ = [
    "Booked",
    "Change",
    "Outlook",
    "Reserved",
    "Sale",
    "add_warehouse",
    "adjust",
    "book",
    "change_stock_settings",
    "claim_figures",
    "count",
    "create_default_warehouse",
    "create_product",
    "delete_product",
    "edit_product",
    "ensure_category",
    "ensure_family",
    "ensure_product",
    "foresee",
    "lock_products",
    "make_default_warehouse",
    "rebuild_stock_days",
    "receive",
    "record_stock_day",
    "release",
    "rename_warehouse",
    "repair_stock",
    "request_figures",
    "reserve",
    "restock",
    "return_to_stock",
    "reverse_shipment",
    "seal",
    "set_safety_stock",
    "ship_out",
    "store_figures",
    "transfer",
    "write_off",
]
