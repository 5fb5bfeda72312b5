"""Fills the database with living demo data; running it again adds nothing."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand

from oms.demo.cast import PASSWORD, PEOPLE
from oms.demo.loading import load_demo


class Command(BaseCommand):
    help = "Create three invented shops with people, goods and about 300 orders. Sends nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        loaded = load_demo(lambda line: self.stdout.write(f"  {line}"))
        if loaded:
            self.stdout.write(f"demo: {loaded} orders in {time.monotonic() - started:.0f} s")
        else:
            self.stdout.write("demo: nothing was missing")
        names = ", ".join(person.username for person in PEOPLE)
        self.stdout.write(f"People: {names}; password: {PASSWORD}")
