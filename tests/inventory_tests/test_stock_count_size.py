"""A count of a thousand products, all differing: its pages as cheap as those of a small one, posted as one set."""

import pytest
from django.db import connection
from django.db.models import F, Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import Product, StockCountLine, StockItem, StockMovement, Warehouse
from inventory.selectors import stock_problems
from inventory.services.counting import finish_counting, open_count
from inventory.services.posting import post_count
from shops.actors import Actor
from shops.permissions import Role
from tests.factories import make_user

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
BY = Actor.system("test")
MANY = 1_000


@pytest.fixture
def warehouse(shop):
    """A warehouse with a thousand products, ten of each on hand."""
    Product.objects.bulk_create(
        [
            Product(shop=shop, sku=f"S{n:05}", name=f"Product {n:05}", place=f"A-{n % 90:02}", cost=n % 50)
            for n in range(MANY)
        ],
        batch_size=1000,
    )
    warehouse = Warehouse.objects.get(shop=shop, is_default=True)
    items = StockItem.objects.bulk_create(
        [StockItem(product=product, warehouse=warehouse, on_hand=10) for product in Product.objects.all()],
        batch_size=1000,
    )
    StockMovement.objects.bulk_create(
        [
            StockMovement(stock_item=item, kind="receipt", quantity=10, actor_kind="system")
            for item in StockItem.objects.filter(pk__in=[item.pk for item in items])
        ],
        batch_size=1000,
    )
    return warehouse


def test_it_opens_shows_and_posts_a_thousand_lines(client, shop, warehouse, django_assert_max_num_queries):
    count = open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, actor=BY)
    now = timezone.now()
    StockCountLine.objects.update(
        counted=F("expected") + 1, on_hand_then=F("expected"), first_counted_at=now, counted_at=now
    )
    client.force_login(make_user(shop, Role.WAREHOUSE))
    for path in ("", "?by=units", "?show=all", "count/"):
        with django_assert_max_num_queries(17):
            assert len(client.get(f"/stock/counts/{count.pk}/{path}").content) < 200_000
    finish_counting(count_id=count.pk, actor=BY)

    with CaptureQueriesContext(connection) as captured:
        post_count(count_id=count.pk, actor=BY)

    # Lines found by a subquery over themselves took PostgreSQL minutes while it had no statistics of them.
    changes = [query["sql"] for query in captured if query["sql"].startswith("UPDATE")]
    assert [sql for sql in changes if 'FROM "inventory_stockcountline"' in sql] == []
    assert StockItem.objects.filter(on_hand=11).count() == MANY
    assert (
        StockMovement.objects.filter(reference=count.reference).aggregate(sum=Sum("quantity"))["sum"] == MANY
    )
    assert list(stock_problems()) == []
