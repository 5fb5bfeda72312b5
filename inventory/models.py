"""Products, stock items with their counters, the append-only ledger, and reservations.

It owns quantities. It must not know what an order is: owners of reservations appear as opaque references.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shops.actors import ActorFields
from shops.scoping import ShopScopedQuerySet
from shops.search_text import join_folded


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
    unit = models.CharField(_("unit"), max_length=20, default="pcs", blank=True)
    price = models.DecimalField(
        _("price"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("With VAT, in the shop's currency."),
    )
    cost = models.DecimalField(
        _("cost"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("What one unit costs you, without VAT."),
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
    allow_backorder = models.BooleanField(_("may be sold before it is in stock"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    source = models.CharField(_("source"), max_length=30, blank=True, editable=False)
    external_product_id = models.CharField(max_length=64, blank=True, editable=False)
    external_variation_id = models.CharField(max_length=64, blank=True, editable=False)
    search_text = models.TextField(editable=False, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: models.Manager[Product] = ShopScopedQuerySet["Product"].as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["name", "pk"]
        indexes = [models.Index(fields=["name", "id"], name="products_by_name")]
        constraints = [
            models.UniqueConstraint(fields=["shop", "sku"], condition=~Q(sku=""), name="sku_per_shop"),
            models.UniqueConstraint(
                fields=["shop", "source", "external_product_id", "external_variation_id"],
                condition=Q(sku="") & ~Q(external_product_id=""),
                name="external_product_per_shop",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} · {self.name}" if self.sku else self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_text = join_folded(self.sku, self.barcode, self.name)
        super().save(*args, **kwargs)


class StockItemQuerySet(ShopScopedQuerySet["StockItem"]):
    shop_path = "product__shop_id"


class StockItem(models.Model):
    """The counters of one product in one warehouse, in whole units. `available = on_hand - reserved`."""

    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="stock_items", verbose_name=_("product")
    )
    warehouse = models.ForeignKey(
        Warehouse, on_delete=models.PROTECT, related_name="stock_items", verbose_name=_("warehouse")
    )
    on_hand = models.IntegerField(_("on hand"), default=0, editable=False)
    reserved = models.IntegerField(_("reserved"), default=0, editable=False)
    safety_stock = models.PositiveIntegerField(
        _("safety stock"), default=0, help_text=_("Below this much available you are warned.")
    )

    objects: models.Manager[StockItem] = StockItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock item")
        verbose_name_plural = _("stock items")
        constraints = [
            models.UniqueConstraint(
                fields=["product", "warehouse"], name="one_item_per_product_and_warehouse"
            ),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="reserved_not_negative"),
            models.CheckConstraint(condition=Q(reserved__lte=F("on_hand")), name="reserved_within_on_hand"),
        ]

    def __str__(self) -> str:
        return f"{self.product} ({self.warehouse})"

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class MovementKind(models.TextChoices):
    RECEIPT = "receipt", pgettext_lazy("stock", "Received")
    SHIPMENT = "shipment", _("Shipped")
    SHIPMENT_REVERSED = "shipment_reversed", _("Shipment undone")
    RESTOCK = "restock", _("Returned to stock")
    WRITE_OFF = "write_off", _("Written off")
    COUNT = "count", _("Counted")


class StockMovementQuerySet(ShopScopedQuerySet["StockMovement"]):
    shop_path = "stock_item__product__shop_id"


class StockMovement(ActorFields):
    """The ledger: append-only; the sum of `quantity` over a stock item is its `on_hand`."""

    stock_item = models.ForeignKey(
        StockItem, on_delete=models.PROTECT, related_name="movements", verbose_name=_("stock item")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=MovementKind.choices)
    quantity = models.IntegerField(_("quantity"), help_text=_("Positive in, negative out."))
    reference = models.CharField(_("reference"), max_length=100, blank=True, db_index=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    objects: models.Manager[StockMovement] = StockMovementQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="movement_not_zero")]

    def __str__(self) -> str:
        return f"{self.quantity:+d} · {self.reason}"


class ReservationQuerySet(ShopScopedQuerySet["Reservation"]):
    shop_path = "stock_item__product__shop_id"


class Reservation(models.Model):
    """What one owner holds of one stock item: `reserved` units, and `backordered` ones it still waits for.

    `reference` names the owner and is opaque here; the pair (reference, stock item) is unique, and rows with
    nothing left are deleted.
    """

    reference = models.CharField(_("reference"), max_length=100)
    stock_item = models.ForeignKey(
        StockItem, on_delete=models.PROTECT, related_name="reservations", verbose_name=_("stock item")
    )
    reserved = models.PositiveIntegerField(_("reserved"), default=0)
    backordered = models.PositiveIntegerField(_("backordered"), default=0)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects: models.Manager[Reservation] = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        constraints = [
            models.UniqueConstraint(
                fields=["reference", "stock_item"], name="one_reservation_per_reference_and_item"
            ),
            models.CheckConstraint(
                condition=Q(reserved__gt=0) | Q(backordered__gt=0), name="reservation_not_empty"
            ),
        ]
        indexes = [
            models.Index(
                fields=["stock_item", "created_at", "id"],
                condition=Q(backordered__gt=0),
                name="waiting_oldest_first",
            )
        ]

    def __str__(self) -> str:
        return f"{self.reference} · {self.stock_item_id}"
