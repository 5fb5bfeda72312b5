"""The Celery application. It carries wake-ups only: what is to be done stands in the database."""

import os
from importlib import import_module
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import import_modules, setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings")

app = Celery("oms")
app.config_from_object("django.conf:settings", namespace="CELERY")
# `current_app` is kept per thread: without a default, a thread of the web server would reach for a broker of its own.
app.set_default()
app.autodiscover_tasks()


@import_modules.connect(sender=app)
def connect_the_sweep(**_arguments: Any) -> None:
    """A worker looks for what is due by itself, whether or not its broker is there."""
    import_module("oms.sweep")


@setup_logging.connect
def use_our_logging(**_arguments: Any) -> None:
    """Workers and beat log as the web process does: Celery sets nothing up of its own."""
    dictConfig(settings.LOGGING)
