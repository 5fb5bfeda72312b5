"""What a worker does: takes a waiting file, looks through it or imports it, and shows how far it is.

A worker holds a file by a lease that each sign of progress renews. When it dies, the lease passes and another begins
anew: looking through writes nothing, and an import is one transaction whose last statement is its state. Progress
stands in the row beside that transaction, for on SQLite nobody else could write while it lasts: reading and comparing,
which take longest, come before it.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from django.db import Error as DatabaseProblem
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.models import ImportState, StockImport
from inventory.services.importing.applying import PlanIsStale, write_plan
from inventory.services.importing.comparing import make_plan
from inventory.services.importing.plan import MOST_KEPT
from inventory.stock_files.reading import count_rows
from shops.actors import Actor
from shops.locks import lock
from shops.models import Shop

LEASE = timedelta(seconds=60)
# The transaction renews nothing while it lasts.
WRITING_LEASE = timedelta(minutes=15)
MOST_ATTEMPTS = 4
MOST_ON_SQLITE = 12_000
PROGRESS_SECONDS = 0.3
TAKEN = {ImportState.UPLOADED: ImportState.CHECKING, ImportState.APPROVED: ImportState.APPLYING}
TO_DO = (ImportState.UPLOADED, ImportState.CHECKING, ImportState.APPROVED, ImportState.APPLYING)

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Somebody cancelled the import, or another worker took it over."""


class Lease:
    """This worker's hold on one import; every write through it asks whether it still holds."""

    def __init__(self, import_id: int, until: datetime) -> None:
        self.import_id, self.until = import_id, until
        self._shown_at = 0.0

    @property
    def mine(self) -> QuerySet[StockImport]:
        """The import, as long as this worker holds it."""
        return StockImport.objects.filter(pk=self.import_id, lease_until=self.until)

    def renew(self, length: timedelta = LEASE, **columns: object) -> None:
        """Hold it longer and write these columns; raises `LeaseLost`."""
        until = timezone.now() + length
        if not self.mine.update(lease_until=until, **columns):
            raise LeaseLost
        self.until = until

    def show(self, rows_done: int) -> None:
        """Show how many rows are done, a few times a second at most."""
        if time.monotonic() - self._shown_at >= PROGRESS_SECONDS:
            self.renew(rows_done=rows_done)
            self._shown_at = time.monotonic()

    def let_go(self, state: str, **columns: object) -> None:
        """Leave it in this state; raises `LeaseLost`."""
        if not self.mine.update(state=state, lease_until=None, **columns):
            raise LeaseLost


def run_imports(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Look through and import whatever waits, until nothing does; answers how many files were taken."""
    taken = 0
    while not should_stop():
        lease = _take_one()
        if lease is None:
            break
        _run(lease)
        taken += 1
    return taken


def _take_one() -> Lease | None:
    """Take the oldest file that waits or whose worker is gone, by a conditional update."""
    is_free = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    waiting = StockImport.objects.filter(is_free, state__in=TO_DO).order_by("pk")
    for pk, state, options in waiting.values_list("pk", "state", "options"):
        until = timezone.now() + LEASE
        attempts = options.get("attempts", 0) + 1
        taken = StockImport.objects.filter(is_free, pk=pk, state=state).update(
            state=TAKEN.get(ImportState(state), state),
            lease_until=until,
            rows_done=0,
            options={**options, "attempts": attempts},
        )
        if taken:
            return Lease(pk, until)
    return None


def _run(lease: Lease) -> None:
    job = StockImport.objects.select_related("actor_user").get(pk=lease.import_id)
    shop = Shop.objects.get(pk=job.shop_id)
    language = (job.actor_user.language if job.actor_user else "") or shop.language
    with translation.override(language):
        try:
            _look_through_or_apply(job, shop, lease)
        except LeaseLost:
            log.info("the import was cancelled or taken over", stock_import=job.pk)
        except StockError as error:
            _fail(lease, error.sentence)
        except DatabaseProblem as error:
            # The lease passes, and it is begun anew.
            log.warning(
                "the import met a problem of the database", stock_import=job.pk, error=str(error)[:200]
            )
        except Exception:
            log.exception("the import stumbled", stock_import=job.pk)
            _fail(lease, _("Something unexpected happened. Nothing was imported."))


def _look_through_or_apply(job: StockImport, shop: Shop, lease: Lease) -> None:
    if job.options.get("attempts", 0) > MOST_ATTEMPTS:
        raise StockError(
            _("It was begun several times and never came to its end. Nothing was imported."), code="gave_up"
        )
    if job.state == ImportState.CHECKING:
        lease.renew(rows_total=count_rows(bytes(job.content)))
        _look_through(job, shop, lease, job.options)
        return
    try:
        _apply(job, shop, lease)
    except PlanIsStale:
        _look_through(job, shop, lease, {**job.options, "notice": "stale"})


def _look_through(job: StockImport, shop: Shop, lease: Lease, options: Mapping[str, object]) -> None:
    """Make the plan and show it; what is asked for next is a person's decision."""
    plan = make_plan(job, shop, progress=lease.show)
    _refuse_too_many(len(plan.changes))
    kept = {name: value for name, value in options.items() if name not in ("attempts", "approver")}
    if not plan.headings.knows_products:
        kept["needs_columns"] = list(plan.headings.texts)
        lease.let_go(ImportState.CHECKED, options=kept, digest="", summary={}, problems=[], changes=[])
        return
    lease.let_go(
        ImportState.CHECKED,
        options=kept,
        rows_total=plan.rows,
        rows_done=plan.rows,
        summary=plan.summary(),
        problems=[problem.as_json() for problem in plan.problems[:MOST_KEPT]],
        changes=plan.sample(),
        digest=plan.digest(),
        baseline=zlib.compress(json.dumps({str(pk): units for pk, units in plan.baseline.items()}).encode()),
    )


def _refuse_too_many(changes: int) -> None:
    """On SQLite nobody else can write while they are written, and people wait for twenty seconds at most."""
    if connection.vendor == "sqlite" and changes > MOST_ON_SQLITE:
        raise StockError(
            _(
                "This file changes %(count)s products. While they are written nobody else can save anything, so at most "
                "%(most)s are imported at once. Split the file in parts, or use PostgreSQL."
            )
            % {"count": changes, "most": MOST_ON_SQLITE},
            code="too_many_changes",
        )


def _apply(job: StockImport, shop: Shop, lease: Lease) -> None:
    """Make the plan again and write it, if it is the one that was approved; raises `PlanIsStale` where it is not."""
    plan = make_plan(job, shop, progress=lease.show, baseline=_baseline(job))
    if plan.digest() != job.digest:
        raise PlanIsStale
    lease.renew(WRITING_LEASE, rows_done=plan.rows)
    with transaction.atomic():
        # First the row of the import: whoever would take it over, or cancel it, waits for the end.
        if not lock(lease.mine.only("pk"), [job.pk]):
            raise LeaseLost
        write_plan(plan, job, shop, _approver(job))
        lease.let_go(ImportState.DONE, content=b"", baseline=b"", finished_at=timezone.now())


def _baseline(job: StockImport) -> dict[int, int]:
    if not job.baseline:
        return {}
    return {int(pk): units for pk, units in json.loads(zlib.decompress(bytes(job.baseline))).items()}


def _approver(job: StockImport) -> Actor:
    kind, label, user_id, shop_id = job.options["approver"]
    return Actor(kind, label, user_id=user_id, shop_id=shop_id)


def _fail(lease: Lease, sentence: str) -> None:
    lease.mine.update(
        state=ImportState.FAILED, lease_until=None, failure=sentence[:500], finished_at=timezone.now()
    )
