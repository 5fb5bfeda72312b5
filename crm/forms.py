"""The short forms of the deal page; those of the order's changes are in `crm.order_forms`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.models import LostReason


class CommentForm(forms.Form):
    """A comment for colleagues."""

    text = forms.CharField(
        label=_("Comment"),
        max_length=10_000,
        error_messages={"required": _("Write something first.")},
        widget=forms.Textarea(
            attrs={"rows": 2, "placeholder": _("Write to colleagues; customers never see it.")}
        ),
    )


class LoseForm(forms.Form):
    """Why a deal came to nothing before it was an order."""

    reason_code = forms.ChoiceField(label=_("Why"), choices=[("", _("Choose…")), *LostReason.choices])
    reason = forms.CharField(
        label=_("In words"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class TagForm(forms.Form):
    """A word to mark a deal or a customer with."""

    name = forms.CharField(
        label=_("Tag"),
        max_length=40,
        error_messages={"required": _("Write the tag first.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "list": "tags-of-shop", "placeholder": _("Tag…")}
        ),
    )
    colour = forms.RegexField(
        label=_("Colour"),
        regex=r"^#[0-9A-Fa-f]{6}$",
        required=False,
        error_messages={"invalid": _("Write a colour like #2563EB.")},
    )


class CallForm(forms.Form):
    """A call that was made: whether somebody answered, and what was said."""

    answered = forms.TypedChoiceField(
        label=_("The call"),
        choices=[("yes", _("Answered")), ("no", _("No answer"))],
        coerce=lambda value: value == "yes",
        error_messages={"required": _("Say whether somebody answered.")},
    )
    note = forms.CharField(
        label=_("What was said"),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PersonForm(forms.Form):
    """A colleague to choose; `people` are those who may be."""

    to = forms.TypedChoiceField(
        label=_("To whom"), coerce=int, error_messages={"required": _("Choose a colleague.")}
    )
    note = forms.CharField(
        label=_("What they should know"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [("", _("Choose…")), *people]


class PersonalManagerForm(forms.Form):
    """Who looks after a customer; nobody is a choice."""

    person = forms.TypedChoiceField(label=_("Personal manager"), coerce=int, required=False, empty_value=None)
    with_open_orders = forms.BooleanField(
        label=_("Give them the open orders nobody has, too"), required=False
    )

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [("", _("Nobody")), *people]
