"""Orders, their lines, addresses and notes."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.customers import AddressFields, Customer
from orders.statuses import DeliveryKind, PaymentMethod, PaymentStatus, Status
from orders.workflow import OrderWorkflow
from shops.actors import ActorFields
from shops.models import ClaimVisibility
from shops.permissions import Role
from shops.scoping import ShopScopedQuerySet
from shops.selectors import roles_of

if TYPE_CHECKING:
    from shops.models import User


STOCK_REFERENCE = "order:"


def order_scope(user: User, prefix: str = "") -> Q:
    """The condition under which a person may see an order, for rows that reach it by `prefix`.

    Warehouse people see confirmed orders and later ones, claimed or not. In a shop that hides claimed orders,
    managers do not see a colleague's. Without any membership the condition is never true.
    """
    roles = roles_of(user)
    warehouse = [shop_id for shop_id, role in roles.items() if role == Role.WAREHOUSE]
    managers = [shop_id for shop_id, role in roles.items() if role == Role.MANAGER]
    leaders = [shop_id for shop_id, role in roles.items() if role in (Role.ADMIN, Role.SUPERVISOR)]
    shop, status, manager = f"{prefix}shop_id__in", f"{prefix}status", f"{prefix}manager"
    hides = Q(**{f"{prefix}shop__claim_visibility": ClaimVisibility.HIDDEN})
    free_or_mine = Q(**{f"{manager}__isnull": True}) | Q(**{manager: user.pk})
    return (
        Q(**{shop: leaders})
        | (Q(**{shop: managers}) & (~hides | free_or_mine))
        | (Q(**{shop: warehouse}) & ~Q(**{f"{status}__in": [Status.NEW, Status.CANCELLED]}))
    )


class OrderQuerySet(ShopScopedQuerySet["Order"]):
    def visible_to(self, user: User | Any) -> Self:
        """The orders this person may see (see `order_scope`); none without a signed-in, active person."""
        if user is None or not getattr(user, "is_authenticated", False) or not user.is_active:
            return self.none()
        return self.filter(order_scope(user))


def stock_reference(order_id: int) -> str:
    """How inventory names the reservations and movements of an order."""
    return f"{STOCK_REFERENCE}{order_id}"


def stock_reference_at(order_key: F | OuterRef) -> Combinable:
    """`stock_reference` as an expression, for queries that go from an order's key to what stock holds for it."""
    return Concat(
        Value(STOCK_REFERENCE), Cast(order_key, models.TextField()), output_field=models.TextField()
    )


def order_of_reference(reference: str) -> int | None:
    """The key of the order behind a reference of stock, or None where it is none of an order."""
    kind, key = reference[: len(STOCK_REFERENCE)], reference[len(STOCK_REFERENCE) :]
    return int(key) if kind == STOCK_REFERENCE and key.isascii() and key.isdigit() and len(key) < 19 else None


class OrderAddress(AddressFields):
    """An order's own copy of an address, editable until the parcel is handed over."""

    class Meta:
        verbose_name = _("order address")
        verbose_name_plural = _("order addresses")


class Order(OrderWorkflow):
    """One order. Totals are gross, in `currency`: total = goods + shipping + fees + rounding."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="+", verbose_name=_("shop"))
    number = models.CharField(_("number"), max_length=40, unique=True)
    source = models.CharField(_("source"), max_length=30, default="manual")
    external_id = models.CharField(_("number at the source"), max_length=64, blank=True)
    source_modified_at = models.DateTimeField(null=True, blank=True, editable=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="orders", verbose_name=_("customer")
    )
    language = models.CharField(_("customer's language"), max_length=5, choices=settings.LANGUAGES)
    manager = models.ForeignKey(
        "shops.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("manager"),
    )
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)

    shipping_address = models.OneToOneField(
        OrderAddress, on_delete=models.PROTECT, related_name="+", verbose_name=_("delivery address")
    )
    billing_address = models.OneToOneField(
        OrderAddress,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("billing address"),
    )
    delivery_kind = models.CharField(
        _("delivery"), max_length=10, choices=DeliveryKind.choices, default=DeliveryKind.DOOR
    )
    delivery_title = models.CharField(_("delivery as chosen"), max_length=200, blank=True)
    pickup_point = models.CharField(_("locker or pick-up point"), max_length=100, blank=True)
    courier = models.CharField(_("courier chosen"), max_length=30, blank=True)
    partial_agreed = models.BooleanField(_("the customer agreed to partial delivery"), default=False)

    payment_method = models.CharField(
        _("payment method"), max_length=10, choices=PaymentMethod.choices, default=PaymentMethod.COD
    )
    payment_title = models.CharField(_("payment as chosen"), max_length=200, blank=True)
    payment_status = models.CharField(
        _("payment"), max_length=16, choices=PaymentStatus.choices, default=PaymentStatus.PENDING
    )
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    payment_url = models.URLField(
        _("where the customer can pay"),
        max_length=500,
        blank=True,
        help_text=_("The payment page of the online shop; it goes into the e-mail about a failed payment."),
    )

    currency = models.CharField(_("currency"), max_length=3)
    goods_total = models.DecimalField(_("goods"), max_digits=14, decimal_places=2, default=0)
    shipping_total = models.DecimalField(_("shipping"), max_digits=14, decimal_places=2, default=0)
    fees_total = models.DecimalField(_("fees"), max_digits=14, decimal_places=2, default=0)
    rounding = models.DecimalField(_("rounding"), max_digits=14, decimal_places=2, default=0)
    vat_total = models.DecimalField(_("of which VAT"), max_digits=14, decimal_places=2, default=0)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2, default=0)

    customer_note = models.TextField(_("customer's note"), blank=True)
    tracking_version = models.PositiveSmallIntegerField(default=1, editable=False)
    tracking_digest = models.CharField(max_length=64, unique=True, editable=False)
    acknowledged_at = models.DateTimeField(null=True, blank=True, editable=False)
    status_changed_at = models.DateTimeField(default=timezone.now, editable=False)
    placed_at = models.DateTimeField(_("placed"), default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: models.Manager[Order] = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "source", "external_id"],
                condition=~Q(external_id=""),
                name="external_order_once",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="order_status_known"),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="orders_newest"),
            models.Index(fields=["shop", "-placed_at", "-id"], name="orders_newest_of_shop"),
            models.Index(fields=["shop", "status", "-placed_at", "-id"], name="orders_newest_by_status"),
            models.Index(fields=["customer", "-placed_at"], name="orders_of_customer"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_cod(self) -> bool:
        return self.payment_method == PaymentMethod.COD

    @property
    def is_collected(self) -> bool:
        """Whether the customer fetches the parcel from a locker or pick-up point."""
        return self.delivery_kind in (DeliveryKind.PICKUP, DeliveryKind.LOCKER)

    @property
    def is_paid(self) -> bool:
        return self.payment_status in (PaymentStatus.PAID, PaymentStatus.PARTLY_REFUNDED)

    @property
    def stock_reference(self) -> str:
        """How inventory names this order's reservations and movements."""
        return stock_reference(self.pk)


class OrderLine(models.Model):
    """One line. `total` is what the customer pays for it, gross and after `discount`, in the order's currency.

    `dropped` units of a shipped order will not be sent after it any more.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", verbose_name=_("order"))
    position = models.PositiveSmallIntegerField(_("position"))
    product = models.ForeignKey(
        "inventory.Product", on_delete=models.PROTECT, related_name="+", verbose_name=_("product")
    )
    sku = models.CharField(_("SKU"), max_length=100, blank=True)
    name = models.CharField(_("name"), max_length=255)
    variant = models.CharField(_("variant"), max_length=255, blank=True)
    external_id = models.CharField(max_length=64, blank=True, editable=False)
    quantity = models.PositiveIntegerField(_("quantity"))
    dropped = models.PositiveIntegerField(_("will not be sent"), default=0, editable=False)
    unit_price = models.DecimalField(_("unit price"), max_digits=14, decimal_places=4)
    discount = models.DecimalField(_("discount"), max_digits=14, decimal_places=2, default=0)
    vat_rate = models.DecimalField(_("VAT rate, %"), max_digits=5, decimal_places=2, default=0)
    vat_amount = models.DecimalField(_("VAT"), max_digits=14, decimal_places=2, default=0)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="line_position_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="line_quantity_positive"),
            models.CheckConstraint(condition=Q(dropped__lte=F("quantity")), name="dropped_within_ordered"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


class OrderNote(ActorFields):
    """An internal note; customers never see it. Append-only."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="notes", verbose_name=_("order"))
    text = models.TextField(_("note"))
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("internal note")
        verbose_name_plural = _("internal notes")
        ordering = ["at", "pk"]


class OrderTerm(models.Model):
    """One folded word or number an order is found by; searched by prefix."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="terms")
    term = models.CharField(max_length=80, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "term"], name="order_term_once")]

    def __str__(self) -> str:
        return self.term
