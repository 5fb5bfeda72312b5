"""The app configuration of the house: puts the one table of event handlers in force when every app is there."""

from importlib.util import find_spec

from django.apps import AppConfig


class OmsConfig(AppConfig):
    name = "oms"

    def ready(self) -> None:
        if find_spec("crm.handlers") and find_spec("inventory.handlers"):
            from oms.subscriptions import install

            install()
