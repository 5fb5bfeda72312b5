"""The imports page: what came in, why it was not understood, and trying again."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.imports import selectors
from orders.imports.models import Connection, Delivery
from orders.imports.services import open_connection
from orders.models import Order
from shops import keyset
from shops.models import Shop
from shops.permissions import Role
from tests.factories import make_shop, make_user
from tests.imports_tests.payloads import deliver, order

pytestmark = pytest.mark.django_db
LIST = "/imports/"


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def signed_in(shop: Shop, role: str) -> Client:
    client = Client()
    client.force_login(make_user(shop, role))
    return client


def failed(shop: Shop, body: bytes = b"not json <img src=x onerror=alert(1)>") -> Delivery:
    deliver(shop, body)
    return Delivery.objects.latest("pk")


def test_it_shows_what_came_in(shop: Shop) -> None:
    deliver(shop, order())

    page = signed_in(shop, Role.MANAGER).get(LIST)

    assert page.status_code == 200
    assert f"/orders/{shop.order_prefix}5101/" in page.content.decode()


def test_failures_come_first_while_there_are_any(shop: Shop) -> None:
    deliver(shop, order())
    wrong = failed(shop)
    client = signed_in(shop, Role.MANAGER)

    at_first = client.get(LIST).content.decode()
    everything = client.get(f"{LIST}?state=").content.decode()

    assert f'data-delivery="{wrong.pk}"' in at_first
    assert at_first.count("data-delivery=") == 1
    assert everything.count("data-delivery=") == 2
    assert wrong.outcome in at_first


def test_it_counts_wrong_signatures(shop: Shop) -> None:
    for _ in range(7):
        deliver(shop, order(), **{"X-WC-Webhook-Signature": "wrong"})

    page = signed_in(shop, Role.MANAGER).get(LIST).content.decode()

    assert '<span class="tag tag-bad">7</span>' in page


def test_with_nothing_connected_it_says_how_to_connect(shop: Shop) -> None:
    page = signed_in(shop, Role.ADMIN).get(LIST).content.decode()

    assert "Webhooks" in page
    assert f"/shops/{shop.slug}/" in page


def test_other_shops_deliveries_are_not_there(shop: Shop) -> None:
    theirs = failed(make_shop())
    client = signed_in(shop, Role.ADMIN)

    listed = client.get(f"{LIST}?state=").content.decode()

    assert f'data-delivery="{theirs.pk}"' not in listed
    assert client.get(reverse("imports:delivery", args=[theirs.pk])).status_code == 404
    assert client.post(reverse("imports:retry", args=[theirs.pk])).status_code == 404


def test_the_warehouse_has_no_business_here(shop: Shop) -> None:
    wrong = failed(shop)
    client = signed_in(shop, Role.WAREHOUSE)

    assert client.get(LIST).status_code == 403
    assert client.get(reverse("imports:delivery", args=[wrong.pk])).status_code == 404


@pytest.mark.parametrize("path", [LIST, "/imports/1/"])
def test_it_asks_people_to_sign_in(path: str) -> None:
    assert Client().get(path).status_code == 302


def test_the_raw_body_is_text_and_has_an_end(shop: Shop) -> None:
    wrong = failed(shop, b"<img src=x onerror=alert(1)>" + b"x" * 30_000 + b"the end")

    page = signed_in(shop, Role.MANAGER).get(reverse("imports:delivery", args=[wrong.pk])).content.decode()

    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img src=x" not in page
    assert "the end" not in page


def test_bytes_that_are_no_text_are_shown_as_such(shop: Shop) -> None:
    text, is_cut = selectors.body_text(failed(shop, b"\xff\x00"))

    assert (text, is_cut) == ("\\xff\\0", False)


def test_a_retry_reads_it_again(shop: Shop) -> None:
    deliver(shop, order(status="cooling-down", currency="RON", total="oops"))
    wrong = Delivery.objects.get()
    Delivery.objects.update(body=bytes(wrong.body).replace(b'"oops"', b'"171.82"'))
    client = signed_in(shop, Role.SUPERVISOR)

    page = client.post(reverse("imports:retry", args=[wrong.pk]), follow=True)

    wrong.refresh_from_db()
    assert page.status_code == 200
    assert (wrong.state, wrong.attempts) == ("done", 2)
    assert wrong.order == Order.objects.get()


def test_a_retry_that_fails_again_says_why(shop: Shop) -> None:
    wrong = failed(shop)

    page = signed_in(shop, Role.ADMIN).post(reverse("imports:retry", args=[wrong.pk]), follow=True)

    wrong.refresh_from_db()
    assert (wrong.state, wrong.attempts) == ("failed", 2)
    assert wrong.outcome in page.content.decode()


def test_an_ignored_status_is_read_again_after_the_table_changed(shop: Shop) -> None:
    deliver(shop, order(status="checkout-draft"))
    Connection.objects.update(table={"status": {"checkout-draft": "unfinished"}})

    signed_in(shop, Role.ADMIN).post(reverse("imports:retry", args=[Delivery.objects.get().pk]))

    assert Order.objects.get().acknowledged_at is None


def test_what_was_done_is_not_done_again(shop: Shop) -> None:
    deliver(shop, order())
    done = Delivery.objects.get()

    page = signed_in(shop, Role.ADMIN).post(reverse("imports:retry", args=[done.pk]), follow=True)

    done.refresh_from_db()
    assert done.attempts == 1
    assert "nothing to try again" in page.content.decode()


def test_a_manager_sees_and_may_not_retry(shop: Shop) -> None:
    wrong = failed(shop)
    client = signed_in(shop, Role.MANAGER)

    listed = client.get(LIST).content.decode()
    client.post(reverse("imports:retry", args=[wrong.pk]))

    wrong.refresh_from_db()
    assert "/retry/" not in listed
    assert wrong.attempts == 1


def test_its_pages_go_by_key(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset, "PAGE_SIZE", 2)
    for n in range(5):
        failed(shop, f"wrong {n}".encode())
    client = signed_in(shop, Role.MANAGER)

    first = client.get(LIST)
    second = client.get(f"{LIST}?state=failed&before={first.context['page'].after}")

    seen = [row.pk for row in (*first.context["page"].rows, *second.context["page"].rows)]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 4
    assert client.get(f"{LIST}?state=nonsense&before=x").status_code == 200


def test_it_costs_the_same_however_much_came_in(shop: Shop) -> None:
    client = signed_in(shop, Role.ADMIN)
    deliver(shop, order())

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{LIST}?state=").status_code == 200
        return len(queries)

    few = cost()
    for n in range(12):
        deliver(shop, order(id=7000 + n, number=str(7000 + n)))

    assert cost() == few


def test_the_shop_page_can_ask_for_its_connection(shop: Shop) -> None:
    assert selectors.connection_of(shop.pk, "woocommerce") is None

    opened = open_connection(shop_id=shop.pk, source="woocommerce")

    assert selectors.connection_of(shop.pk, "woocommerce") == opened
    assert selectors.hook_url(shop.slug, "woocommerce").endswith(f"/hooks/woocommerce/{shop.slug}")


def test_a_link_leads_to_an_order_whose_number_has_signs_of_an_address(shop: Shop) -> None:
    deliver(shop, order())
    Order.objects.update(number="A#1042?")
    client = signed_in(shop, Role.ADMIN)
    pages = [LIST, reverse("imports:delivery", args=[Delivery.objects.get().pk])]

    links = [link_to_order(client.get(page).content.decode()) for page in pages]

    assert links == ["/orders/A%231042%3F/"] * 2
    assert client.get(links[0]).status_code == 200


def link_to_order(page: str) -> str:
    found = re.search(r'href="(/orders/[^"]+)"', page)
    assert found is not None
    return found[1]
