"""The forms of an import: the file and the warehouse its counts are of."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from inventory.models import Warehouse
from inventory.stock_files.reading import LARGEST_FILE
from shops.models import Shop


class UploadForm(forms.Form):
    """A file with products and stock."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or XLSX, up to 20 MB and 100,000 rows."),
        error_messages={"required": _("Choose a file first."), "empty": _("The file is empty.")},
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    warehouse = forms.ModelChoiceField(
        label=_("Warehouse of the quantities"), queryset=Warehouse.objects.none(), empty_label=None
    )

    def __init__(self, shop: Shop, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        warehouses = Warehouse.objects.filter(shop=shop).order_by("-is_default", "name")
        cast(forms.ModelChoiceField, self.fields["warehouse"]).queryset = warehouses

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(
                _("The file is larger than %(most)s MB. Split it in parts.")
                % {"most": LARGEST_FILE // 1024 // 1024}
            )
        return file
