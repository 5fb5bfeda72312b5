"""The forms of the messages' admin: the on/off matrix of a shop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldBooleanWidget

from notifications.selectors import switches_of
from notifications.statuses import TEMPLATE_EVENTS, Channel, MessageEvent


@dataclass(frozen=True)
class MatrixRow:
    """One moment of an order, with a checkbox for each channel."""

    label: str
    fields: list[forms.BoundField]


class SwitchesForm(forms.Form):
    """A checkbox for every moment and channel of one shop."""

    def __init__(self, *arguments: Any, shop_id: int, **kwargs: Any) -> None:
        super().__init__(*arguments, **kwargs)
        for (event, channel), is_on in switches_of(shop_id).items():
            label = f"{MessageEvent(event).label}, {Channel(channel).label}"
            self.fields[f"{event}-{channel}"] = forms.BooleanField(
                label=label,
                required=False,
                initial=is_on,
                widget=UnfoldBooleanWidget(attrs={"aria-label": label}),
            )

    @property
    def rows(self) -> list[MatrixRow]:
        return [
            MatrixRow(str(label), [self[f"{event}-{channel}"] for channel in Channel.values])
            for event, label in TEMPLATE_EVENTS
        ]

    @property
    def switches(self) -> dict[tuple[str, str], bool]:
        """What was chosen, by (event, channel); read it from a valid form."""
        chosen = {}
        for name, is_on in self.cleaned_data.items():
            event, _dash, channel = name.partition("-")
            chosen[event, channel] = bool(is_on)
        return chosen


def no_template_warnings(switches: dict[tuple[str, str], bool], written: set[tuple[str, str]]) -> list[str]:
    """A sentence for everything that is on and has no text in any language."""
    return [
        _("“%(event)s” by %(channel)s is on, but has no text: such messages will fail.")
        % {"event": MessageEvent(event).label, "channel": Channel(channel).label}
        for (event, channel), is_on in switches.items()
        if is_on and (event, channel) not in written
    ]
