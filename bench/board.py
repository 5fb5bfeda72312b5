"""The board and the order list of a shop with few orders beside one with many: queries, bytes and server time, in one run.

Bytes are those on the wire, compressed as a browser asks for it; the first load is the board with all it links to,
every font and the symbols included. The quiet poll is what an open board asks every two seconds while nothing happens.

    python bench/board.py [--small 1000] [--large 100000] [--rounds 30] [--folder DIR]

Both shops live in one database (SQLite, or DATABASE_URL). The pages are asked for through the whole middleware, in
turns, so that whatever else the machine does slows both alike. With --folder the database is kept and used again.
"""

from __future__ import annotations

import argparse
import gzip
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import scene  # noqa: E402

WARM_UP = 3
BROWSER = {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br"}
LINKED = re.compile(r'<(?:link|script|use)\b[^>]*?\s(?:href|src)="(/[^"#]+)')
FONTS = re.compile(r'url\("?([^")]+\.woff2)"?\)')


@dataclass
class Page:
    """One address, asked for by one person, and what each answer cost."""

    name: str
    size: str
    client: Any
    url: str
    status: int = 200
    queries: int = 0
    length: int = 0
    sent: int = 0
    first_load: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) * 1000


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the board and the order list at two sizes.")
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        scene.enter(scene.environment(folder, ALLOWED_HOSTS="testserver"))
        _prepare()
        pages = [
            page
            for size, count in (("small", options.small), ("large", options.large))
            for page in _pages(size, _shop_of(size, count))
        ]
        measure(pages, options.rounds)
    report(pages, {"small": options.small, "large": options.large})
    return 0


def _prepare() -> None:
    from django.core.management import call_command

    scene.migrate()
    call_command("collectstatic", verbosity=0, interactive=False)


def _shop_of(size: str, count: int) -> Any:
    """The shop of this size, filled up to its count; a run that was cut off goes on where it stopped."""
    from django.core.management import call_command

    from orders.models import Order
    from shops.models import Membership, Shop, User
    from shops.permissions import Role
    from shops.services import create_shop

    shop = Shop.objects.filter(slug=f"bench-{size}").first()
    if shop is None:
        shop = create_shop(country="RO", name=size, slug=f"bench-{size}", order_prefix=f"{size[0].upper()}-")
        user = User.objects.create_user(username=f"manager-{size}")
        Membership.objects.create(user=user, shop=shop, role=Role.MANAGER)
    missing = count - Order.objects.filter(shop=shop).count()
    if missing > 0:
        call_command("seed_orders", count=missing, shop=shop.slug)
    return shop


def _pages(size: str, shop: Any) -> list[Page]:
    from django.test import Client

    from orders.models import Order
    from shops.models import User
    from shops.search_text import digits

    client = Client()
    client.force_login(
        User.objects.get(username=f"manager-{size}"), backend="django.contrib.auth.backends.ModelBackend"
    )
    some = Order.objects.filter(shop=shop, status="delivered").order_by("pk").last()
    found = digits(some.shipping_address.phone)[-6:] if some else "1"
    return [
        Page("board", size, client, f"/board/{shop.slug}-orders/"),
        Page("board, filtered", size, client, f"/board/{shop.slug}-orders/?pay=cod&from=50&age=4h"),
        Page("quiet poll", size, client, _quiet_poll(shop), status=204),
        Page("order list", size, client, "/orders/"),
        Page("list, delivered", size, client, "/orders/?status=delivered"),
        Page("search by phone", size, client, f"/orders/?q={found}"),
        Page("search by number", size, client, f"/orders/?q={some.number if some else 1}"),
    ]


def _quiet_poll(shop: Any) -> str:
    from crm.models import Funnel
    from crm.selectors.changes import latest_change

    start = latest_change(Funnel.objects.get(shop=shop, is_default=True))
    return f"/board/{shop.slug}-orders/changes/?cursor={start.cursor}&seen={','.join(map(str, start.seen))}"


def measure(pages: list[Page], rounds: int) -> None:
    """Ask for every page in turns; queries are counted in a round of their own, which is not timed."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for page in pages:
        _ask(page)
        with CaptureQueriesContext(connection) as captured:
            answer = _ask(page)
        page.queries, page.sent = len(captured), len(answer.content)
        text = gzip.decompress(answer.content) if answer.get("Content-Encoding") == "gzip" else answer.content
        page.length = len(text)
        page.first_load = page.sent + _weight_of_links(page, text.decode())
    for turn in range(rounds + WARM_UP):
        for page in pages:
            started = time.perf_counter()
            _ask(page)
            if turn >= WARM_UP:
                page.seconds.append(time.perf_counter() - started)


def _weight_of_links(page: Page, html: str) -> int:
    """The bytes on the wire of every sheet, script, symbol and font the page names."""
    urls = {unescape(url) for url in LINKED.findall(html)}
    sheets = [page.client.get(url) for url in urls if ".css" in url]
    for sheet in sheets:
        text = (b"".join(sheet) if sheet.streaming else sheet.content).decode()
        urls |= {urljoin("/static/css/", url) for url in FONTS.findall(text)}
    answers = [page.client.get(url, **BROWSER) for url in urls]
    return sum(len(b"".join(answer) if answer.streaming else answer.content) for answer in answers)


def _ask(page: Page) -> Any:
    response = page.client.get(page.url, **BROWSER)
    if response.status_code != page.status:
        raise SystemExit(f"{page.url} answered {response.status_code}")
    return response


def report(pages: list[Page], counts: dict[str, int]) -> None:
    """One line per page, small beside large."""
    print(
        f"{'page':18}{'queries':>10}{'KB':>12}{'KB sent':>12}{'first load KB':>16}{'median ms':>18}{'time ratio':>12}"
    )
    smalls, larges = ([page for page in pages if page.size == size] for size in ("small", "large"))
    for small, large in zip(smalls, larges, strict=True):
        queries = f"{small.queries} / {large.queries}"
        size = f"{small.length / 1024:.0f} / {large.length / 1024:.0f}"
        sent = f"{small.sent / 1024:.0f} / {large.sent / 1024:.0f}"
        load = f"{small.first_load / 1024:.0f} / {large.first_load / 1024:.0f}"
        times = f"{small.median:.1f} / {large.median:.1f}"
        print(
            f"{small.name:18}{queries:>10}{size:>12}{sent:>12}{load:>16}{times:>18}{large.median / small.median:>12.2f}"
        )
    print(f"small: {counts['small']:,} orders, large: {counts['large']:,}")


if __name__ == "__main__":
    sys.exit(main())
