"""What beat and wake-ups ask of stock. The work is in the services; each may run twice, or late, without harm."""

from __future__ import annotations

from celery import shared_task

from inventory.services.alerts import report_all_shops
from inventory.services.importing import run_imports
from inventory.services.stock_days import record_ended_days
from inventory.wakeups import IMPORT_TASK


@shared_task(name="inventory.tasks.report_low_stock", ignore_result=True)
def report_low_stock() -> None:
    """Tell the people each shop names what runs low, when its day begins."""
    report_all_shops()


@shared_task(name="inventory.tasks.record_stock_days", ignore_result=True)
def record_stock_days() -> None:
    """Keep what each shop held when its day ended."""
    record_ended_days()


@shared_task(name=IMPORT_TASK, ignore_result=True)
def run_stock_imports() -> int:
    """Look through uploaded files and import approved ones until none waits; answers how many were taken."""
    return run_imports()
