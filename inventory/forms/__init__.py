"""The forms of the stock pages. They check what was typed; what may happen to stock is decided by the services."""

from inventory.forms.stock import StockForm, StockVerb

__all__ = ["StockForm", "StockVerb"]
