"""The outbox: every message, before and after it left, and what its provider reported since."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.statuses import REASONS, TROUBLE, Channel, Hold, Lane, MessageEvent, MessageState
from orders.models import Order
from orders.models.orders import order_scope
from shops.actors import ActorFields
from shops.models import Shop
from shops.permissions import Action
from shops.scoping import ShopScopedQuerySet
from shops.selectors import shop_ids_where

if TYPE_CHECKING:
    from shops.models import User


class MessageQuerySet(ShopScopedQuerySet["Message"]):
    def visible_to(self, user: User | Any) -> Self:
        """The messages about orders this person may see, and notes to colleagues in shops they lead or work in.

        None without a signed-in, active person.
        """
        if user is None or not getattr(user, "is_authenticated", False) or not user.is_active:
            return self.none()
        note = Q(order__isnull=True, shop_id__in=shop_ids_where(user, Action.VIEW_MESSAGES))
        return self.filter(order_scope(user, "order__") | note)

    def needing_a_person(self) -> Self:
        """Those that failed, came back or may not have left, and that nobody has sent again."""
        again = Message.objects.filter(resend_of=OuterRef("pk"))
        return self.filter(~Exists(again), state__in=TROUBLE)


class Message(ActorFields):
    """One message to one recipient: queue entry and record in one.

    `lane` names the transport it waits for; a lane never holds up another. `hold` says why a queued row is not due
    yet. A note to colleagues (event "staff") may have no order, and its words are there from the beginning.

    `facts` is what was true when it was queued; `subject`, `body` and `html` are kept once written. A queued row
    may be taken from `due_at` on; a row being sent belongs to its worker until `lease_until`; `ended_at` is when it was
    sent, failed or was dropped. `at_once` is a colleague's word that quiet hours shall not hold it. The actor is who
    caused it: the author of the order's change, or of the resend.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+", verbose_name=_("shop"))
    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("order")
    )
    event = models.CharField(_("about"), max_length=20, choices=MessageEvent.choices)
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
    lane = models.CharField(_("lane"), max_length=40, default=Lane.EMAIL, editable=False)
    hold = models.CharField(_("held"), max_length=10, choices=Hold.choices, blank=True)
    at_once = models.BooleanField(default=False, editable=False)
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
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    ended_at = models.DateTimeField(_("came to its end"), null=True, blank=True, editable=False)
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
                condition=~Q(state__in=[MessageState.SENT, MessageState.DELIVERED])
                | Q(sent_at__isnull=False),
                name="sent_has_time",
            ),
            models.CheckConstraint(
                condition=Q(order__isnull=False) | Q(event=MessageEvent.STAFF), name="customers_have_an_order"
            ),
        ]
        indexes = [
            models.Index(
                fields=["lane", "due_at"], condition=Q(state=MessageState.QUEUED), name="messages_due"
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state=MessageState.SENDING), name="messages_being_sent"
            ),
            models.Index(fields=["-created_at", "-id"], name="messages_newest"),
            models.Index(fields=["state", "-created_at", "-id"], name="messages_newest_by_state"),
            models.Index(fields=["channel", "-created_at", "-id"], name="messages_newest_by_channel"),
            models.Index(fields=["shop", "-created_at", "-id"], name="messages_newest_of_shop"),
            models.Index(fields=["order", "created_at"], name="messages_of_order"),
            # For the search by the beginning of an address: LIKE needs an order of bytes on PostgreSQL.
            models.Index(
                fields=["recipient"], name="messages_by_recipient", opclasses=["varchar_pattern_ops"]
            ),
            models.Index(
                fields=["provider_id"], condition=~Q(provider_id=""), name="messages_by_provider_number"
            ),
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


class MessageReport(models.Model):
    """What was heard of a message after it left; append-only. `key` makes a repeated report harmless."""

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="reports", verbose_name=_("message")
    )
    key = models.CharField(max_length=200, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=MessageState.choices)
    at = models.DateTimeField(_("at"), default=timezone.now)
    words = models.CharField(_("in the provider's words"), max_length=500, blank=True)
    by = models.CharField(_("reported by"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("delivery report")
        verbose_name_plural = _("delivery reports")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_state_display()} · {self.at:%Y-%m-%d %H:%M}"
