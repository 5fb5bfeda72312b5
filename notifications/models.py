"""Message templates, the on/off matrix, and the outbox: every message to a customer, before and after it left.

The rows hold facts and constraints; what may be sent and when is decided by services and the outbox.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from notifications.errors import TemplateError
from notifications.rendering import check_body, check_subject
from notifications.statuses import REASONS, Channel, MessageEvent, MessageState
from orders.models import Order
from orders.models.orders import order_scope
from shops.actors import ActorFields
from shops.models import Shop
from shops.scoping import ShopScopedQuerySet

if TYPE_CHECKING:
    from shops.models import User


class MessageTemplate(models.Model):
    """The words of one message, in one language. `body` is the inner text; the e-mail layout adds the rest."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    event = models.CharField(_("when"), max_length=12, choices=MessageEvent.choices)
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
    """Whether a shop writes to its customers at this moment, by this channel. Absent means off."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    event = models.CharField(_("when"), max_length=12, choices=MessageEvent.choices)
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    is_on = models.BooleanField(_("on"), default=False)

    history = HistoricalRecords(related_name="+")
    objects: models.Manager[MessageSwitch] = ShopScopedQuerySet["MessageSwitch"].as_manager()

    class Meta:
        verbose_name = _("message switch")
        verbose_name_plural = _("message switches")
        constraints = [
            models.UniqueConstraint(fields=["shop", "event", "channel"], name="one_switch_per_moment")
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} · {self.get_channel_display()}"


class MessageQuerySet(ShopScopedQuerySet["Message"]):
    def visible_to(self, user: User | Any) -> Self:
        """The messages about orders this person may see; none without a signed-in, active person."""
        if user is None or not getattr(user, "is_authenticated", False) or not user.is_active:
            return self.none()
        return self.filter(order_scope(user, "order__"))

    def needing_a_person(self) -> Self:
        """Those that failed, or may not have left, and that nobody has sent again."""
        again = Message.objects.filter(resend_of=OuterRef("pk"))
        return self.filter(~Exists(again), state__in=(MessageState.FAILED, MessageState.UNKNOWN))


class Message(ActorFields):
    """One message to one recipient: queue entry and record in one.

    `facts` is what was true when it was queued; `subject`, `body` and `html` are kept once written. A queued row
    may be taken from `due_at` on; a row being sent belongs to its worker until `lease_until`. The actor is who
    caused it: the author of the order's change, or of the resend.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+", verbose_name=_("shop"))
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+", verbose_name=_("order"))
    event = models.CharField(_("about"), max_length=12, choices=MessageEvent.choices)
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    recipient = models.CharField(_("to"), max_length=254)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    written_in = models.CharField(_("written in"), max_length=5, choices=settings.LANGUAGES, blank=True)
    facts = models.JSONField(default=dict, editable=False)
    dedupe_key = models.CharField(max_length=350, unique=True, editable=False)
    event_uid = models.UUIDField(editable=False, db_index=True)
    move_id = models.UUIDField(null=True, blank=True, editable=False, db_index=True)

    state = models.CharField(
        _("state"), max_length=10, choices=MessageState.choices, default=MessageState.QUEUED
    )
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("reason"), max_length=500, blank=True)

    subject = models.CharField(_("subject"), max_length=500, blank=True)
    body = models.TextField(_("text"), blank=True)
    html = models.TextField(blank=True, editable=False)
    via = models.CharField(_("sent by"), max_length=30, blank=True)
    provider_id = models.CharField(_("number at the provider"), max_length=200, blank=True)
    message_id = models.CharField(max_length=200, blank=True, editable=False)

    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    resend_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("again of")
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.CheckConstraint(condition=~Q(dedupe_key=""), name="message_has_key"),
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="message_state_known"),
            models.CheckConstraint(
                condition=~Q(state=MessageState.SENDING) | Q(lease_until__isnull=False),
                name="sending_has_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state=MessageState.SENT) | Q(sent_at__isnull=False), name="sent_has_time"
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "due_at"], condition=Q(state=MessageState.QUEUED), name="messages_due"
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state=MessageState.SENDING), name="messages_being_sent"
            ),
            models.Index(fields=["-created_at", "-id"], name="messages_newest"),
            models.Index(fields=["state", "-created_at", "-id"], name="messages_newest_by_state"),
            models.Index(fields=["channel", "-created_at", "-id"], name="messages_newest_by_channel"),
            models.Index(fields=["shop", "-created_at", "-id"], name="messages_newest_of_shop"),
            models.Index(fields=["order", "created_at"], name="messages_of_order"),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} · {self.get_channel_display()} · {self.recipient}"

    @property
    def reason(self) -> str:
        """Why it stands where it stands, in the reader's language where the reason is ours."""
        return str(REASONS.get(self.last_error, self.last_error))

    @property
    def link_mark(self) -> str:
        """What stands in the kept text in place of the customer's tracking link, which is never stored."""
        return f"https://link.invalid/{self.pk.hex}/"
