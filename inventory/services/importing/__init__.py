"""Importing a file of products and stock: upload, dry run by a worker, approval, and all of it in one transaction."""

from inventory.services.importing.runs import run_imports
from inventory.services.importing.verbs import (
    approve_import,
    cancel_import,
    choose_columns,
    upload_import,
)

__all__ = ["approve_import", "cancel_import", "choose_columns", "run_imports", "upload_import"]
