"""The order list's filters: each narrows to its rows, wrong values are named, columns and bulk actions are kept apart."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Deal, SavedView, Stage, Tag
from crm.services.views import choose_default_view
from orders.models import Order
from shops.actors import Actor
from shops.models import ClaimVisibility, Membership
from shops.permissions import Role
from tests.factories import PAID, make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def shop():
    return make_shop("RO", order_prefix="RO-")


@pytest.fixture
def manager(client, shop):
    user = make_user(shop)
    client.force_login(user)
    return user


def numbers(response) -> set[str]:
    return {row.order.number for row in response.context["page"].rows}


def said(client, response) -> str:
    assert response.status_code == 303
    return client.get(response["Location"]).content.decode()


def test_each_filter_narrows_to_its_orders(client, shop, manager):
    product = make_product(shop, stock=100, sku="TEA-1", name="Ceai verde")
    plain = make_order(shop)
    tea = make_order(shop, lines=(make_line(product, 5),), source="shopify", delivery_kind="locker")
    shipped = make_order(shop, status="shipped", courier="gls", **PAID)
    Order.objects.filter(pk=tea.pk).update(
        manager=manager, placed_at=datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    )
    Deal.objects.get(order=plain).tags.add(Tag.objects.create(shop=shop, name="VIP"))
    stage = Stage.objects.get(funnel__shop=shop, slug="shipped", funnel__is_default=True)

    found = {
        "stage": numbers(client.get("/orders/", {"stage": stage.pk})),
        "status": numbers(client.get("/orders/?status=shipped&status=returned")),
        "pay": numbers(client.get("/orders/?pay=paid")),
        "method": numbers(client.get("/orders/?method=card")),
        "source": numbers(client.get("/orders/?source=shopify")),
        "courier": numbers(client.get("/orders/?courier=gls&courier=dpd")),
        "carrier": numbers(client.get("/orders/?courier=fan&status=shipped")),
        "delivery": numbers(client.get("/orders/?delivery=locker")),
        "mine": numbers(client.get("/orders/?manager=mine")),
        "person": numbers(client.get("/orders/", {"manager": manager.pk})),
        "amount": numbers(client.get("/orders/?min=49,5&max=50")),
        "tag": numbers(client.get("/orders/?tag=VIP")),
        "awb": numbers(client.get("/orders/?awb=with")),
        "product": numbers(client.get("/orders/?product=verd")),
        # 02:30 in Bucharest, on the day the clock goes forward.
        "placed": numbers(client.get("/orders/?from=2026-03-29&to=2026-03-29")),
        "day before": numbers(client.get("/orders/?to=2026-03-28")),
    }

    of_tea = {"source", "delivery", "mine", "person", "amount", "product", "placed"}
    of_shipped = {"stage", "status", "pay", "method", "courier", "carrier", "awb"}
    expected = {key: {tea.number} for key in of_tea} | {key: {shipped.number} for key in of_shipped}
    assert found == expected | {"tag": {plain.number}, "day before": set()}


def test_wrong_values_are_named_and_narrow_nothing(client, shop, manager):
    order = make_order(shop)
    wrong = {
        "status": "flying", "stage": "x", "pay": "gold", "manager": "9" * 30, "from": "2026-02-30", "to": "never",
        "min": "NaN", "max": "1e99", "awb": "maybe", "did": "danced", "on": "0001-01-01", "by": "-1", "why": "x",
        "with": "pigeon", "then": "²", "courier": "pigeon", "delivery": "air", "method": "shells",
    }  # fmt: skip

    response = client.get("/orders/", wrong)

    assert numbers(response) == {order.number}
    assert len(response.context["wanted"].problems) == len(wrong)
    assert "“flying” is not understood as a status" in response.content.decode()
    for query in (
        "from=2026-02-02&to=2026-01-01",
        "min=5&max=4",
        "stage=999999999999",
        "tag=none",
        "manager=7",
    ):
        assert client.get(f"/orders/?{query}").status_code == 200


def test_chips_say_what_is_in_force_and_take_it_away(client, shop, manager):
    make_order(shop)

    response = client.get("/orders/?status=new&status=shipped&min=5&q=RO&did=confirmed&on=2026-10-25&by=0")

    chips = {chip.label: parse_qs(chip.without) for chip in response.context["chips"]}
    assert chips["New"]["status"] == ["shipped"]
    assert "min" not in chips["from 5"]
    confirmed = chips["Confirmed, 25 Oct 2026 · by machines"]
    assert set(confirmed) == {"q", "status", "min"}


def test_columns_are_chosen_kept_and_saved_with_the_address(client, shop, manager):
    order = make_order(shop)

    chosen = client.get("/orders/?status=new&keep=1&cols=products&cols=amount&cols=nonsense")
    kept = client.get("/orders/")
    other = client.get("/orders/?cols=note")

    assert chosen.status_code == 303
    assert parse_qs(urlsplit(chosen["Location"]).query) == {"status": ["new"], "cols": ["amount,products"]}
    assert [column.key for column in kept.context["columns"]] == ["number", "amount", "products"]
    assert f"1 × {order.lines.get().name}" in kept.content.decode()
    assert [column.key for column in other.context["columns"]] == ["number", "note"]


def test_it_opens_with_the_view_the_person_chose(client, shop, manager):
    view = SavedView.objects.create(
        shop=shop, page="orders", owner=manager, name="Unpaid", query="pay=pending"
    )
    choose_default_view(shop_id=shop.pk, page="orders", view_id=view.pk, actor=Actor.person(manager))

    bare, everything = client.get("/orders/"), client.get("/orders/?view=all")

    assert (bare.status_code, bare["Location"]) == (302, "/orders/?pay=pending")
    assert everything.status_code == 200


def test_all_filters_and_columns_cost_the_same_with_few_and_many_orders(client, shop, manager):
    product = make_product(shop, stock=1000)
    stages = "".join(
        f"&stage={pk}" for pk in Stage.objects.filter(funnel__shop=shop).values_list("pk", flat=True)
    )
    path = f"/orders/?cols=products,tags,stage,note,contact,address&courier=fan&product=product{stages}"
    make_order(shop, lines=(make_line(product),))
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for _more in range(12):
        make_order(shop, lines=(make_line(product), make_line(product)))

    with CaptureQueriesContext(connection) as many:
        response = client.get(path)

    assert len(numbers(response)) == 13
    assert len(many) == len(few) <= 23


def test_ticked_orders_are_claimed_tagged_and_led_on(client, shop, manager):
    first, second, theirs = make_order(shop), make_order(shop), make_order(shop)
    Order.objects.filter(pk=theirs.pk).update(manager=make_user(shop))
    ticked = {"order": [first.pk, second.pk, theirs.pk], "query": "status=new"}

    claimed = client.post("/orders/chosen", {**ticked, "do": "claim"})
    page = said(client, claimed)
    tagged = client.post("/orders/chosen", {"order": first.pk, "do": "tag", "name": "VIP"})
    tagged_page = said(client, tagged)
    again = said(client, client.post("/orders/chosen", {"order": first.pk, "do": "tag", "name": "vip"}))
    moved = client.post("/orders/chosen", {**ticked, "do": "move"})
    picked = client.post("/orders/chosen", {"order": first.pk, "do": "pick"})

    assert claimed["Location"] == "/orders/?status=new"
    assert "2 orders are yours now." in page
    assert f"1 was left as it is. {theirs.number}:" in page
    assert set(Order.objects.filter(manager=manager)) == {first, second}
    assert tagged.status_code == 303
    assert "1 order is tagged." in tagged_page
    assert "There was nothing to change." in again
    assert [tag.name for tag in Deal.objects.get(order=first).tags.all()] == ["VIP"]
    assert urlsplit(moved["Location"]).path == f"/board/{shop.slug}-orders/bulk/"
    assert len(parse_qs(urlsplit(moved["Location"]).query)["order"]) == 3
    assert picked["Location"] == f"/parcels/pick/list/?order={first.pk}"


def test_all_that_match_is_what_the_filters_say(client, shop, manager):
    make_order(shop, status="shipped")
    new = make_order(shop)

    client.post("/orders/chosen", {"all": "1", "query": "status=new", "do": "claim"})

    assert list(Order.objects.filter(manager=manager)) == [new]


def test_orders_of_several_boards_are_not_moved_together(client, shop, manager):
    other = make_shop("PL")
    Membership.objects.create(user=manager, shop=other, role=Role.MANAGER)
    keys = [make_order(shop).pk, make_order(other).pk]

    refused = said(client, client.post("/orders/chosen", {"order": keys, "do": "move"}))
    nothing = said(client, client.post("/orders/chosen", {"do": "claim"}))

    assert "stand on several boards" in refused
    assert "Nothing is ticked" in nothing
    assert not Order.objects.exclude(manager=None).exists()


def test_nobody_acts_on_orders_they_do_not_see(client, shop, manager):
    shop.claim_visibility = ClaimVisibility.HIDDEN
    shop.save()
    hidden, foreign = make_order(shop), make_order(make_shop("PL"))
    Order.objects.filter(pk=hidden.pk).update(manager=make_user(shop))

    answer = client.post("/orders/chosen", {"order": [hidden.pk, foreign.pk], "do": "tag", "name": "x"})

    assert "Nothing is ticked" in said(client, answer)
    assert not Tag.objects.exists()
