"""What the outbox measurements share: a data folder and database of their own, a shop, orders, a mail and an SMS sink.

Nothing here may be imported after Django was set up: the settings read the environment once.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """A bare environment for this measurement; DATABASE_URL is taken over when it is given, else SQLite."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "OMS_DATA_DIR": str(folder),
        "SECRET_KEY": "only-for-measuring",
        "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "oms.settings",
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{folder}/oms.sqlite3",
        **variables,
    }


def enter(variables: dict[str, str]) -> None:
    """Make this process live in that environment, and set Django up."""
    os.environ.clear()
    os.environ.update(variables)
    import django

    django.setup()


def migrate() -> None:
    """Create the tables, unless they are there."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def make_orders(count: int) -> tuple[int, list[int]]:
    """A new shop with `count` unpaid cash-on-delivery orders about which nobody was told; shop and order keys."""
    from inventory.models import Product
    from inventory.services import receive
    from orders.drafts import AddressDraft, LineDraft, OrderDraft
    from orders.services import place_order
    from shops.actors import Actor
    from shops.services import create_shop

    mark, price, actor = f"{time.time_ns():x}"[-8:], Decimal("49.90"), Actor.system("bench")
    shop = create_shop(
        country="RO",
        name=f"Bench {mark}",
        slug=f"bench-{mark}",
        order_prefix=f"B{mark[-6:].upper()}-",
        domain="bench.example",
        sender_email="shop@bench.example",
    )
    product = Product.objects.create(shop=shop, sku="MUG", name="Cană", price=price)
    receive(product_id=product.pk, quantity=count, reason="bench", actor=actor)
    line = LineDraft("Cană", 1, price, price, sku="MUG", product_id=product.pk)
    keys = []
    for n in range(count):
        address = AddressDraft(
            name=f"Ana Pop {n}",
            phone=f"+40722{n:06}",
            email=f"ana{n}@bench.example",
            street="Strada Lungă 1",
            city="Cluj-Napoca",
            county="Cluj",
            country="RO",
        )
        draft = OrderDraft(currency="RON", shipping=address, lines=(line,), courier="fan")
        keys.append(place_order(shop_id=shop.pk, draft=draft, actor=actor, notify=False).pk)
    return shop.pk, keys


@dataclass
class Sinks:
    """A mail server and an SMS gateway on this machine that count what reaches them, each taking `pause` seconds."""

    pause: float
    mails: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    email_url: str = ""
    sms_url: str = ""

    @property
    def arrived(self) -> int:
        return self.mails.total() + self.texts.total()

    def start(self) -> None:
        """Listen, and note the addresses to send to."""
        from aiosmtpd.controller import Controller

        from scripts.servers import free_port

        port = free_port()
        Controller(self, hostname="127.0.0.1", port=port).start()
        self.email_url = f"smtp://127.0.0.1:{port}"
        gateway = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=gateway.serve_forever, daemon=True).start()
        self.sms_url = f"http://127.0.0.1:{gateway.server_address[1]}/"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        import asyncio

        await asyncio.sleep(self.pause / 2)
        self.mails[str(message_from_bytes(envelope.content)["Message-ID"])] += 1
        await asyncio.sleep(self.pause / 2)
        return "250 OK"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sinks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                time.sleep(sinks.pause / 2)
                sinks.texts[body["id"]] += 1
                time.sleep(sinks.pause / 2)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *arguments: Any) -> None:
                return

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:  # the worker was killed while we answered
                    return

        return Handler
