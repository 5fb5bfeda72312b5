"""What beat asks of orders."""

from __future__ import annotations

from celery import shared_task

from orders.services.sales import FIGURES_TASK, refresh_due_figures


@shared_task(name=FIGURES_TASK, ignore_result=True)
def refresh_stock_figures() -> None:
    """Compute the sales figures somebody asked for, and every shop's once a day."""
    refresh_due_figures()
