"""Proves that the data agree: prints what is off and exits 1, or one line and 0."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oms.verification import figures, problems
from shops.models import Shop

MOST_LINES = 50


class Command(BaseCommand):
    help = "Check every invariant: stock, totals, histories, orders and deals, messages. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shop", help="short name of the one shop to look at")

    def handle(self, *args: Any, shop: str | None = None, **options: Any) -> None:
        shop_id = _shop_id(shop)
        found: Counter[str] = Counter()
        for check, sentence in problems(shop_id):
            found[check] += 1
            if found[check] <= MOST_LINES:
                self.stdout.write(sentence)
        for check, count in found.items():
            if count > MOST_LINES:
                self.stdout.write(f"… and {count - MOST_LINES} more ({check})")
        if found:
            self.stdout.write(f"verify: {sum(found.values())} things are off")
            sys.exit(1)
        seen = figures(shop_id)
        self.stdout.write(
            f"verify: everything agrees ({seen.orders} orders, {seen.deals} deals, "
            f"{seen.stock_items} stock items, {seen.messages} messages)"
        )


def _shop_id(slug: str | None) -> int | None:
    if slug is None:
        return None
    shop_id = Shop.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if shop_id is None:
        raise CommandError(f"There is no shop “{slug}”.")
    return shop_id
