"""Brings the message catalogues in line with the sources."""

from typing import Any

from django.core.management.base import BaseCommand

from oms.catalogues import update_catalogues


class Command(BaseCommand):
    help = "Find every translatable string and bring locale/*/LC_MESSAGES/django.po up to date."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for path in update_catalogues():
            self.stdout.write(f"updated {path}")
