"""The app configuration of the house; the one table of event handlers is put in force when everything is loaded."""

from django.apps import AppConfig


class OmsConfig(AppConfig):
    name = "oms"

    def ready(self) -> None:
        from oms.subscriptions import install

        install()
