"""Fills a shop with realistic orders, fast: for trying out how the system behaves with a hundred thousand of them."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from oms.demo.mass import BATCH, enter_world, seed_batch
from shops.models import Shop

SQLITE_CACHE_KB = 256 * 1024


class Command(BaseCommand):
    help = "Create N realistic orders in a shop, without telling anybody. They stay until they are deleted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, required=True, help="how many orders")
        parser.add_argument("--shop", required=True, help="short name of the shop")

    def handle(self, *args: Any, count: int, shop: str, **options: Any) -> None:
        if count < 1:
            raise CommandError("Give a count of at least one.")
        found = Shop.objects.filter(slug=shop).first()
        if found is None:
            raise CommandError(
                f"There is no shop “{shop}”. Create it first, in the admin or with manage.py demo."
            )
        _let_sqlite_keep_more_in_memory()
        started, done = time.monotonic(), 0
        world = enter_world(found, count)
        while done < count:
            size = min(BATCH, count - done)
            seed_batch(world, size)
            done += size
            pace = done / (time.monotonic() - started)
            self.stdout.write(f"  {done:,} of {count:,} orders ({pace:,.0f} a second)")
            self.stdout.flush()
        self.stdout.write(f"seed_orders: {count:,} orders in {time.monotonic() - started:.0f} s")


def _let_sqlite_keep_more_in_memory() -> None:
    # With its usual two megabytes it writes every page of the large indexes many times over.
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size = -{SQLITE_CACHE_KB}")
