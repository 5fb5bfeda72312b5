"""Quantities: the counters of each stock item, the append-only ledger behind them, reservations, and repairs."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory.models.catalogue import Product, Warehouse
from shops.actors import ActorFields
from shops.scoping import ShopScopedQuerySet


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
    changed_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

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
        indexes = [
            models.Index(fields=["changed_at", "id"], name="stock_items_by_change"),
            models.Index(
                fields=["product"],
                condition=Q(safety_stock__gt=F("on_hand") - F("reserved")),
                name="stock_items_running_low",
            ),
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
    ADJUSTMENT = "adjustment", _("Adjusted")
    TRANSFER = "transfer", _("Moved between warehouses")


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
    unit_cost = models.DecimalField(
        _("cost of one unit"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    cost_currency = models.CharField(_("currency of the cost"), max_length=3, blank=True)
    # What a form was posted with: the same form posted twice books once.
    key = models.UUIDField(null=True, blank=True, unique=True, editable=False)

    objects: models.Manager[StockMovement] = StockMovementQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="movement_not_zero")]
        indexes = [
            models.Index(fields=["stock_item", "-id"], name="movements_newest_of_item"),
            models.Index(fields=["stock_item", "at"], name="movements_of_item_by_time"),
            models.Index(fields=["-at", "-id"], name="movements_newest"),
            models.Index(fields=["actor_user", "-at", "-id"], name="movements_newest_of_person"),
        ]

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


class Counter(models.TextChoices):
    ON_HAND = "on_hand", _("on hand")
    RESERVED = "reserved", _("reserved")


class StockRepairQuerySet(ShopScopedQuerySet["StockRepair"]):
    shop_path = "stock_item__product__shop_id"


class StockRepair(ActorFields):
    """A counter that disagreed with the rows it sums up and was set right; append-only.

    The ledger is the truth for what is on hand, the reservations for what is reserved.
    """

    stock_item = models.ForeignKey(
        StockItem, on_delete=models.PROTECT, related_name="repairs", verbose_name=_("stock item")
    )
    counter = models.CharField(_("counter"), max_length=10, choices=Counter.choices)
    before = models.IntegerField(_("before"))
    after = models.IntegerField(_("after"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    objects: models.Manager[StockRepair] = StockRepairQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock repair")
        verbose_name_plural = _("stock repairs")

    def __str__(self) -> str:
        return f"{self.get_counter_display()}: {self.before} → {self.after}"
