"""Moving many cards: one transaction per card, in steps that can be followed, stopped, resumed and undone.

A card is claimed by a conditional update inside the transaction that moves it, so two tabs never move one twice, and
a server that dies in the middle leaves whole cards moved and whole cards waiting. A card that is refused keeps the
sentence, and the next one goes on.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.errors import MoveNotAllowed
from crm.models import BulkMove, BulkMoveCard, BulkState, Deal, Funnel, Stage
from crm.page_selectors.bulk import MOST_CARDS, already_there, sentence_of
from crm.services.deals import claim_deal
from crm.services.moving import move_deal
from crm.services.undo import undo_move
from orders.errors import NeedsInput
from orders.guards import NOTHING, Arguments, Refusal
from orders.services.transitions import LONGEST_HOLD
from shops.actors import Actor, actor_columns
from shops.errors import DomainError, NotPermitted
from shops.models import User
from shops.permissions import Action, require

STEP = 20
# A card takes a tenth of that, on a crowded machine a third; the rest is for pages and slow lines.
SECONDS_PER_CARD = 0.3
LONGEST_SENTENCE = 500


@transaction.atomic
def start_bulk_move(
    *,
    funnel_id: int,
    to_stage_id: int,
    deal_ids: Sequence[int],
    actor: Actor,
    key: uuid.UUID | None = None,
    seen: Mapping[int, str] | None = None,
    arguments: Arguments = NOTHING,
) -> BulkMove:
    """Write down which cards shall move; none has moved yet. The same `key` (a double click) begins one move only.

    `seen` names the stage each card was shown in: a card that is elsewhere now is refused at once, and so is one that
    need not move. Cards the person may not see are left out. Raises DomainError when none or too many are chosen,
    MoveNotAllowed when the stage is gone, NotPermitted.
    """
    funnel = Funnel.objects.select_related("shop").get(pk=funnel_id)
    require(actor, shop_id=funnel.shop_id, action=Action.MOVE_DEAL)
    require_some(deal_ids)
    stage = Stage.objects.filter(pk=to_stage_id, funnel=funnel).first()
    if stage is None:
        raise MoveNotAllowed(_("This stage is not on this board any more; reload the page."), code="no_stage")
    defaults = {"funnel": funnel, "to_stage": stage, "arguments": _stored(arguments), **actor_columns(actor)}
    bulk, is_new = BulkMove.objects.get_or_create(pk=key or uuid.uuid4(), defaults=defaults)
    if not is_new:
        return _own(bulk.pk, actor)
    cards = _cards(bulk, stage, _visible(deal_ids, funnel, actor), seen or {})
    if not cards:
        raise DomainError(_("None of these cards is on this board any more."), code="nothing_selected")
    BulkMoveCard.objects.bulk_create(cards)
    bulk.undo_until = _deadline(funnel.shop.undo_seconds, len(cards), actor)
    bulk.save(update_fields=["undo_until"])
    return bulk


def require_some(keys: Sequence[int]) -> None:
    """Raise DomainError unless at least one card and no more than can be moved at once are chosen."""
    if not keys:
        raise DomainError(_("Select at least one card first."), code="nothing_selected")
    if len(keys) > MOST_CARDS:
        raise DomainError(
            _("At most %(most)d cards can be moved at once; %(count)d are selected. Take fewer.")
            % {"most": MOST_CARDS, "count": len(keys)},
            code="too_many",
        )


def continue_bulk_move(*, bulk_id: uuid.UUID, actor: Actor, most: int = STEP) -> list[int]:
    """Move the next waiting cards, each in a transaction of its own, and answer the keys of those tried.

    Only who began it may continue (NotPermitted). An order's refusal is kept with its card and stops nothing.
    """
    bulk = _own(bulk_id, actor)
    waiting = list(bulk.cards.filter(state=BulkState.WAITING)[:most])
    undo_until = _renewed(bulk, actor)
    for card in waiting:
        _move(bulk, card, actor, undo_until)
    if not bulk.cards.filter(state=BulkState.WAITING).exists():
        _finish(bulk)
    return [card.deal_id for card in waiting]


def stop_bulk_move(*, bulk_id: uuid.UUID, actor: Actor) -> int:
    """Leave the cards that still wait where they are; returns how many. Raises NotPermitted."""
    bulk = _own(bulk_id, actor)
    left = bulk.cards.filter(state=BulkState.WAITING).update(
        state=BulkState.REFUSED, sentence=_("stopped before its turn")
    )
    _finish(bulk)
    return left


def undo_bulk_move(*, bulk_id: uuid.UUID, actor: Actor, most: int = STEP) -> list[int]:
    """Stop, and take back the next moved cards, last first, each in a transaction of its own; answers their keys.

    A card that cannot go back keeps the sentence that says why and stays. Raises NotPermitted.
    """
    stop_bulk_move(bulk_id=bulk_id, actor=actor)
    cards = BulkMoveCard.objects.filter(bulk_id=bulk_id, state=BulkState.MOVED, sentence="")
    chosen = list(cards.order_by("-position")[:most])
    for card in chosen:
        _move_back(card, actor)
    return [card.deal_id for card in chosen]


def seconds_to_undo(seconds: int, cards: int) -> int:
    """How long so many cards can be undone together, where one can for so many seconds (0: never).

    The shop's time begins after the last card; in all it is LONGEST_HOLD at most, or what the shop gives one card.
    """
    together = min(seconds + SECONDS_PER_CARD * cards, LONGEST_HOLD.total_seconds())
    return max(seconds, ceil(together)) if seconds else 0


@dataclass
class ClaimedCards:
    """How many cards became this person's, and why the others did not, by title."""

    claimed: int = 0
    refusals: list[tuple[str, str]] = field(default_factory=list)


def claim_deals(*, deal_ids: Sequence[int], actor: Actor) -> ClaimedCards:
    """Take many deals, one transaction each; the first click wins each of them. Raises DomainError for none or too many.

    Deals the person may not see are left out, unnamed.
    """
    require_some(deal_ids)
    answer = ClaimedCards()
    deals = _seen_by(actor, Deal.objects.filter(pk__in=deal_ids), deal_ids)
    for pk, title in deals.order_by("pk").values_list("pk", "title"):
        try:
            claim_deal(deal_id=pk, actor=actor)
            answer.claimed += 1
        except DomainError as refusal:
            answer.refusals.append((title, refusal.sentence))
    return answer


# --- One card


def _move(bulk: BulkMove, card: BulkMoveCard, actor: Actor, undo_until: datetime | None) -> None:
    try:
        with transaction.atomic():
            if not _turn(card, BulkState.WAITING, state=BulkState.MOVED):
                return
            result = move_deal(
                deal_id=card.deal_id,
                to_stage_id=bulk.to_stage_id or 0,
                actor=actor,
                seen_stage_id=card.seen_stage_id,
                arguments=Arguments(**bulk.arguments),
                undo_until=undo_until,
            )
            BulkMoveCard.objects.filter(pk=card.pk).update(move_id=result.move_id)
    except DomainError as error:
        _turn(card, BulkState.WAITING, state=BulkState.REFUSED, sentence=_sentence(error))


def _move_back(card: BulkMoveCard, actor: Actor) -> None:
    try:
        with transaction.atomic():
            if card.move_id is not None and _turn(card, BulkState.MOVED, state=BulkState.UNDONE):
                undo_move(move_id=card.move_id, actor=actor)
    except DomainError as error:
        _turn(card, BulkState.MOVED, state=BulkState.MOVED, sentence=_sentence(error))


def _turn(card: BulkMoveCard, was: str, **values: Any) -> bool:
    """Change the card if it is still in that state. Whoever else tries meanwhile waits for this transaction."""
    return bool(BulkMoveCard.objects.filter(pk=card.pk, state=was).update(**values))


def _sentence(error: DomainError) -> str:
    refusal = Refusal(error.code, error.sentence, error.form if isinstance(error, NeedsInput) else "")
    return sentence_of(refusal)[:LONGEST_SENTENCE]


# --- The move itself


def _own(bulk_id: uuid.UUID, actor: Actor) -> BulkMove:
    bulk = BulkMove.objects.select_related("funnel__shop").get(pk=bulk_id)
    if bulk.actor_kind != actor.kind or bulk.actor_user_id != actor.user_id:
        raise NotPermitted(
            _("Only %(name)s can do this; they began moving these cards.") % {"name": bulk.actor_label},
            code="not_yours",
        )
    return bulk


def _visible(deal_ids: Sequence[int], funnel: Funnel, actor: Actor) -> dict[int, Deal]:
    deals = _seen_by(actor, Deal.objects.filter(funnel=funnel, pk__in=deal_ids), deal_ids)
    found = {deal.pk: deal for deal in deals.select_related("stage")}
    return {pk: found[pk] for pk in deal_ids if pk in found}


def _seen_by(actor: Actor, deals: QuerySet[Deal], deal_ids: Sequence[int]) -> QuerySet[Deal]:
    """Those of the deals that the person may see; all of them for a machine."""
    if not actor.is_person:
        return deals
    seen_by_them = Deal.objects.visible_to(User.objects.get(pk=actor.user_id or 0))
    return deals.filter(pk__in=seen_by_them.filter(pk__in=deal_ids).values("pk"))


def _cards(
    bulk: BulkMove, stage: Stage, deals: Mapping[int, Deal], seen: Mapping[int, str]
) -> list[BulkMoveCard]:
    cards = []
    for position, deal in enumerate(deals.values()):
        sentence = _left_at_once(deal, stage, seen.get(deal.pk, ""))
        state = BulkState.REFUSED if sentence else BulkState.WAITING
        card = BulkMoveCard(bulk=bulk, deal=deal, seen_stage=deal.stage, position=position, state=state)
        card.sentence = sentence
        cards.append(card)
    return cards


def _left_at_once(deal: Deal, stage: Stage, seen: str) -> str:
    if deal.stage_id == stage.pk:
        return already_there(stage)
    if seen and seen != deal.stage.slug:
        return _("moved meanwhile: it is in “%(stage)s” now") % {"stage": deal.stage.name}
    return ""


def _stored(arguments: Arguments) -> dict[str, str]:
    return {name: value for name, value in asdict(arguments).items() if value}


def _deadline(seconds: int, cards: int, actor: Actor) -> datetime | None:
    """Until when all of it can be undone; None for a machine, and where the shop allows none."""
    if not actor.is_person or not seconds:
        return None
    return timezone.now() + timedelta(seconds=seconds_to_undo(seconds, cards))


def _renewed(bulk: BulkMove, actor: Actor) -> datetime | None:
    """The moment the next cards share; a new one where the old is too near, because the move was left for a while."""
    seconds = bulk.funnel.shop.undo_seconds
    needed = timezone.now() + timedelta(seconds=seconds)
    if bulk.undo_until is None or bulk.undo_until >= needed:
        return bulk.undo_until
    waiting = bulk.cards.filter(state=BulkState.WAITING).count()
    if not waiting:
        return bulk.undo_until
    bulk.undo_until = _deadline(seconds, waiting, actor)
    BulkMove.objects.filter(pk=bulk.pk).update(undo_until=bulk.undo_until)
    return bulk.undo_until


def _finish(bulk: BulkMove) -> None:
    BulkMove.objects.filter(pk=bulk.pk, finished_at=None).update(finished_at=timezone.now())
