"""The short forms of reminders: a moment one click away or typed, for whom, and what about; shape only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import Reminder
from crm.selectors.moments import QuickChoice

TYPED = "%Y-%m-%dT%H:%M"


class MomentForm(forms.Form):
    """When: the code of a quick choice in `when`, or a typed moment, read in the time zone in force."""

    due_at = forms.DateTimeField(
        label=gettext_lazy("Date and time"),
        required=False,
        error_messages={"invalid": gettext_lazy("Choose a day and a time.")},
        widget=forms.DateTimeInput(format=TYPED, attrs={"type": "datetime-local"}),
    )

    def __init__(self, *args: Any, choices: Sequence[QuickChoice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        code = self.data.get(self.add_prefix("when"), "")
        chosen = next((choice.at for choice in self.choices if choice.code == code), None)
        if chosen is not None:
            cleaned["due_at"] = chosen
            self.errors.pop("due_at", None)
        elif not cleaned.get("due_at") and "due_at" not in self.errors:
            self.add_error("due_at", _("Choose when: one of the buttons, or a day and a time."))
        return cleaned


class ReminderForm(MomentForm):
    """A whole reminder; `people` are those of the shop."""

    person = forms.TypedChoiceField(label=gettext_lazy("For whom"), coerce=int)
    note = forms.CharField(
        label=gettext_lazy("What about"),
        max_length=300,
        required=False,
        widget=forms.TextInput(
            attrs={
                "placeholder": gettext_lazy("Call back about the size, say"),
                "autocomplete": "off",
            }
        ),
    )
    field_order = ["note", "person", "due_at"]

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = people

    @staticmethod
    def initial_of(reminder: Reminder) -> dict[str, Any]:
        """What an edited reminder says now."""
        return {"due_at": reminder.due_at, "person": reminder.person_id, "note": reminder.note}
