"""The board's housekeeping, run by beat."""

from __future__ import annotations

from celery import shared_task

from crm import services


@shared_task(name="crm.tasks.prune_board_feed", ignore_result=True)
def prune_board_feed() -> None:
    """Delete feed rows that no open board can still ask for."""
    services.prune_board_feed()
