"""What is sold and where it is kept: warehouses, categories, products and their families."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.validators import FileExtensionValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory.models.terms import SEARCHED, ProductQuerySet, refresh_product_terms, searchable
from shops.scoping import ShopScopedQuerySet
from shops.validators import validate_currency


class Warehouse(models.Model):
    """A place that holds stock; each shop has one default."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    name = models.CharField(_("name"), max_length=100)
    is_default = models.BooleanField(_("default"), default=False)

    objects: models.Manager[Warehouse] = ShopScopedQuerySet["Warehouse"].as_manager()

    class Meta:
        verbose_name = _("warehouse")
        verbose_name_plural = _("warehouses")
        constraints = [
            models.UniqueConstraint(fields=["shop", "name"], name="warehouse_name_per_shop"),
            models.UniqueConstraint(
                fields=["shop"], condition=Q(is_default=True), name="one_default_warehouse"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Category(models.Model):
    """A shelf of the catalogue; lists, counts and reports can be narrowed to it."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    name = models.CharField(_("name"), max_length=100)

    objects: models.Manager[Category] = ShopScopedQuerySet["Category"].as_manager()

    class Meta:
        verbose_name = pgettext_lazy("products", "category")
        verbose_name_plural = pgettext_lazy("products", "categories")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="category_name_per_shop")]

    def __str__(self) -> str:
        return self.name


class ProductFamily(models.Model):
    """What the variants of one article share. Each variant is a `Product` with its own SKU, price and stock."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    name = models.CharField(_("name"), max_length=255)

    objects: models.Manager[ProductFamily] = ShopScopedQuerySet["ProductFamily"].as_manager()

    class Meta:
        verbose_name = _("product with variants")
        verbose_name_plural = _("products with variants")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="family_name_per_shop")]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """Something a shop sells, one row per SKU. Untracked products have no counters and never block an order.

    A product with a SKU is unique by (shop, sku); one without is keyed by where it came from:
    (shop, source, external product id, external variation id).
    """

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    sku = models.CharField(
        _("SKU"), max_length=100, blank=True, help_text=_("Your article number; unique in the shop.")
    )
    barcode = models.CharField(_("barcode"), max_length=64, blank=True)
    name = models.CharField(_("name"), max_length=255)
    category = models.ForeignKey(
        Category,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="products",
        verbose_name=pgettext_lazy("products", "category"),
    )
    family = models.ForeignKey(
        ProductFamily,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="variants",
        verbose_name=_("variant of"),
    )
    variant = models.CharField(
        _("variant"), max_length=255, blank=True, help_text=_("What sets it apart, for example “Red, L”.")
    )
    picture = models.ImageField(
        _("picture"),
        upload_to="products/",
        blank=True,
        validators=[FileExtensionValidator(["png", "jpg", "jpeg", "webp"])],
    )
    unit = models.CharField(_("unit"), max_length=20, default="pcs", blank=True)
    price = models.DecimalField(
        _("price"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("With VAT."),
    )
    price_currency = models.CharField(
        _("currency of the price"),
        max_length=3,
        blank=True,
        validators=[validate_currency],
        help_text=_("Three-letter code; the shop's currency when empty."),
    )
    cost = models.DecimalField(
        _("cost"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("What one unit costs you, without VAT."),
    )
    cost_currency = models.CharField(
        _("currency of the cost"),
        max_length=3,
        blank=True,
        validators=[validate_currency],
        help_text=_("Three-letter code; the shop's currency when empty."),
    )
    vat_rate = models.DecimalField(_("VAT rate, %"), max_digits=5, decimal_places=2, null=True, blank=True)
    weight_grams = models.PositiveIntegerField(_("weight, g"), null=True, blank=True)
    place = models.CharField(
        _("place in the warehouse"),
        max_length=50,
        blank=True,
        help_text=_("For example B-03-2; pick lists are sorted by it."),
    )
    is_tracked = models.BooleanField(
        _("stock is counted"),
        default=True,
        help_text=_(
            "Off: the product never blocks an order. Products that arrive with an order and are not known yet start like this."
        ),
    )
    allow_backorder = models.BooleanField(
        _("may be sold before it is in stock"),
        default=False,
        help_text=_("Orders then wait for it, and get it oldest first when it comes in."),
    )
    preorder_from = models.DateField(
        _("may be ordered ahead from"),
        null=True,
        blank=True,
        help_text=_(
            "From this day on it may be sold before it is in stock, for example an announced novelty."
        ),
    )
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    supplier = models.CharField(_("supplier"), max_length=100, blank=True)
    lead_time_days = models.PositiveSmallIntegerField(
        _("lead time, days"),
        null=True,
        blank=True,
        help_text=_("From ordering to having it here; the shop's usual one when empty."),
    )
    pack_size = models.PositiveIntegerField(
        _("pack size"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("You can order multiples of it only."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    source = models.CharField(_("source"), max_length=30, blank=True, editable=False)
    external_product_id = models.CharField(max_length=64, blank=True, editable=False)
    external_variation_id = models.CharField(max_length=64, blank=True, editable=False)
    search_text = models.TextField(editable=False, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: models.Manager[Product] = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["name", "pk"]
        indexes = [
            models.Index(fields=["name", "id"], name="products_by_name"),
            models.Index(
                fields=["shop", "name", "id"], condition=Q(is_active=True), name="products_active_by_name"
            ),
            models.Index(
                fields=["shop", "name", "id"], condition=Q(is_active=False), name="products_archived_by_name"
            ),
            models.Index(
                fields=["shop", "name", "id"],
                condition=Q(is_tracked=False),
                name="products_untracked_by_name",
            ),
            models.Index(fields=["category", "name", "id"], name="products_of_category_by_name"),
            models.Index(fields=["shop", "barcode"], condition=~Q(barcode=""), name="products_by_barcode"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["shop", "sku"], condition=~Q(sku=""), name="sku_per_shop"),
            models.UniqueConstraint(
                fields=["shop", "source", "external_product_id", "external_variation_id"],
                condition=Q(sku="") & ~Q(external_product_id=""),
                name="external_product_per_shop",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} · {self.full_name}" if self.sku else self.full_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it with the words it is found by."""
        self.search_text = searchable(self)
        named = kwargs.get("update_fields")
        if named is not None and SEARCHED & set(named):
            kwargs["update_fields"] = {*named, "search_text"}
        super().save(*args, **kwargs)
        if named is None or SEARCHED & set(named):
            refresh_product_terms([self])

    @property
    def full_name(self) -> str:
        """The name with the variant, as people tell two of a family apart."""
        return f"{self.name} · {self.variant}" if self.variant else self.name

    @property
    def small_picture_url(self) -> str:
        """The address of the picture made small for lists; empty without a picture."""
        name = self.picture.name
        return self.picture.storage.url(small_name(name)) if name else ""

    def may_wait(self, today: date) -> bool:
        """Whether it may be sold before it is in stock, on this day of the shop's calendar."""
        return self.allow_backorder or (self.preorder_from is not None and self.preorder_from <= today)


def small_name(name: str) -> str:
    """Where the small copy of a stored picture lies: beside it."""
    stem, _dot, ending = name.rpartition(".")
    return f"{stem}.small.{ending}"
