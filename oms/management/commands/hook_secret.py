"""Prints the secret that a source signs its webhooks with, alone on standard output."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.imports.selectors import secret_of
from orders.imports.services import open_connection, renew_secret
from orders.imports.statuses import Source
from shops.actors import Actor
from shops.models import Shop


class Command(BaseCommand):
    help = "Print a shop's webhook secret for a source, creating it if needed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shop", required=True, help="the shop's short name")
        parser.add_argument("--source", required=True, choices=Source.values)
        parser.add_argument(
            "--renew", action="store_true", help="replace the secret; the old one is refused from now on"
        )

    def handle(self, *args: Any, shop: str, source: str, renew: bool, **options: Any) -> None:
        found = Shop.objects.filter(slug=shop).first()
        if found is None:
            raise CommandError(f"There is no shop “{shop}”.")
        connection = open_connection(shop_id=found.pk, source=source)
        if renew:
            self.stdout.write(renew_secret(connection_id=connection.pk, actor=Actor.system("hook_secret")))
            return
        try:
            self.stdout.write(secret_of(connection))
        except ValueError as error:
            raise CommandError(
                f"{error} Use --renew, and enter the new secret in the online shop."
            ) from error
