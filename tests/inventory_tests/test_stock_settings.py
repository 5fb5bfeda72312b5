"""A shop's stock settings: who may change them, what is refused, and what is remembered."""

import pytest
from django.urls import reverse

from inventory.errors import StockError
from inventory.models import StockSettings
from inventory.selectors import settings_of
from inventory.services import change_stock_settings
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
VALUES = {
    "alert_emails": "ana@example.com",
    "abc_days": "180",
    "abc_a_percent": "70",
    "abc_b_percent": "20",
    "slow_days": "60",
    "demand_days": "30",
    "lead_time_days": "7",
}


@pytest.fixture
def person(client, shop):
    user = User.objects.create_user("wanda", password="x")
    Membership.objects.create(user=user, shop=shop, role=Role.SUPERVISOR)
    client.force_login(user)
    return user


def test_a_shop_that_never_said_has_the_defaults(shop):
    settings = settings_of(shop.pk)

    assert (settings.abc_a_percent, settings.abc_b_percent, settings.slow_days) == (80, 15, 90)
    assert not StockSettings.objects.exists()


def test_it_keeps_what_is_entered(client, person, shop):
    response = client.post("/stock/settings/", VALUES)

    settings = StockSettings.objects.get()
    assert (response.status_code, response["Location"]) == (303, "/stock/settings/?shop=shop")
    assert (settings.shop, settings.alert_emails) == (shop, "ana@example.com")
    assert (settings.abc_days, settings.abc_a_percent, settings.abc_b_percent) == (180, 70, 20)
    assert (settings.slow_days, settings.demand_days, settings.lead_time_days) == (60, 30, 7)


def test_addresses_are_tidied(client, person):
    client.post("/stock/settings/", VALUES | {"alert_emails": " a@x.ro \r\n\r\nB@x.ro; A@x.ro,c@x.ro"})

    assert StockSettings.objects.get().alert_emails == "a@x.ro\nB@x.ro\nc@x.ro"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("alert_emails", "ana@example.com\nnot an address", "“not an address” is not an e-mail address"),
        (
            "alert_emails",
            "\n".join(f"a{n}@x.ro" for n in range(21)),
            "At most 20 addresses can be told; these are 21.",
        ),
        ("abc_b_percent", "31", "A and B together are 101 % of the revenue"),
        ("abc_a_percent", "0", "greater than or equal to 1"),
        ("abc_days", "", "This field is required"),
        ("abc_days", "1101", "less than or equal to 1100"),
        ("slow_days", "1101", "At most 1100 days."),
        ("lead_time_days", "5000", "At most 1100 days."),
        ("demand_days", "-1", "greater than or equal to"),
        ("demand_days", "NaN", "Enter a whole number."),
    ],
)
def test_it_says_what_is_wrong_and_keeps_nothing(client, person, field, value, sentence):
    response = client.post("/stock/settings/", VALUES | {field: value})

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not StockSettings.objects.exists()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.WAREHOUSE])
def test_who_may_not_edit_products_may_not_change_them(client, person, role):
    Membership.objects.update(role=role)

    assert client.get("/stock/settings/").status_code == 403
    assert client.post("/stock/settings/", VALUES).status_code == 403
    assert not StockSettings.objects.exists()


def test_a_foreign_shop_is_not_there(client, person):
    create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")

    assert client.post("/stock/settings/", VALUES | {"shop": "other"}).status_code == 404
    assert not StockSettings.objects.exists()


def test_the_service_asks_permission_and_checks_by_itself(shop, person):
    stranger = Actor.person(User.objects.create_user("stranger"))

    with pytest.raises(NotPermitted):
        change_stock_settings(shop_id=shop.pk, actor=stranger, slow_days=5)
    with pytest.raises(StockError) as refusal:
        change_stock_settings(shop_id=shop.pk, actor=BY, abc_a_percent=90, abc_b_percent=11)

    assert refusal.value.field == "abc_b_percent"
    assert not StockSettings.objects.exists()


def test_changing_one_setting_leaves_the_others(shop):
    change_stock_settings(shop_id=shop.pk, actor=BY, slow_days=5)

    change_stock_settings(shop_id=shop.pk, actor=BY, lead_time_days=3)

    settings = StockSettings.objects.get()
    assert (settings.slow_days, settings.lead_time_days) == (5, 3)


def test_the_admin_has_them_with_their_history(client, shop):
    owner = User.objects.create_superuser("owner", password="x")
    client.force_login(owner)
    client.post(reverse("admin:inventory_stocksettings_add"), VALUES | {"shop": shop.pk})
    settings = StockSettings.objects.get()

    refused = client.post(
        reverse("admin:inventory_stocksettings_change", args=[settings.pk]),
        VALUES | {"shop": shop.pk, "alert_emails": "nobody"},
    )
    page = client.get(reverse("admin:inventory_stocksettings_history", args=[settings.pk]))

    assert "is not an e-mail address" in refused.content.decode()
    assert page.status_code == 200
    assert settings.history.latest().history_user == owner
