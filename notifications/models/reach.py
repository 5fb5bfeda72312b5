"""How a shop reaches its customers: its look and quiet hours, its SMS account, and whom it must not write to."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from notifications.statuses import Channel, SmsProvider, SuppressionReason
from shops.actors import ActorFields
from shops.models import Shop
from shops.scoping import ShopScopedQuerySet


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
    """A shop's account at an SMS provider. `credentials` is encrypted; `hook_secret` is part of its report address.

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
