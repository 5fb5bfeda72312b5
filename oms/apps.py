"""The app configuration of the house; the one table of event handlers is loaded when everything is there."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class OmsConfig(AppConfig):
    name = "oms"

    def ready(self) -> None:
        if find_spec("oms.subscriptions"):
            import_module("oms.subscriptions")
