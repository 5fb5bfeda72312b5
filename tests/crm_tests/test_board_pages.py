"""The board's page: who sees it, what it shows, what it costs, and what an open one is told."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from crm.models import BoardChange, Deal, Funnel, Stage
from crm.selectors.changes import MOST_SEEN, latest_change
from orders import services as orders
from orders.statuses import Status
from shops.actors import Actor
from shops.models import ClaimVisibility, Shop, User
from shops.permissions import Role
from tests.factories import ADDRESS, PAID, SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HOSTILE = "<img src=x onerror=alert(1)>"


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def board_url(shop: Shop, query: str = "") -> str:
    return f"/board/{Funnel.objects.get(shop=shop, is_default=True).slug}/{query}"


def cards_in(html: str) -> list[str]:
    return re.findall(r'data-order="([^"]+)"', html)


def test_home_leads_to_the_board_of_the_shop_used_last() -> None:
    first, second = make_shop(name="A"), make_shop(name="B")
    user = make_user(first)
    second.memberships.create(user=user, role=Role.MANAGER)
    client = sign_in(user)

    assert client.get("/")["Location"] == board_url(first)
    client.get(board_url(second))

    assert client.get("/")["Location"] == board_url(second)


def test_home_says_so_to_somebody_without_a_shop() -> None:
    answer = sign_in(make_user()).get("/")

    assert answer.status_code == 200
    assert b"not a member of any shop" in answer.content


def test_it_is_not_there_for_members_of_other_shops() -> None:
    shop, other = make_shop(), make_shop()
    client = sign_in(make_user(other))

    for url in (board_url(shop), board_url(shop).rstrip("/") + "/changes/", board_url(shop) + "stages.css"):
        assert client.get(url).status_code == 404
    assert Client().get(board_url(shop)).status_code == 302


def test_it_shows_four_lines_and_only_true_marks() -> None:
    shop = make_shop(language="en")
    scarce, plenty = make_product(shop, stock=1, name="Tray"), make_product(shop, stock=50, name="Cup")
    short = make_order(shop, lines=(make_line(scarce, 3), make_line(plenty)))
    paid = make_order(
        shop,
        lines=(make_line(plenty, 2),),
        delivery_kind="locker",
        pickup_point="EB-1",
        shipping=replace(ADDRESS, name="Radu Pop", phone="0733 000 111", email="radu@example.com"),
        **PAID,
    )
    client = sign_in(make_user(shop))

    html = client.get(board_url(shop)).content.decode()
    first, second = (
        html[html.index(f'data-order="{order.number}"') :].partition("</article>")[0]
        for order in (short, paid)
    )

    assert "Tray" in first
    assert "+ 1" in first
    assert "short stock" in first
    assert "COD</span> 40.00" in first
    assert "PAID</span> 20.00" in second
    assert "short stock" not in second
    assert "other order" not in second
    assert 'aria-label="Locker"' in second


def test_it_marks_cards_that_stand_too_long() -> None:
    shop = make_shop()
    late, fresh = make_order(shop), make_order(shop)
    Deal.objects.filter(order=late).update(stage_entered_at=timezone.now() - timedelta(days=9))
    client = sign_in(make_user(shop))

    html = client.get(board_url(shop, "?show=late")).content.decode()

    assert cards_in(html) == [late.number]
    assert fresh.number not in html
    assert "deal-card is-late" in html


def test_a_figure_shows_the_cards_of_folded_side_stages_too() -> None:
    shop = make_shop()
    waiting = make_order(shop, payment_method="transfer")
    client = sign_in(make_user(shop))

    whole, unpaid = (client.get(board_url(shop, query)).content.decode() for query in ("", "?show=unpaid"))

    assert Deal.objects.get(order=waiting).stage.slug == "awaiting-payment"
    assert cards_in(whole) == []
    assert cards_in(unpaid) == [waiting.number]


@pytest.mark.parametrize(
    ("figure", "count"), [("call", 3), ("unpaid", 1), ("short", 1), ("no-awb", 1), ("failed", 0), ("cod", 1)]
)
def test_each_figure_of_today_counts_what_its_filter_shows(figure: str, count: int) -> None:
    shop = make_shop()
    make_order(shop, lines=(make_line(make_product(shop, stock=0), 2),))
    make_order(shop, payment_method="transfer")
    make_order(shop)
    packed = make_order(shop, status=Status.PROCESSING)
    Deal.objects.filter(order=packed).update(stage=Stage.objects.get(funnel__shop=shop, slug="packed"))
    road = make_order(shop, status=Status.SHIPPED)
    make_order(shop, status=Status.SHIPPED, **PAID)
    client = sign_in(make_user(shop))
    Deal.objects.filter(order__payment_method="transfer").update(
        stage=Stage.objects.get(funnel__shop=shop, slug="new")
    )

    html = client.get(board_url(shop, f"?show={figure}")).content.decode()

    assert len(cards_in(html)) == count
    said = re.search(rf'data-figure="{figure}"[^>]*>\s*<b>([^<]+)</b>', html)
    assert said is not None
    if figure == "cod":
        assert cards_in(html) == [road.number]
    else:
        assert said[1] == str(count)


def test_it_narrows_to_mine_and_to_unclaimed() -> None:
    shop = make_shop()
    mine, free = make_order(shop), make_order(shop)
    user = make_user(shop)
    orders.claim_order(order_id=mine.pk, actor=Actor.person(user))
    client = sign_in(user)

    assert cards_in(client.get(board_url(shop, "?whose=mine")).content.decode()) == [mine.number]
    assert cards_in(client.get(board_url(shop, "?whose=unclaimed")).content.decode()) == [free.number]


def test_a_folded_stage_opens_and_folds_by_a_link() -> None:
    shop = make_shop()
    cancelled = make_order(shop, status=Status.CANCELLED)
    client = sign_in(make_user(shop))

    folded, opened = (
        client.get(board_url(shop, query)).content.decode() for query in ("", "?open=cancelled")
    )

    assert cancelled.number not in folded
    assert "?open=cancelled" in folded
    assert cards_in(opened) == [cancelled.number]


def test_more_cards_come_by_key_as_a_fragment_and_as_a_page() -> None:
    shop = make_shop()
    product = make_product(shop, stock=1000)
    numbers = [make_order(shop, lines=(make_line(product),)).number for _ in range(23)]
    client = sign_in(make_user(shop))
    first = client.get(board_url(shop)).content.decode()
    more = re.search(r'href="([^"]*column=new[^"]*)"', first)
    assert more is not None
    url = more[1].replace("&amp;", "&")

    fragment = client.get(url, headers={"HX-Request": "true"}).content.decode()
    page = client.get(url).content.decode()

    assert cards_in(first) == numbers[:15]
    assert cards_in(fragment) == numbers[15:] == cards_in(page)
    assert "<html" not in fragment
    assert "column-more" not in fragment


def test_it_costs_the_same_for_three_times_the_cards(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    shop = make_shop()
    product = make_product(shop, stock=1000)
    client = sign_in(make_user(shop))
    url = board_url(shop)

    def fill(count: int) -> None:
        for status in (Status.NEW, Status.CONFIRMED, Status.SHIPPED):
            for _ in range(count):
                make_order(shop, status=status, lines=(make_line(product),))

    fill(1)
    client.get(url)
    with django_assert_num_queries(12):
        client.get(url)
    fill(3)
    with django_assert_num_queries(12):
        client.get(url)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MANAGER, Role.WAREHOUSE, "owner"])
@pytest.mark.parametrize("query", ["", "?show=short", "?whose=mine&open=cancelled"])
def test_it_costs_everybody_the_same(
    role: str, query: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shop = make_shop(claim_visibility=ClaimVisibility.HIDDEN)
    other = make_shop()
    make_order(shop), make_order(other)
    user = make_user(shop, Role.ADMIN, is_superuser=True) if role == "owner" else make_user(shop, role)
    client = sign_in(user)
    url = board_url(shop, query)
    client.get(url)
    BoardChange.objects.update(at=timezone.now() - timedelta(hours=1))

    with django_assert_num_queries(12, exact=False):
        client.get(url)


def test_what_a_person_may_see_is_read_anew_by_every_request() -> None:
    shop = make_shop()
    order = make_order(shop)
    user = make_user(shop)
    client = sign_in(user)
    before = cards_in(client.get(board_url(shop)).content.decode())

    user.memberships.update(role=Role.WAREHOUSE)
    demoted = cards_in(client.get(board_url(shop)).content.decode())
    user.memberships.all().delete()

    assert (before, demoted) == ([order.number], [])
    assert client.get(board_url(shop)).status_code == 404


def test_it_leaves_compressed_and_with_another_token_each_time() -> None:
    shop = make_shop()
    product = make_product(shop, stock=1000)
    for _ in range(20):
        make_order(shop, lines=(make_line(product),))
    client = sign_in(make_user(shop))

    plain = client.get(board_url(shop))
    answers = [client.get(board_url(shop), headers={"Accept-Encoding": "gzip"}) for _ in range(2)]
    pages = [gzip.decompress(answer.content).decode() for answer in answers]

    assert not plain.has_header("Content-Encoding")
    assert [answer["Content-Encoding"] for answer in answers] == ["gzip", "gzip"]
    assert "Accept-Encoding" in answers[0]["Vary"]
    assert len(answers[0].content) * 5 < len(plain.content)
    assert cards_in(pages[0]) == cards_in(plain.content.decode())
    tokens = [set(re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page)) for page in pages]
    assert len(tokens[0]) == len(tokens[1]) == 1
    assert tokens[0] != tokens[1]


def test_a_page_that_may_show_secrets_is_not_compressed() -> None:
    shop = make_shop()
    client = sign_in(make_user(shop, Role.ADMIN))

    answer = client.get(f"/shops/{shop.slug}/", headers={"Accept-Encoding": "gzip"})

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert not answer.has_header("Content-Encoding")


def test_a_hostile_name_is_text() -> None:
    shop = make_shop(name=HOSTILE)
    make_order(
        shop,
        lines=(make_line(make_product(shop, name=HOSTILE)),),
        shipping=replace(ADDRESS, name=HOSTILE, city=HOSTILE),
    )
    Stage.objects.filter(funnel__shop=shop, slug="new").update(name=HOSTILE)

    html = sign_in(make_user(shop, first_name=HOSTILE)).get(board_url(shop)).content.decode()

    assert "<img" not in html
    assert "&lt;img" in html


def test_no_style_or_script_stands_in_the_page() -> None:
    shop = make_shop()
    make_order(shop)

    answer = sign_in(make_user(shop)).get(board_url(shop))
    html = answer.content.decode()

    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=", html)
    assert not re.search(r"<script(?![^>]* src=)", html)


def test_stage_colours_come_in_a_sheet_that_may_be_kept() -> None:
    shop = make_shop()
    client = sign_in(make_user(shop))
    href = re.search(r'href="([^"]*stages\.css\?v=[^"]+)"', client.get(board_url(shop)).content.decode())
    assert href is not None

    sheet = client.get(href[1])
    Stage.objects.filter(funnel__shop=shop, slug="new").update(colour="#123456")
    other = re.search(r'href="([^"]*stages\.css\?v=[^"]+)"', client.get(board_url(shop)).content.decode())

    assert sheet["Content-Type"].startswith("text/css")
    assert "immutable" in sheet["Cache-Control"]
    assert '[data-stage="new"]:not(.deal-card) { --stage: #2563EB; }' in sheet.content.decode()
    assert other is not None
    assert other[1] != href[1]


def test_an_open_board_hears_of_changes_once() -> None:
    shop = make_shop()
    order = make_order(shop)
    client = sign_in(make_user(shop))
    url = board_url(shop).rstrip("/") + "/changes/"
    cursor, seen = _mark(client.get(board_url(shop)).content.decode())

    assert client.get(url, {"cursor": cursor, "seen": seen}).status_code == 204
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)
    news = client.get(url, {"cursor": cursor, "seen": seen})

    html = news.content.decode()
    assert cards_in(html) == [order.number]
    assert 'data-stage="confirmed"' in html
    assert html.count('class="column-head') == 12
    cursor, seen = _mark(html)
    assert client.get(url, {"cursor": cursor, "seen": seen}).status_code == 204


def test_an_open_board_loads_again_after_too_many_changes() -> None:
    shop = make_shop()
    deal = Deal.objects.get(order=make_order(shop))
    client = sign_in(make_user(shop))
    BoardChange.objects.bulk_create(BoardChange(funnel=deal.funnel, deal=deal) for _ in range(250))

    answer = client.get(board_url(shop).rstrip("/") + "/changes/", {"cursor": "0"})

    assert answer.status_code == 204
    assert answer["HX-Redirect"] == board_url(shop)


def test_a_quiet_poll_costs_few_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    shop = make_shop()
    make_order(shop)
    client = sign_in(make_user(shop))
    cursor, seen = _mark(client.get(board_url(shop)).content.decode())
    url = board_url(shop).rstrip("/") + "/changes/"

    with django_assert_num_queries(4):
        client.get(url, {"cursor": cursor, "seen": seen})


def test_news_cost_the_same_for_many_cards(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    shop = make_shop()
    product = make_product(shop, stock=1000)
    make_order(shop)
    client = sign_in(make_user(shop))
    url = board_url(shop).rstrip("/") + "/changes/"
    cursor, _seen = _mark(client.get(board_url(shop)).content.decode())

    def news(count: int) -> None:
        for _ in range(count):
            make_order(shop, lines=(make_line(product),))
        with django_assert_num_queries(12):
            client.get(url, {"cursor": cursor, "seen": ""})

    news(1)
    news(10)


def test_the_menu_shows_the_rooms_a_role_may_enter() -> None:
    shop = make_shop()
    rooms = ("/orders/", "/customers/", "/stock/", "/messages/", "/imports/", f"/shops/{shop.slug}/")

    seen = {}
    for role in (Role.MANAGER, Role.WAREHOUSE):
        html = sign_in(make_user(shop, role=role)).get(board_url(shop)).content.decode()
        rail = html.partition('class="rail"')[2].partition("</nav>")[0]
        seen[role] = [room for room in rooms if f'href="{room}"' in rail]

    assert seen[Role.MANAGER] == list(rooms)
    assert seen[Role.WAREHOUSE] == ["/orders/", "/stock/", f"/shops/{shop.slug}/"]


def test_nonsense_in_the_address_is_ignored() -> None:
    shop = make_shop()
    order = make_order(shop)
    client = sign_in(make_user(shop))

    html = client.get(board_url(shop, "?whose=x&show=y&open=z&open=<b>")).content.decode()

    assert cards_in(html) == [order.number]
    assert client.get(board_url(shop, "?column=nope")).status_code == 404
    assert client.get(board_url(shop, "?column=new&after=99999")).status_code == 404
    assert (
        client.get(board_url(shop).rstrip("/") + "/changes/", {"cursor": "x", "seen": "a,b"}).status_code
        == 200
    )


def _mark(html: str) -> tuple[Any, Any]:
    found = re.search(r'data-cursor="(\d+)"\s+data-seen="([\d,]*)"', html)
    assert found is not None
    return found[1], found[2]


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, str(2**63), "-1", "٣"])
def test_a_number_that_is_nobodys_key_is_no_error(number: str) -> None:
    shop = make_shop()
    order = make_order(shop)
    client = sign_in(make_user(shop))
    changes = board_url(shop) + "changes/"

    more = client.get(board_url(shop), {"column": "new", "after": number}, headers={"HX-Request": "true"})
    told = client.get(changes, {"cursor": number, "seen": f"{number},{number}"})

    assert more.status_code == 404
    assert told.status_code == 200
    assert cards_in(told.content.decode()) == [order.number]


def test_keys_that_were_seen_are_read_from_the_end() -> None:
    shop = make_shop()
    make_order(shop)
    cursor, seen = latest_change(Funnel.objects.get(shop=shop, is_default=True))[:2]
    keys = [*range(10_000_000, 10_000_000 + MOST_SEEN), *seen]

    answer = sign_in(make_user(shop)).get(
        board_url(shop) + "changes/", {"cursor": cursor, "seen": ",".join(map(str, keys))}
    )

    assert answer.status_code == 204


def test_a_page_address_that_is_none_is_no_error() -> None:
    shop = make_shop()
    deal = Deal.objects.get(order=make_order(shop))

    answer = sign_in(make_user(shop)).post(
        f"/deals/{deal.pk}/move/",
        {"stage": "confirmed", "after": "9" * 5000},
        headers={"HX-Request": "true", "HX-Current-URL": "http://["},
    )

    assert answer.status_code == 200
    assert Deal.objects.get(pk=deal.pk).stage.slug == "confirmed"
