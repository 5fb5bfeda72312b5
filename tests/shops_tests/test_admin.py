"""The admin of the ground floor: shops from a preset, people, keys, and who reaches what."""

import re

import pytest
from django.urls import reverse

from shops.models import ApiKey, Membership, Shop, User
from shops.permissions import Role
from shops.services import create_shop, digest_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client):
    user = User.objects.create_superuser("owner", password="x")
    client.force_login(user)
    return user


@pytest.fixture
def shop():
    return create_shop(country="RO", name="Ceramica", slug="ceramica", order_prefix="RO-")


@pytest.fixture
def other():
    return create_shop(country="PL", name="Garnki", slug="garnki", order_prefix="PL-")


@pytest.fixture
def shop_admin(client, shop):
    """Staff, admin of one shop only."""
    user = User.objects.create_user("ana", password="x", is_staff=True)
    Membership.objects.create(user=user, shop=shop, role=Role.ADMIN)
    client.force_login(user)
    return user


def shop_form(shop, **changes):
    fields = (
        *("name", "slug", "country", "domain", "phone", "currency", "language", "time_zone", "sender_name"),
        *("sender_email", "sms_sender", "order_prefix", "next_order_number", "stock_master", "reserve_at"),
        *("claim_visibility", "undo_seconds"),
    )
    inline = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    hours = "\n".join(f"{day} {opens}-{closes}" for day, (opens, closes) in shop.working_hours.items())
    values = {name: getattr(shop, name) for name in fields}
    lines = {"working_hours": hours, "holidays": "\n".join(shop.holidays), "is_active": "on"}
    return {**values, **inline, **lines, **changes}


@pytest.mark.parametrize("model", ["shop", "user", "apikey"])
def test_it_opens_lists_and_forms(client, owner, shop, model):
    for page in (f"admin:shops_{model}_changelist", f"admin:shops_{model}_add"):
        assert client.get(reverse(page)).status_code == 200


@pytest.mark.parametrize(
    ("country", "currency", "language"),
    [("RO", "RON", "ro"), ("PL", "PLN", "pl"), ("UA", "UAH", "uk"), ("other", "EUR", "en")],
)
def test_it_creates_a_shop_from_its_country(client, owner, country, currency, language):
    asked = {"country": country, "name": "New", "slug": "new", "order_prefix": "N-", "domain": "n.example"}

    response = client.post(reverse("admin:shops_shop_add"), asked)

    assert response.status_code == 302
    shop = Shop.objects.get(slug="new")
    assert (shop.currency, shop.language, shop.domain) == (currency, language, "n.example")
    assert client.get(reverse("admin:shops_shop_change", args=[shop.pk])).status_code == 200


def test_it_says_which_field_of_a_new_shop_is_taken(client, owner, shop):
    asked = {"country": "RO", "name": "New", "slug": "ceramica", "order_prefix": "RO-"}

    response = client.post(reverse("admin:shops_shop_add"), asked)

    assert set(response.context["adminform"].form.errors) == {"slug", "order_prefix"}
    assert Shop.objects.count() == 1


def test_it_reads_hours_and_holidays_as_lines(client, owner, shop):
    changes = {"working_hours": "mon 9:00-17:30\nsat 10:00–14:00", "holidays": "2026-12-25\n2026-01-01"}

    response = client.post(reverse("admin:shops_shop_change", args=[shop.pk]), shop_form(shop, **changes))

    assert response.status_code == 302
    shop = Shop.objects.get(pk=shop.pk)
    assert shop.working_hours == {"mon": ["09:00", "17:30"], "sat": ["10:00", "14:00"]}
    assert shop.holidays == ["2026-01-01", "2026-12-25"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("working_hours", "monday nine to five"),
        ("working_hours", "mon 18:00-09:00"),
        ("working_hours", "abc 09:00-18:00"),
        ("holidays", "25.12.2026"),
        ("holidays", "20261225"),
    ],
)
def test_it_says_what_is_wrong_with_a_line(client, owner, shop, field, text):
    response = client.post(
        reverse("admin:shops_shop_change", args=[shop.pk]), shop_form(shop, **{field: text})
    )

    assert list(response.context["adminform"].form.errors) == [field]
    assert getattr(Shop.objects.get(pk=shop.pk), field) == getattr(shop, field)


def test_it_does_not_take_back_numbers_drawn_while_the_form_was_open(client, owner, shop):
    form = shop_form(shop, name="Renamed", next_order_number=1001)
    Shop.objects.filter(pk=shop.pk).update(next_order_number=1044)

    response = client.post(reverse("admin:shops_shop_change", args=[shop.pk]), form)

    assert "1043" in str(response.context["adminform"].form.errors["next_order_number"])
    assert Shop.objects.get(pk=shop.pk).next_order_number == 1044


def test_it_keeps_the_history_of_settings(client, owner, shop):
    client.post(reverse("admin:shops_shop_change", args=[shop.pk]), shop_form(shop, phone="0700"))

    page = client.get(reverse("admin:shops_shop_history", args=[shop.pk]))

    assert Shop.objects.get(pk=shop.pk).phone == "0700"
    assert "phone" in page.content.decode().lower()
    assert shop.history.latest().history_user == owner


def test_it_shows_an_old_version_and_never_brings_it_back(client, owner, shop):
    version = reverse("admin:shops_shop_simple_history", args=[shop.pk, shop.history.latest().pk])

    assert client.get(version).status_code == 200
    assert client.post(version, shop_form(shop, name="Back again")).status_code == 403
    assert Shop.objects.get(pk=shop.pk).name == "Ceramica"


def test_it_shows_a_new_key_once(client, owner, shop):
    response = client.post(reverse("admin:shops_apikey_add"), {"shop": shop.pk, "name": "Till"})

    key = re.search(r"data-api-key>([^<]+)<", response.content.decode())[1]
    stored = ApiKey.objects.get()
    assert stored.digest == digest_of(key)
    assert "no-store" in response["Cache-Control"]
    for page in (
        reverse("admin:shops_apikey_changelist"),
        reverse("admin:shops_apikey_change", args=[stored.pk]),
    ):
        text = client.get(page).content.decode()
        assert stored.prefix in text
        assert key not in text


def test_it_revokes_a_key(client, owner, shop):
    client.post(reverse("admin:shops_apikey_add"), {"shop": shop.pk, "name": "Till"})
    chosen = {"action": "revoke", "_selected_action": [ApiKey.objects.get().pk]}

    client.post(reverse("admin:shops_apikey_changelist"), chosen)

    assert ApiKey.objects.get().revoked_at is not None


def test_it_shows_a_shops_admin_their_shop_only(client, shop_admin, shop, other):
    page = client.get(reverse("admin:shops_shop_changelist")).content.decode()

    assert "Ceramica" in page
    assert "Garnki" not in page
    assert client.get(reverse("admin:shops_shop_change", args=[shop.pk])).status_code == 200
    assert client.get(reverse("admin:shops_shop_change", args=[other.pk])).status_code == 302
    assert client.get(reverse("admin:shops_shop_history", args=[other.pk])).status_code == 403


def test_it_lets_owners_alone_add_and_delete_shops(client, shop_admin, shop):
    assert client.get(reverse("admin:shops_shop_add")).status_code == 403
    assert client.get(reverse("admin:shops_shop_delete", args=[shop.pk])).status_code == 403
    assert Shop.objects.filter(pk=shop.pk).exists()


def test_it_gives_keys_to_ones_own_shop_only(client, shop_admin, shop, other):
    client.post(reverse("admin:shops_apikey_add"), {"shop": other.pk, "name": "Till"})
    assert not ApiKey.objects.exists()

    client.post(reverse("admin:shops_apikey_add"), {"shop": shop.pk, "name": "Till"})
    assert ApiKey.objects.get().shop == shop


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.MANAGER, Role.WAREHOUSE, None])
def test_it_shows_nothing_to_staff_who_administer_no_shop(client, shop, role):
    user = User.objects.create_user("bob", password="x", is_staff=True)
    if role:
        Membership.objects.create(user=user, shop=shop, role=role)
    client.force_login(user)

    for model in ("shop", "user", "apikey"):
        assert client.get(reverse(f"admin:shops_{model}_changelist")).status_code == 403


def test_it_turns_away_an_admin_who_is_not_staff(client, shop_admin):
    User.objects.update(is_staff=False)

    assert client.get(reverse("admin:shops_shop_changelist")).status_code == 302


def test_it_turns_away_the_admin_of_a_shop_that_was_closed(client, shop_admin, shop):
    Shop.objects.update(is_active=False)

    assert client.get(reverse("admin:shops_shop_change", args=[shop.pk])).status_code == 403


def test_it_lets_a_shops_admin_add_people_to_their_shop(client, shop_admin, shop, other):
    person = {
        "username": "new",
        "password1": "Kx8!long-enough",
        "password2": "Kx8!long-enough",
        "language": "ro",
    }
    inline = {
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 0,
        "memberships-0-role": Role.MANAGER,
    }
    add = reverse("admin:shops_user_add")

    client.post(add, {**person, **inline, "memberships-0-shop": other.pk})
    assert not User.objects.filter(username="new").exists()

    client.post(add, {**person, **inline, "memberships-0-shop": shop.pk})
    made = User.objects.get(username="new")
    assert list(made.memberships.values_list("shop_id", "role")) == [(shop.pk, Role.MANAGER)]


def test_it_does_not_let_a_shops_admin_touch_strangers_owners_or_shared_people(
    client, shop_admin, shop, other
):
    stranger = User.objects.create_user("stranger")
    Membership.objects.create(user=stranger, shop=other, role=Role.MANAGER)
    shared = User.objects.create_user("shared")
    boss = User.objects.create_superuser("boss")
    for user, place in ((shared, shop), (shared, other), (boss, shop)):
        Membership.objects.create(user=user, shop=place, role=Role.MANAGER)

    listed = client.get(reverse("admin:shops_user_changelist")).content.decode()

    assert "stranger" not in listed
    for user in (shared, boss):
        password = reverse("admin:auth_user_password_change", args=[user.pk])
        assert client.get(password).status_code == 403
        change = reverse("admin:shops_user_change", args=[user.pk])
        assert client.post(change, {"username": "taken"}).status_code == 403


def test_it_does_not_let_a_shops_admin_make_owners(client, shop_admin, shop):
    colleague = User.objects.create_user("colleague", password="x")
    membership = Membership.objects.create(user=colleague, shop=shop, role=Role.MANAGER)
    form = {
        "username": "colleague",
        "language": "en",
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": membership.pk,
        "memberships-0-user": colleague.pk,
        "memberships-0-shop": shop.pk,
        "memberships-0-role": "supervisor",
    }

    response = client.post(reverse("admin:shops_user_change", args=[colleague.pk]), form)

    assert response.status_code == 302
    colleague = User.objects.get(pk=colleague.pk)
    assert not (colleague.is_staff or colleague.is_superuser)
    assert colleague.memberships.get().role == Role.SUPERVISOR
