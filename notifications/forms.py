"""The forms of the messages' admin: the on/off matrix of a shop, its narrower rules, and trying it out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldBooleanWidget

from notifications.selectors import SwitchRow, switches_of
from notifications.statuses import MARKETPLACES, TEMPLATE_EVENTS, Channel, MessageEvent
from orders.statuses import PaymentMethod

# What orders come from besides marketplaces; another can be typed.
OWN_SOURCES = ("manual", "woocommerce", "shopify", "api", "csv")
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")
INPUT = {"class": "te-input"}
ANY = ("", gettext_lazy("any"))


@dataclass(frozen=True)
class MatrixRow:
    """One moment of an order, with a checkbox for each channel."""

    label: str
    fields: list[forms.BoundField]


class SwitchesForm(forms.Form):
    """A checkbox for every moment and channel of one shop, for all orders that no narrower rule is about.

    Each remembers what it showed, so that only what this person changed is saved.
    """

    def __init__(self, *arguments: Any, shop_id: int, **kwargs: Any) -> None:
        super().__init__(*arguments, **kwargs)
        for (event, channel), is_on in switches_of(shop_id).items():
            label = f"{MessageEvent(event).label}, {Channel(channel).label}"
            self.fields[f"{event}-{channel}"] = forms.BooleanField(
                label=label,
                required=False,
                initial=is_on,
                show_hidden_initial=True,
                widget=UnfoldBooleanWidget(attrs={"aria-label": label}),
            )

    @property
    def rows(self) -> list[MatrixRow]:
        return [
            MatrixRow(str(label), [self[f"{event}-{channel}"] for channel in Channel.values])
            for event, label in TEMPLATE_EVENTS
        ]

    @property
    def changes(self) -> dict[tuple[str, str], bool]:
        """What was changed on the page, by (event, channel); read it from a valid form."""
        changed = {}
        for name in self.changed_data:
            event, _dash, channel = name.partition("-")
            changed[event, channel] = bool(self.cleaned_data[name])
        return changed


class NarrowRuleForm(forms.Form):
    """A rule for orders of one payment method, one source, or both, about one moment or all of them."""

    event = forms.ChoiceField(
        label=gettext_lazy("When"), required=False, widget=forms.Select(attrs=INPUT),
        choices=[("", gettext_lazy("every moment")), *TEMPLATE_EVENTS],
    )  # fmt: skip
    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"), required=False, widget=forms.Select(attrs=INPUT),
        choices=[("", gettext_lazy("e-mail and SMS")), *Channel.choices],
    )  # fmt: skip
    source = forms.CharField(
        label=gettext_lazy("Source"), required=False, max_length=30,
        widget=forms.TextInput(attrs=INPUT | {"list": "sources", "placeholder": gettext_lazy("any"), "autocomplete": "off"}),
    )  # fmt: skip
    payment_method = forms.ChoiceField(
        label=gettext_lazy("Payment"), required=False, widget=forms.Select(attrs=INPUT),
        choices=[ANY, *PaymentMethod.choices],
    )  # fmt: skip
    is_on = forms.ChoiceField(
        label=gettext_lazy("Then"), widget=forms.Select(attrs=INPUT),
        choices=[("on", gettext_lazy("on")), ("off", gettext_lazy("off"))],
    )  # fmt: skip

    def clean_source(self) -> str:
        source = str(self.cleaned_data["source"]).strip().casefold()
        if source and not _SOURCE.fullmatch(source):
            raise ValidationError(
                _("A source is a short word in Latin letters, such as woocommerce or emag.")
            )
        return source

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("source") and not cleaned.get("payment_method"):
            raise ValidationError(
                _("Choose a payment method or a source; what is for every order stands in the table.")
            )
        return cleaned

    @property
    def rules(self) -> list[SwitchRow]:
        """The rows this rule stands for; read them from a valid form."""
        chosen = self.cleaned_data
        events = [chosen["event"]] if chosen["event"] else [value for value, _label in TEMPLATE_EVENTS]
        channels = [chosen["channel"]] if chosen["channel"] else list(Channel.values)
        return [
            SwitchRow(event, channel, chosen["payment_method"], chosen["source"], chosen["is_on"] == "on")
            for event in events
            for channel in channels
        ]


class WhatHappensForm(forms.Form):
    """An imagined order, to see which messages its customer would get."""

    source = forms.CharField(
        label=gettext_lazy("Source"), required=False, max_length=30,
        widget=forms.TextInput(attrs=INPUT | {"list": "sources", "placeholder": gettext_lazy("your online shop"), "autocomplete": "off"}),
    )  # fmt: skip
    payment_method = forms.ChoiceField(
        label=gettext_lazy("Payment"), required=False, widget=forms.Select(attrs=INPUT),
        choices=[ANY, *PaymentMethod.choices],
    )  # fmt: skip

    def clean_source(self) -> str:
        return str(self.cleaned_data["source"]).strip().casefold()


class TemplateForm(forms.ModelForm):
    """A template's words; refused once when a colleague saved the same text since this page was opened."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        seen = str(self.data.get("_seen", ""))
        newest = self.instance.history.first() if self.instance.pk else None
        if newest is not None and seen.isdecimal() and int(seen) != newest.history_id:
            who = newest.history_user.get_full_name() if newest.history_user else ""
            raise ValidationError(
                _(
                    "Meanwhile this text was saved by %(who)s. Look at its history; to replace those words by "
                    "yours, save again."
                )
                % {"who": who or _("a colleague")}
            )
        return cleaned


def known_sources() -> list[str]:
    """The sources to choose from, marketplaces last."""
    return [*OWN_SOURCES, *sorted(MARKETPLACES)]


def no_template_warnings(switches: dict[tuple[str, str], bool], written: set[tuple[str, str]]) -> list[str]:
    """A sentence for everything that is on and has no text in any language."""
    return [
        _("“%(event)s” by %(channel)s is on, but has no text: such messages will fail.")
        % {"event": MessageEvent(event).label, "channel": Channel(channel).label}
        for (event, channel), is_on in switches.items()
        if is_on and (event, channel) not in written
    ]
