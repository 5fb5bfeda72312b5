"""The Celery application. It carries wake-ups only: what is to be done stands in the database."""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings")

app = Celery("oms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_our_logging(**_arguments: Any) -> None:
    """Workers and beat log as the web process does: Celery sets nothing up of its own."""
    dictConfig(settings.LOGGING)
