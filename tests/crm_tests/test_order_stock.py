"""What the order page, its forms and the card say about stock: lines, the rest, goods that arrived, refunds due."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from crm.models import Deal, Funnel
from crm.selectors.board import Filters, board, load_cards
from crm.selectors.today import conditions, today
from inventory import services as inventory
from inventory.models import Product
from orders import services
from orders.models import Order, OrderEvent, Shipment
from orders.statuses import ShipmentState, Status
from shops.actors import Actor
from shops.models import ReserveAt, StockMaster
from shops.permissions import Role
from tests.factories import PAID, SYSTEM, make_line, make_order, make_product, make_shop, make_user
from tests.state import everything, held_for

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def shop():
    return make_shop("RO", order_prefix="RO-", undo_seconds=600)


@pytest.fixture
def manager(client, shop):
    user = make_user(shop, first_name="Mara", last_name="Ilie")
    client.force_login(user)
    return user


def goods_come(product, quantity):
    inventory.receive(product_id=product.pk, quantity=quantity, reason="delivery", actor=SYSTEM)


def shipped_in_part(shop, **fields):
    product = make_product(shop, stock=2, name="Cup", expected_on=date(2026, 12, 3))
    order = make_order(shop, lines=(make_line(product, 5),), **fields)
    services.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    services.advance_order(order_id=order.pk, to=Status.PROCESSING, actor=SYSTEM)
    services.ship_order(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="A1")
    return Order.objects.get(pk=order.pk), product


def page_of(client, order):
    return client.get(f"/orders/{order.number}/").content.decode()


def card_of(order):
    deal = Deal.objects.select_related("funnel__shop").get(order=order)
    return load_cards(deal.funnel, [deal.pk])[deal.pk]


def figure_and_cards(user, shop, code):
    """What the figure of the Today strip counts, and the orders the board shows when narrowed to it."""
    funnel = Funnel.objects.select_related("shop").get(shop=shop, is_default=True)
    where = conditions(funnel)
    shown = board(user, funnel, Filters(where=where[code]), unfolded=("shipped", "delivered"))
    orders = {card.order.pk for column in shown.columns for card in column.cards if card.order}
    return getattr(today(user, funnel, where), code), orders


def test_it_says_what_became_of_each_unit(client, shop, manager):
    order, product = shipped_in_part(shop)
    goods_come(product, 1)

    page = page_of(client, order)

    for text in ("short stock", "1 reserved", "2 awaited", "expected 3 Dec 2026", "2 shipped", "2 × Cup"):
        assert text in page


def test_returned_and_dropped_units_are_named(client, shop, manager):
    order, _product = shipped_in_part(shop)
    services.drop_rest(order_id=order.pk, actor=SYSTEM)
    services.return_order(order_id=order.pk, actor=SYSTEM, return_kind="refused")

    page = page_of(client, order)

    for text in ("2 shipped", "2 returned", "3 will not be sent", "The rest will not be sent · 3 × Cup"):
        assert text in page
    assert "short stock" not in page


@pytest.mark.parametrize(
    "settings", [{"stock_master": StockMaster.NOBODY}, {"reserve_at": ReserveAt.CONFIRMATION}]
)
def test_a_line_is_not_short_because_nothing_is_reserved_yet(client, manager, shop, settings):
    type(shop).objects.filter(pk=shop.pk).update(**settings)
    order = make_order(type(shop).objects.get(pk=shop.pk), lines=(make_line(make_product(shop, stock=5), 2),))

    assert "short stock" not in page_of(client, order)


def test_the_rest_is_offered_when_it_arrived_and_explained_before(client, shop, manager):
    order, product = shipped_in_part(shop)
    waits = page_of(client, order)

    goods_come(product, 3)
    arrived = page_of(client, order)

    assert 'disabled aria-describedby="why-ship-rest"' in waits
    assert "The rest has not arrived yet: 3 × Cup, expected 3 Dec 2026." in waits
    assert f'href="/orders/{order.number}/ship-rest/"' not in waits
    assert f'href="/orders/{order.number}/ship-rest/"' in arrived
    assert "it can be shipped" in arrived
    assert "Goods arrived: it can be shipped · 3 × Cup" in arrived


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.SHIPPED, Status.RETURNED])
def test_an_order_that_owes_nothing_has_no_such_buttons(client, shop, manager, status):
    order = make_order(shop, status=status)

    page = page_of(client, order)

    assert "ship-rest" not in page
    assert "drop-rest" not in page


def test_the_warehouse_sends_but_does_not_drop(client, shop):
    order, product = shipped_in_part(shop)
    goods_come(product, 3)
    client.force_login(make_user(shop, Role.WAREHOUSE))

    page = page_of(client, order)

    assert "ship-rest" in page
    assert "drop-rest" not in page


def test_sending_the_rest_asks_for_parcel_and_units_and_can_be_undone(client, shop, manager):
    order, product = shipped_in_part(shop)
    goods_come(product, 3)
    line = order.lines.get()
    address = f"/orders/{order.number}/ship-rest/"
    form = client.get(address).context["form"]

    answer = client.post(address, {"carrier": "fan", "tracking_number": "A2", f"units-{line.pk}": "2"})

    assert form.initial["carrier"] == "fan"
    assert form.fields[f"units-{line.pk}"].initial == 3
    assert answer.status_code == 303
    assert (held_for(order), Shipment.objects.filter(order=order).count()) == ((1, 0), 2)
    page = page_of(client, order)
    assert "the rest was sent" in page
    assert "The rest was sent: FAN Courier A2" in page
    move = OrderEvent.objects.filter(order=order, move_id__isnull=False).latest("pk").move_id
    client.post(f"/moves/{move}/undo/", {"next": f"/orders/{order.number}/"})
    assert held_for(order) == (3, 0)
    assert "Undone: the order is as it was before" in page_of(client, order)


@pytest.mark.parametrize(
    "given",
    [
        {"carrier": "fan", "tracking_number": ""},
        {"carrier": "pigeon", "tracking_number": "A2"},
        {"units": "4"},
        {"units": "-1"},
        {"units": "NaN"},
        {"units": "0"},
        {"units": ""},
    ],
)
def test_a_wrong_form_comes_back_with_a_sentence(client, shop, manager, given):
    order, product = shipped_in_part(shop)
    goods_come(product, 3)
    line = order.lines.get()
    posted = {"carrier": "fan", "tracking_number": "A2", "units": "3", **given}
    posted[f"units-{line.pk}"] = posted.pop("units")
    before = everything()

    answer = client.post(f"/orders/{order.number}/ship-rest/", posted)

    assert answer.status_code == 422
    assert everything() == before
    assert 'class="errorlist"' in answer.content.decode() or 'role="alert"' in answer.content.decode()


def test_the_form_says_why_not_before_goods_arrived(client, shop, manager):
    order, _product = shipped_in_part(shop)

    page = client.get(f"/orders/{order.number}/ship-rest/").content.decode()

    assert "The rest has not arrived yet" in page


def test_dropping_the_rest_of_a_paid_order_asks_for_a_refund_until_it_is_given(client, shop, manager):
    order, _product = shipped_in_part(shop, **PAID)

    answer = client.post(f"/orders/{order.number}/drop-rest/", {"reason": "sold out"})

    page = client.get(f"/orders/{order.number}/").context["page"]
    assert (answer.status_code, page.refund_due) == (303, Decimal("30.00"))
    assert "A refund is due" in page_of(client, order)
    services.record_payment(order_id=order.pk, actor=Actor.person(manager), payment_status="partly_refunded")
    assert "A refund is due" not in page_of(client, order)


def test_each_of_several_parcels_can_be_marked_as_delivered(client, shop, manager):
    order, product = shipped_in_part(shop)
    goods_come(product, 3)
    first = order.shipments.get()
    assert "/delivered/" not in page_of(client, order)
    services.ship_rest(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="A2")
    address = f"/orders/{order.number}/shipments/{first.pk}/delivered/"
    assert address in page_of(client, order)

    answer = client.post(address)

    assert answer.status_code == 303
    assert [p.state for p in order.shipments.all()] == [ShipmentState.DELIVERED, ShipmentState.HANDED_OVER]
    page = page_of(client, order)
    assert "Parcel delivered: FAN Courier A1" in page
    assert "/delivered/" not in page


def test_the_card_is_short_until_the_goods_arrive_and_says_when(shop):
    days = [date(2026, 12, 3), date(2026, 12, 9)]
    products = [make_product(shop, stock=0, expected_on=day) for day in days]
    order = make_order(shop, lines=tuple(make_line(product) for product in products))

    waits = card_of(order)
    for product in products:
        goods_come(product, 1)
    arrived = card_of(order)
    services.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert (waits.is_short, waits.expected_on, waits.goods_arrived) == (True, days[1], False)
    assert (arrived.is_short, arrived.goods_arrived) == (False, True)
    assert card_of(order).goods_arrived is False


def test_the_card_names_no_day_while_one_is_unknown(shop):
    products = [make_product(shop, stock=0, expected_on=day) for day in (date(2026, 12, 3), None)]
    order = make_order(shop, lines=tuple(make_line(product) for product in products))

    assert (card_of(order).is_short, card_of(order).expected_on) == (True, None)


def test_the_card_of_a_shipped_order_shows_its_rest(shop):
    order, product = shipped_in_part(shop)

    waits = card_of(order)
    goods_come(product, 3)
    arrived = card_of(order)
    services.ship_rest(order_id=order.pk, actor=SYSTEM, carrier="own")
    sent = card_of(order)

    assert (waits.is_short, arrived.is_short, sent.is_short) == (True, False, False)
    assert (waits.awaits_rest, arrived.awaits_rest) == (True, False)
    assert (waits.goods_arrived, arrived.goods_arrived, sent.goods_arrived) == (False, True, False)


def test_the_today_strip_counts_orders_whose_goods_arrived(shop, manager):
    waiting_for = make_product(shop, stock=0)
    order = make_order(shop, lines=(make_line(waiting_for),))
    rest, product = shipped_in_part(shop)
    make_order(shop)
    assert figure_and_cards(manager, shop, "arrived") == (0, set())

    goods_come(waiting_for, 1)
    goods_come(product, 3)
    assert figure_and_cards(manager, shop, "arrived") == (2, {order.pk, rest.pk})

    services.confirm_order(order_id=order.pk, actor=SYSTEM)
    services.ship_rest(order_id=rest.pk, actor=SYSTEM, carrier="own")
    assert figure_and_cards(manager, shop, "arrived") == (0, set())


def test_goods_that_went_missing_again_are_short_and_not_arrived(shop, manager):
    product = make_product(shop, stock=0)
    order = make_order(shop, lines=(make_line(product),))
    goods_come(product, 1)
    inventory.release(reference=order.stock_reference, actor=SYSTEM)
    Product.objects.filter(pk=product.pk).update(expected_on=None)
    inventory.write_off(product_id=product.pk, quantity=1, reason="broken", actor=SYSTEM)
    inventory.reserve(
        reference=order.stock_reference,
        shop_id=shop.pk,
        wanted={product.pk: 1},
        on_shortage="backorder",
        actor=SYSTEM,
    )

    assert figure_and_cards(manager, shop, "arrived") == (0, set())
    assert figure_and_cards(manager, shop, "short") == (1, {order.pk})
    assert (card_of(order).is_short, card_of(order).goods_arrived) == (True, False)
