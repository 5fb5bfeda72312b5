"""What beat asks for: reading deliveries that were cut off, and forgetting old ones."""

from __future__ import annotations

from celery import shared_task

from orders.imports import services


@shared_task(name="orders.imports.tasks.process_deliveries")
def process_deliveries() -> int:
    """Read the deliveries that were stored and never read."""
    return services.process_waiting()


@shared_task(name="orders.imports.tasks.prune_deliveries")
def prune_deliveries() -> int:
    """Delete old deliveries, which hold personal data."""
    return services.prune_deliveries()
