"""How a shop reaches its customers: its look and quiet hours, its SMS account, whom it must not write to, replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from notifications.statuses import Channel, ReplyWish, SmsProvider, SuppressionReason
from orders.models import Order
from orders.models.orders import order_scope
from shops.actors import ActorFields
from shops.models import Shop
from shops.permissions import Action
from shops.scoping import ShopScopedQuerySet
from shops.selectors import shop_ids_where

if TYPE_CHECKING:
    from shops.models import User


class MessageSettings(models.Model):
    """A shop's look in e-mails and its quiet hours. Absent means the defaults.

    Quiet hours are in the shop's time zone and may pass midnight; an SMS that becomes due in them waits for their end.
    """

    shop = models.OneToOneField(Shop, on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    accent_colour = models.CharField(
        _("colour of buttons"),
        max_length=7,
        default="#1d4ed8",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", _("A colour such as #1d4ed8."))],
    )
    footer = models.TextField(
        _("footer of e-mails"),
        max_length=1000,
        blank=True,
        help_text=_("For example the company's name, address and registration number."),
    )

    history = HistoricalRecords(related_name="+")
    objects: models.Manager[MessageSettings] = ShopScopedQuerySet["MessageSettings"].as_manager()

    class Meta:
        verbose_name = _("message settings")
        verbose_name_plural = _("message settings")
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_have_both_ends",
                violation_error_message=_("Give both ends of the quiet hours, or neither."),
            )
        ]

    def __str__(self) -> str:
        return str(self.shop)


class SmsAccount(models.Model):
    """A shop's account at an SMS provider.

    `credentials` is encrypted and holds the secret of its report addresses too; `hook_secret` is that secret's digest,
    by which an incoming report finds its account.

    Without one the shop's SMS leave by the installation's own gateway (settings: SMS_URL).
    """

    shop = models.OneToOneField(Shop, on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    provider = models.CharField(_("provider"), max_length=20, choices=SmsProvider.choices)
    credentials = models.TextField(editable=False, blank=True)
    hook_secret = models.CharField(max_length=64, editable=False, unique=True)
    is_on = models.BooleanField(_("on"), default=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: models.Manager[SmsAccount] = ShopScopedQuerySet["SmsAccount"].as_manager()

    class Meta:
        verbose_name = _("SMS account")
        verbose_name_plural = _("SMS accounts")

    def __str__(self) -> str:
        return f"{self.shop} · {self.get_provider_display()}"

    @property
    def lane(self) -> str:
        """The lane its messages wait in."""
        return f"sms:{self.pk}"


class Suppression(ActorFields):
    """An address a shop does not write to any more, and why. Lifted by a person, never deleted."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    address = models.CharField(_("address"), max_length=254)
    reason = models.CharField(_("reason"), max_length=10, choices=SuppressionReason.choices)
    words = models.CharField(_("in the provider's words"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.CharField(_("lifted by"), max_length=150, blank=True)

    objects: models.Manager[Suppression] = ShopScopedQuerySet["Suppression"].as_manager()

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "channel", "address"],
                condition=Q(lifted_at__isnull=True),
                name="one_live_suppression_per_address",
            )
        ]
        indexes = [models.Index(fields=["shop", "-id"], name="suppressions_newest_of_shop")]

    def __str__(self) -> str:
        return f"{self.address} · {self.get_reason_display()}"


class SmsReplyQuerySet(ShopScopedQuerySet["SmsReply"]):
    def visible_to(self, user: User | Any) -> Self:
        """The replies about orders this person may see, and those about none in shops where they read messages."""
        if user is None or not getattr(user, "is_authenticated", False) or not user.is_active:
            return self.none()
        of_no_order = Q(order__isnull=True, shop_id__in=shop_ids_where(user, Action.VIEW_MESSAGES))
        return self.filter(order_scope(user, "order__") | of_no_order)


class SmsReply(models.Model):
    """What a customer answered by SMS; append-only but for who read it. `key` makes a repeated call harmless.

    The order is the newest one the number was written to about; a reply from an unknown number has none.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("order")
    )
    key = models.CharField(max_length=200, unique=True, editable=False)
    sender = models.CharField(_("from"), max_length=30)
    text = models.TextField(_("text"), max_length=2000)
    at = models.DateTimeField(_("received"), default=timezone.now)
    wish = models.CharField(_("taken as"), max_length=5, choices=ReplyWish.choices, blank=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = SmsReplyQuerySet.as_manager()

    class Meta:
        verbose_name = _("reply by SMS")
        verbose_name_plural = _("replies by SMS")
        indexes = [
            models.Index(fields=["shop", "-id"], name="replies_newest_of_shop"),
            models.Index(fields=["shop", "sender", "-id"], name="replies_of_number"),
            models.Index(fields=["order"], condition=Q(read_at__isnull=True), name="replies_unread_of_order"),
        ]

    def __str__(self) -> str:
        return f"{self.sender} · {self.at:%Y-%m-%d %H:%M}"
