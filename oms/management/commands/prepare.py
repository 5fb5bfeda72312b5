"""Brings an installation up to this release: catalogues, static files, database, defaults. Safe to repeat."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from crm.services import add_preset_rules
from notifications.services import add_new_moments


class Command(BaseCommand):
    help = "Compile catalogues, collect static files, migrate the database and write missing defaults."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("compile_catalogues", stdout=self.stdout)
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
        call_command("collectstatic", interactive=False, verbosity=0)
        add_new_moments()
        add_preset_rules()
