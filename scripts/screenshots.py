"""Takes pictures of the system on demo data: `scripts/screenshots.py [FOLDER]` (docs/screenshots by default).

A data folder and a port of its own; the demo's days end now, so that pictures look alive whenever they are taken.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.chromium import HOW_TO, ensure_chromium  # noqa: E402

BOARD = "/board/demo-ro-orders/"
DESK, PHONE = (1440, 860), (390, 780)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--font-render-hinting=none"]


@dataclass(frozen=True)
class Picture:
    """One picture: a page, what is done on it first, and the looks it is taken in."""

    name: str
    path: str
    act: Callable[[Page], None] | None = None
    person: str = "manager"
    looks: tuple[str, ...] = ("1440-light", "1440-dark", "390-light", "390-dark")


def carry(page: Page, start: str, stage: str) -> None:
    """Take the first card of a stage and hold it over another."""
    card = page.locator(f'.column[data-stage="{start}"] .deal-card').first.bounding_box()
    column = page.locator(f'.column[data-stage="{stage}"]').bounding_box()
    assert card is not None
    assert column is not None
    page.mouse.move(card["x"] + 60, card["y"] + 30)
    page.mouse.down()
    page.mouse.move(card["x"] + 80, card["y"] + 40, steps=5)
    page.mouse.move(column["x"] + column["width"] / 2, column["y"] + 190, steps=15)
    page.wait_for_timeout(600)


def held_over_confirmed(page: Page) -> None:
    carry(page, "new", "confirmed")


def refused(page: Page) -> None:
    carry(page, "delivered", "new")


def dropped(page: Page) -> None:
    carry(page, "new", "no-answer")
    page.mouse.up()
    page.locator(".toast").wait_for()
    page.wait_for_timeout(1600)


def ship_form(page: Page) -> None:
    carry(page, "confirmed", "shipped")
    page.mouse.up()
    page.locator("dialog[open]").wait_for()


def menu_of_a_card(page: Page) -> None:
    page.locator('.column[data-stage="new"] .deal-card').first.focus()
    page.keyboard.press("m")


def first_deal(page: Page) -> None:
    page.locator('.column[data-stage="shipped"] .deal-card').first.press("Enter")
    page.wait_for_load_state()


def first_order(page: Page) -> None:
    page.goto("/orders/?status=shipped")
    page.locator("td a, .order-card a").first.click()
    page.wait_for_load_state()


def tracking(page: Page) -> None:
    first_order(page)
    page.goto(page.locator('a[href^="/t/"]').first.get_attribute("href") or "/")


def template_editor(page: Page) -> None:
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_load_state()


DESKS = ("1440-light", "1440-dark")
PICTURES = (
    Picture("board", BOARD),
    Picture("board-held", BOARD, held_over_confirmed, looks=DESKS),
    Picture("board-refused", BOARD, refused, looks=DESKS),
    Picture("board-undo", BOARD, dropped, looks=DESKS),
    Picture("board-ship-form", BOARD, ship_form, looks=DESKS),
    Picture("board-move-menu", BOARD, menu_of_a_card),
    Picture("deal", BOARD, first_deal),
    Picture("orders", "/orders/"),
    Picture("order", "/orders/", first_order),
    Picture("customers", "/customers/"),
    Picture("messages", "/messages/"),
    Picture("tracking", "/orders/", tracking),
    Picture(
        "template-editor", "/admin/notifications/messagetemplate/", template_editor, "admin", ("1440-light",)
    ),
    Picture("login", "/login/", looks=("1440-light", "390-dark")),
)


def main(arguments: list[str]) -> int:
    """Start a server on fresh demo data, take every picture, and copy the board's into docs/."""
    folder = Path(arguments[0]) if arguments else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    chromium = ensure_chromium()
    if not chromium:
        print(HOW_TO, file=sys.stderr)
        return 1
    with server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for picture in PICTURES:
            for look in picture.looks:
                take(browser, address, picture, look, folder / f"{picture.name}-{look}.png")
        browser.close()
    for name, target in (("board-1440-light", "board"), ("board-390-light", "board-phone")):
        shutil.copyfile(folder / f"{name}.png", ROOT / "docs" / f"{target}.png")
    return 0


def take(browser: Browser, address: str, picture: Picture, look: str, target: Path) -> None:
    """One picture in one look; a page that cannot be shown so is told and left out."""
    width, scheme = look.split("-")
    size = DESK if width == "1440" else PHONE
    context = browser.new_context(
        base_url=address,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
        is_mobile=size is PHONE,
        has_touch=size is PHONE,
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    if picture.path != "/login/":
        page.goto("/login/")
        page.fill("[name=username]", picture.person)
        page.fill("[name=password]", "demo")
        page.click("button[type=submit]")
        page.wait_for_load_state()
    page.goto(picture.path)
    page.wait_for_timeout(300)
    if picture.act:
        picture.act(page)
    page.screenshot(path=target)
    context.close()
    print(target)


@contextmanager
def server() -> Iterator[str]:
    """A web server on demo data in a folder that goes away afterwards; yields its address."""
    with tempfile.TemporaryDirectory(prefix="oms-pictures-") as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        environment = os.environ | {"OMS_DATA_DIR": folder, "PORT": port, "LOG_LEVEL": "WARNING"}
        for command in ("prepare", "demo"):
            subprocess.run([sys.executable, "manage.py", command], cwd=ROOT, env=environment, check=True)
        web = [
            "--interface",
            "wsgi",
            "--host",
            "127.0.0.1",
            "--port",
            port,
            "--no-access-log",
            "oms.wsgi:application",
        ]
        process = subprocess.Popen([sys.executable, "-m", "granian", *web], cwd=ROOT, env=environment)
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def wait_for(url: str) -> None:
    """Wait until the server answers at all."""
    for _attempt in range(150):
        try:
            urllib.request.urlopen(url, timeout=2)  # noqa: S310 - our own address
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"{url} did not answer")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
