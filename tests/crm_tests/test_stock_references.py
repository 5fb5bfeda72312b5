"""What the stock pages call the orders behind reservations and movements."""

from __future__ import annotations

import pytest

from inventory.models import Warehouse
from inventory.references import Named, named
from inventory.services.importing import upload_import
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user

pytestmark = pytest.mark.django_db


def test_it_links_orders_one_may_see_and_names_those_one_may_not_open_yet() -> None:
    order = make_order()
    reference = f"order:{order.pk}"

    seen = named([reference], make_user(order.shop, Role.SUPERVISOR))
    not_yet = named([reference], make_user(order.shop, Role.WAREHOUSE))

    assert seen == {reference: Named(order.number, f"/orders/{order.number}/")}
    assert not_yet == {reference: Named(order.number)}


def test_a_reference_typed_by_hand_does_not_tell_another_shops_number() -> None:
    order = make_order()
    stranger = make_user(make_shop("PL"), Role.ADMIN)

    told = named([f"order:{order.pk}"], stranger)

    assert told == {f"order:{order.pk}": Named("an order")}


def test_it_costs_three_queries_however_many_there_are(django_assert_num_queries) -> None:
    first, second = make_order(), make_order()
    user = make_user(first.shop, Role.SUPERVISOR)

    with django_assert_num_queries(3):
        named([f"order:{first.pk}", f"order:{second.pk}", "order:nonsense"], user)


def test_a_movement_of_an_import_leads_to_its_file() -> None:
    shop = make_shop()
    job = upload_import(
        warehouse_id=Warehouse.objects.get(shop=shop).pk, name="goods.csv", content=b"SKU\nA\n", actor=SYSTEM
    )

    told = named([job.reference], make_user(shop, Role.SUPERVISOR))
    stranger = named([job.reference], make_user(make_shop("PL"), Role.ADMIN))

    assert told == {job.reference: Named("goods.csv", f"/stock/imports/{job.uuid}/")}
    assert stranger == {job.reference: Named("an imported file")}
