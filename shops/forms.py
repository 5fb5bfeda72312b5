"""The forms of the ground floor's admin: a new shop from its country, hours and holidays as plain lines."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from shops.models import ApiKey, Shop
from shops.validators import validate_holidays, validate_working_hours

COUNTRIES = [
    ("RO", gettext_lazy("Romania")),
    ("PL", gettext_lazy("Poland")),
    ("UA", gettext_lazy("Ukraine")),
    ("other", gettext_lazy("Another country")),
]
_HOURS = re.compile(r"^(\w{3})\s+(\d{1,2}:\d{2})\s*[-–]\s*(\d{1,2}:\d{2})$")


class WorkingHoursField(forms.Field):
    """Working hours written as lines, `mon 09:00-18:00`; stored as the shop stores them."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return "\n".join(f"{day} {opens}-{closes}" for day, (opens, closes) in value.items())
        return value

    def to_python(self, value: Any) -> dict[str, list[str]]:
        hours = {}
        for line in filter(None, (line.strip() for line in (value or "").splitlines())):
            match = _HOURS.match(line)
            if match is None:
                raise ValidationError(
                    _("“%(line)s” is not understood; write a line like “mon 09:00-18:00”.") % {"line": line}
                )
            hours[match[1].lower()] = [match[2].zfill(5), match[3].zfill(5)]
        validate_working_hours(hours)
        return hours


class HolidaysField(forms.Field):
    """Holidays written as lines, one date each; stored as the shop stores them, sorted."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        days = sorted({line.strip() for line in (value or "").splitlines()} - {""})
        validate_holidays(days)
        return days


class AddShopForm(forms.ModelForm):
    """A new shop: its country gives everything that is not asked here."""

    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        choices=COUNTRIES,
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy(
            "Sets currency, language, time zone, working hours, public holidays, the board's stages and the "
            "message texts. You can change all of them afterwards."
        ),
    )

    class Meta:
        model = Shop
        fields = ["country", "name", "slug", "order_prefix", "domain", "phone"]


class ShopForm(forms.ModelForm):
    """A shop's settings."""

    working_hours = WorkingHoursField(
        label=gettext_lazy("Working hours"),
        required=False,
        help_text=gettext_lazy(
            "One line per open day, for example “mon 09:00-18:00” (mon, tue, wed, thu, fri, sat, sun); leave closed "
            "days out. Time limits on the board count only these hours."
        ),
    )
    holidays = HolidaysField(
        label=gettext_lazy("Holidays"),
        required=False,
        help_text=gettext_lazy("Days on which the shop is closed, one per line, for example 2026-12-25."),
    )

    class Meta:
        model = Shop
        fields = [  # in the order of the model; the admin groups them
            *(
                "name",
                "slug",
                "country",
                "domain",
                "phone",
                "currency",
                "language",
                "time_zone",
                "working_hours",
            ),
            *(
                "holidays",
                "sender_name",
                "sender_email",
                "sms_sender",
                "logo",
                "order_prefix",
                "next_order_number",
            ),
            *("stock_master", "reserve_at", "confirm_unpaid", "auto_confirm_paid", "claim_visibility"),
            *("undo_seconds", "is_active"),
        ]

    def clean_next_order_number(self) -> int:
        number = self.cleaned_data["next_order_number"]
        drawn = Shop.objects.values_list("next_order_number", flat=True).get(pk=self.instance.pk)
        if "next_order_number" in self.changed_data and number < drawn:
            raise ValidationError(
                _("Numbers up to %(last)s are taken already; the next one can only be raised.")
                % {"last": drawn - 1}
            )
        return number


class AddApiKeyForm(forms.ModelForm):
    """A new key: where it opens, and what it is for."""

    class Meta:
        model = ApiKey
        fields = ["shop", "name"]
