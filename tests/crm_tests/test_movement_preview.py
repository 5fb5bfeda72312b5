"""Showing a movement that orders wait for: it is made and taken back, and nothing of it is left on orders, board or queue."""

import pytest

from inventory import services
from inventory.models import Reservation
from inventory.services import Change, foresee
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user
from tests.state import everything

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting_order():
    shop = make_shop()
    product = make_product(shop, stock=1, allow_backorder=True)
    order = make_order(shop, lines=(make_line(product, 3),), notify=True)
    assert Reservation.objects.get().backordered == 2
    return order, product


def test_it_leaves_orders_board_and_messages_alone(waiting_order, django_capture_on_commit_callbacks):
    order, product = waiting_order
    before = everything()

    with django_capture_on_commit_callbacks() as callbacks:
        outlook = foresee(
            change=Change(services.receive, product.pk, {"quantity": 5, "reason": "x"}), actor=SYSTEM
        )

    assert [(share.reference, share.units) for share in outlook.gets] == [(f"order:{order.pk}", 2)]
    assert everything() == before
    assert callbacks == []


@pytest.mark.parametrize("role", ["supervisor", "warehouse"])
def test_it_names_the_order_that_gets_the_goods_to_those_who_may_see_it(client, waiting_order, role):
    order, product = waiting_order
    client.force_login(make_user(order.shop, role, language="en"))
    place = Reservation.objects.get().stock_item.warehouse_id
    asked = {"product": product.pk, "quantity": 5, "warehouse": place, "key": "0" * 32, "preview": "1"}

    page = client.get("/stock/receive/", asked, headers={"HX-Request": "true"}).content.decode()

    # Warehouse people may not open orders that are not confirmed yet, but put goods aside for them by number.
    link = f'<a href="/orders/{order.number}/">{order.number}</a>'
    assert (link in page) is (role == "supervisor")
    assert order.number in page
    assert "gets 2" in page
