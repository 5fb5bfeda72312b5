"""Whether beat lives, and that it is told to sweep the outbox."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from oms.celery import app

pytestmark = pytest.mark.django_db


def ran(minutes_ago: int) -> PeriodicTask:
    every, _made = IntervalSchedule.objects.get_or_create(every=30, period=IntervalSchedule.SECONDS)
    at = timezone.now() - timedelta(minutes=minutes_ago)
    return PeriodicTask.objects.create(name="drain", task="x", interval=every, last_run_at=at)


def test_a_recent_run_is_life() -> None:
    ran(minutes_ago=1)

    assert call_command("beat_is_alive") is None


def test_silence_is_not() -> None:
    ran(minutes_ago=4)

    with pytest.raises(CommandError, match="nothing for three minutes"):
        call_command("beat_is_alive")


def test_what_beat_starts_is_a_task_that_exists() -> None:
    app.loader.import_default_modules()

    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
