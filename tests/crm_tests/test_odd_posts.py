"""What nobody's page sends, but anybody can: an answer always, never a crash."""

import pytest

from crm.models import Deal, Funnel, SavedView
from orders.models import Order, Shipment
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db
MANY = "&".join(f"source=s{number}&stage={number}" for number in range(60))


@pytest.fixture
def shop(client):
    shop = make_shop()
    client.force_login(make_user(shop, Role.SUPERVISOR))
    return shop


def test_a_list_opens_with_more_filters_than_anybody_ticks(client, shop):
    answer = client.get(f"/orders/?{MANY}")

    assert answer.status_code == 200


def test_filters_too_many_for_a_view_are_refused_with_a_sentence(client, shop):
    values = {"page": "orders", "shop": shop.slug, "name": "All of it", "query": MANY * 2}

    client.post("/views/", values)

    assert "too long to be saved" in client.get("/orders/").content.decode()
    assert not SavedView.objects.exists()


def test_rows_are_chosen_under_any_number_of_filters(client, shop):
    order = make_order(shop)

    answer = client.post("/orders/chosen", {"do": "claim", "order": order.pk, "query": "a=1&" * 900})

    assert answer.status_code == 303
    assert Order.objects.get(pk=order.pk).manager is not None


@pytest.mark.parametrize(
    "held", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "soon"]
)
def test_an_order_is_not_given_back_at_a_moment_outside_the_calendar(client, shop, held):
    deal = Deal.objects.get(order=make_order(shop))
    url = f"/board/{Funnel.objects.get(shop=shop, is_default=True).slug}/work/"
    client.get(f"{url}?stage=new")

    answer = client.post(f"{url}{deal.pk}/release/?stage=new", {"held": held})

    deal.refresh_from_db()
    assert answer.status_code in (204, 422)
    assert deal.held_by is not None


def test_sums_of_absurd_quantities_are_no_crash(client, shop):
    line = {"quantity": "9" * 18, "unit_price": "999999999999", "product": "", "name": "x"}
    values = {"lines-TOTAL_FORMS": "1", "find-customer": "1"}

    answer = client.post("/orders/new/", values | {f"lines-0-{name}": value for name, value in line.items()})

    assert answer.status_code == 200


def test_a_number_with_signs_of_an_address_is_looked_for_whole(client, shop):
    parcel = make_order(shop, status="shipped").shipments.get()
    Shipment.objects.filter(pk=parcel.pk).update(tracking_number="AB&C #1")

    answer = client.post("/parcels/returns/settle/", {"parcel": parcel.pk, "do": "refused"})

    assert answer["Location"] == "/parcels/returns/?scan=AB%26C+%231"
