"""Compiles the message catalogues that changed."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from oms.catalogues import compile_catalogues


class Command(BaseCommand):
    help = "Compile changed message catalogues (.po to .mo); gettext's tools are not needed."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for folder in settings.LOCALE_PATHS:
            for path in compile_catalogues(folder):
                self.stdout.write(f"compiled {path}")
