"""Ten callers found from the search field in a real Chromium: by name without diacritics, or by six digits of the phone.

    python bench/usability_search.py [--orders 2000]

The callers' orders lie among `--orders` others. Each is asked for from another page, by keyboard alone; the answer (status,
courier and AWB as a link, amount due, last message) must stand under the field without opening the order. Prints how many
were answered and the keys per caller. A server and a worker of their own run on a fresh SQLite (or DATABASE_URL).
Exits 1 unless all were answered.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import scene  # noqa: E402
from scripts.chromium import HOW_TO, find_chromium  # noqa: E402
from scripts.servers import free_port  # noqa: E402

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
PAGES = ("/", "/orders/", "/customers/", "/stock/", "/messages/", "/reminders/", "/imports/")
# Who calls, and what is typed of it: the name as a keyboard without diacritics has it, or the end of the phone.
CALLERS = (
    ("Ștefania Țîrlea", "0744 118 201", "stefania tirlea"),
    ("Łukasz Wójcik", "0744 118 202", "118202"),
    ("Соломія Ґалаґан", "0744 118 203", "галаган"),
    ("Zażółć Gęśla", "0744 118 204", "zazolc"),
    ("Ioana Brâncoveanu-Sturdza", "0744 118 205", "118 205"),
    ("Żaneta Śliwińska", "0744 118 206", "sliwinska"),
    ("Raluca Țăran", "0744 118 207", "118207"),
    ("Їжакевич Олесь", "0744 118 208", "118208"),
    ("Horațiu Mălăele", "0744 118 209", "malaele hor"),
    ("Ágnes Kőrösi", "0744 118 210", "118210"),
)


@dataclass(frozen=True)
class Caller:
    """Who calls: the number of the order, its AWB, and what is typed to find it."""

    number: str
    awb: str
    asked: str


def main() -> int:
    parser = argparse.ArgumentParser(description="Find callers from the search field in a real browser.")
    parser.add_argument("--orders", type=int, default=2000, help="how many others there are")
    others = parser.parse_args().orders
    chromium = find_chromium()
    if chromium is None:
        sys.exit(HOW_TO)
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as name:
        port = free_port()
        variables = scene.environment(Path(name), PORT=str(port))
        scene.enter(variables)
        scene.migrate()
        callers = _fill(others)
        with _site(variables, port), _browser(chromium) as browser:
            return _measure(browser, f"http://127.0.0.1:{port}", callers)


def _measure(browser: Any, site: str, callers: list[Caller]) -> int:
    page = browser.new_context(base_url=site, viewport={"width": 1440, "height": 860}).new_page()
    page.goto("/login/")
    page.fill("[name=username]", "one")
    page.fill("[name=password]", "demo")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)
    found, keys, seconds = 0, 0, 0.0
    for number, caller in enumerate(callers):
        page.goto(PAGES[number % len(PAGES)])
        began = time.perf_counter()
        missing = _look_up(page, caller)
        seconds += time.perf_counter() - began
        keys += 1 + len(caller.asked)
        found += not missing
        if missing:
            print(f"  “{caller.asked}” from {PAGES[number % len(PAGES)]}: not shown: {', '.join(missing)}")
    print(f"found {found} of {len(callers)}, unopened, by name without diacritics or six digits of the phone")
    print(f"  keys per caller: {keys / len(callers):.1f}; from the first key to the answer: ", end="")
    print(f"{1000 * seconds / len(callers):.0f} ms, 200 of which the field waits for more")
    return 0 if found == len(callers) else 1


def _look_up(page: Any, caller: Caller) -> list[str]:
    """Type what the caller says; what of the answer does not stand under the field."""
    from playwright.sync_api import TimeoutError as TooLong

    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    page.keyboard.type(caller.asked)
    row = page.locator(f'.search-panel [data-order="{caller.number}"]')
    try:
        row.wait_for(state="visible", timeout=10_000)
    except TooLong:
        return ["the order"]
    wanted = {
        "status": row.locator('.pill[data-status="shipped"]'),
        "courier and AWB": row.locator(f'.found-parcel:has-text("FAN Courier") a:has-text("{caller.awb}")'),
        "amount due": row.locator('.found-due:has-text("at the door")'),
        "last message": row.locator(".found-message .pill"),
    }
    return [name for name, place in wanted.items() if not (place.count() and place.first.is_visible())]


def _fill(others: int) -> list[Caller]:
    """A shop with other orders, the callers' shipped ones, and one person who answers the phone."""
    from django.core.management import call_command

    from inventory.models import Product
    from shops.models import Membership, Shop, User

    shop_id, _orders = scene.make_orders(1)
    shop = Shop.objects.get(pk=shop_id)
    if others:
        call_command("seed_orders", count=others, shop=shop.slug, verbosity=0)
    product = Product.objects.filter(shop=shop, sku="MUG").get()
    callers = [_ship(shop, product, number, *caller) for number, caller in enumerate(CALLERS)]
    person = User.objects.create_user(username="one", password="demo", language="en")
    Membership.objects.create(user=person, shop=shop, role="manager")
    return callers


def _ship(shop: Any, product: Any, number: int, name: str, phone: str, asked: str) -> Caller:
    from decimal import Decimal

    from inventory.services import receive
    from orders.drafts import AddressDraft, LineDraft, OrderDraft
    from orders.guards import Arguments
    from orders.services import advance_order, place_order
    from shops.actors import Actor

    actor, price = Actor.system("bench"), Decimal("49.90")
    receive(product_id=product.pk, quantity=1, reason="bench", actor=actor)
    address = AddressDraft(
        name=name,
        phone=phone,
        email=f"caller{number}@bench.example",
        street="Strada Lungă 1",
        city="Cluj-Napoca",
        county="Cluj",
        country="RO",
    )
    line = LineDraft(product.name, 1, price, price, sku=product.sku, product_id=product.pk)
    draft = OrderDraft(currency="RON", shipping=address, lines=(line,), courier="fan")
    order = place_order(shop_id=shop.pk, draft=draft, actor=actor)
    awb = f"77010{number:05}"
    advance_order(
        order_id=order.pk, to="shipped", actor=actor, arguments=Arguments(carrier="fan", tracking_number=awb)
    )
    return Caller(order.number, awb, asked)


@contextmanager
def _site(variables: dict[str, str], port: int) -> Iterator[None]:
    """The installation as `make run` starts it: web server, worker, beat."""
    log = Path(variables["OMS_DATA_DIR"]) / "up.log"
    with log.open("wb") as out:
        up = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=variables, stdout=out, stderr=out
        )
        try:
            _wait_until(lambda: _answers(port), 120)
            yield
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(timeout=30)


@contextmanager
def _browser(path: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"The server did not answer within {seconds:.0f} s.")
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
