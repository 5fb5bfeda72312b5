"""Keeping the feed of open boards short."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from crm.models import BoardChange

KEPT = timedelta(days=2)


def prune_board_feed() -> int:
    """Delete feed rows that no open board can still ask for; returns how many."""
    deleted, _by_model = BoardChange.objects.filter(at__lt=timezone.now() - KEPT).delete()
    return deleted
