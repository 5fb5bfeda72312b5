"""Makes an API key and prints it, alone on standard output: the only time it can be read."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shops.models import Shop
from shops.services import create_api_key


class Command(BaseCommand):
    help = "Create an API key for a shop and print it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shop", required=True, help="the shop's short name")
        parser.add_argument(
            "--name", required=True, help="what uses the key, so that you know what to revoke"
        )

    def handle(self, *args: Any, shop: str, name: str, **options: Any) -> None:
        found = Shop.objects.filter(slug=shop).first()
        if found is None:
            raise CommandError(f"There is no shop “{shop}”.")
        if not name.strip() or len(name.strip()) > 100:
            raise CommandError("Give the key a name of 1 to 100 characters.")
        self.stdout.write(create_api_key(shop_id=found.pk, name=name.strip()))
