"""The verbs of imports: open a door, receive, read and try again what came in, import one order."""

from orders.imports.services.connecting import open_connection, renew_secret
from orders.imports.services.delivering import (
    process_delivery,
    process_waiting,
    prune_deliveries,
    receive_delivery,
    retry_delivery,
)
from orders.imports.services.importing import ImportResult, import_payload, report_deletion

__all__ = [
    "ImportResult",
    "import_payload",
    "open_connection",
    "process_delivery",
    "process_waiting",
    "prune_deliveries",
    "receive_delivery",
    "renew_secret",
    "report_deletion",
    "retry_delivery",
]
