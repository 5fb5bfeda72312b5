"""Funnels and stages in the admin: what a shop owner may change, and what is refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import Deal, Funnel, Stage
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
COLUMNS = (
    "name",
    "slug",
    "colour",
    "position",
    "kind",
    "status",
    "condition",
    "wip_limit",
    "time_limit_hours",
)
FLAGS = ("is_entry", "is_side", "requires_previous")


@pytest.fixture
def shop():
    return make_shop("RO", language="en")


@pytest.fixture
def funnel(client, shop) -> Funnel:
    client.force_login(make_user(shop, Role.ADMIN, is_staff=True))
    return Funnel.objects.get(shop=shop, is_default=True)


def posted(funnel: Funnel, **changes: Any) -> dict[str, Any]:
    """The change form as it stands, with `<stage slug>__<field>` and plain fields changed."""
    stages = list(funnel.stages.order_by("position", "pk"))
    values: dict[str, Any] = {"name": funnel.name, "position": 0, "is_active": "on", "is_default": "on"}
    values |= {"stages-TOTAL_FORMS": len(stages), "stages-INITIAL_FORMS": len(stages)}
    for index, stage in enumerate(stages):
        row = {name: getattr(stage, name) for name in COLUMNS} | {"id": stage.pk, "funnel": funnel.pk}
        row |= {flag: "on" for flag in FLAGS if getattr(stage, flag)}
        row |= {
            key.partition("__")[2]: value
            for key, value in changes.items()
            if key.startswith(f"{stage.slug}__")
        }
        values |= {
            f"stages-{index}-{name}": value
            for name, value in row.items()
            if value is not None and value is not False
        }
    return values | {key: value for key, value in changes.items() if "__" not in key}


def change(client, funnel: Funnel, **changes: Any):
    return client.post(f"/admin/crm/funnel/{funnel.pk}/change/", posted(funnel, **changes))


def test_it_saves_names_colours_and_limits(client, funnel):
    response = change(client, funnel, new__name="Fresh", new__colour="#112233", new__wip_limit=5)

    stage = Stage.objects.get(funnel=funnel, slug="new")
    assert response.status_code == 302
    assert (stage.name, stage.colour, stage.wip_limit) == ("Fresh", "#112233", 5)


def test_it_explains_the_fields(client, funnel):
    page = client.get(f"/admin/crm/funnel/{funnel.pk}/change/").content.decode()

    for text in (
        "The stripe above the column.",
        "When the order gets this status, its card comes here.",
        'type="color"',
    ):
        assert text in page


def test_it_refuses_to_delete_a_stage_with_cards_in_words(client, funnel, shop):
    make_order(shop)
    stage = Deal.objects.get().stage

    response = change(client, funnel, **{f"{stage.slug}__DELETE": "on"})

    assert response.status_code == 200
    assert (
        f"1 card stands on “{stage.name}”. Move them to another stage before you delete it."
        in response.content.decode()
    )
    assert f"/funnels/{funnel.slug}/stages/{stage.pk}/" in response.content.decode()
    assert Stage.objects.filter(pk=stage.pk).exists()


def test_a_stage_that_becomes_the_end_closes_its_cards(client, funnel, shop):
    make_order(shop)
    deal = Deal.objects.get()

    response = change(client, funnel, new__kind="won")

    assert response.status_code == 302
    assert Deal.objects.get(pk=deal.pk).is_open is False


def test_it_deletes_an_empty_stage(client, funnel):
    response = change(client, funnel, packed__DELETE="on")

    assert response.status_code == 302
    assert not funnel.stages.filter(slug="packed").exists()


def test_it_refuses_a_second_entry_of_a_status_in_words(client, funnel):
    response = change(client, funnel, packed__is_entry="on")

    assert response.status_code == 200
    assert "is the entry of “Processing” already; a status has one." in response.content.decode()
    assert not Stage.objects.get(funnel=funnel, slug="packed").is_entry


def test_it_moves_an_entry_in_one_save(client, funnel):
    response = change(client, funnel, packed__is_entry="on", picking__is_entry=False)

    assert response.status_code == 302
    entries = funnel.stages.filter(status="processing", is_entry=True).values_list("slug", flat=True)
    assert list(entries) == ["packed"]


def test_it_refuses_an_entry_without_a_status_in_words(client, funnel):
    response = change(client, funnel, packed__is_entry="on", packed__status="")

    assert response.status_code == 200
    assert "An entry stage needs the order status" in response.content.decode()


def test_it_keeps_the_status_of_a_stage_that_holds_cards(client, funnel, shop):
    make_order(shop, status="processing")
    stage = Deal.objects.get().stage

    response = change(
        client, funnel, **{f"{stage.slug}__status": "shipped", f"{stage.slug}__is_entry": False}
    )

    assert response.status_code == 200
    assert "Move them to another stage before it gets another status." in response.content.decode()
    stage.refresh_from_db()
    assert stage.status == "processing"


def test_it_refuses_a_second_funnel_for_orders_in_words(client, funnel, shop):
    sales = Funnel.objects.get(shop=shop, is_default=False)

    response = client.post(f"/admin/crm/funnel/{sales.pk}/change/", posted(sales, is_default="on"))

    assert response.status_code == 200
    assert (
        f"Orders of this shop appear in “{funnel.name}”; switch it off there first."
        in response.content.decode()
    )


def test_it_offers_no_deletion_of_a_funnel_with_deals(client, funnel, shop):
    make_order(shop)

    response = client.post(f"/admin/crm/funnel/{funnel.pk}/delete/", {"post": "yes"})

    assert response.status_code == 403
    assert Funnel.objects.filter(pk=funnel.pk).exists()


def test_it_lets_nobody_change_deals_orders_or_customers(client, funnel, shop):
    order = make_order(shop)
    deal = Deal.objects.get()

    for path in (f"crm/deal/{deal.pk}", f"orders/order/{order.pk}", f"orders/customer/{order.customer_id}"):
        shown = client.get(f"/admin/{path}/change/")
        answers = [
            client.post(f"/admin/{path}/{verb}/", {"post": "yes"}).status_code
            for verb in ("change", "delete")
        ]
        assert shown.status_code == 200
        assert answers == [403, 403]


def test_it_finds_orders_customers_and_deals_and_leads_to_their_pages(client, funnel, shop):
    order = make_order(shop)
    deal = Deal.objects.get()

    for path, link in (
        ("orders/order", f"/orders/{order.number}/"),
        ("orders/customer", f"/customers/{order.customer_id}/"),
        ("crm/deal", f"/deals/{deal.pk}/"),
    ):
        found = client.get(f"/admin/{path}/", {"q": "0722 334 455"}).content.decode()
        missed = client.get(f"/admin/{path}/", {"q": "nobody"}).content.decode()
        assert f'href="{link}"' in found
        assert f'href="{link}"' not in missed


def test_it_shows_a_shops_admin_nothing_of_another_shop(client, funnel):
    foreign = make_order(make_shop("PL"))
    other = Funnel.objects.exclude(shop=funnel.shop).first()

    assert foreign.number not in client.get("/admin/orders/order/").content.decode()
    assert client.get(f"/admin/orders/order/{foreign.pk}/change/").status_code == 302
    assert client.post(f"/admin/crm/funnel/{other.pk}/change/", posted(other, name="Mine")).status_code == 302
    other.refresh_from_db()
    assert other.name != "Mine"
