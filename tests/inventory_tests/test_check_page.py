"""The check page: proof that the books agree, what does not, and a repair that says beforehand what it changes."""

import pytest
from django.urls import reverse

from inventory import services
from inventory.models import StockItem, StockMovement, StockRepair
from shops.permissions import Role
from tests.factories import SYSTEM, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db
CHECK = "/stock/check/"


@pytest.fixture
def shop():
    return make_shop(name="Lumina")


@pytest.fixture
def supervisor(shop, client):
    user = make_user(shop, Role.SUPERVISOR)
    client.force_login(user)
    return user


def odd_item(shop, **counters):
    product = make_product(shop, stock=5, sku="MUG")
    StockItem.objects.filter(product=product).update(**(counters or {"on_hand": 8}))
    return StockItem.objects.get(product=product)


def page(client, path=CHECK):
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_it_says_that_everything_agrees(shop, client, supervisor):
    make_product(shop)
    make_product(shop)

    text = page(client)

    assert "Ledger, counters and reservations agree: 2 stock items, checked at" in text
    assert "Nothing was ever repaired." in text


def test_it_lists_what_does_not_agree_with_both_numbers(shop, client, supervisor):
    item = odd_item(shop)

    text = page(client)

    assert "agree: " not in text
    assert "<b>8</b>, by its movements 5" in text
    assert reverse("inventory:repair", args=[item.pk]) in text


def test_it_offers_no_repair_to_those_who_may_only_look(shop, client):
    item = odd_item(shop)
    client.force_login(make_user(shop, Role.MANAGER))

    text = page(client)

    assert "by its movements 5" in text
    assert reverse("inventory:repair", args=[item.pk]) not in text


def test_it_shows_what_a_repair_changes_and_makes_it(shop, client, supervisor):
    item = odd_item(shop)
    path = reverse("inventory:repair", args=[item.pk])

    assert "After the repair" in page(client, path)
    response = client.post(path, {"reason": "restored a backup", "shown": "8/0/5/0"})

    assert (response.status_code, response["Location"]) == (303, CHECK)
    item.refresh_from_db()
    assert item.on_hand == 5
    text = page(client)
    assert "8 → 5" in text
    assert "restored a backup" in text


@pytest.mark.parametrize(
    ("posted", "sentence"),
    [
        ({"reason": "", "shown": "8/0/5/0"}, "This field is required."),
        ({"reason": "x", "shown": "9/0/5/0"}, "the numbers moved since you looked"),
        ({"reason": "x", "shown": "8/0/5/0", "counted": "-1"}, "greater than or equal to 0"),
        ({"reason": "x", "shown": "8/0/5/0", "counted": "many"}, "Enter a whole number."),
    ],
)
def test_it_says_why_a_repair_is_refused(shop, client, supervisor, posted, sentence):
    item = odd_item(shop)

    response = client.post(reverse("inventory:repair", args=[item.pk]), posted)

    assert response.status_code == 422
    assert sentence in response.content.decode()
    item.refresh_from_db()
    assert item.on_hand == 8
    assert not StockRepair.objects.exists()


def test_after_numbers_moved_the_form_is_about_the_new_ones(shop, client, supervisor):
    item = odd_item(shop)

    response = client.post(reverse("inventory:repair", args=[item.pk]), {"reason": "x", "shown": "9/0/5/0"})

    assert 'value="8/0/5/0"' in response.content.decode()


def test_it_asks_for_a_count_where_the_ledger_is_below_nothing(shop, client, supervisor):
    item = odd_item(shop)
    StockMovement.objects.update(quantity=-1)
    path = reverse("inventory:repair", args=[item.pk])

    assert "less than nothing" in page(client, path)
    refused = client.post(path, {"reason": "x"})
    client.post(path, {"reason": "x", "counted": "4"})

    assert refused.status_code == 422
    item.refresh_from_db()
    assert item.on_hand == 4


def test_it_says_that_there_is_nothing_to_repair(shop, client, supervisor):
    item = StockItem.objects.get(product=make_product(shop))

    assert "There is nothing to repair." in page(client, reverse("inventory:repair", args=[item.pk]))


def test_an_item_of_another_shop_does_not_exist(client, supervisor):
    item = odd_item(make_shop())

    assert client.get(reverse("inventory:repair", args=[item.pk])).status_code == 404
    assert client.get(reverse("inventory:repair", args=[2**62])).status_code == 404


def test_it_costs_the_same_for_few_and_for_many(shop, client, supervisor, django_assert_max_num_queries):
    def load(ceiling):
        with django_assert_max_num_queries(ceiling) as counted:
            page(client)
        return len(counted)

    odd_item(shop)
    few = load(30)
    for _n in range(12):
        item = StockItem.objects.get(product=make_product(shop, stock=3))
        StockItem.objects.filter(pk=item.pk).update(on_hand=9)
        services.repair_stock(stock_item_id=item.pk, reason="x", actor=SYSTEM)
        StockItem.objects.filter(pk=item.pk).update(on_hand=9)

    assert load(30) == few
