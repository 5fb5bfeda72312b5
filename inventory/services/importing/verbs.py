"""What people do to an import: upload a file, say what its columns are, approve what was shown, or cancel.

Each changes the state by a condition on the state before, so that a second click, or a worker at work, meets a row
that has moved on and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.models import ImportState, StockImport, Warehouse
from inventory.stock_files.columns import BY_KEY
from inventory.stock_files.reading import LARGEST_FILE, MOST_COLUMNS
from inventory.wakeups import wake_importers
from shops.actors import Actor, actor_columns
from shops.locks import lock_one
from shops.permissions import Action, require

WAITING = (ImportState.UPLOADED, ImportState.CHECKING, ImportState.CHECKED, ImportState.APPROVED)
WANTED = (ImportState.APPROVED, ImportState.APPLYING, ImportState.DONE)


@transaction.atomic
def upload_import(*, warehouse_id: int, name: str, content: bytes, actor: Actor) -> StockImport:
    """Keep a file to be looked through by a worker; its counts are of this warehouse, its products of its shop.

    Raises `NotPermitted`, or `StockError` for a file that is empty or larger than 20 MB.
    """
    warehouse = Warehouse.objects.get(pk=warehouse_id)
    _require(actor, warehouse.shop_id)
    if not content:
        raise StockError(_("The file is empty."), code="empty_file", field="file")
    if len(content) > LARGEST_FILE:
        raise StockError(
            _("The file is larger than %(most)s MB. Split it in parts.")
            % {"most": LARGEST_FILE // 1024 // 1024},
            code="too_large",
            field="file",
        )
    job = StockImport.objects.create(
        shop_id=warehouse.shop_id,
        warehouse=warehouse,
        name=" ".join(name.replace("\0", " ").split())[-200:] or _("File"),
        content=content,
        **actor_columns(actor),
    )
    wake_importers()
    return job


@transaction.atomic
def choose_columns(*, import_id: int, mapping: Mapping[str, str], actor: Actor) -> None:
    """Say which column means what, by position ("0", "1", …), and have the file looked through again.

    Raises `NotPermitted`, or `StockError` where no column names the SKU, or two columns mean the same.
    """
    job = _locked(import_id, actor)
    if job.state != ImportState.CHECKED:
        return
    chosen = {position: key for position, key in mapping.items() if key in BY_KEY and _is_position(position)}
    if "sku" not in chosen.values():
        raise StockError(_("Say which column holds the SKU."), code="no_sku_column", field="sku")
    if len(set(chosen.values())) < len(chosen):
        raise StockError(_("Two columns cannot mean the same."), code="repeated_column", field="sku")
    job.options = {**_bare(job.options), "mapping": chosen}
    _save(job, ImportState.UPLOADED)
    wake_importers()


@transaction.atomic
def approve_import(*, import_id: int, digest: str, without_bad_rows: bool, actor: Actor) -> bool:
    """Let a worker import what was shown under this digest; answers whether this call did it.

    A second call does nothing more. With bad rows the person must have asked to leave them out.
    Raises `NotPermitted`, or `StockError` when the file was looked through again, has bad rows or changes nothing.
    """
    job = _locked(import_id, actor)
    if job.state in WANTED:
        return False
    if job.state != ImportState.CHECKED or job.digest != digest or not digest:
        raise StockError(
            _("This is no longer what would be imported. Look at it again."), code="stale", field="digest"
        )
    if job.problems and not without_bad_rows:
        raise StockError(
            _("Nothing is imported while rows are wrong, unless you leave them out."), code="bad_rows"
        )
    if not job.summary.get("new") and not job.summary.get("changed"):
        raise StockError(_("There is nothing to import: this file changes nothing."), code="nothing")
    job.options = {**_bare(job.options), "approver": [actor.kind, actor.label, actor.user_id, actor.shop_id]}
    _save(job, ImportState.APPROVED)
    wake_importers()
    return True


@transaction.atomic
def cancel_import(*, import_id: int, actor: Actor) -> None:
    """Drop a file that is not being imported yet; a worker looking through it stops. Doing it twice is harmless.

    Raises `NotPermitted`, or `StockError` once it is being imported.
    """
    job = _locked(import_id, actor)
    if job.state == ImportState.CANCELLED:
        return
    if job.state not in WAITING:
        raise StockError(_("It is being imported, or was; it can no longer be cancelled."), code="too_late")
    job.content = b""
    job.finished_at = timezone.now()
    _save(job, ImportState.CANCELLED, "content", "finished_at")


def _require(actor: Actor, shop_id: int) -> None:
    for action in (Action.EDIT_PRODUCT, Action.CHANGE_STOCK):
        require(actor, shop_id=shop_id, action=action)


def _locked(import_id: int, actor: Actor) -> StockImport:
    job = lock_one(StockImport.objects.defer("content", "baseline"), import_id)
    _require(actor, job.shop_id)
    return job


def _is_position(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_COLUMNS))


def _bare(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options without what belonged to the last run."""
    return {
        name: value for name, value in options.items() if name not in ("attempts", "notice", "needs_columns")
    }


def _save(job: StockImport, state: str, *more: str) -> None:
    job.state, job.lease_until, job.rows_done = state, None, 0
    job.save(update_fields=["state", "lease_until", "rows_done", "options", *more])
