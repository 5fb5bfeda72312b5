"""The house around the apps: settings, URLs, the worker's application, and the commands that run it all."""

from oms.celery import app as celery_app

__all__ = ["celery_app"]
