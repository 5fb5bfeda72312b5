"""Tells a health check whether beat still starts what is scheduled."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

SILENCE = timedelta(minutes=3)


class Command(BaseCommand):
    help = "Exit 1 when beat has started no task for three minutes."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        since = timezone.now() - SILENCE
        if not PeriodicTask.objects.filter(enabled=True, last_run_at__gte=since).exists():
            raise CommandError("Beat has started nothing for three minutes.")
