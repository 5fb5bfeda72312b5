"""GET /api/v1/stock: the stock of one shop for a machine, and what changed since it last asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory import services
from inventory.models import StockItem, Warehouse
from shops.models import ApiKey, Shop
from shops.services import create_api_key, revoke_api_key
from tests.factories import SYSTEM, make_product, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_requests_yet() -> None:
    cache.clear()


def ask(key: str, **question: Any) -> Any:
    return Client().get("/api/v1/stock", question, headers={"Authorization": f"Bearer {key}"})


def key_of(shop: Shop) -> str:
    return create_api_key(shop_id=shop.pk, name="Web shop")


def skus(answer: Any) -> list[str]:
    return [item["sku"] for item in answer.json()["items"]]


def test_it_says_what_there_is_of_each_product() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, sku="MUG", barcode="594001", allow_backorder=True)
    services.reserve(reference="x:1", shop_id=shop.pk, wanted={mug.pk: 7}, on_shortage="refuse", actor=SYSTEM)
    second = Warehouse.objects.create(shop=shop, name="Annex")
    StockItem.objects.create(product=mug, warehouse=second, safety_stock=2)

    (item,) = ask(key_of(shop)).json()["items"]

    assert (item["sku"], item["barcode"]) == ("MUG", "594001")
    assert (item["on_hand"], item["reserved"], item["available"], item["waiting"]) == (5, 5, 0, 2)
    assert [(place["name"], place["on_hand"], place["safety_stock"]) for place in item["warehouses"]] == [
        (Warehouse.objects.get(shop=shop, is_default=True).name, 5, 0),
        ("Annex", 0, 2),
    ]


def test_it_walks_everything_in_pages_oldest_change_first() -> None:
    shop = make_shop()
    for n in range(5):
        make_product(shop, stock=1, sku=f"S{n}")
    key, found, cursor, moments = key_of(shop), [], "", set()

    while True:
        answer = ask(key, limit=2, cursor=cursor)
        found += skus(answer)
        moments.add(answer.json()["as_of"])
        cursor = answer.json()["next_cursor"]
        if not cursor:
            break

    assert found == [f"S{n}" for n in range(5)]
    assert len(moments) == 1


def test_updated_since_leaves_out_what_did_not_change() -> None:
    shop = make_shop()
    make_product(shop, stock=1, sku="OLD")
    StockItem.objects.update(changed_at=timezone.now() - timedelta(hours=2))
    make_product(shop, stock=1, sku="NEW")

    answer = ask(key_of(shop), updated_since=(timezone.now() - timedelta(hours=1)).isoformat())

    assert skus(answer) == ["NEW"]


def test_it_also_tells_where_only_the_waiting_units_changed() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=0, sku="MUG", allow_backorder=True)
    StockItem.objects.update(changed_at=timezone.now() - timedelta(days=1))
    key, asked = key_of(shop), (timezone.now() - timedelta(hours=1)).isoformat()
    services.reserve(reference="x:1", shop_id=shop.pk, wanted={mug.pk: 2}, on_shortage="refuse", actor=SYSTEM)

    (began,) = ask(key, updated_since=asked).json()["items"]
    StockItem.objects.update(changed_at=timezone.now() - timedelta(days=1))
    services.release(reference="x:1", actor=SYSTEM)
    (ended,) = ask(key, updated_since=asked).json()["items"]

    assert (began["waiting"], ended["waiting"]) == (2, 0)


def test_a_change_that_commits_late_is_found_with_as_of() -> None:
    shop = make_shop()
    key = key_of(shop)
    product = make_product(shop, stock=1, sku="LATE")
    as_of = ask(key).json()["as_of"]
    StockItem.objects.filter(product=product).update(changed_at=timezone.now() - timedelta(minutes=2))

    assert skus(ask(key, updated_since=as_of)) == ["LATE"]


def test_it_is_narrowed_by_sku_and_warehouse() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=1, sku="MUG")
    make_product(shop, stock=1, sku="BOWL")
    annex = Warehouse.objects.create(shop=shop, name="Annex")
    services.receive(product_id=mug.pk, quantity=1, reason="in", actor=SYSTEM, warehouse_id=annex.pk)
    key = key_of(shop)

    assert skus(ask(key, sku="BOWL")) == ["BOWL"]
    assert skus(ask(key, warehouse=annex.pk)) == ["MUG"]
    assert skus(ask(key, sku="NONE")) == []


def test_a_key_sees_its_own_shop_only() -> None:
    shop, other = make_shop(), make_shop()
    make_product(other, stock=1, sku="THEIRS")
    theirs = Warehouse.objects.get(shop=other)
    key = key_of(shop)

    assert skus(ask(key)) == []
    assert skus(ask(key, sku="THEIRS")) == []
    assert ask(key, warehouse=theirs.pk).status_code == 404


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Bearer " + "x" * 500, "Basic abc"])
def test_without_a_key_it_answers_a_problem(header: str) -> None:
    answer = Client().get("/api/v1/stock", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_revoked_key_is_no_key() -> None:
    key = key_of(make_shop())
    revoke_api_key(key_id=ApiKey.objects.get().pk)

    assert ask(key).status_code == 401


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"updated_since": "2026-01-01T00:00:00"}, "updated_since"),
        ({"updated_since": "0001-01-01T00:00:00+14:00"}, "updated_since"),
        ({"warehouse": 2**80}, "warehouse"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "żółć"}, "cursor"),
        ({"sku": "x" * 101}, "sku"),
    ],
)
def test_a_bad_question_is_a_problem_that_names_the_field(question: dict[str, Any], field: str) -> None:
    answer = ask(key_of(make_shop()), **question)

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


def test_the_use_of_a_key_is_noted_once_a_minute() -> None:
    key = key_of(make_shop())
    ask(key)
    first = ApiKey.objects.get().last_used_at
    ask(key)
    second = ApiKey.objects.get().last_used_at
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    ask(key)

    assert first is not None
    assert first == second
    assert ApiKey.objects.get().last_used_at > timezone.now() - timedelta(minutes=1)  # type: ignore[operator]


def test_it_costs_the_same_with_few_and_with_many_products() -> None:
    shop = make_shop()
    key, costs = key_of(shop), []
    for count in (1, 30):
        for _ in range(count):
            make_product(shop, stock=1)
        ask(key)
        with CaptureQueriesContext(connection) as seen:
            ask(key)
        costs.append(len(seen))

    assert costs[0] == costs[1] <= 8


def test_who_asks_too_often_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    from oms.api import api

    (throttle,) = api.throttle  # type: ignore[attr-defined]
    monkeypatch.setattr(throttle, "num_requests", 2)
    key = key_of(make_shop())

    answers = [ask(key).status_code for _ in range(3)]

    assert answers == [200, 200, 429]
    assert ask(key)["Content-Type"] == "application/problem+json"
    assert ask(key_of(make_shop())).status_code == 200
