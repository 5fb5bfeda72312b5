"""Every page of ours with odd values in its address, one parameter at a time: an answer always, never a crash.

A route that reads a parameter from its address lists it in `READS`.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from crm.models import BulkMove, Deal, Reminder, SavedView
from inventory.models import StockImport, StockItem, Warehouse
from inventory.services.counting import enter_count, open_count
from inventory.services.importing import run_imports, upload_import
from notifications.models import Message
from orders.imports.models import Delivery
from orders.imports.services.connecting import open_connection
from orders.models import HandoverSheet
from orders.tracking import token_for
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

OURS = {"inventory", "notifications", "crm", "imports"}
LONG = "x" * 5_000
# As they stand in the address: quoted already.
ODD = (
    "-1",
    "9" * 40,
    "1e30",
    "NaN",
    quote("٣"),
    "%ED%A0%80",
    "2026-13-45",
    quote("' OR 1=1 <b>"),
    LONG,
)
# Given to one parameter after the other; the rest to all parameters of a page at once.
EACH = ("9" * 40, "%ED%A0%80", "2026-13-45")
CHOICE = ("shop", "after")
MOVEMENT = ("shop", "product", "barcode", "warehouse", "quantity")
LEDGER = ("shop", "after", "product", "warehouse", "kind", "person", "since", "until", "q", "reference")
PRODUCTS = ("shop", "after", "q", "category", "warehouse", "state", "all")
READS: dict[str, tuple[str, ...]] = {
    "inventory:stock": PRODUCTS,
    "inventory:export": PRODUCTS,
    "inventory:product": ("days", "held", "after"),
    "inventory:product-new": ("shop", "barcode"),
    "inventory:receive": (*MOVEMENT, "reason", "unit_cost", "cost_currency", "update_cost", "key"),
    "inventory:write-off": (*MOVEMENT, "from_reserved"),
    "inventory:adjust": (*MOVEMENT, "way"),
    "inventory:transfer": ("product", "quantity", "from_warehouse", "to_warehouse"),
    "inventory:return": ("product", "reference"),
    "inventory:waiting": (*CHOICE, "q"),
    "inventory:movements": LEDGER,
    "inventory:movements-csv": LEDGER,
    "inventory:check": CHOICE,
    "inventory:imports": CHOICE,
    "inventory:low": CHOICE,
    "inventory:abc": (*CHOICE, "only"),
    "inventory:slow": (*CHOICE, "days"),
    "inventory:value": (*CHOICE, "days", "currency"),
    "inventory:reorder": (*CHOICE, "category", "supplier"),
    "inventory:reorder-csv": ("shop", "category", "supplier"),
    "inventory:counts": CHOICE,
    "inventory:count-open": ("shop",),
    "inventory:count": ("show", "by", "after"),
    "inventory:count-desk": ("scan", "product", "after"),
    "inventory:warehouses": ("shop",),
    "notifications:messages": ("state", "channel", "shop", "event", "q", "after"),
    "notifications:standing": ("seen",),
    "notifications:write": ("channel", "event"),
    "imports:list": ("state", "before"),
    "crm:board": ("whose", "show", "open", "column", "after"),
    "crm:board-changes": ("cursor", "seen"),
    "crm:customer": ("after",),
    "crm:deal": ("kind", "after"),
    "crm:deal-changes": ("mark", "kind", "after"),
    "crm:orders": ("q", "shop", "status", "after"),
    "crm:customers": ("q", "after"),
}

# Pages of many parameters: each odd value is given to all of them at once.
READ_TOGETHER: dict[str, tuple[str, ...]] = {
    "crm:board-filters": ("whose", "reminder", "pay", "source", "age", "from", "to", "tag", "product"),
    "crm:bulk": ("deal", "order", "stage"),
    "crm:work": ("stage", "whose", "show", "after"),
    "crm:search": ("q",),
    "crm:reminders": ("whose", "colour", "shop", "after"),
    "crm:new-order": ("shop", "q"),
    "crm:parcels": ("shop",),
    "crm:parcels-ship": ("shop", "carrier", "after"),
    "crm:parcels-pick": ("shop", "order", "after", "scan"),
    "crm:parcels-pick-list": ("order",),
    "crm:parcels-slips": ("order",),
    "crm:parcels-handover": ("shop", "carrier", "after"),
    "crm:parcels-returns": ("scan", "awb"),
    "crm:day": ("date", "shop"),
    "crm:funnel-view": ("funnel", "since", "until", "shop"),
    "crm:funnel-drift": ("after",),
    "crm:orders": ("q", "shop", "status", "after", "from", "to", "source", "cols", "tag", "manager", "stage"),
    "crm:customers": ("q", "after", "shop", "tag", "manager", "cols", "from", "to"),
}
# What these answer where nothing is chosen.
ALONE = {
    "crm:bulk": 422,
    "crm:parcels-pick-list": 303,
    "crm:parcels-slips": 303,
    "crm:search": 302,
    "crm:work": 404,
}


def ours() -> Iterator[tuple[str, list[str]]]:
    """Every named route of the apps, as (namespace:name, its converters' names)."""
    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLResolver) and resolver.namespace in OURS:
            for pattern in resolver.url_patterns:
                if isinstance(pattern, URLPattern) and pattern.name:
                    yield f"{resolver.namespace}:{pattern.name}", list(pattern.pattern.converters)


def make_scene() -> tuple[Client, dict[str, Any]]:
    """An admin of a shop that has one of everything, and what stands for each converter of a route."""
    shop = make_shop()
    order = make_order(shop, status="shipped", notify=True)
    line = order.lines.get()
    warehouse = Warehouse.objects.get(shop=shop, is_default=True)
    count = open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, actor=SYSTEM)
    enter_count(count_id=count.pk, product_id=line.product_id, quantity=9, key=uuid.uuid4(), actor=SYSTEM)
    job = upload_import(warehouse_id=warehouse.pk, name="a.csv", content=b"SKU;Name\nX-1;X\n", actor=SYSTEM)
    run_imports()
    delivery = Delivery.objects.create(
        connection=open_connection(shop_id=shop.pk, source="woocommerce"),
        shop_id=shop.pk,
        body=b"{}",
        content_hash="x",
        state="failed",
        topic="order.created",
    )
    deal = Deal.objects.select_related("funnel").get(order=order)
    client, admin = Client(raise_request_exception=False), make_user(shop, Role.ADMIN)
    client.force_login(admin)
    by = {"actor_kind": "person", "actor_user": admin}
    bulk = BulkMove.objects.create(funnel=deal.funnel, to_stage=deal.stage, **by)
    reminder = Reminder.objects.create(
        deal=deal, person=admin, due_at=timezone.now() + timedelta(hours=1), **by
    )
    view = SavedView.objects.create(shop=shop, page="orders", owner=admin, name="Mine")
    sheet = HandoverSheet.objects.create(shop=shop, carrier="fan", **by)
    return client, {
        "product_id": line.product_id,
        "warehouse_id": warehouse.pk,
        "item_id": StockItem.objects.get(product=line.product_id).pk,
        "count_id": count.pk,
        "import_uuid": StockImport.objects.get(pk=job.pk).uuid,
        "kind": "csv",
        "message_id": Message.objects.filter(order=order).latest("created_at").pk,
        "order_id": order.pk,
        "delivery_id": delivery.pk,
        "deal_id": deal.pk,
        "move_id": uuid.uuid4(),
        "number": order.number,
        "target_id": order.shipments.get().pk,
        "customer_id": order.customer_id,
        "suppression_id": 1,
        "tag_id": 1,
        "bulk_id": bulk.pk,
        "view_id": view.pk,
        "reminder_id": reminder.pk,
        "sheet_id": sheet.pk,
        "stage_id": deal.stage_id,
        "action": "confirm",
        "what": "retry",
        "token": token_for(order.uuid, order.tracking_version),
        "colour": "1d4ed8",
        "provider": "postmark",
        "secret": "none",
        "shop": shop.slug,
        "slug": deal.funnel.slug,
    }


def addresses(places: dict[str, Any]) -> dict[str, list[str]]:
    """The addresses of every route: a route with an optional part has several."""
    found: dict[str, list[str]] = {}
    for name, converters in ours():
        chosen = dict(places)
        if name.startswith("crm:shop"):
            chosen["slug"] = places["shop"]
        if name.startswith("crm:deal-edit"):
            chosen["slug"] = "void" if "target_id" in converters else "address"
        path = reverse(name, kwargs={key: chosen[key] for key in converters})
        found.setdefault(name, []).append(path)
    return found


def status_of(client: Client, address: str, **headers: str) -> int:
    """The status of the answer, read to its end, in a transaction that is taken back."""
    with transaction.atomic():
        response: Any = client.get(address, headers=headers)
        if response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    return int(response.status_code)


def test_every_route_with_parameters_is_a_route() -> None:
    assert {*READS, *READ_TOGETHER} <= {name for name, _converters in ours()}


def test_no_page_crashes_on_an_odd_address() -> None:
    client, places = make_scene()
    paths = addresses(places)
    asked = [
        f"{paths[name][0]}?{parameter}={value}"
        for name, parameters in READS.items()
        for parameter in parameters
        for value in EACH
    ]
    together = [
        f"{paths[name][0]}?" + "&".join(f"{parameter}={value}" for parameter in parameters)
        for name, parameters in (READS | READ_TOGETHER).items()
        for value in set(ODD) - {LONG} - (set(EACH) if name in READS else set())
    ]

    crashed = [address[:200] for address in (*asked, *together) if status_of(client, address) >= 500]

    assert len(asked) + len(together) < 900
    assert crashed == []


def test_every_page_answers_as_it_stands() -> None:
    client, places = make_scene()
    paths = addresses(places)

    read = {*READS, *READ_TOGETHER}
    answers = {name: status_of(client, paths[name][0]) for name in read}
    others = {path: status_of(client, path) for name in paths.keys() - read for path in paths[name]}

    assert {name: status for name, status in answers.items() if status != ALONE.get(name, 200)} == {}
    assert {path: status for path, status in others.items() if status >= 500} == {}


def test_no_page_crashes_on_a_parameter_given_twice() -> None:
    client, places = make_scene()
    paths = addresses(places)
    asked = [
        f"{paths[name][0]}?" + "&".join(f"{parameter}=1&{parameter}={quote('٣')}" for parameter in parameters)
        for name, parameters in READS.items()
    ]

    crashed = [address for address in asked if status_of(client, address) >= 500]

    assert crashed == []


def test_no_fragment_crashes_on_an_odd_address() -> None:
    client, places = make_scene()
    paths = addresses(places)
    asked = [
        f"{paths[name][0]}?preview=1&product={places['product_id']}&{parameter}={value}"
        for name in ("inventory:receive", "inventory:adjust", "inventory:transfer")
        for parameter in ("quantity", "unit_cost", "warehouse", "to_warehouse")
        for value in ODD
    ]

    crashed = [
        address[:200] for address in asked if status_of(client, address, **{"HX-Request": "true"}) >= 500
    ]

    assert crashed == []


def test_a_letter_no_database_keeps_is_refused_everywhere() -> None:
    client, places = make_scene()

    answers = {
        status_of(client, f"{path}?q=%00")
        for path in itertools.chain.from_iterable(addresses(places).values())
    }

    assert answers == {400}
