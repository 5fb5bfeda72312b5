"""WooCommerce's order, as its REST API (wc/v1 to wc/v3) and its webhooks carry it, read into our draft.

Everything here is pure: values in, a `SourceOrder` or one `PayloadError` out, whatever the input. It knows nothing of
the database, and decides nothing about what an order's status means here (`orders.imports.mapping` does).
"""

from orders.imports.woocommerce.order import SourceOrder, is_ping, load_json, parse_order

__all__ = ["SourceOrder", "is_ping", "load_json", "parse_order"]
