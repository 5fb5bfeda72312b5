"""Shipping many, picking, handover sheets and the returns desk, as pages."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import Deal
from crm.page_selectors.parcels.barcodes import barcode_of
from crm.page_selectors.parcels.picking import natural_key, pick_list
from inventory.models import StockMovement
from orders import services as orders
from orders.models import HandoverSheet, Order
from shops.models import Shop, User
from shops.permissions import Role
from tests.factories import PAID, SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db
ROOMS = ("", "pick/", "ship/", "handover/", "returns/")


def person(shop: Shop, role: str = Role.WAREHOUSE) -> tuple[User, Client]:
    user, client = make_user(shop, role, language="en"), Client()
    client.force_login(user)
    return user, client


def packed(shop: Shop, **fields: Any) -> Order:
    """An order being picked whose parcel has its AWB."""
    order = make_order(shop, status="processing", **fields)
    number = f"20001055{order.pk:05}"
    orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number=number)
    return order


def run_to_the_end(client: Client, answer: Any, do: str = "") -> Any:
    page = client.get(answer["Location"])
    while page.context["is_going"] or (do == "undo" and page.context["moved"]):
        fields = {
            "bulk": [bulk.pk for bulk in page.context["bulks"]],
            "goal": page.context["goal"],
            "do": do,
        }
        page = client.get(client.post("/parcels/run/", fields)["Location"])
    return page


def test_it_ships_the_chosen_by_their_own_awbs_and_undoes_all_of_it() -> None:
    shop = make_shop()
    _user, client = person(shop)
    chosen = [packed(shop) for _ in range(3)]
    bare, foreign = make_order(shop, status="processing"), packed(make_shop())
    page = client.get("/parcels/ship/").context["page"]
    keys = [order.pk for order in (*chosen, bare, foreign)]

    answer = client.post("/parcels/ship/start/", {"order": keys})
    done = run_to_the_end(client, answer)

    assert [row.order for courier in page.couriers for row in courier.rows] == chosen
    assert page.without == [bare]
    assert done.context["moved"] == 3
    assert [card.deal.order_id for card in done.context["stayed"]] == [bare.pk]
    statuses = dict(Order.objects.values_list("pk", "status"))
    assert {statuses[order.pk] for order in chosen} == {"shipped"}
    assert statuses[bare.pk] == statuses[foreign.pk] == "processing"

    run_to_the_end(client, answer, do="undo")
    assert set(Order.objects.filter(shop=shop).values_list("status", flat=True)) == {"processing"}
    assert {order.shipments.get().state for order in chosen} == {"prepared"}


def test_it_ships_orders_without_a_card() -> None:
    shop = make_shop()
    _user, client = person(shop)
    order = packed(shop)
    Deal.objects.filter(order=order).delete()

    answer = client.post("/parcels/ship/start/", {"order": [order.pk]})

    assert answer["Location"] == "/parcels/ship/"
    assert Order.objects.get(pk=order.pk).status == "shipped"


def test_it_picks_by_place_and_moves_the_chosen() -> None:
    shop = make_shop()
    user, client = person(shop)
    near, far = make_product(shop, place="B-3-2", sku="NEAR"), make_product(shop, place="B-3-10", sku="FAR")
    first = make_order(shop, status="confirmed", lines=(make_line(far, 2), make_line(near, 1)))
    second = make_order(shop, status="confirmed", lines=(make_line(far, 3),))
    keys = [first.pk, second.pk]

    found = pick_list(user, [*keys, packed(make_shop()).pk])
    papers = client.post("/parcels/pick/papers/", {"paper": "list", "order": keys})
    page = client.get(papers["Location"]).content.decode()
    slips = client.get("/parcels/pick/slips/", {"order": keys}).content.decode()
    started = run_to_the_end(client, client.post("/parcels/pick/start/", {"order": keys}))
    done = run_to_the_end(client, client.post("/parcels/pick/packed/", {"order": keys}))

    assert [(line.sku, line.units, line.orders) for line in found.lines] == [
        ("NEAR", 1, [(first.number, 1)]),
        ("FAR", 5, [(first.number, 2), (second.number, 3)]),
    ]
    assert page.index("NEAR") < page.index("FAR")
    assert slips.count("slip-barcode") == 2 and "style=" not in slips
    assert started.context["moved"] == done.context["moved"] == 2
    assert set(Deal.objects.filter(order__in=keys).values_list("stage__slug", flat=True)) == {"packed"}
    assert client.get("/parcels/pick/").context["page"].begun == []


def test_a_scanned_slip_opens_its_order_and_only_ones_own() -> None:
    order, foreign = make_order(status="confirmed"), make_order(status="confirmed")
    _user, client = person(order.shop)

    assert (
        client.get("/parcels/pick/", {"scan": order.number.lower()})["Location"] == f"/orders/{order.number}/"
    )
    unknown = client.get("/parcels/pick/", {"scan": foreign.number})
    assert f"No order “{foreign.number}” is known here." in unknown.content.decode()


def test_a_barcode_holds_the_number_or_is_left_out() -> None:
    drawn = barcode_of("RO-1042")

    assert drawn is not None and drawn.path.startswith("M10 0h2v34h-2z") and drawn.width > 100
    assert barcode_of("ЗАМ-1") is None and barcode_of("X" * 31) is None
    assert natural_key("B-3-2") < natural_key("B-3-10") < natural_key("C1")


def test_a_sheet_lists_parcels_and_sums_to_the_cent() -> None:
    shop = make_shop()
    _user, client = person(shop)
    product = make_product(shop, price=Decimal("19.99"))
    cod = packed(shop, lines=(make_line(product, 3),))
    card = packed(shop, **PAID)
    for order in (cod, card):
        orders.ship_order(order_id=order.pk, actor=SYSTEM)
    keys = [order.shipments.get().pk for order in (cod, card)]
    fields = {"shop": shop.pk, "carrier": "fan", "parcel": keys}
    waiting = client.get("/parcels/handover/").context["batches"]

    made = client.post("/parcels/handover/", fields)
    again = client.post("/parcels/handover/", fields)
    orders.record_payment(order_id=cod.pk, actor=SYSTEM, payment_status="paid")
    page = client.get(made["Location"]).context["page"]

    assert [(batch.carrier, len(batch.rows)) for batch in waiting] == [("fan", 2)]
    assert HandoverSheet.objects.count() == 1 and again["Location"] == "/parcels/handover/"
    assert [(row.order.number, row.cod) for row in page.rows] == [
        (cod.number, Decimal("59.97")),
        (card.number, None),
    ]
    assert page.totals == [("RON", Decimal("59.97"))]
    assert person(make_shop())[1].get(made["Location"]).status_code == 404


def test_todays_parcels_are_ticked_and_those_of_earlier_days_only_without_any_today() -> None:
    shop = make_shop()
    _user, client = person(shop)
    old, new = make_order(shop, status="shipped"), make_order(shop, status="shipped")
    old.shipments.update(handed_over_at=timezone.now() - timedelta(days=2))

    (both,) = client.get("/parcels/handover/").context["batches"]
    new.shipments.update(handed_over_at=timezone.now() - timedelta(days=15))
    (rest,) = client.get("/parcels/handover/").context["batches"]

    assert [row.order for row in both.rows] == [old, new]
    assert ([row.order for row in both.chosen], both.earlier) == ([new], 1)
    assert ([row.order for row in rest.chosen], rest.earlier) == ([old], 0)


def test_the_returns_desk_takes_one_key_each_and_restocks_only_good_goods() -> None:
    shop = make_shop()
    _user, client = person(shop)
    first, second = make_order(shop, status="shipped"), make_order(shop, status="shipped")
    parcel, other = first.shipments.get(), second.shipments.get()

    shown = client.get("/parcels/returns/", {"scan": parcel.tracking_number.lower()})
    early = client.post("/parcels/returns/settle/", {"parcel": parcel.pk, "do": "good"})
    client.post("/parcels/returns/settle/", {"parcel": parcel.pk, "do": "refused"})
    assert not StockMovement.objects.filter(kind="restock").exists()
    client.post("/parcels/returns/settle/", {"parcel": parcel.pk, "do": "good"})
    client.post("/parcels/returns/settle/", {"parcel": other.pk, "do": "unclaimed"})
    client.post("/parcels/returns/settle/", {"parcel": other.pk, "do": "damaged"})
    unknown = client.get("/parcels/returns/", {"scan": "NO-SUCH"})

    assert shown.context["card"].order == first
    assert early.status_code == 422 and "refused (R) or unclaimed (U)" in early.content.decode()
    assert [note.kind for note in (first.returns.get(), second.returns.get())] == ["refused", "unclaimed"]
    assert {first.returns.get().state, second.returns.get().state} == {"received"}
    assert list(StockMovement.objects.filter(kind="restock").values_list("quantity", flat=True)) == [1]
    assert "No parcel with AWB “NO-SUCH” is known here." in unknown.content.decode()
    assert [line["said"] for line in unknown.context["log"]][1:3] == [
        "received damaged, not in stock",
        "Not collected",
    ]


def test_a_wrong_scan_is_taken_back() -> None:
    shop = make_shop()
    _user, client = person(shop)
    order = make_order(shop, status="shipped")
    parcel = order.shipments.get()
    client.post("/parcels/returns/settle/", {"parcel": parcel.pk, "do": "refused"})
    (line,) = client.get("/parcels/returns/").context["log"]

    client.post("/parcels/returns/undo/", {"parcel": parcel.pk, "move": line["move"]})

    assert line["seconds"] > 0
    assert Order.objects.get(pk=order.pk).status == "shipped"
    assert [row["seconds"] for row in client.get("/parcels/returns/").context["log"]] == [0, 0]


def test_pages_cost_the_same_queries_however_many_orders(django_assert_max_num_queries) -> None:
    shop = make_shop()
    _user, client = person(shop)

    def counted(path: str) -> int:
        with django_assert_max_num_queries(40) as queries:
            client.get(path)
        return len(queries)

    def fill() -> None:
        packed(shop)
        order = make_order(shop, status="confirmed")
        make_order(shop, status="shipped")
        orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number=f"7{order.pk:09}")

    fill()
    few = [counted(f"/parcels/{room}") for room in ROOMS]
    for _ in range(3):
        fill()

    assert [counted(f"/parcels/{room}") for room in ROOMS] == few


def test_warehouse_people_begin_with_picking_and_others_with_the_board() -> None:
    shop = make_shop()

    assert person(shop)[1].get("/")["Location"] == "/parcels/pick/"
    assert "/board/" in person(shop, Role.MANAGER)[1].get("/")["Location"]
