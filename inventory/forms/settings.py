"""The form of a shop's stock settings, on its own page and in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.models import StockSettings
from inventory.services.settings import change_stock_settings, check_shares, read_addresses
from shops.actors import Actor

LONGEST_PERIOD = 1100


class StockSettingsForm(forms.ModelForm):
    """Whom to tell, and over which periods to look. `save_for` makes the change."""

    class Meta:
        model = StockSettings
        fields = [
            "alert_emails",
            "abc_days",
            "abc_a_percent",
            "abc_b_percent",
            "slow_days",
            "demand_days",
            "lead_time_days",
        ]
        widgets = {"alert_emails": forms.Textarea(attrs={"rows": 3, "autocomplete": "off"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("slow_days", "lead_time_days"):
            self.fields[name].widget.attrs["max"] = LONGEST_PERIOD

    def clean_alert_emails(self) -> str:
        try:
            return "\n".join(read_addresses(self.cleaned_data["alert_emails"]))
        except StockError as refusal:
            raise ValidationError(refusal.sentence) from refusal

    def clean_slow_days(self) -> int:
        return self._period("slow_days")

    def clean_lead_time_days(self) -> int:
        return self._period("lead_time_days")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "abc_a_percent" in cleaned and "abc_b_percent" in cleaned:
            try:
                check_shares(cleaned["abc_a_percent"], cleaned["abc_b_percent"])
            except StockError as refusal:
                self.add_error("abc_b_percent", refusal.sentence)
        return cleaned

    def save_for(self, *, shop_id: int, actor: Actor) -> StockSettings:
        """Keep what was entered; raises what `change_stock_settings` raises."""
        values = {name: self.cleaned_data[name] for name in self._meta.fields or ()}
        return change_stock_settings(shop_id=shop_id, actor=actor, **values)

    def _period(self, name: str) -> int:
        days: int = self.cleaned_data[name]
        if days > LONGEST_PERIOD:
            raise ValidationError(_("At most %(most)s days.") % {"most": LONGEST_PERIOD})
        return days
