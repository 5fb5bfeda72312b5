"""A shop's page: its identity, the webhook and who sees its secret."""

from __future__ import annotations

import pytest
from django.conf import settings

from orders.imports.models import Connection
from orders.imports.selectors import secret_of
from orders.imports.services.connecting import open_connection
from shops.permissions import Role
from tests.factories import make_shop, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make_shop("RO", name="Casa Dor", slug="casa-dor", domain="casa-dor.example")


def signed_in(client, shop, role: str = Role.ADMIN, **fields):
    user = make_user(shop, role, **fields)
    client.force_login(user)
    return user


def test_it_shows_identity_and_people(client, shop):
    signed_in(client, shop, Role.MANAGER, first_name="Mara", last_name="Ilie")

    page = client.get("/shops/casa-dor/").content.decode()

    for text in ("Casa Dor", "casa-dor.example", "RON", "Romanian", "Mara Ilie", "Manager"):
        assert text in page
    assert "/admin/" not in page


def test_it_links_staff_admins_to_the_settings(client, shop):
    signed_in(client, shop, is_staff=True)

    page = client.get("/shops/casa-dor/").content.decode()

    assert f"/admin/shops/shop/{shop.pk}/change/" in page
    assert f"/shops/{shop.slug}/funnels/" in page


def test_it_opens_the_webhook_once(client, shop):
    signed_in(client, shop)

    first = client.post("/shops/casa-dor/connect/")
    secret = secret_of(Connection.objects.get(shop=shop))
    second = client.post("/shops/casa-dor/connect/")

    assert (first.status_code, second.status_code) == (303, 303)
    page = client.get("/shops/casa-dor/").content.decode()
    assert f"{settings.OMS_PUBLIC_URL}/hooks/woocommerce/casa-dor" in page
    assert secret in page
    assert "waiting for the first delivery" in page


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.MANAGER, Role.WAREHOUSE])
def test_it_keeps_the_secret_from_everybody_but_admins(client, shop, role):
    connection = open_connection(shop_id=shop.pk, source="woocommerce")
    before = secret_of(connection)
    signed_in(client, shop, role)

    page = client.get("/shops/casa-dor/").content.decode()
    answers = [client.post(f"/shops/casa-dor/{verb}/").status_code for verb in ("connect", "secret")]

    assert "/hooks/woocommerce/casa-dor" in page
    assert before not in page
    assert answers == [403, 403]
    assert secret_of(Connection.objects.get(shop=shop)) == before


def test_it_makes_a_new_secret(client, shop):
    before = secret_of(open_connection(shop_id=shop.pk, source="woocommerce"))
    signed_in(client, shop)

    response = client.post("/shops/casa-dor/secret/")

    after = secret_of(Connection.objects.get(shop=shop))
    assert response.status_code == 303
    assert after != before
    assert after in client.get("/shops/casa-dor/").content.decode()


def test_it_says_so_when_the_secret_cannot_be_read_any_more(client, shop):
    open_connection(shop_id=shop.pk, source="woocommerce")
    Connection.objects.update(secret="not what we wrote")
    signed_in(client, shop)

    response = client.get("/shops/casa-dor/")

    assert response.status_code == 200
    assert "The secret cannot be read any more" in response.content.decode()


def test_it_is_not_kept_by_the_browser(client, shop):
    signed_in(client, shop)

    assert "no-store" in client.get("/shops/casa-dor/")["Cache-Control"]


def test_it_does_not_exist_for_others(client, shop):
    signed_in(client, make_shop("PL"))

    assert client.get("/shops/casa-dor/").status_code == 404
    assert client.post("/shops/casa-dor/connect/").status_code == 404
    assert not Connection.objects.exists()
