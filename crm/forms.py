"""The short forms of the deal page; those of the order's changes are in `crm.order_forms`."""

from __future__ import annotations

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
