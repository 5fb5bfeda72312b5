"""One order from a source: placed, followed, or left alone, in one transaction.

The order here is the truth: the source's news moves it forward where that is safe, and is otherwise written on its
history as a report. Of the content only the parts that the source itself changed are taken over. News older than the last one is ignored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from orders.drafts import PARTS, OrderDraft
from orders.imports.errors import PayloadError
from orders.imports.mapping import draft_for, intent_of, payment_method_for, payment_news
from orders.imports.models import Connection, SourceVersion
from orders.imports.services.following import Arrival, follow, place
from orders.imports.statuses import Intent, Outcome, Source
from orders.imports.woocommerce import parse_order
from orders.models import Order
from orders.services import report_from_source
from shops.actors import Actor
from shops.locks import lock_one
from shops.models import Shop

ATTEMPTS = 3
# Six fingerprints fit into the column; 40 bits each are plenty to notice an edit.
_PRINT = 10


@dataclass(frozen=True)
class ImportResult:
    """What became of one order: an `Outcome`, a sentence, and the order where there is one."""

    outcome: str
    sentence: str
    order_id: int | None = None
    number: str = ""


def import_payload(
    *,
    shop_id: int,
    payload: Any,
    actor: Actor,
    notify: bool,
    source: str = Source.WOOCOMMERCE,
    dry_run: bool = False,
    after: Sequence[Any] = (),
) -> ImportResult:
    """Place or follow one order, all or nothing; with `dry_run` nothing stays, and the answer is the same.

    `after` are payloads of the same order that a rehearsal imports first. Parallel imports of one order make one
    order: who loses the race follows it. Raises PayloadError or another DomainError, with nothing written.
    """
    shop = Shop.objects.get(pk=shop_id)
    parsed = parse_order(payload, zone=shop.zone)
    table = Connection.objects.filter(shop=shop, source=source).values_list("table", flat=True).first()
    with translation.override(shop.language):
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transaction.atomic():
                    _rehearse(shop_id, after, actor, notify, source)
                    result = _apply(shop, parsed, table or {}, actor, notify)
                    transaction.set_rollback(dry_run)
                    return result
            except IntegrityError:
                if attempt == ATTEMPTS:
                    raise
    raise AssertionError("unreachable")


def report_deletion(
    *, shop_id: int, external_id: str, actor: Actor, source: str = Source.WOOCOMMERCE
) -> int | None:
    """Write on a known order that its source deleted it, and return its key; None for an order we do not have."""
    order_id = (
        Order.objects.filter(shop_id=shop_id, source=source, external_id=external_id)
        .values_list("pk", flat=True)
        .first()
    )
    if order_id is not None:
        report_from_source(
            order_id=order_id, actor=actor, sentence=_("The order was deleted in the online shop.")
        )
    return order_id


def _rehearse(shop_id: int, payloads: Sequence[Any], actor: Actor, notify: bool, source: str) -> None:
    for earlier in payloads:
        try:
            import_payload(shop_id=shop_id, payload=earlier, actor=actor, notify=notify, source=source)
        except PayloadError:
            continue


def _apply(shop: Shop, parsed: Any, table: Any, actor: Actor, notify: bool) -> ImportResult:
    intent = intent_of(parsed, table)
    if intent == Intent.IGNORED:
        return ImportResult(
            Outcome.IGNORED, _("Orders that are “%(status)s” are not taken over.") % {"status": parsed.status}
        )
    method = payment_method_for(parsed, table)
    news = payment_news(parsed, intent, method)
    draft = draft_for(parsed, method, news)
    arrival = Arrival(shop, draft, intent, news, parsed.status, actor, notify)
    known = (
        Order.objects.filter(shop=shop, source=draft.source, external_id=draft.external_id)
        .values_list("pk", flat=True)
        .first()
    )
    if known is not None:
        return _follow(known, arrival)
    order = place(arrival)
    SourceVersion.objects.create(order=order, digest=_fingerprints(draft))
    words = [_("Order %(number)s placed.") % {"number": order.number}, *arrival.reports]
    return ImportResult(Outcome.PLACED, " ".join(words), order.pk, order.number)


def _follow(order_id: int, arrival: Arrival) -> ImportResult:
    order = lock_one(Order.objects.select_related("shop"), order_id)
    draft = arrival.draft
    if (
        draft.source_modified_at
        and order.source_modified_at
        and draft.source_modified_at < order.source_modified_at
    ):
        return ImportResult(Outcome.IGNORED, _("Older than what is known already."), order.pk, order.number)
    prints = _fingerprints(draft)
    arrival.changed_parts = _changed_parts(order, prints)
    follow(order, arrival)
    SourceVersion.objects.update_or_create(order=order, defaults={"digest": prints})
    Order.objects.filter(pk=order.pk).update(
        source_modified_at=draft.source_modified_at or order.source_modified_at
    )
    outcome = Outcome.UPDATED if arrival.changes else Outcome.UNCHANGED
    return ImportResult(outcome, _summary(order.number, arrival), order.pk, order.number)


def _summary(number: str, arrival: Arrival) -> str:
    if arrival.changes:
        first = _("Order %(number)s updated: %(changes)s.") % {
            "number": number,
            "changes": ", ".join(arrival.changes),
        }
    else:
        first = _("Nothing new for order %(number)s.") % {"number": number}
    return " ".join([first, *arrival.reports])


def _fingerprints(draft: OrderDraft) -> str:
    """One short hash after another, of each part of the draft in the order of `PARTS`."""
    contents = (repr([getattr(draft, name) for name in names]) for names in PARTS.values())
    return "".join(
        hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:_PRINT] for content in contents
    )


def _changed_parts(order: Order, prints: str) -> list[str]:
    """The parts that the source changed since its last news; all of them where that news is not known."""
    known = SourceVersion.objects.filter(order=order).values_list("digest", flat=True).first() or ""
    if len(known) != len(prints):
        return list(PARTS)
    starts = range(0, len(prints), _PRINT)
    pieces = zip(PARTS, starts, strict=True)
    return [part for part, at in pieces if known[at : at + _PRINT] != prints[at : at + _PRINT]]
