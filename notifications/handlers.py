"""What messages do when something happens to an order or a shop. Registered in `oms/subscriptions.py`."""

from __future__ import annotations

from inventory.events import StockReportDue
from notifications import notes
from notifications.services import add_default_templates, discard_messages_of, queue_messages, queue_note
from notifications.statuses import EVENT_OF_PAYMENT, EVENT_OF_STATUS, MessageEvent
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
    ShipmentDispatched,
)
from orders.models import Order
from shops.actors import Actor
from shops.events import ShopCreated
from shops.models import Shop, User
from shops.selectors import people_to_tell


def create_default_templates(event: ShopCreated) -> None:
    """Give a shop the texts and switches it does not have yet."""
    add_default_templates(shop_id=event.shop_id)


def queue_received(event: OrderPlaced) -> None:
    """Tell the customer that their order has come in."""
    _queue(event, MessageEvent.RECEIVED)


def queue_received_late(event: OrderAcknowledged) -> None:
    """The same for an order that came in silently; an order is acknowledged once, however it came."""
    _queue(event, MessageEvent.RECEIVED)


def queue_status_message(event: OrderStatusChanged) -> None:
    """Tell the customer where the order stands now; a person's change waits until it can no longer be undone."""
    about = EVENT_OF_STATUS.get(event.to_status)
    if about is not None:
        _queue(event, about)


def queue_payment_message(event: PaymentRecorded) -> None:
    """Tell the customer that their money came, did not come, or comes back."""
    about = EVENT_OF_PAYMENT.get(event.to_payment_status)
    if about is not None:
        _queue(event, about)


def queue_parcel_sent(event: ShipmentDispatched) -> None:
    """Tell the customer about a parcel that follows; the first one is the news of the status."""
    if not event.is_first:
        _queue(event, MessageEvent.PARCEL_SENT)


def queue_at_pickup(event: ShipmentAtPickup) -> None:
    """Tell the customer that their parcel can be collected."""
    _queue(event, MessageEvent.AT_PICKUP)


def queue_return_received(event: ReturnReceived) -> None:
    """Tell the customer that what they sent back is here."""
    _queue(event, MessageEvent.RETURN_RECEIVED)


def queue_no_answer(event: CallLogged) -> None:
    """Tell the customer that nobody answered, where who called wants that; the call can be taken back until it leaves."""
    if not event.answered:
        _queue(event, MessageEvent.NO_ANSWER)


def note_stock_report(event: StockReportDue) -> None:
    """Tell the people a shop names what runs low, once a day."""
    shop = Shop.objects.get(pk=event.shop_id)
    note = notes.stock_report(event, shop_name=shop.name, language=shop.language)
    queue_note(
        shop_id=shop.pk,
        recipients=event.recipients,
        subject=note.subject,
        text=note.text,
        key=f"stock-report:{event.day.isoformat()}",
        actor=Actor.system(),
        language=shop.language,
    )


def note_shippable(event: OrderBecameShippable) -> None:
    """Tell who works on the order that its goods arrived; where nobody does, those who lead the shop."""
    shop = Shop.objects.get(pk=event.shop_id)
    for person in people_to_tell(shop_id=shop.pk, manager_id=event.manager_id):
        language = person.language or shop.language
        note = notes.shippable(event, language=language)
        queue_note(
            shop_id=shop.pk,
            order_id=event.order_id,
            recipients=[person.email],
            subject=note.subject,
            text=note.text,
            key=f"shippable:{event.uid}",
            actor=event.actor,
            language=language,
        )


def note_handed_over(event: OrderClaimed) -> None:
    """Tell somebody by e-mail that a colleague gave them an order."""
    if not event.is_handed_over or event.manager_id in (None, event.actor.user_id):
        return
    person = User.objects.get(pk=event.manager_id)
    shop = Shop.objects.get(pk=event.shop_id)
    number = Order.objects.values_list("number", flat=True).get(pk=event.order_id)
    language = person.language or shop.language
    note = notes.handed_over(number=number, by=event.actor.label, words=event.note, language=language)
    queue_note(
        shop_id=shop.pk,
        order_id=event.order_id,
        recipients=[person.email],
        subject=note.subject,
        text=note.text,
        key=f"handed-over:{event.uid}",
        actor=event.actor,
        language=language,
    )


def discard_reverted(event: OrderReverted) -> None:
    """Take back what a change that was undone would have said; raises TooLateToUndo when it was said already."""
    discard_messages_of(event_uid=event.reverted_uid)


def _queue(event: OrderEventBase, about: str) -> None:
    if not event.notify:
        return
    queue_messages(
        order_id=event.order_id,
        shop_id=event.shop_id,
        event=about,
        event_uid=event.uid,
        actor=event.actor,
        move_id=event.move_id,
        due_at=event.undo_until,
    )
