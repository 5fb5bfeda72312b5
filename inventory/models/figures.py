"""Figures about stock that are computed now and then and kept: sales, classes, value by day, and a shop's settings."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from inventory.models.catalogue import Product
from shops.scoping import ShopScopedQuerySet


class StockSettings(models.Model):
    """How a shop looks at its stock. Absent means the defaults."""

    shop = models.OneToOneField(
        "shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop")
    )
    alert_emails = models.TextField(
        _("daily stock e-mail to"),
        blank=True,
        help_text=_("One address a line. They are told once a day what runs low, if anything does."),
    )
    abc_days = models.PositiveSmallIntegerField(
        _("ABC: days looked at"), default=365, validators=[MinValueValidator(1), MaxValueValidator(1100)]
    )
    abc_a_percent = models.PositiveSmallIntegerField(
        _("ABC: class A up to, % of revenue"),
        default=80,
        validators=[MinValueValidator(1), MaxValueValidator(99)],
    )
    abc_b_percent = models.PositiveSmallIntegerField(
        _("ABC: class B, the next % of revenue"), default=15, validators=[MaxValueValidator(98)]
    )
    slow_days = models.PositiveSmallIntegerField(
        _("slow mover: no sale for, days"), default=90, validators=[MinValueValidator(1)]
    )
    demand_days = models.PositiveSmallIntegerField(
        _("demand: days looked at"), default=90, validators=[MinValueValidator(1), MaxValueValidator(1100)]
    )
    lead_time_days = models.PositiveSmallIntegerField(_("usual lead time, days"), default=14)

    history = HistoricalRecords(related_name="+")
    objects: models.Manager[StockSettings] = ShopScopedQuerySet["StockSettings"].as_manager()

    class Meta:
        verbose_name = _("stock settings")
        verbose_name_plural = _("stock settings")
        constraints = [
            models.CheckConstraint(
                condition=Q(abc_a_percent__lte=100 - F("abc_b_percent")), name="abc_shares_within_hundred"
            )
        ]

    def __str__(self) -> str:
        return str(self.shop)


class AbcClass(models.TextChoices):
    A = "A", "A"
    B = "B", "B"
    C = "C", "C"


class ProductFiguresQuerySet(ShopScopedQuerySet["ProductFigures"]):
    shop_path = "product__shop_id"


class ProductFigures(models.Model):
    """What a product sold over its shop's ABC period, in whole units and in the shop's currency, with VAT."""

    product = models.OneToOneField(
        Product, on_delete=models.CASCADE, related_name="figures", verbose_name=_("product")
    )
    units_sold = models.IntegerField(_("units sold"), default=0)
    revenue = models.DecimalField(_("revenue"), max_digits=16, decimal_places=2, default=0)
    share = models.DecimalField(_("share of revenue, %"), max_digits=7, decimal_places=4, default=0)
    cumulated = models.DecimalField(_("with all better ones, %"), max_digits=7, decimal_places=4, default=0)
    abc_class = models.CharField(_("class"), max_length=1, choices=AbcClass.choices, default=AbcClass.C)
    last_sold_at = models.DateTimeField(_("last sold"), null=True, blank=True)
    since = models.DateField(_("from"))
    until = models.DateField(_("to"))
    computed_at = models.DateTimeField(_("computed"))

    objects: models.Manager[ProductFigures] = ProductFiguresQuerySet.as_manager()

    class Meta:
        verbose_name = _("sales figures")
        verbose_name_plural = _("sales figures")
        indexes = [
            models.Index(fields=["-revenue", "product"], name="figures_by_revenue"),
            models.Index(fields=["abc_class", "product"], name="figures_by_class"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.abc_class}"


class StockDay(models.Model):
    """What a shop held at the end of one day, by the currency its goods cost. `value` = units × cost."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    day = models.DateField(_("day"))
    currency = models.CharField(_("currency"), max_length=3)
    units = models.BigIntegerField(_("units"))
    value = models.DecimalField(_("value"), max_digits=18, decimal_places=2)

    objects: models.Manager[StockDay] = ShopScopedQuerySet["StockDay"].as_manager()

    class Meta:
        verbose_name = _("stock on a day")
        verbose_name_plural = _("stock by day")
        constraints = [
            models.UniqueConstraint(fields=["shop", "day", "currency"], name="one_stock_day_per_currency")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.units}"


class FiguresRun(models.Model):
    """When a shop's sales figures were last computed and are to be computed again, and what they leave out.

    `left_out` lists orders of the period in other currencies: `{currency, orders, amount}`. A worker that computes
    them holds the row until `lease_until`.
    """

    shop = models.OneToOneField(
        "shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop")
    )
    requested_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    computed_at = models.DateTimeField(_("computed"), null=True, blank=True)
    since = models.DateField(_("from"), null=True, blank=True)
    until = models.DateField(_("to"), null=True, blank=True)
    left_out = models.JSONField(default=list)

    objects: models.Manager[FiguresRun] = ShopScopedQuerySet["FiguresRun"].as_manager()

    class Meta:
        verbose_name = _("computation of sales figures")
        verbose_name_plural = _("computations of sales figures")

    def __str__(self) -> str:
        return str(self.shop_id)


class StockReport(models.Model):
    """What ran low in a shop when its day began: one row per shop and day, whether or not anybody was told.

    `stock_items` are the keys of the items that ran low, so that the next day tells which are new.
    """

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    day = models.DateField(_("day"))
    stock_items = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: models.Manager[StockReport] = ShopScopedQuerySet["StockReport"].as_manager()

    class Meta:
        verbose_name = _("daily stock report")
        verbose_name_plural = _("daily stock reports")
        constraints = [models.UniqueConstraint(fields=["shop", "day"], name="one_stock_report_per_day")]

    def __str__(self) -> str:
        return str(self.day)
