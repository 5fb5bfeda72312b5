"""The forms of the parcel pages: a pasted or uploaded list, and the rows of a list that travel from page to page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders.awb_files import AWBS, LARGEST_FILE, MOST_ROWS, OUTCOMES, AwbRow
from orders.carriers import CARRIERS, choices_for, is_numbered

LONGEST_CELL = 500


class AwbListForm(forms.Form):
    """A list as text or as a file. `country` decides which couriers are offered first."""

    text = forms.CharField(
        label=_("The list, one parcel on each line"),
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 9,
                "class": "input mono awb-text",
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": "RO-1042;2000105560061\nRO-1043;2000105560062",
            }
        ),
    )
    file = forms.FileField(
        label=_("or a file: CSV or XLSX, as your courier exports it"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx", "class": "input"}),
    )
    kind = forms.ChoiceField(
        label=_("What it says"),
        required=False,
        choices=[
            ("", _("recognise by itself")),
            (AWBS, _("order and AWB")),
            (OUTCOMES, _("AWB and what became of it")),
        ],
        widget=forms.Select(attrs={"class": "input"}),
    )
    carrier = forms.ChoiceField(
        label=_("Courier"), required=False, widget=forms.Select(attrs={"class": "input"})
    )

    def __init__(self, *arguments: Any, country: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        numbered = [(code, name) for code, name in choices_for(country) if is_numbered(code)]
        field = self.fields["carrier"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("recognise by itself")), *numbered]

    def clean_file(self) -> Any:
        uploaded = self.cleaned_data["file"]
        if uploaded is not None and uploaded.size > LARGEST_FILE:
            raise ValidationError(_("This is larger than 2 MB. Split it in parts."))
        return uploaded

    @property
    def content(self) -> bytes:
        """The bytes of the file, or of the text; call it once, when the form is valid."""
        uploaded = self.cleaned_data.get("file")
        return uploaded.read() if uploaded else str(self.cleaned_data.get("text", "")).encode()

    @property
    def file_name(self) -> str:
        uploaded = self.cleaned_data.get("file")
        return uploaded.name[:200] if uploaded else ""


class RowsField(forms.CharField):
    """Rows of texts and whole numbers, as a page hands them to the next; anything else is refused as a whole."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        try:
            rows = json.loads(value or "[]")
        except (TypeError, ValueError, RecursionError) as error:
            raise ValidationError(_("The list was damaged on its way. Paste it again.")) from error
        fits = isinstance(rows, list) and len(rows) <= MOST_ROWS and all(map(_is_row, rows))
        if not fits:
            raise ValidationError(_("The list was damaged on its way. Paste it again."))
        return rows


def _is_row(row: Any) -> bool:
    if not isinstance(row, list) or not 3 <= len(row) <= 5 or not _is_small(row[0]):
        return False
    return all(isinstance(cell, str) and len(cell) <= LONGEST_CELL and _is_storable(cell) for cell in row[1:])


def _is_storable(text: str) -> bool:
    """Whether a database can be asked for it: no NUL, and no half of a letter."""
    return re.search("[\0\ud800-\udfff]", text) is None


def _is_small(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 10_000_000


class ApplyForm(forms.Form):
    """The rest of a list that is being applied: what is still to do, what is done, what was refused."""

    kind = forms.ChoiceField(choices=[(AWBS, AWBS), (OUTCOMES, OUTCOMES)], widget=forms.HiddenInput)
    carrier = forms.ChoiceField(
        choices=[("", ""), *((code, code) for code in CARRIERS)], required=False, widget=forms.HiddenInput
    )
    rows = RowsField(required=False)
    bad = RowsField(required=False)
    done = forms.IntegerField(min_value=0, max_value=MOST_ROWS, widget=forms.HiddenInput)
    same = forms.IntegerField(min_value=0, max_value=MOST_ROWS, widget=forms.HiddenInput)

    @property
    def awb_rows(self) -> list[AwbRow]:
        return [_as_row(cells) for cells in self.cleaned_data["rows"]]


class BadRowsForm(forms.Form):
    """The refused rows, to be taken away as a file."""

    bad = RowsField()


def as_cells(row: AwbRow) -> list[Any]:
    """A row as `RowsField` takes it."""
    return [row.line, row.order, row.number, row.carrier, row.outcome]


def _as_row(cells: list[Any]) -> AwbRow:
    line, order, number, carrier, outcome = [*cells, "", ""][:5]
    return AwbRow(line, order[:100], number[:100], carrier[:100], outcome[:100])


def as_json(rows: Iterable[list[Any]]) -> str:
    """Rows for a hidden field."""
    return json.dumps(list(rows), ensure_ascii=False, separators=(",", ":"))
