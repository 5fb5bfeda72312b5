"""Whatever comes in, the reader gives a draft or one PayloadError, and the hook stores it and says 200."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.imports.errors import PayloadError
from orders.imports.models import Delivery
from orders.imports.woocommerce import SourceOrder, load_json, parse_order
from orders.models import Order
from orders.services.placing import validate_draft
from shops.models import Shop
from tests.factories import make_shop
from tests.imports_tests.payloads import ORDER, deliver

pytestmark = pytest.mark.slow

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
ODD = JSON | st.sampled_from(
    ["", "0", "-1", "1e309", "٣", "1_000", "\x00", "\ud800", 10**400, 1e308, float("nan"), [[]], {"": {}}]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


PLACES = places(ORDER)


def with_change(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    payload = copy.deepcopy(ORDER)
    target: Any = payload
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return payload


def read(payload: Any) -> SourceOrder | None:
    try:
        return parse_order(payload)
    except PayloadError:
        return None


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_json_is_read_or_refused(payload: Any) -> None:
    assert read(payload) is None


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=3))
def test_an_order_with_odd_fields_is_refused_or_can_be_stored(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    payload: Any = copy.deepcopy(ORDER)
    for path, value in changes:
        try:
            target: Any = payload
            for key in path[:-1]:
                target = target[key]
            target[path[-1]] = value
        except (KeyError, TypeError, IndexError):
            continue

    found = read(payload)

    if found is not None:
        validate_draft(found.draft)
        json.dumps(repr(found.draft)).encode()
        assert "\x00" not in repr(found.draft)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_json_or_refused(body: bytes) -> None:
    try:
        value = load_json(body)
    except PayloadError:
        return
    assert read(value) is None


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_signed_bytes_are_stored_and_answered(shop: Shop, body: bytes) -> None:
    response = deliver(shop, body)

    assert response.status_code == 200
    kept = Delivery.objects.get(content_hash=hashlib.sha256(body).hexdigest())
    assert (bytes(kept.body), kept.error) == (body, "")
    assert kept.state in ("failed", "ignored")
    assert not Order.objects.exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), ODD)
def test_a_half_valid_order_is_never_an_error_of_ours(shop: Shop, path: tuple[Any, ...], value: Any) -> None:
    response = deliver(shop, json.dumps(with_change(path, value)).encode("utf-8", "surrogatepass"))

    assert response.status_code == 200
    assert Delivery.objects.order_by("-pk")[0].error == ""
