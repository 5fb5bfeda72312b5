"""Making deals and orders by hand: a deal before there is an order, and the order it becomes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from crm import projection
from crm.models import Deal, DealComment, Funnel, Stage, StageKind
from crm.services.deals import respect_claim
from orders import services as orders
from orders.drafts import AddressDraft, OrderDraft
from orders.errors import AlreadyDone
from orders.models import Order
from shops.actors import Actor, actor_columns
from shops.errors import DomainError
from shops.permissions import Action, require

BY_HAND = "manual"


@dataclass(frozen=True)
class DealDraft:
    """A deal as it was jotted down. `amount` is what it may bring, gross, in the shop's currency."""

    title: str
    contact: AddressDraft
    amount: Decimal = Decimal("0")
    note: str = ""


def stages_to_begin_with(funnel: Funnel) -> list[Stage]:
    """The stages a deal without an order may stand on: open, and of no status. Empty for a board of orders alone."""
    return [stage for stage in funnel.stages.all() if not stage.status and stage.kind == StageKind.OPEN]


def create_deal(
    *, funnel_id: int, draft: DealDraft, actor: Actor, form_key: uuid.UUID, stage_id: int | None = None
) -> Deal:
    """Put a new card on a board, for the person who made it, with the customer it is about.

    The same `form_key` again answers the deal it made. Raises NotPermitted, or DomainError naming the field: no
    title, or a board whose stages all need an order.
    """
    funnel = Funnel.objects.select_related("shop").get(pk=funnel_id)
    require(actor, shop_id=funnel.shop_id, action=Action.PLACE_ORDER)
    # Of the shop, not of the board: a deal that became an order since has left the board it was made on.
    made = Deal.objects.filter(form_key=form_key, funnel__shop=funnel.shop_id)
    try:
        with transaction.atomic():
            return made.first() or _create_deal(funnel, draft, actor, form_key, stage_id)
    except IntegrityError:
        twin = made.all().first()
        if twin is not None:
            return twin
        if Deal.objects.filter(form_key=form_key).exists():
            # The key of a form of another shop: no form of ours sends it.
            raise DomainError(_("This could not be done. Try again."), code="foreign_key") from None
        raise


def _create_deal(
    funnel: Funnel, draft: DealDraft, actor: Actor, form_key: uuid.UUID, stage_id: int | None
) -> Deal:
    if not draft.title.strip():
        raise DomainError(_("Say in a few words what it is about."), code="empty", field="title")
    # A new customer's lock comes before a board's rules.
    customer = orders.note_customer(shop_id=funnel.shop_id, contact=draft.contact, actor=actor)
    projection.hold_rules(funnel.pk)
    stages = stages_to_begin_with(funnel)
    stage = next((row for row in stages if row.pk == stage_id), stages[0] if stages else None)
    if stage is None:
        raise DomainError(
            _("Every stage of “%(funnel)s” belongs to a status of an order: create an order instead.")
            % {"funnel": funnel.name},
            code="no_stage",
        )
    deal = Deal.objects.create(
        funnel=funnel,
        stage=stage,
        rank=projection.fresh_rank(),
        title=draft.title.strip()[:200],
        customer=customer,
        manager_id=actor.user_id,
        amount=draft.amount,
        currency=funnel.shop.currency,
        is_open=not stage.is_terminal,
        form_key=form_key,
    )
    projection.record_creation(deal, actor)
    if draft.note.strip():
        DealComment.objects.create(deal=deal, text=draft.note.strip()[:10_000], **actor_columns(actor))
    return deal


def create_order(
    *, shop_id: int, draft: OrderDraft, actor: Actor, form_key: uuid.UUID, deal_id: int | None = None
) -> Order:
    """Place an order by hand; with `deal_id` that deal becomes its card instead of a new one.

    The same `form_key` again answers the order it placed. Raises NotPermitted, AlreadyDone when the deal has an
    order, DomainError when a colleague's claim keeps it, or OrderError naming the field.
    """
    placed = _placed_by(shop_id, form_key)
    if placed is not None:
        return placed
    if deal_id is not None:
        _require_free(deal_id, shop_id, actor)
    named = OrderDraft(**{**draft.__dict__, "source": BY_HAND, "external_id": form_key.hex})
    try:
        return orders.place_order(
            shop_id=shop_id,
            draft=named,
            actor=actor,
            reference=f"deal:{deal_id}" if deal_id is not None else "",
        )
    except IntegrityError:
        placed = _placed_by(shop_id, form_key)
        if placed is None:
            raise
        return placed


def _placed_by(shop_id: int, form_key: uuid.UUID) -> Order | None:
    return Order.objects.filter(shop=shop_id, source=BY_HAND, external_id=form_key.hex).first()


def _require_free(deal_id: int, shop_id: int, actor: Actor) -> None:
    """Refuse before anything is placed: AlreadyDone, or DomainError for a colleague's claim. Judged again on linking."""
    deal = Deal.objects.select_related("order", "funnel").get(pk=deal_id)
    if deal.funnel.shop_id != shop_id:
        raise DomainError(_("The deal belongs to another shop."), code="other_shop")
    if deal.order is not None:
        raise AlreadyDone(
            _("This deal has become order %(number)s already.") % {"number": deal.order.number},
            code="has_order",
        )
    respect_claim(deal, actor)
