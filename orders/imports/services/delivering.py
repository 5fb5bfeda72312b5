"""Signed requests: checked, stored raw, read; and read again when the first reading failed.

Storing and reading are two transactions: what was stored is answered with success whatever comes of it, because
WooCommerce switches a webhook off after five failures.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from orders.imports.errors import DeliveryNotRetryable, DeliveryRejected
from orders.imports.models import Connection, Delivery
from orders.imports.services.importing import ImportResult, import_payload, report_deletion
from orders.imports.statuses import DeliveryState, Outcome, Source
from orders.imports.woocommerce import is_ping, load_json
from orders.imports.woocommerce.fields import clean
from shops.actors import Actor
from shops.errors import DomainError
from shops.locks import lock_one
from shops.permissions import Action, require
from shops.secrets import decrypt, encrypt, make_secret

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=60)
SWEEP = 200
ATTEMPTS = 5
KEEP_READ = timedelta(days=30)
KEEP_FAILED = timedelta(days=180)
OPEN_STATES = (DeliveryState.RECEIVED, DeliveryState.FAILED)


def receive_delivery(
    *, source: str, shop_slug: str, body: bytes, signature: str, topic: str = "", delivery_id: str = ""
) -> int:
    """Check the signature, store the request and return its key; the same request again returns the same key.

    The signature is the base64 HMAC-SHA256 of the raw body under the connection's secret. Raises DeliveryRejected,
    after the same work and with the same words, for a wrong one and for a shop that is not connected.
    """
    connection = _checked_connection(source, shop_slug, body, signature)
    now = timezone.now()
    with transaction.atomic():
        delivery, created = Delivery.objects.get_or_create(
            connection=connection,
            external_delivery_id=clean(delivery_id, 100),
            content_hash=hashlib.sha256(body).hexdigest(),
            defaults={
                "shop_id": connection.shop_id,
                "topic": clean(topic, 100),
                "body": body,
                "received_at": now,
            },
        )
        if not created:
            Delivery.objects.filter(pk=delivery.pk).update(repeats=F("repeats") + 1)
        Connection.objects.filter(pk=connection.pk).update(last_delivery_at=now, last_topic=delivery.topic)
    return delivery.pk


def process_delivery(*, delivery_id: int) -> None:
    """Read one stored delivery, if it still waits or failed; afterwards its row says what came of it.

    What cannot be read, or is refused, is marked failed with a sentence; a database that is busy leaves it waiting
    for the next sweep.
    """
    try:
        with transaction.atomic():
            _process(delivery_id)
    except DomainError as refusal:
        _close(delivery_id, DeliveryState.FAILED, refusal.sentence)
    except OperationalError as error:
        logger.warning("delivery %s waits: %s", delivery_id, error)
        attempts = Delivery.objects.filter(pk=delivery_id).values_list("attempts", flat=True).first() or 0
        state = DeliveryState.RECEIVED if attempts + 1 < ATTEMPTS else DeliveryState.FAILED
        _close(delivery_id, state, _("The database was busy."), error=repr(error)[:500])
    except Exception as error:
        logger.exception("delivery %s failed", delivery_id)
        sentence = _("A fault of this system, not of the order; try again, and tell whoever runs it.")
        _close(delivery_id, DeliveryState.FAILED, sentence, error=repr(error)[:500])


def process_waiting() -> int:
    """Read the deliveries whose reading was cut off (a killed process), oldest first; returns how many it took."""
    waiting = Delivery.objects.filter(state=DeliveryState.RECEIVED, received_at__lt=timezone.now() - GRACE)
    keys = list(waiting.order_by("received_at").values_list("pk", flat=True)[:SWEEP])
    for key in keys:
        process_delivery(delivery_id=key)
    return len(keys)


def retry_delivery(*, delivery_id: int, actor: Actor) -> None:
    """Read a delivery again that failed, waits or was ignored. Raises NotPermitted or DeliveryNotRetryable."""
    with transaction.atomic():
        delivery = lock_one(Delivery.objects.defer("body"), delivery_id)
        require(actor, shop_id=delivery.shop_id, action=Action.RETRY_IMPORT)
        if delivery.state == DeliveryState.DONE:
            raise DeliveryNotRetryable(
                _("This delivery was read already; there is nothing to try again."), code="done"
            )
        Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.RECEIVED)
    process_delivery(delivery_id=delivery_id)


def prune_deliveries() -> int:
    """Delete deliveries that were read over 30 days ago and failed ones of over 180 days; returns how many."""
    now = timezone.now()
    old = Delivery.objects.filter(
        state__in=[DeliveryState.DONE, DeliveryState.IGNORED], received_at__lt=now - KEEP_READ
    )
    failed = Delivery.objects.filter(state=DeliveryState.FAILED, received_at__lt=now - KEEP_FAILED)
    return sum(rows.delete()[0] for rows in (old, failed))


def _checked_connection(source: str, shop_slug: str, body: bytes, signature: str) -> Connection:
    found = Connection.objects.select_related("shop").filter(
        source=source, shop__slug=shop_slug, shop__is_active=True
    )
    connection = found.first()
    matches = _signature_matches(connection.secret if connection else _decoy(), body, signature)
    if connection is not None and matches:
        return connection
    key = connection.pk if connection else 0
    Connection.objects.filter(pk=key).update(
        rejected_count=F("rejected_count") + 1, last_rejected_at=timezone.now()
    )
    raise DeliveryRejected(_("The signature is wrong or missing."), code="signature")


def _signature_matches(stored_secret: str, body: bytes, signature: str) -> bool:
    try:
        secret = decrypt(stored_secret)
    except ValueError as error:
        logger.error("a connection's secret cannot be read: %s", error)
        return False
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.strip().encode("utf-8", "replace"))


@cache
def _decoy() -> str:
    """A secret nobody knows, so that an unknown shop takes as long to refuse as a known one."""
    return encrypt(make_secret())


def _process(delivery_id: int) -> None:
    delivery = lock_one(Delivery.objects.select_related("shop"), delivery_id)
    if delivery.state not in OPEN_STATES:
        return
    with translation.override(delivery.shop.language):
        result = _read(delivery)
    state = DeliveryState.IGNORED if result.outcome == Outcome.IGNORED else DeliveryState.DONE
    _close(delivery_id, state, result.sentence, order_id=result.order_id)
    Connection.objects.filter(pk=delivery.connection_id).update(last_ok_at=timezone.now())


def _read(delivery: Delivery) -> ImportResult:
    body = bytes(delivery.body)
    actor = Actor.source(Source.WOOCOMMERCE.label, delivery.shop_id)
    if is_ping(body):
        return ImportResult(Outcome.IGNORED, _("The activation ping: the connection works."))
    if delivery.topic and not delivery.topic.startswith("order."):
        return ImportResult(
            Outcome.IGNORED, _("“%(topic)s” is not about orders.") % {"topic": delivery.topic}
        )
    payload = load_json(body)
    if isinstance(payload, Mapping) and (delivery.topic == "order.deleted" or set(payload) == {"id"}):
        external_id = clean(payload.get("id") or "", 64)
        order_id = report_deletion(shop_id=delivery.shop_id, external_id=external_id, actor=actor)
        return ImportResult(Outcome.IGNORED, _("Deleted in the online shop; the order here stays."), order_id)
    return import_payload(shop_id=delivery.shop_id, payload=payload, actor=actor, notify=True)


def _close(
    delivery_id: int, state: str, outcome: str, *, error: str = "", order_id: int | None = None
) -> None:
    values: dict[str, Any] = {
        "state": state,
        "outcome": outcome[:2000],
        "error": error,
        "finished_at": timezone.now(),
    }
    if order_id is not None:
        values["order_id"] = order_id
    Delivery.objects.filter(pk=delivery_id).update(attempts=F("attempts") + 1, **values)
