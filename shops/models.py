"""People, shops and memberships: the rows every other app stands on."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.validators import FileExtensionValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from shops.permissions import Role
from shops.scoping import ShopScopedQuerySet
from shops.validators import (
    validate_currency,
    validate_holidays,
    validate_time_zone,
    validate_working_hours,
)
from shops.working_hours import Calendar


class User(AbstractUser):
    """A person who signs in. What they may do is decided by their memberships, never by Django groups."""

    language = models.CharField(
        _("interface language"), max_length=5, choices=settings.LANGUAGES, default="en", blank=True
    )
    last_shop = models.ForeignKey(
        "shops.Shop", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    # What `shops.selectors.keep_standings` read, on the person of one request; nobody else's instance has it.
    kept_standings: tuple[Any, ...] | None = None

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    @property
    def initials(self) -> str:
        """Two letters for avatars and claims."""
        names = [name for name in (self.first_name, self.last_name) if name] or [self.username]
        return "".join(name[0] for name in names)[:2].upper() if len(names) > 1 else names[0][:2].upper()


class StockMaster(models.TextChoices):
    HERE = "here", _("This system (a shortage blocks the order)")
    SOURCE = "source", _("The online shop it comes from")
    NOBODY = "nobody", _("Nobody keeps count")


class ReserveAt(models.TextChoices):
    PLACING = "placing", _("When the order arrives")
    CONFIRMATION = "confirmation", _("When the order is confirmed")


class ClaimVisibility(models.TextChoices):
    VISIBLE = "visible", _("Visible with initials")
    READ_ONLY = "read_only", _("Read-only for others")
    HIDDEN = "hidden", _("Hidden from others")


class ShopQuerySet(ShopScopedQuerySet["Shop"]):
    shop_path = "pk"


class Shop(models.Model):
    """An online shop: its identity towards customers, its calendar and its switches."""

    name = models.CharField(_("name"), max_length=100, help_text=_("As customers know it; used in messages."))
    slug = models.SlugField(
        _("short name"),
        max_length=50,
        unique=True,
        help_text=_("Used in web addresses; do not change it later."),
    )
    country = models.CharField(
        _("country"), max_length=5, default="RO", blank=True, help_text=_("Two-letter code, for example RO.")
    )
    domain = models.CharField(
        _("web site"), max_length=100, blank=True, help_text=_("Without https://, for example shop.example.")
    )
    phone = models.CharField(
        _("phone"),
        max_length=30,
        blank=True,
        help_text=_("Customers see it in messages and on the tracking page."),
    )
    currency = models.CharField(
        _("currency"),
        max_length=3,
        validators=[validate_currency],
        help_text=_("Three-letter code, for example RON."),
    )
    language = models.CharField(
        _("language"),
        max_length=5,
        choices=settings.LANGUAGES,
        help_text=_("Customers are written to in it unless they have their own."),
    )
    time_zone = models.CharField(
        _("time zone"), max_length=50, default="Europe/Bucharest", validators=[validate_time_zone]
    )
    working_hours = models.JSONField(
        _("working hours"),
        default=dict,
        blank=True,
        validators=[validate_working_hours],
        help_text=_(
            'Per weekday, for example {"mon": ["09:00", "18:00"]}. Time limits on the board count only these hours.'
        ),
    )
    holidays = models.JSONField(
        _("holidays"),
        default=list,
        blank=True,
        validators=[validate_holidays],
        help_text=_('Days on which the shop is closed, for example ["2026-12-25"].'),
    )
    sender_name = models.CharField(
        _("sender name"),
        max_length=100,
        blank=True,
        help_text=_("The name on e-mails; the shop's name when empty."),
    )
    sender_email = models.EmailField(
        _("sender e-mail"), blank=True, help_text=_("The address e-mails are sent from and answered to.")
    )
    sms_sender = models.CharField(
        _("SMS sender"),
        max_length=11,
        blank=True,
        help_text=_("Up to 11 letters or digits, if your SMS provider allows it."),
    )
    logo = models.FileField(
        _("logo"), upload_to="logos/", blank=True, validators=[FileExtensionValidator(["png", "jpg", "jpeg"])]
    )
    order_prefix = models.CharField(
        _("order number prefix"),
        max_length=10,
        unique=True,
        validators=[
            RegexValidator(r"^[A-Z0-9]+-?$", _("Capital letters and digits, optionally ending with a dash."))
        ],
        help_text=_("Order numbers begin with it, for example RO-."),
    )
    next_order_number = models.PositiveIntegerField(_("next order number"), default=1001)
    stock_master = models.CharField(
        _("who keeps the stock"), max_length=10, choices=StockMaster.choices, default=StockMaster.HERE
    )
    reserve_at = models.CharField(
        _("reserve stock"), max_length=15, choices=ReserveAt.choices, default=ReserveAt.PLACING
    )
    confirm_unpaid = models.BooleanField(
        _("unpaid orders may be confirmed"),
        default=False,
        help_text=_("Off: an order must be paid or cash on delivery before it is confirmed."),
    )
    auto_confirm_paid = models.BooleanField(
        _("confirm paid orders by itself"),
        default=False,
        help_text=_("Paid orders with a complete address and stock are confirmed without a call."),
    )
    claim_visibility = models.CharField(
        _("claimed orders are"),
        max_length=10,
        choices=ClaimVisibility.choices,
        default=ClaimVisibility.VISIBLE,
    )
    undo_seconds = models.PositiveSmallIntegerField(
        _("seconds to undo a move"),
        default=10,
        help_text=_("Messages of a move made by hand wait this long, so that it can be undone."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    history = HistoricalRecords(related_name="+")
    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name = _("shop")
        verbose_name_plural = _("shops")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.working_hours or {}, frozenset(self.holidays or ()), self.zone)

    @property
    def blocks_on_shortage(self) -> bool:
        return self.stock_master == StockMaster.HERE


class Membership(models.Model):
    """One person's role in one shop."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("person")
    )
    shop = models.ForeignKey(
        Shop, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("shop")
    )
    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.MANAGER)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["user", "shop"], name="one_role_per_shop")]

    def __str__(self) -> str:
        return f"{self.user} · {self.shop} · {self.get_role_display()}"


class ApiKeyQuerySet(ShopScopedQuerySet["ApiKey"]):
    pass


class ApiKey(models.Model):
    """A machine's key to one shop; only its SHA-256 is stored."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="api_keys", verbose_name=_("shop"))
    name = models.CharField(
        _("name"), max_length=100, help_text=_("What uses this key, so that you know what to revoke.")
    )
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.digest:
            raise ValueError("API keys are made by shops.services.create_api_key, which shows the key once.")
        super().save(*args, **kwargs)
