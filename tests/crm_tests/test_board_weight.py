"""What a browser fetches to open the board for the first time: all of it from here, and little of it."""

from __future__ import annotations

import gzip
import re
from html import unescape
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from crm.models import Funnel
from tests.factories import make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
FIRST_LOAD = 200 * 1024
PAGE = 80 * 1024
FETCHED = re.compile(r'<(?:link|script|img)\b[^>]*?\s(?:href|src)="([^"]+)"')
SYMBOLS = re.compile(r'<use href="([^"#]+)#')
IN_SHEET = re.compile(r'url\("?([^")]+)"?\)')
PACKED = (".woff2", ".png")


def weight(content: bytes, name: str = "") -> int:
    """Bytes on the wire: what is packed already travels as it is."""
    return len(content) if name.endswith(PACKED) else len(gzip.compress(content, 6))


def file_of(url: str) -> Path:
    found = finders.find(url.partition("?")[0].removeprefix("/static/"))
    assert found, url
    return Path(str(found))


def test_the_first_load_is_light_and_asks_nobody_else() -> None:
    shop = make_shop()
    product = make_product(shop, stock=1000)
    for _ in range(25):
        make_order(shop, lines=(make_line(product),))
    client = Client()
    client.force_login(make_user(shop))
    funnel = Funnel.objects.get(shop=shop, is_default=True)

    html = client.get(f"/board/{funnel.slug}/").content.decode()
    urls = {unescape(url) for url in FETCHED.findall(html) + SYMBOLS.findall(html)}
    generated = {url for url in urls if not url.startswith("/static/")}
    files = {file_of(url) for url in urls - generated}
    # Every font of the sheets, although a browser takes only those whose letters a page shows.
    for sheet in [path for path in files if path.suffix == ".css"]:
        files |= {
            (sheet.parent / url).resolve() for url in IN_SHEET.findall(sheet.read_text()) if ":" not in url
        }
    linked = sum(weight(path.read_bytes(), path.name) for path in files)
    sheets = sum(weight(client.get(url).content) for url in generated)

    assert all(url.startswith("/") and not url.startswith("//") for url in urls)
    assert len(generated) == 1
    assert any(path.suffix == ".woff2" for path in files)
    assert weight(html.encode()) < PAGE
    assert weight(html.encode()) + linked + sheets < FIRST_LOAD
