"""A shop's settings are checked, each with a sentence that says what to write."""

import pytest
from django.core.exceptions import ValidationError

from shops.models import Shop
from shops.services import create_shop
from shops.validators import validate_currency, validate_holidays, validate_time_zone, validate_working_hours


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (validate_currency, "RON"),
        (validate_time_zone, "Europe/Kyiv"),
        (validate_working_hours, {}),
        (validate_working_hours, {"mon": ["09:00", "18:00"], "sun": ["00:00", "23:59"]}),
        (validate_holidays, []),
        (validate_holidays, ["2026-12-25", "2028-02-29"]),
    ],
)
def test_it_accepts_what_makes_sense(check, value):
    assert check(value) is None


@pytest.mark.parametrize(
    ("check", "value"),
    [
        *[(validate_currency, value) for value in ("", "LEI", "ron", "€")],
        *[(validate_time_zone, value) for value in ("", "Bucharest", "../../etc/passwd", "Europe/")],
        *[
            (validate_working_hours, value)
            for value in ([], "mon 9-18", None, {"monday": ["09:00", "18:00"]})
        ],
        *[
            (validate_working_hours, {"mon": value})
            for value in (["09:00"], "09:00", None, [9, 18], ["18:00", "09:00"])
        ],
        (validate_working_hours, {"mon": ["09:00", "18:00+02:00"]}),
        (validate_working_hours, {"mon": ["09:00+02:00", "18:00+02:00"]}),
        *[
            (validate_holidays, value)
            for value in ("2026-12-25", ["25.12.2026"], [None], ["20261225"], ["2026-02-29"])
        ],
    ],
)
def test_it_refuses_what_does_not(check, value):
    with pytest.raises(ValidationError):
        check(value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_prefix", "ro-"),
        ("order_prefix", ""),
        ("slug", "a b"),
        ("currency", "LEI"),
        ("sms_sender", "x" * 12),
    ],
)
def test_a_shop_is_not_made_with_a_wrong_value(field, value):
    values = {"country": "RO", "name": "S", "slug": "s", "order_prefix": "S-"}

    with pytest.raises(ValidationError) as refusal:
        create_shop(**{**values, field: value})

    assert list(refusal.value.message_dict) == [field]
    assert not Shop.objects.exists()
