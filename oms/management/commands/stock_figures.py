"""Computes a shop's sales figures and its stock by day now, instead of at night."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inventory.services import rebuild_stock_days
from orders.services.sales import refresh_figures
from shops.actors import Actor
from shops.models import Shop


class Command(BaseCommand):
    help = "Compute what a shop's products sold (ABC classes); with --days also its stock by day, from the ledger."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shop", required=True, help="short name of the shop")
        parser.add_argument("--days", type=int, default=0, help="rebuild the stock of so many past days")

    def handle(self, *args: Any, shop: str, days: int = 0, **options: Any) -> None:
        found = Shop.objects.filter(slug=shop).first()
        if found is None:
            raise CommandError(f"There is no shop “{shop}”.")
        started = time.monotonic()
        count = refresh_figures(shop_id=found.pk, actor=Actor.system("stock_figures"))
        if count is None:
            raise CommandError("Somebody else is computing this shop's figures; try again in a few minutes.")
        said = f"stock_figures: {count:,} products in {time.monotonic() - started:.1f} s"
        if days > 0:
            started = time.monotonic()
            today = timezone.now().astimezone(found.zone).date()
            rebuilt = rebuild_stock_days(shop_id=found.pk, since=today - timedelta(days=days))
            said += f"; {rebuilt:,} days of stock in {time.monotonic() - started:.1f} s"
        self.stdout.write(said)
