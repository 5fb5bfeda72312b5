"""The wake-up of stock imports."""

from __future__ import annotations

from shops.wakeups import wake

IMPORT_TASK = "inventory.tasks.run_stock_imports"


def wake_importers() -> None:
    """Let a worker look for uploaded or approved files when this transaction commits."""
    wake(IMPORT_TASK)
