"""Files with products and stock that somebody uploaded: looked through first, applied as a whole or not at all."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory.models.catalogue import Warehouse
from shops.actors import ActorFields
from shops.scoping import ShopScopedQuerySet


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", pgettext_lazy("stock import", "Waiting to be looked through")
    CHECKING = "checking", pgettext_lazy("stock import", "Being looked through")
    CHECKED = "checked", pgettext_lazy("stock import", "Looked through")
    APPROVED = "approved", pgettext_lazy("stock import", "Waiting to be imported")
    APPLYING = "applying", pgettext_lazy("stock import", "Being imported")
    DONE = "done", pgettext_lazy("stock import", "Imported")
    FAILED = "failed", pgettext_lazy("stock import", "Failed")
    CANCELLED = "cancelled", pgettext_lazy("stock import", "Cancelled")


class StockImport(ActorFields):
    """One uploaded file. `problems` is a list of {row, column, value, code, details}; `changes` a sample of what changes.

    A worker that looks through or applies it holds it until `lease_until`. `digest` names the plan people were shown,
    `baseline` (JSON, compressed) keeps what was on hand then, by product key: differences are taken from it.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    warehouse = models.ForeignKey(
        Warehouse, on_delete=models.PROTECT, related_name="+", verbose_name=_("warehouse")
    )
    name = models.CharField(_("file"), max_length=200)
    content = models.BinaryField(editable=False)
    options = models.JSONField(default=dict, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED
    )
    rows_total = models.PositiveIntegerField(_("rows"), default=0)
    rows_done = models.PositiveIntegerField(_("rows done"), default=0)
    summary = models.JSONField(default=dict, editable=False)
    problems = models.JSONField(default=list, editable=False)
    changes = models.JSONField(default=list, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    baseline = models.BinaryField(default=b"", editable=False)
    failure = models.CharField(_("reason"), max_length=500, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects: models.Manager[StockImport] = ShopScopedQuerySet["StockImport"].as_manager()

    class Meta:
        verbose_name = _("stock import")
        verbose_name_plural = _("stock imports")
        indexes = [
            models.Index(fields=["shop", "-id"], name="stock_imports_newest"),
            models.Index(
                fields=["state"],
                condition=Q(
                    state__in=[
                        ImportState.UPLOADED,
                        ImportState.CHECKING,
                        ImportState.APPROVED,
                        ImportState.APPLYING,
                    ]
                ),
                name="stock_imports_to_do",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reference(self) -> str:
        """How the ledger names the movements of this import."""
        return f"import:{self.pk}"
