"""Imports a file of orders, one transaction per order, with a line of report for each."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, models
from django.utils.text import capfirst

from orders.imports.errors import PayloadError
from orders.imports.services import ImportResult, import_payload
from orders.imports.statuses import Outcome, Source
from orders.imports.woocommerce import load_json
from shops.actors import Actor
from shops.errors import DomainError
from shops.models import Shop

LARGEST_FILE = 500_000_000


class Command(BaseCommand):
    help = "Import orders from a file: one order, a list of orders, or an object with a list called orders."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a JSON file")
        parser.add_argument("--shop", required=True, help="the shop's short name")
        parser.add_argument(
            "--format", required=True, choices=Source.values, help="where the file comes from"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="report what would happen, and keep nothing"
        )
        parser.add_argument("--notify", action="store_true", help="send the buyers the usual messages")

    def handle(
        self, *args: Any, file: str, shop: str, format: str, dry_run: bool, notify: bool, **options: Any
    ) -> None:
        place = Shop.objects.filter(slug=shop).first()
        if place is None:
            raise CommandError(f"There is no shop “{shop}”.")
        payloads = _read(Path(file))
        actor = Actor.source(f"{Source(format).label} ({Path(file).name})"[:150], place.pk)
        counts: dict[str, int] = defaultdict(int)
        earlier: dict[str, list[Any]] = defaultdict(list)
        for index, payload in enumerate(payloads, start=1):
            key = _key(payload)
            before = tuple(earlier[key]) if dry_run else ()
            result = self._import(
                shop_id=place.pk, payload=payload, actor=actor, notify=notify, dry_run=dry_run, after=before
            )
            earlier[key] += [payload] if dry_run else []
            counts[result.outcome] += 1
            self.stdout.write(f"{result.number or key}: {result.outcome}: {result.sentence}")
            self.stderr.write(f"{index}/{len(payloads)}")
        self._sum_up(counts, len(payloads), dry_run)

    def _import(self, **arguments: Any) -> ImportResult:
        try:
            return import_payload(**arguments)
        except DomainError as refusal:
            return ImportResult(Outcome.REFUSED, refusal.sentence)
        except (DatabaseError, models.ProtectedError) as error:
            return ImportResult(Outcome.REFUSED, f"the database refused it: {capfirst(str(error))[:300]}")

    def _sum_up(self, counts: Mapping[str, int], total: int, dry_run: bool) -> None:
        parts = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome.values if counts[outcome])
        ending = " (dry run: nothing was kept)" if dry_run else ""
        self.stdout.write(f"{total} orders: {parts or 'nothing'}{ending}")
        if counts[Outcome.REFUSED]:
            raise CommandError(f"{counts[Outcome.REFUSED]} refused", returncode=1)


def _read(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise CommandError(f"{path} is larger than 500 MB; split it.")
        content = load_json(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except PayloadError as error:
        raise CommandError(f"{path} is not JSON.") from error
    if isinstance(content, Mapping) and isinstance(content.get("orders"), list):
        return list(content["orders"])
    return content if isinstance(content, list) else [content]


def _key(payload: Any) -> str:
    """What the report calls an order that has no number here."""
    if not isinstance(payload, Mapping):
        return "?"
    return json.dumps(payload.get("id", "?"), default=str)[:40].strip('"')
