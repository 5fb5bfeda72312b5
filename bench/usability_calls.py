"""Working through calls in a real Chromium, by keyboard only: what comes out right, and how many keys it takes.

    python bench/usability_calls.py [--calls 20] [--shared 60]

Twenty cash-on-delivery orders: 14 customers say yes, 4 do not answer, 2 cancel. Then two people work through 60 more at
the same time. A server and a worker of their own run on a fresh SQLite (or DATABASE_URL); e-mails and SMS go to sinks.
Exits 1 when anything came out wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import scene  # noqa: E402
from scripts.chromium import HOW_TO, find_chromium  # noqa: E402
from scripts.servers import free_port  # noqa: E402

YES, SILENCE, CANCEL = "yes", "no answer", "cancel"
# The third reason is a duplicate order.
KEYS = {YES: ["c"], SILENCE: ["n"], CANCEL: ["x", "3"]}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
READY = "#work[data-ready]"


def main() -> int:
    parser = argparse.ArgumentParser(description="Work through calls by keyboard in a real browser.")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--shared", type=int, default=60)
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.exit(HOW_TO)
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as name:
        sinks = scene.Sinks(pause=0)
        sinks.start()
        port = free_port()
        variables = scene.environment(
            Path(name), PORT=str(port), EMAIL_URL=sinks.email_url, SMS_URL=sinks.sms_url
        )
        scene.enter(variables)
        scene.migrate()
        with _site(variables, port), _browser(chromium) as browser:
            return _measure(browser, f"http://127.0.0.1:{port}", options.calls, options.shared, sinks)


def _measure(browser: Any, site: str, calls: int, shared: int, sinks: scene.Sinks) -> int:
    shop_id, orders = scene.make_orders(calls)
    path = _people_of(shop_id)
    decisions = _decisions(orders)
    began = time.perf_counter()
    keys = _answer_all(_open(browser, site, path, "one"), decisions)
    seconds = time.perf_counter() - began
    wrong = _wrong(decisions)
    retries, told = _retries(decisions), _told(decisions, sinks)
    wanted = Counter(decisions.values())
    print(
        f"{calls} calls by keyboard: {wanted[YES]} yes, {wanted[SILENCE]} no answer, {wanted[CANCEL]} cancel"
    )
    print(f"  wrong: {wrong}; retries scheduled: {retries}; confirmations sent: {told} (e-mail and SMS each)")
    print(f"  keys pressed per order: {keys / calls:.2f} ({keys} in all); {seconds / calls:.2f} s per order")

    shop_id, orders = scene.make_orders(shared)
    path = _people_of(shop_id)
    opened = _work_together([_open(browser, site, path, name) for name in ("one", "two")], shared)
    both = set(opened[0]) & set(opened[1])
    confirmed = _confirmed(orders)
    print(
        f"two people, {shared} calls: {len(opened[0])} and {len(opened[1])} opened, {len(both)} by both; ",
        end="",
    )
    print(f"{confirmed} confirmed")
    is_right = (wrong, retries, told) == (0, wanted[SILENCE], wanted[YES])
    return 0 if is_right and not both and confirmed == shared else 1


# --- At the keyboard


def _open(browser: Any, site: str, path: str, person: str) -> Any:
    """A window of this person at the column of new orders."""
    page = browser.new_context(base_url=site, viewport={"width": 1440, "height": 860}).new_page()
    page.set_default_timeout(30_000)
    page.goto("/login/")
    page.fill("[name=username]", person)
    page.fill("[name=password]", "demo")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto(path)
    page.wait_for_selector(READY)
    return page


def _answer_all(page: Any, decisions: dict[str, str]) -> int:
    """Do for each order that is shown what was decided; answer how many keys it took."""
    pressed = 0
    while number := _shown(page):
        before = page.get_attribute("#work", "data-deal")
        for key in KEYS[decisions[number]]:
            page.keyboard.press(key)
            pressed += 1
        _next(page, before)
    return pressed


def _work_together(pages: list[Any], most: int) -> list[list[str]]:
    """Both press at once, then both wait, until nothing is left for either; what each had open."""
    opened: list[list[str]] = [[] for _page in pages]
    for _turn in range(most + 1):
        shown = [_shown(page) for page in pages]
        if not any(shown):
            return opened
        befores = [page.get_attribute("#work", "data-deal") for page in pages]
        for page, number, mine in zip(pages, shown, opened, strict=True):
            if number:
                mine.append(number)
                page.keyboard.press("c")
        for page, number, before in zip(pages, shown, befores, strict=True):
            if number:
                _next(page, before)
    return opened


def _shown(page: Any) -> str:
    """The number of the order that is open, or nothing."""
    number = page.locator("#work .work-over a")
    return str(number.first.inner_text()).strip() if number.count() else ""


def _next(page: Any, before: str) -> None:
    page.wait_for_selector(f'{READY}:not([data-deal="{before}"])')


# --- What came of it


def _decisions(orders: list[int]) -> dict[str, str]:
    from orders.models import Order

    numbers = list(Order.objects.filter(pk__in=orders).values_list("number", flat=True))
    yes, silence = round(len(numbers) * 0.7), round(len(numbers) * 0.2)
    words = [YES] * yes + [SILENCE] * silence
    words += [CANCEL] * (len(numbers) - len(words))
    random.Random(20).shuffle(words)
    return dict(zip(numbers, words, strict=True))


def _wrong(decisions: dict[str, str]) -> int:
    """Orders that are not where the decision puts them."""
    from orders.models import Order

    expected = {YES: "confirmed", SILENCE: "new", CANCEL: "cancelled"}
    found = dict(Order.objects.filter(number__in=decisions).values_list("number", "status"))
    return sum(found[number] != expected[word] for number, word in decisions.items())


def _retries(decisions: dict[str, str]) -> int:
    """Cards that stand on the stage of calls nobody answered, with one attempt and a time ahead; no others count."""
    from django.utils import timezone

    from crm.models import Deal

    silent = [number for number, word in decisions.items() if word == SILENCE]
    waiting = Deal.objects.filter(retry_at__gt=timezone.now(), attempts=1, stage__slug="no-answer")
    right = waiting.filter(order__number__in=silent).count()
    return right if waiting.filter(order__number__in=decisions).count() == right else -1


def _told(decisions: dict[str, str], sinks: scene.Sinks) -> int:
    """How many customers who said yes were sent exactly one e-mail and one SMS that it is confirmed."""
    from notifications.models import Message

    agreed = [number for number, word in decisions.items() if word == YES]
    mine = Message.objects.filter(order__number__in=decisions, event="confirmed")
    _wait_until(lambda: mine.filter(state="sent").count() == 2 * len(agreed), 60)
    sent = Counter(mine.filter(state="sent").values_list("order__number", flat=True))
    is_right = set(sent) == set(agreed) and set(sent.values()) <= {2} and sinks.arrived >= 2 * len(sent)
    return len(sent) if is_right else -1


def _confirmed(orders: list[int]) -> int:
    from orders.models import Order

    return Order.objects.filter(pk__in=orders, status="confirmed").count()


# --- The place


def _people_of(shop_id: int) -> str:
    """Give the shop its two callers, and answer where they work."""
    from crm.models import Funnel
    from shops.models import Membership, User

    for name in ("one", "two"):
        user, is_new = User.objects.get_or_create(username=name, defaults={"language": "en"})
        if is_new:
            user.set_password("demo")
            user.save(update_fields=["password"])
        Membership.objects.create(user=user, shop_id=shop_id, role="manager")
    slug = Funnel.objects.get(shop_id=shop_id, is_default=True).slug
    return f"/board/{slug}/work/?stage=new"


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

    # Playwright's loop runs in this thread; Django would take what reads the outcome for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
