"""What the board does when something happens to shops, orders and stock; listed in the one table of subscriptions."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from crm import projection, rules
from crm.models import Deal, DealComment, DealMove, Funnel, Happening, MoveKind, Stage, StageKind
from crm.services.deals import respect_claim
from crm.services.funnels import create_preset_funnels
from inventory.events import BackorderAllocated, ReservationShorted
from notifications.events import CorrespondenceChanged
from notifications.statuses import MARKETPLACES
from orders import services as orders
from orders.errors import AlreadyDone
from orders.events import (
    CallLogged,
    OrderAcknowledged,
    OrderBecameShippable,
    OrderClaimed,
    OrderEventBase,
    OrderPlaced,
    OrderReverted,
    OrderStatusChanged,
    PaymentRecorded,
    ReturnReceived,
    ShipmentAtPickup,
)
from orders.models import Order, OrderEvent
from orders.models.history import EventKind
from orders.selectors import missed_calls
from orders.services.claims import set_manager
from orders.statuses import PaymentStatus
from shops.actors import Actor, ActorKind, actor_columns
from shops.events import ShopCreated

OWN_REFERENCE = "deal:"
HAPPENING_OF_PAYMENT: dict[str, Happening] = {
    PaymentStatus.PAID: Happening.PAID,
    PaymentStatus.FAILED: Happening.PAYMENT_FAILED,
    PaymentStatus.REFUNDED: Happening.REFUNDED,
    PaymentStatus.PARTLY_REFUNDED: Happening.REFUNDED,
}


def create_default_funnels(event: ShopCreated) -> None:
    """A new shop gets its country's funnels; a shop that has one keeps what it has."""
    create_preset_funnels(shop_id=event.shop_id, country=event.country)


def create_deal(event: OrderPlaced) -> None:
    """A placed order gets its card in the shop's default funnel; an order made from a deal gets that one."""
    if event.reference.startswith(OWN_REFERENCE):
        order = Order.objects.select_related("shop", "customer").get(pk=event.order_id)
        _link(int(event.reference.removeprefix(OWN_REFERENCE)), order, event)
        return
    funnel_id = (
        Funnel.objects.filter(shop_id=event.shop_id, is_default=True, is_active=True, creates_deals=True)
        .values_list("pk", flat=True)
        .first()
    )
    if funnel_id is not None:
        projection.create_card(order_id=event.order_id, funnel_id=funnel_id, actor=event.actor)


def _link(deal_id: int, order: Order, event: OrderPlaced) -> None:
    home = Funnel.objects.filter(shop_id=order.shop_id, is_default=True, is_active=True).first()
    if home is not None:
        # The card may go there; both boards' rules are held before the card.
        projection.hold_rules(home.pk)
    deal = projection.lock_deal(deal_id)
    if deal.order_id is not None:
        raise AlreadyDone(_("This deal has become an order already."), code="has_order")
    # Somebody may have claimed it while the order was being placed.
    respect_claim(deal, event.actor)
    title = deal.title
    deal.order, deal.customer, deal.amount, deal.currency = order, order.customer, order.total, order.currency
    deal.title = order.number
    deal.save(update_fields=["order", "customer", "amount", "currency", "title"])
    # The card is called as its order now; what it was about stays readable.
    DealComment.objects.create(deal=deal, text=title, **actor_columns(event.actor))
    if deal.manager_id is not None:
        set_manager(order, event.actor, deal.manager_id)
    _take_to_orders(deal, order, home, event.actor)


def _take_to_orders(deal: Deal, order: Order, home: Funnel | None, actor: Actor) -> None:
    """A deal of a board without orders is won there, and goes on as a card of the shop's board of orders."""
    if Stage.objects.filter(funnel=deal.funnel_id).exclude(status="").exists():
        if not projection.place_by_rule(deal, Happening.PLACED, actor=actor):
            projection.follow(deal, actor=actor)
        return
    won = Stage.objects.filter(funnel=deal.funnel_id, kind=StageKind.WON).first()
    if won is not None and won.pk != deal.stage_id:
        projection.place(deal, won, projection.fresh_rank(), actor=actor, kind=MoveKind.FOLLOWED)
    if home is None or home.pk == deal.funnel_id:
        return
    stage = projection.first_place(home, order)
    if stage is not None:
        projection.change_funnel(deal, stage, actor=actor, kind=MoveKind.FOLLOWED)


def follow_order(event: OrderStatusChanged) -> None:
    """The order moved: its card follows, and nobody need be called again about what it was."""
    deal = _deal_of(event.order_id)
    if deal is not None:
        if deal.attempts or deal.retry_at or deal.snoozed_until:
            Deal.objects.filter(pk=deal.pk).update(attempts=0, retry_at=None, snoozed_until=None)
        projection.follow(deal, actor=event.actor, move_id=event.move_id, undo_until=event.undo_until)


def follow_revert(event: OrderReverted) -> None:
    """A move of the order was undone: the card goes back to the very place the move took it from.

    While an earlier step of the same move is still to be reverted, the card waits for it.
    """
    deal = _deal_of(event.order_id)
    if deal is None or event.move_id is None:
        return
    _mirror_calls(deal)
    move = (
        DealMove.objects.select_related("from_stage")
        .filter(deal=deal, move_id=event.move_id, undone_at=None)
        .exclude(kind=MoveKind.UNDONE)
        .first()
    )
    if move is None or move.from_stage is None or move.from_stage.funnel_id != deal.funnel_id:
        projection.follow(deal, actor=event.actor)
    elif projection.may_stand(deal, move.from_stage):
        projection.restore(deal, move, event.actor)
    elif not _is_half_reverted(event):
        # The old place has another meaning by now: the stage of the status is the next best.
        projection.follow(deal, actor=event.actor)


def _is_half_reverted(event: OrderReverted) -> bool:
    steps = OrderEvent.objects.filter(order_id=event.order_id, move_id=event.move_id, kind=EventKind.STATUS)
    return steps.filter(reverted_at=None).exists()


def follow_payment(event: PaymentRecorded) -> None:
    """The payment changed: the card goes where the funnel's rule puts it, or leaves a stage that no longer fits."""
    deal = _deal_of(event.order_id)
    if deal is None:
        return
    happening = HAPPENING_OF_PAYMENT.get(event.to_payment_status)
    if happening is None or not projection.place_by_rule(deal, happening, actor=event.actor):
        _leave_unfit_stage(deal, event.actor)


def confirm_by_itself(event: OrderPlaced | OrderAcknowledged | PaymentRecorded) -> None:
    """Last of all: a shop that asks for it confirms a paid order, or a marketplace's, without a person.

    News of a source are left to who brings them, for more of them may follow; a card that was put off is held.
    """
    if event.actor.kind == ActorKind.SOURCE:
        return
    if isinstance(event, PaymentRecorded) and event.to_payment_status != PaymentStatus.PAID:
        return
    if Deal.objects.filter(order_id=event.order_id, snoozed_until__gt=timezone.now()).exists():
        return
    source = Order.objects.values_list("source", flat=True).get(pk=event.order_id)
    orders.confirm_by_itself(
        order_id=event.order_id, notify=event.notify, from_marketplace=source.casefold() in MARKETPLACES
    )


def follow_parcel_at_pickup(event: ShipmentAtPickup) -> None:
    """A parcel waits to be collected: its card goes where the funnel's rule puts it."""
    _follow_rule(event, Happening.AT_PICKUP)


def follow_return_received(event: ReturnReceived) -> None:
    """A return arrived: its card goes where the funnel's rule puts it."""
    _follow_rule(event, Happening.RETURN_RECEIVED)


def follow_goods(event: OrderBecameShippable) -> None:
    """The last goods an order waited for arrived: its card goes where the funnel's rule puts it.

    News of goods hold stock and wait for nobody: a card that is being moved at this moment stays with its mover.
    """
    deal_id = _deal_id_of(event.order_id)
    deal = projection.lock_deal_if_free(deal_id) if deal_id is not None else None
    if deal is not None:
        projection.place_by_rule(deal, Happening.GOODS_ARRIVED, actor=event.actor)


def _follow_rule(event: OrderEventBase, happening: Happening) -> None:
    deal = _deal_of(event.order_id)
    if deal is not None and not projection.place_by_rule(deal, happening, actor=event.actor):
        _leave_unfit_stage(deal, event.actor)


def follow_call(event: CallLogged) -> None:
    """A customer was called: the card counts the calls nobody answered, and goes where the funnel's rule puts it."""
    deal = _deal_of(event.order_id)
    if deal is None:
        return
    Deal.objects.filter(pk=deal.pk).update(
        attempts=event.attempt, retry_at=event.next_try_at, snoozed_until=None
    )
    if event.answered or not projection.place_by_rule(
        deal, Happening.NO_ANSWER, actor=event.actor, move_id=event.move_id, undo_until=event.undo_until
    ):
        projection.touch(deal)


def _mirror_calls(deal: Deal) -> None:
    missed = missed_calls(deal.order_id) if deal.order_id else None
    if missed is not None and (missed.attempts, missed.next_try_at) != (deal.attempts, deal.retry_at):
        Deal.objects.filter(pk=deal.pk).update(attempts=missed.attempts, retry_at=missed.next_try_at)


def mirror_manager(event: OrderClaimed) -> None:
    """The deal's manager mirrors the order's."""
    deal = _deal_of(event.order_id)
    if deal is not None:
        Deal.objects.filter(pk=deal.pk).update(manager_id=event.manager_id)
        projection.touch(deal)


def refresh_card(event: OrderEventBase) -> None:
    """Something a card shows changed: the amount is mirrored and open boards are told.

    A card whose stage no longer fits, because another way of paying was chosen, goes to the entry of its status.
    """
    deal = _deal_of(event.order_id)
    if deal is None or deal.order is None:
        return
    Deal.objects.filter(pk=deal.pk).update(amount=deal.order.total, currency=deal.order.currency)
    _leave_unfit_stage(deal, event.actor)


def refresh_card_of_backorder(event: BackorderAllocated | ReservationShorted) -> None:
    """Goods arrived for a waiting order, or are missing from one: its card's mark of short stock changes."""
    kind, _colon, key = event.reference.partition(":")
    deal = Deal.objects.filter(order_id=int(key)).first() if kind == "order" and key.isdigit() else None
    if deal is not None:
        projection.touch(deal)


def refresh_card_of_messages(event: CorrespondenceChanged) -> None:
    """A message failed or was sent again, the customer answered or was read: the card's marks change."""
    deal = Deal.objects.filter(order_id=event.order_id).first()
    if deal is not None:
        projection.touch(deal)


def _leave_unfit_stage(deal: Deal, actor: Actor) -> None:
    # A card that disagrees with its order's status is left to the news of that status, which comes next.
    order = deal.order
    in_step = deal.funnel.follows_orders and projection.agrees(deal.stage, order)
    if order is not None and in_step and not rules.meets_condition(deal.stage, order):
        stage = projection.entry_stage(deal.funnel_id, order.status)
        if stage is not None and stage.pk != deal.stage_id:
            projection.place(deal, stage, projection.fresh_rank(), actor=actor, kind=MoveKind.FOLLOWED)
            return
    projection.touch(deal)


def _deal_of(order_id: int) -> Deal | None:
    # The order's row is locked by whoever published; only then the deal's, as the order of locks asks.
    deal_id = _deal_id_of(order_id)
    return projection.lock_deal(deal_id) if deal_id is not None else None


def _deal_id_of(order_id: int) -> int | None:
    return Deal.objects.filter(order_id=order_id).values_list("pk", flat=True).first()
