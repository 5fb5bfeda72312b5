"""150 AWBs in a browser: pasted with 3 wrong rows, added, shipped together, put on a handover sheet.

Run it with `python bench/usability_parcels.py` (DATABASE_URL for PostgreSQL). It works on a database and a data folder
of its own, drives the distribution's Chromium, and prints what was named, shipped, told and clicked.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from scene import enter, environment, make_orders, migrate

ROWS, WRONG = 150, 3
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


class _Server(ThreadingMixIn, WSGIServer):
    """A browser opens connections ahead; one thread would wait for what is never sent on them."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        return


def main() -> None:
    """Prepare the shop, walk through the pages, compare with the database."""
    with tempfile.TemporaryDirectory(prefix="oms-parcels-") as folder:
        enter(environment(Path(folder), ALLOWED_HOSTS="localhost,127.0.0.1"))
        migrate()
        collect_static()
        shop_id, keys, text = prepare()
        server = serve()
        figures = walk(f"http://127.0.0.1:{server.server_port}", text)
        server.shutdown()
        report(shop_id, keys, figures)


def prepare() -> tuple[int, list[int], str]:
    """A shop with 150 orders being picked, a warehouse person, and the list: three of its rows are wrong."""
    from orders.models import Order
    from orders.services import advance_order
    from shops.actors import Actor
    from shops.models import Membership, User

    shop_id, keys = make_orders(ROWS)
    for key in keys:
        advance_order(order_id=key, to="processing", actor=Actor.system("bench"), notify=False)
    user = User.objects.create_user(username="packer", password="demo", language="en")
    Membership.objects.create(user=user, shop_id=shop_id, role="warehouse")
    numbers = dict(Order.objects.filter(pk__in=keys).values_list("pk", "number"))
    rows = [f"{numbers[key]};20001055{key:05}" for key in keys]
    rows[20] = f"NO-SUCH-1;20001055{keys[20]:05}"
    rows[70] = rows[70].split(";")[0] + ";" + rows[69].split(";")[1]
    rows[120] = rows[120].split(";")[0] + ";2,0E+12"
    return shop_id, keys, "\n".join(["Order;AWB", *rows])


def collect_static() -> None:
    """Pages name their files by content, so these must be there."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


def serve() -> WSGIServer:
    """The application, on a free port of this machine."""
    from django.core.wsgi import get_wsgi_application

    server = make_server("127.0.0.1", 0, get_wsgi_application(), _Server, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def walk(address: str, text: str) -> dict[str, Any]:
    """What a person does, in a real browser: seconds and clicks of each part."""
    from playwright.sync_api import sync_playwright

    from scripts.chromium import HOW_TO, find_chromium

    path = find_chromium()
    if path is None:
        raise SystemExit(HOW_TO)
    figures: dict[str, Any] = {"clicks": 0}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 860}, locale="en-GB")
        page.set_default_timeout(120_000)
        page.goto(f"{address}/login/")
        page.fill("[name=username]", "packer")
        page.fill("[name=password]", "demo")
        page.click("button[type=submit]")
        page.goto(f"{address}/parcels/")

        def click(name: str, done: str, role: str = "button") -> float:
            figures["clicks"] += 1
            begun = time.perf_counter()
            page.get_by_role(role, name=name).click()  # type: ignore[arg-type]
            page.locator(done).first.wait_for()
            return time.perf_counter() - begun

        page.get_by_label("The list, one parcel on each line").fill(text)
        figures["looked through"] = click("Look it through", "#awb-summary")
        figures["named"] = page.locator(".awb-bad tbody tr").all_inner_texts()
        figures["added"] = click("Add", "#awb-run .notice-good")
        click("Go on to shipping", "[data-carrier]", "link")
        figures["shipped"] = click("Ship ", "#parcel-run .notice-good")
        click("Go on to the handover sheet", "[data-carrier]", "link")
        figures["sheet"] = click("Make a sheet of", "[data-total=parcels]")
        figures["on sheet"] = page.locator("[data-total=parcels]").inner_text()
        figures["cod"] = page.locator("[data-total=cod]").inner_text()
        browser.close()
    return figures


def report(shop_id: int, keys: list[int], figures: dict[str, Any]) -> None:
    """The figures beside what the database says; raises AssertionError where they differ."""
    from django.db.models import Sum

    from notifications.models import Message
    from orders.models import HandoverSheet, Order

    shipped = Order.objects.filter(pk__in=keys, status="shipped")
    count, total = shipped.count(), shipped.aggregate(sum=Sum("total"))["sum"]
    told = Counter(Message.objects.filter(order__in=keys, event="shipped").values_list("order_id", "channel"))
    channels = Counter(channel for _order, channel in told)
    print(f"{len(figures['named'])} rows named:")
    for words in figures["named"]:
        print("   " + " · ".join(words.split("\t")))
    print(f"{count} shipped; on the sheet {figures['on sheet']}; COD {figures['cod']} (SQL: {total:.2f})")
    print(f"messages: {dict(channels)}, twice to one order and channel: {sum(n > 1 for n in told.values())}")
    for part in ("looked through", "added", "shipped", "sheet"):
        print(f"{part:>16}: {figures[part]:6.1f} s")
    print(f"{'clicks':>16}: {figures['clicks']:6}")
    assert len(figures["named"]) == WRONG and count == ROWS - WRONG == int(figures["on sheet"])
    assert HandoverSheet.objects.filter(shop_id=shop_id).count() == 1
    assert set(channels.values()) == {ROWS - WRONG} and max(told.values()) == 1


if __name__ == "__main__":
    main()
