"""Country presets: Easter against the years people remember, public holidays, and shops made from them."""

from datetime import date

import pytest
from django.apps import apps

from shops import bus
from shops.events import ShopCreated
from shops.models import Shop
from shops.presets import PRESETS, easter_sunday, preset_for
from shops.services import create_shop, furnish_shop
from shops.validators import validate_currency, validate_holidays, validate_time_zone, validate_working_hours


@pytest.mark.parametrize(
    ("year", "western", "orthodox"),
    [
        (2018, "2018-04-01", "2018-04-08"),
        (2020, "2020-04-12", "2020-04-19"),
        (2021, "2021-04-04", "2021-05-02"),
        (2024, "2024-03-31", "2024-05-05"),
        (2025, "2025-04-20", "2025-04-20"),
        (2026, "2026-04-05", "2026-04-12"),
        (2027, "2027-03-28", "2027-05-02"),
        (2038, "2038-04-25", "2038-04-25"),
    ],
)
def test_it_knows_when_easter_is(year, western, orthodox):
    assert easter_sunday(year, orthodox=False) == date.fromisoformat(western)
    assert easter_sunday(year, orthodox=True) == date.fromisoformat(orthodox)


@pytest.mark.parametrize("year", range(1900, 2100))
def test_easter_is_a_sunday_in_spring(year):
    for orthodox in (False, True):
        day = easter_sunday(year, orthodox=orthodox)
        assert day.weekday() == 6
        assert date(year, 3, 22) <= day <= date(year, 5, 8)


def test_it_lists_public_holidays():
    romanian, polish = PRESETS["RO"].holidays(2026), PRESETS["PL"].holidays(2026)

    assert {"2026-04-10", "2026-04-13", "2026-06-01", "2026-12-01"} <= set(romanian)
    assert {"2026-04-06", "2026-06-04", "2026-11-11", "2026-12-24"} <= set(polish)
    assert PRESETS["UA"].holidays(2026) == []


@pytest.mark.parametrize("country", list(PRESETS))
def test_its_values_are_valid(country):
    preset = preset_for(country)

    validate_currency(preset.currency)
    validate_time_zone(preset.time_zone)
    validate_working_hours(preset.hours)
    validate_holidays(preset.holidays(2026))


def test_an_unknown_country_gets_the_neutral_one():
    assert preset_for("XX") is PRESETS["other"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("country", "auto_confirm", "stored"),
    [("RO", False, "RO"), ("PL", True, "PL"), ("UA", False, "UA"), ("other", False, "")],
)
def test_it_makes_a_shop(country, auto_confirm, stored):
    shop = create_shop(country=country, name="Shop", slug="shop", order_prefix="S-")

    assert (shop.country, shop.auto_confirm_paid) == (stored, auto_confirm)


@pytest.mark.django_db
def test_what_is_given_wins_over_the_preset():
    shop = create_shop(country="RO", name="Shop", slug="shop", order_prefix="S-", currency="EUR", holidays=[])

    assert (shop.currency, shop.holidays, shop.language) == ("EUR", [], "ro")


@pytest.mark.django_db
def test_a_shop_whose_furnishing_fails_does_not_exist(monkeypatch):
    def fail(event):
        raise RuntimeError("no funnel")

    monkeypatch.setitem(bus._handlers, ShopCreated, (*bus.handlers_of(ShopCreated), fail))

    with pytest.raises(RuntimeError):
        create_shop(country="RO", name="Shop", slug="shop", order_prefix="S-")

    assert not Shop.objects.exists()


@pytest.mark.django_db
def test_furnishing_again_changes_nothing():
    shop = create_shop(country="RO", name="Shop", slug="shop", order_prefix="S-")

    def sizes():
        return {model.__name__: model._default_manager.count() for model in apps.get_models()}

    before = sizes()

    furnish_shop(shop_id=shop.pk, country="RO")

    assert sizes() == before
