"""The words of templates: putting an earlier version back, and trying a text out on oneself."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.errors import MessageError
from notifications.layout import Written, sample_link, write
from notifications.models import Message, MessageTemplate
from notifications.previews import preview_facts
from notifications.selectors import lanes_of, look_of
from notifications.statuses import Channel, MessageEvent
from notifications.wakeups import wake_workers
from orders.models import Order
from shops.actors import Actor, actor_columns
from shops.locks import lock_one
from shops.models import User
from shops.permissions import Action, require

TESTS_AN_HOUR = 20
TEST_MARK = "[Test]"


@transaction.atomic
def restore_template(*, template_id: int, version: int, actor: Actor) -> None:
    """Give a template the words of one of its versions; they are checked anew, and become the newest version.

    Raises NotPermitted, and MessageError when there is no such version or its words would be refused today.
    """
    template = lock_one(MessageTemplate.objects.all(), template_id)
    require(actor, shop_id=template.shop_id, action=Action.EDIT_MESSAGES)
    words = template.history.filter(history_id=version).first()
    if words is None:
        raise MessageError(_("This version does not exist."), code="not_found")
    template.subject, template.body = words.subject, words.body
    template.plain_letters = words.plain_letters
    try:
        template.full_clean()
    except ValidationError as error:
        raise MessageError(" ".join(error.messages), code="refused") from error
    template.save()


@transaction.atomic
def send_test(*, template: MessageTemplate, order: Order | None, recipient: str, actor: Actor) -> uuid.UUID:
    """Queue a text, saved or not, for a colleague, as it would leave about this order, and answer the message's key.

    It is marked, goes through the outbox like any message and is never taken for a customer's. Raises NotPermitted,
    MessageError beyond `TESTS_AN_HOUR` an hour, TemplateError for a text that cannot be written.
    """
    require(actor, shop_id=template.shop_id, action=Action.EDIT_MESSAGES)
    _count_tests(actor)
    facts = preview_facts(template, order)
    written = write(template, facts, look=look_of(template.shop), link=sample_link())
    message = _test_message(template, written, recipient, actor)
    message.save(force_insert=True)
    wake_workers()
    return message.pk


def _count_tests(actor: Actor) -> None:
    lock_one(User.objects.all(), actor.user_id or 0)
    sent = Message.objects.filter(
        created_at__gte=timezone.now() - timedelta(hours=1),
        event=MessageEvent.STAFF,
        actor_user_id=actor.user_id,
        dedupe_key__startswith="test:",
    )
    if sent.count() >= TESTS_AN_HOUR:
        raise MessageError(
            _("You have sent %(limit)d tests in the last hour; wait a little.") % {"limit": TESTS_AN_HOUR},
            code="too_many",
        )


def _test_message(template: MessageTemplate, written: Written, recipient: str, actor: Actor) -> Message:
    key, now = uuid.uuid4(), timezone.now()
    is_sms = template.channel == Channel.SMS
    return Message(
        id=key,
        shop_id=template.shop_id,
        event=MessageEvent.STAFF,
        channel=template.channel,
        lane=lanes_of(template.shop_id)[template.channel],
        recipient=recipient[:254],
        language=template.language,
        written_in=template.language,
        subject="" if is_sms else f"{TEST_MARK} {written.subject}"[:500],
        body=f"{TEST_MARK} {written.text}" if is_sms else written.text,
        html=written.html,
        at_once=True,
        dedupe_key=f"test:{key}:{template.channel}:{recipient}"[:350],
        event_uid=uuid.uuid4(),
        due_at=now,
        created_at=now,
        **actor_columns(actor),
    )
