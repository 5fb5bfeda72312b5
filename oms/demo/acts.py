"""What can happen in an order's story: each act calls the real services, as the person or machine who would do it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from crm import services as crm
from crm.models import Deal, Stage
from oms.demo.country import Country, draw_awb
from orders import services as orders
from orders.carriers import carrier_name
from orders.models import Order, Return
from orders.statuses import CancelReason, PaymentStatus, ReturnKind
from shops.actors import Actor, ActorKind


@dataclass
class Scene:
    """One order while its story is told: who works on it, and whether its customer hears of it."""

    order: Order
    country: Country
    random: Random
    manager: Actor
    supervisor: Actor
    warehouse: Actor
    notify: bool = False

    @property
    def courier(self) -> Actor:
        return Actor(ActorKind.COURIER, carrier_name(self.order.courier), shop_id=self.order.shop_id)

    @property
    def deal_id(self) -> int:
        return Deal.objects.values_list("pk", flat=True).get(order=self.order)

    def awb(self) -> str:
        return draw_awb(self.country, self.order.courier, self.random)

    def move_to(self, slug: str, actor: Actor) -> None:
        """Move the card within its status."""
        stage = Stage.objects.get(funnel__deals__order=self.order, slug=slug)
        crm.move_deal(deal_id=self.deal_id, to_stage_id=stage.pk, actor=actor)


def confirm(scene: Scene) -> None:
    orders.confirm_order(order_id=scene.order.pk, actor=scene.manager, notify=scene.notify)


def confirm_by_itself(scene: Scene) -> None:
    """Paid orders of a shop that confirms them by itself."""
    orders.confirm_order(order_id=scene.order.pk, actor=Actor.system(), notify=scene.notify)


def confirm_and_undo(scene: Scene) -> None:
    """The wrong card was dragged, and taken back within the hold: the customer never hears of it."""
    change = orders.confirm_order(order_id=scene.order.pk, actor=scene.manager, notify=scene.notify)
    orders.revert_move(move_id=change.move_id, actor=scene.manager)


def agree_to_partial(scene: Scene) -> None:
    orders.set_partial_agreed(order_id=scene.order.pk, actor=scene.manager, agreed=True)


def call_in_vain(scene: Scene) -> None:
    orders.log_call(order_id=scene.order.pk, actor=scene.manager, answered=False)
    crm.add_comment(deal_id=scene.deal_id, actor=scene.manager, text=scene.country.comments[1])


def claim(scene: Scene) -> None:
    orders.claim_order(order_id=scene.order.pk, actor=scene.manager)


def comment(scene: Scene) -> None:
    text = scene.random.choice(scene.country.comments)
    crm.add_comment(deal_id=scene.deal_id, actor=scene.manager, text=text)


def note(scene: Scene) -> None:
    orders.add_note(
        order_id=scene.order.pk, actor=scene.manager, text=scene.random.choice(scene.country.notes)
    )


def pick(scene: Scene) -> None:
    orders.start_processing(order_id=scene.order.pk, actor=scene.warehouse, notify=scene.notify)


def label(scene: Scene) -> None:
    """The parcel's label is there before the parcel leaves."""
    orders.add_shipment(
        order_id=scene.order.pk,
        actor=scene.warehouse,
        carrier=scene.order.courier,
        tracking_number=scene.awb(),
    )


def pack(scene: Scene) -> None:
    scene.move_to("packed", scene.warehouse)


def ship(scene: Scene) -> None:
    """Hand over the prepared parcel, or one that is labelled at the last moment."""
    if scene.order.shipments.exists():
        orders.ship_order(order_id=scene.order.pk, actor=scene.warehouse, notify=scene.notify)
        return
    orders.ship_order(
        order_id=scene.order.pk,
        actor=scene.warehouse,
        carrier=scene.order.courier,
        tracking_number=scene.awb(),
        notify=scene.notify,
    )


def wait_at_point(scene: Scene) -> None:
    """The courier says that the parcel can be collected, where it goes to a point; else there is a problem at the door."""
    if scene.order.pickup_point:
        parcel = scene.order.shipments.latest("pk")
        orders.mark_at_pickup(shipment_id=parcel.pk, actor=scene.courier, notify=scene.notify)
    scene.move_to("at-pickup", scene.manager)


def deliver(scene: Scene) -> None:
    orders.deliver_order(order_id=scene.order.pk, actor=scene.courier, notify=scene.notify)


def get_paid(scene: Scene) -> None:
    """The courier's transfer, or the customer's, is found on the bank statement."""
    orders.record_payment(
        order_id=scene.order.pk,
        actor=scene.supervisor,
        payment_status=PaymentStatus.PAID,
        notify=scene.notify,
    )


def pay_out(scene: Scene) -> None:
    scene.move_to("paid-out", scene.supervisor)


def fail_to_pay(scene: Scene) -> None:
    orders.record_payment(
        order_id=scene.order.pk,
        actor=Actor.source("WooCommerce", scene.order.shop_id),
        payment_status=PaymentStatus.FAILED,
        notify=scene.notify,
    )


def cancel(scene: Scene) -> None:
    code, words = scene.random.choice(scene.country.cancel_words)
    _cancel(scene, code, words)


def cancel_unpaid(scene: Scene) -> None:
    _cancel(scene, CancelReason.NOT_PAID, "")


def _cancel(scene: Scene, code: str, words: str) -> None:
    orders.cancel_order(
        order_id=scene.order.pk, actor=scene.manager, reason_code=code, reason=words, notify=scene.notify
    )


def reopen(scene: Scene) -> None:
    orders.reopen_order(
        order_id=scene.order.pk,
        actor=scene.supervisor,
        reason=scene.country.reopen_words,
        notify=scene.notify,
    )


def come_back(scene: Scene) -> None:
    """The parcel was refused or never collected."""
    kind = scene.random.choice((ReturnKind.REFUSED, ReturnKind.UNCLAIMED))
    orders.return_order(order_id=scene.order.pk, actor=scene.courier, return_kind=kind, notify=scene.notify)


def send_back(scene: Scene) -> None:
    """The customer changed their mind, or complains."""
    kind = scene.random.choice((ReturnKind.WITHDRAWAL, ReturnKind.COMPLAINT))
    orders.return_order(order_id=scene.order.pk, actor=scene.manager, return_kind=kind, notify=scene.notify)


def inspect(scene: Scene) -> None:
    """The return arrives; all but a broken piece now and then goes into stock again."""
    note = Return.objects.filter(order=scene.order).latest("pk")
    good = {row.pk: row.quantity - (scene.random.random() < 0.2) for row in note.lines.all()}
    orders.receive_return(return_id=note.pk, actor=scene.warehouse, restocked=good, notify=scene.notify)
