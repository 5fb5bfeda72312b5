"""The forms of a shop's SMS account, built from what its provider wants to know, and of a suppressed address.

A secret is never shown again: its field is empty, and what is left empty stays as it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.models import MessageSettings, Suppression
from notifications.selectors import is_suppressed
from notifications.statuses import Channel, SmsProvider
from notifications.transports.base import ChannelDown
from notifications.transports.sms_accounts import PROVIDERS
from notifications.transports.sms_client import Field, checked_url
from orders.contacts import normalise_email, normalise_phone

INPUT = {"class": "te-input"}
# The fields whose words have to be JSON.
JSON_FIELDS = ("headers", "body")


class SmsAccountForm(forms.Form):
    """One provider's fields. `kept` are the credentials stored for this provider."""

    is_on = forms.BooleanField(label=gettext_lazy("Send this shop's SMS by this account"), required=False)

    def __init__(self, *arguments: Any, provider: str, kept: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*arguments, **kwargs)
        self.provider = provider
        self._kept = kept
        for field in PROVIDERS[provider].fields:
            self.fields[field.name] = self._built(field)

    @property
    def changes(self) -> dict[str, str]:
        """What is to be stored: every open field, and the secrets that were typed."""
        return {
            field.name: self.cleaned_data[field.name]
            for field in PROVIDERS[self.provider].fields
            if self.cleaned_data[field.name] or not field.is_secret
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.provider == SmsProvider.GATEWAY:
            self._check_gateway(cleaned)
        return cleaned

    def _check_gateway(self, cleaned: Mapping[str, Any]) -> None:
        try:
            if cleaned.get("url"):
                checked_url(cleaned["url"])
        except ChannelDown as refusal:
            self.add_error("url", str(refusal))
        for name in JSON_FIELDS:
            if cleaned.get(name) and not _is_json(cleaned[name], of_texts=name == "headers"):
                self.add_error(name, _("This is not JSON."))

    def _built(self, field: Field) -> forms.Field:
        stored = self._kept.get(field.name, "")
        attributes: dict[str, Any] = {**INPUT, "autocomplete": "off", "spellcheck": "false"}
        if field.is_secret and stored:
            attributes["placeholder"] = _("set; type a new one to change it")
        plain = forms.PasswordInput if field.is_secret and not field.is_long else forms.TextInput
        widget = forms.Textarea(attrs=attributes | {"rows": 4}) if field.is_long else plain(attrs=attributes)
        return forms.CharField(
            label=str(field.label),
            help_text=str(field.help),
            required=field.is_required and not (field.is_secret and stored),
            initial="" if field.is_secret else stored or field.example,
            max_length=4000 if field.is_long else 500,
            widget=widget,
        )


class TestSmsForm(forms.Form):
    """A number and a text to try the account with."""

    to = forms.CharField(
        label=gettext_lazy("To the number"),
        max_length=30,
        widget=forms.TextInput(attrs=INPUT | {"type": "tel", "autocomplete": "tel"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=480,
        widget=forms.TextInput(attrs=INPUT | {"autocomplete": "off"}),
    )


class MessageSettingsForm(forms.ModelForm):
    """A shop's look in e-mails and its quiet hours."""

    class Meta:
        model = MessageSettings
        fields = ("shop", "quiet_from", "quiet_until", "accent_colour", "footer")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if begins is not None and begins == ends:
            self.add_error(
                "quiet_until", _("The two ends are the same; leave both empty for no quiet hours.")
            )
        return cleaned


class SuppressionForm(forms.ModelForm):
    """An address a colleague decided not to write to."""

    class Meta:
        model = Suppression
        fields = ("shop", "channel", "address", "words")
        labels = {"words": gettext_lazy("Why")}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        shop, channel, address = (cleaned.get(name) for name in ("shop", "channel", "address"))
        if shop is None or not channel or not address:
            return cleaned
        is_sms = channel == Channel.SMS
        kept = normalise_phone(address, shop.country) if is_sms else normalise_email(address)
        if is_sms and not kept:
            self.add_error("address", _("This is not a phone number."))
        elif not is_sms and "@" not in kept:
            self.add_error("address", _("This is not an e-mail address."))
        elif is_suppressed(shop_id=shop.pk, channel=channel, address=kept):
            raise ValidationError(_("This address is not written to already."))
        cleaned["address"] = kept
        return cleaned


def _is_json(text: str, *, of_texts: bool) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) if of_texts else isinstance(found, dict | list)
