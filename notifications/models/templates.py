"""The words of messages, and which of them a shop sends."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from notifications.errors import TemplateError
from notifications.rendering import check_body, check_subject
from notifications.statuses import TEMPLATE_EVENTS, Channel
from orders.statuses import PaymentMethod
from shops.models import Shop
from shops.scoping import ShopScopedQuerySet


class MessageTemplate(models.Model):
    """The words of one message, in one language. `body` is the inner text; the e-mail layout adds the rest."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    event = models.CharField(_("when"), max_length=20, choices=TEMPLATE_EVENTS)
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    subject = models.CharField(
        _("subject"),
        max_length=300,
        blank=True,
        help_text=_("E-mails only. The names beside the form work here too."),
    )
    body = models.TextField(
        _("text"),
        max_length=10_000,
        help_text=_(
            "Leave an empty line between paragraphs. An e-mail gets its heading, the table of products, the button "
            "to the tracking page and the footer by itself."
        ),
    )
    plain_letters = models.BooleanField(
        _("write SMS without diacritics"),
        default=True,
        help_text=_("With letters like ș or ł an SMS holds 70 characters instead of 160, and costs more."),
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    history = HistoricalRecords(related_name="+")
    objects: models.Manager[MessageTemplate] = ShopScopedQuerySet["MessageTemplate"].as_manager()

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ["shop", "event", "channel", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "event", "channel", "language"],
                name="one_template_per_moment",
                violation_error_message=_(
                    "This shop already has a template for that moment, channel and language."
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} · {self.get_channel_display()} · {self.get_language_display()}"

    def clean(self) -> None:
        """Refuse texts that could not be sent, naming the line; called by every form before saving."""
        problems: dict[str, list[str]] = {}
        for field, check in (("subject", check_subject), ("body", check_body)):
            try:
                check(getattr(self, field))
            except TemplateError as error:
                problems[field] = error.sentences
        if self.channel == Channel.EMAIL and not self.subject.strip():
            problems.setdefault("subject", [str(_("An e-mail needs a subject."))])
        if problems:
            raise ValidationError({field: list(sentences) for field, sentences in problems.items()})


class MessageSwitch(models.Model):
    """Whether a shop writes to its customers at this moment, by this channel.

    A row may be narrowed to one payment method, one source, or both; the narrowest row that fits decides, the source
    before the payment method. Without any row the answer is off, and for a marketplace's orders a row that names no
    source does not count: they are written to only where somebody said so.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    event = models.CharField(_("when"), max_length=20, choices=TEMPLATE_EVENTS)
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    payment_method = models.CharField(
        _("payment method"), max_length=10, choices=PaymentMethod.choices, blank=True
    )
    source = models.CharField(_("source"), max_length=30, blank=True)
    is_on = models.BooleanField(_("on"), default=False)

    history = HistoricalRecords(related_name="+")
    objects: models.Manager[MessageSwitch] = ShopScopedQuerySet["MessageSwitch"].as_manager()

    class Meta:
        verbose_name = _("message switch")
        verbose_name_plural = _("message switches")
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "event", "channel", "payment_method", "source"], name="one_switch_per_moment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} · {self.get_channel_display()}"
