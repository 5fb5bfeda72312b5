"""Products, stock items with their counters, the append-only ledger, reservations, counts and figures.

They own quantities. They must not know what an order is: owners of reservations appear as opaque references.
"""

from inventory.models.catalogue import Category, Product, ProductFamily, Warehouse
from inventory.models.counts import CountState, StockCount, StockCountEntry, StockCountLine
from inventory.models.figures import (
    AbcClass,
    FiguresRun,
    ProductFigures,
    StockDay,
    StockReport,
    StockSettings,
)
from inventory.models.imports import ImportState, StockImport
from inventory.models.stock import (
    Counter,
    MovementKind,
    Reservation,
    StockItem,
    StockMovement,
    StockRepair,
)
from inventory.models.terms import ProductTerm

__all__ = [
    "AbcClass",
    "Category",
    "CountState",
    "Counter",
    "FiguresRun",
    "ImportState",
    "MovementKind",
    "Product",
    "ProductFamily",
    "ProductFigures",
    "ProductTerm",
    "Reservation",
    "StockCount",
    "StockCountEntry",
    "StockCountLine",
    "StockDay",
    "StockImport",
    "StockItem",
    "StockMovement",
    "StockRepair",
    "StockReport",
    "StockSettings",
    "Warehouse",
]
