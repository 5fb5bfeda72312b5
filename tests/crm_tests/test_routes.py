"""Every route of ours, tried as every role, as an admin of another shop, and without signing in.

A route that is not listed here fails the first test: whoever adds one says who may use it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from crm.models import Deal, Funnel, Reminder, SavedView, Stage
from crm.services import DealDraft, create_deal
from crm.services.bulk import start_bulk_move
from inventory.models import StockImport, StockItem, Warehouse
from inventory.services.counting import enter_count, finish_counting, open_count
from inventory.services.importing import run_imports, upload_import
from inventory.services.reserving import reserve
from notifications.models import Message, SmsReply
from orders import services
from orders.imports.models import Delivery
from orders.imports.services.connecting import open_connection
from orders.models import Order
from orders.services.handover import make_handover_sheet
from orders.tracking import token_for
from shops.actors import Actor
from shops.models import Shop, User
from shops.permissions import Action, Role, role_allows
from shops.selectors import role_in_shop
from tests.factories import ADDRESS, SYSTEM, make_order, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MEMBERS = tuple(Role.values)
Prepare = Callable[[Order, User], dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """One request and what each kind of person is answered; the order it is about stands in `status`."""

    path: str
    members: int
    method: str = "get"
    data: dict[str, Any] = field(default_factory=dict)
    outsider: int = 404
    anonymous: int = 302
    status: str = "confirmed"
    prepare: Prepare | None = None
    except_for: dict[str, int] = field(default_factory=dict)

    def expected(self) -> dict[str, int]:
        roles = {role: self.except_for.get(role, self.members) for role in MEMBERS}
        return roles | {"outsider": self.outsider, "anonymous": self.anonymous}


def get(path: str, members: int = 200, **more: Any) -> Case:
    return Case(path, members, **more)


def post(path: str, members: int = 303, **more: Any) -> Case:
    return Case(path, members, method="post", **more)


def stage_of_board(order: Order, user: User) -> dict[str, Any]:
    return {"stage": Deal.objects.values_list("stage_id", flat=True).get(order=order)}


def off_the_board(order: Order, user: User) -> dict[str, Any]:
    Deal.objects.filter(order=order).update(order=None)
    return {}


def order_form(
    slug: str, data: dict[str, Any] | None = None, *, warehouse: int | None = None, **more: Any
) -> list[Case]:
    """An action of the order page: its form and the click."""
    path = f"/orders/{{order}}/{slug}/"
    refused = {Role.WAREHOUSE: warehouse} if warehouse else {}
    return [
        get(path, except_for=refused, **more),
        post(path, data=data or {}, except_for=refused, **more),
    ]


def prepared_parcel(order: Order, user: User) -> dict[str, Any]:
    parcel = services.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="77")
    return {"parcel": parcel.pk}


def sent_parcel(order: Order, user: User) -> dict[str, Any]:
    return {"parcel": order.shipments.get().pk}


def parcel_on_its_way(order: Order, user: User) -> dict[str, Any]:
    """A further parcel of a delivered order."""
    order.shipments.update(state="handed_over")
    return sent_parcel(order, user)


def arrived_rest(order: Order, user: User) -> dict[str, Any]:
    """One more unit of the shipped order's line is owed, and reserved."""
    line = order.lines.get()
    order.lines.update(quantity=line.quantity + 1)
    reserve(
        reference=order.stock_reference,
        shop_id=order.shop_id,
        wanted={line.product_id: 1},
        on_shortage="refuse",
        actor=SYSTEM,
    )
    return {"restocked": {f"units-{line.pk}": 1}}


def announced_return(order: Order, user: User) -> dict[str, Any]:
    note = order.returns.get()
    return {"return": note.pk, "restocked": {f"restocked-{row.pk}": 1 for row in note.lines.all()}}


def own_claim(order: Order, user: User) -> dict[str, Any]:
    Order.objects.filter(pk=order.pk).update(manager=user)
    return {}


CALL_ACTIONS = {
    **dict.fromkeys(("confirm", "reached", "no-answer", "cancel", "snooze", "skip", "address"), 303),
    "hold": 200,
    "release": 422,
    "dance": 404,
}


def open_call(order: Order, user: User) -> dict[str, Any]:
    until = timezone.now() + timedelta(minutes=1)
    Deal.objects.filter(order=order).update(held_by=user, held_until=until)
    return {}


def missed_call(order: Order, user: User) -> dict[str, Any]:
    if not role_allows(role_in_shop(user_id=user.pk, shop_id=order.shop_id), Action.CALL):
        return {}
    event = services.log_call(order_id=order.pk, actor=Actor.person(user), answered=False)
    deal = Deal.objects.get(order=order)
    return {"restocked": {"deal": deal.pk, "move": event.move_id, "kind": "missed"}}


def own_move(order: Order, user: User) -> dict[str, Any]:
    change = services.start_processing(order_id=order.pk, actor=Actor.person(user))
    return {"move": change.move_id}


def begun_bulk_move(order: Order, user: User) -> dict[str, Any]:
    """The order's card, about to move to picking with many others."""
    deal = Deal.objects.get(order=order)
    target = Stage.objects.get(funnel=deal.funnel_id, slug="picking")
    bulk = start_bulk_move(
        funnel_id=deal.funnel_id, to_stage_id=target.pk, deal_ids=[deal.pk], actor=Actor.person(user)
    )
    return {"bulk": bulk.pk, "restocked": {"deal": deal.pk}}


AWB_STEP = {"kind": "awbs", "rows": '[[1,"X","1"]]', "bad": "[]", "done": "0", "same": "0"}


def ready_to_ship(order: Order, user: User) -> dict[str, Any]:
    places = prepared_parcel(order, user)
    return places | {"restocked": {"order": order.pk}}


def begun_bulk_run(order: Order, user: User) -> dict[str, Any]:
    places = begun_bulk_move(order, user)
    return places | {"restocked": {"bulk": str(places["bulk"]), "goal": "pick"}}


def parcel_without_sheet(order: Order, user: User) -> dict[str, Any]:
    return {"restocked": {"shop": order.shop_id, "carrier": "fan", "parcel": order.shipments.get().pk}}


def handover_sheet(order: Order, user: User) -> dict[str, Any]:
    parcels = [order.shipments.get().pk]
    sheet = make_handover_sheet(shop_id=order.shop_id, carrier="fan", shipment_ids=parcels, actor=SYSTEM)
    return {"sheet": sheet.pk}


def refused_parcel(order: Order, user: User) -> dict[str, Any]:
    return {"restocked": {"parcel": order.shipments.get().pk, "do": "refused"}}


def wrong_scan(order: Order, user: User) -> dict[str, Any]:
    change = services.return_order(order_id=order.pk, actor=Actor.person(user), return_kind="refused")
    return {"restocked": {"parcel": order.shipments.get().pk, "move": str(change.move_id)}}


def sent_message(order: Order, user: User) -> dict[str, Any]:
    message = Message.objects.filter(order=order, channel="email").first()
    assert message is not None
    Message.objects.filter(pk=message.pk).update(state="failed")
    return {"message": message.pk}


def waiting_message(order: Order, user: User) -> dict[str, Any]:
    places = sent_message(order, user)
    Message.objects.filter(pk=places["message"]).update(state="queued")
    return places


def unknown_message(order: Order, user: User) -> dict[str, Any]:
    places = sent_message(order, user)
    Message.objects.filter(pk=places["message"]).update(state="unknown")
    return places


def order_key(order: Order, user: User) -> dict[str, Any]:
    return {"order_id": order.pk}


def failed_delivery(order: Order, user: User) -> dict[str, Any]:
    connection = open_connection(shop_id=order.shop_id, source="woocommerce")
    delivery = Delivery.objects.create(
        connection=connection,
        shop_id=order.shop_id,
        body=b"{}",
        content_hash="x",
        state="failed",
        topic="order.created",
    )
    return {"delivery": delivery.pk}


def counted_product(order: Order, user: User) -> dict[str, Any]:
    return {"product": order.lines.get().product_id}


def shelved_product(order: Order, user: User) -> dict[str, Any]:
    """A product of the shop and a warehouse that is not its default one."""
    warehouse = Warehouse.objects.create(shop=order.shop, name=f"Second {order.pk}-{user.pk}")
    return {"product": order.lines.get().product_id, "warehouse": warehouse.pk}


def open_stock_count(order: Order, user: User) -> dict[str, Any]:
    """An open count of the shop with one line counted, and what the acting person entered."""
    product = order.lines.get().product_id
    warehouse = Warehouse.objects.get(shop=order.shop, is_default=True)
    count = open_count(shop_id=order.shop_id, warehouse_id=warehouse.pk, actor=SYSTEM)
    enter_count(count_id=count.pk, product_id=product, quantity=9, key=uuid.uuid4(), actor=SYSTEM)
    return {"count": count.pk}


def reviewed_stock_count(order: Order, user: User) -> dict[str, Any]:
    places = open_stock_count(order, user)
    finish_counting(count_id=places["count"], actor=SYSTEM)
    return places


def odd_stock_item(order: Order, user: User) -> dict[str, Any]:
    item = StockItem.objects.filter(product__shop_id=order.shop_id).latest("pk")
    StockItem.objects.filter(pk=item.pk).update(on_hand=item.on_hand + 1)
    return {"item": item.pk}


def set_up_reminder(order: Order, user: User) -> dict[str, Any]:
    """A reminder on the order's deal, for whoever leads the shop."""
    deal = Deal.objects.get(order=order)
    lead = make_user(order.shop, Role.ADMIN)
    due = timezone.now() + timedelta(hours=1)
    reminder = Reminder.objects.create(deal=deal, person=lead, due_at=due, actor_kind="person")
    return {"reminder": reminder.pk, "person": lead.pk}


def sales_board(order: Order, user: User) -> dict[str, Any]:
    """The shop's board for what comes before an order, switched on, with one deal."""
    funnel = Funnel.objects.get(shop=order.shop, slug__endswith="-sales")
    Funnel.objects.filter(pk=funnel.pk).update(is_active=True)
    draft = DealDraft("20 mugs", ADDRESS)
    deal = create_deal(funnel_id=funnel.pk, draft=draft, actor=SYSTEM, form_key=uuid.uuid4())
    return {"sales": funnel.slug, "lead": deal.pk}


def checked_import(order: Order, user: User) -> dict[str, Any]:
    warehouse = Warehouse.objects.get(shop=order.shop, is_default=True)
    job = upload_import(warehouse_id=warehouse.pk, name="a.csv", content=b"SKU;Name\nX-1;X\n", actor=SYSTEM)
    run_imports()
    StockImport.objects.filter(pk=job.pk).update(digest="d")
    return {"import": job.uuid}


def unread_reply(order: Order, user: User) -> dict[str, Any]:
    key = f"reply {order.pk} {user.pk}"
    SmsReply.objects.create(shop=order.shop, order=order, key=key, sender="+40722334455", text="Yes")
    return {}


def shop_in_form(order: Order, user: User) -> dict[str, Any]:
    return {"restocked": {"shop": order.shop.slug}}


def shared_view(order: Order, user: User) -> dict[str, Any]:
    """A colleague's view of the board, shared with the shop."""
    view = SavedView.objects.create(
        shop=order.shop,
        page="board",
        owner=make_user(order.shop),
        name=f"Shared {order.pk} {user.pk}",
        query="pay=cod",
        is_shared=True,
    )
    return {"view": view.pk}


W = Role.WAREHOUSE
NOT_WAREHOUSE = {W: 403}
NOT_EDITOR = {Role.MANAGER: 403, W: 403}
NOT_MANAGER = {Role.MANAGER: 403}
UNSEEN_BY_WAREHOUSE = {W: 404}
ADMINS_ONLY = {Role.SUPERVISOR: 403, Role.MANAGER: 403, W: 403}

ROUTES: dict[str, list[Case]] = {
    # The house
    "healthz": [get("/healthz", outsider=200, anonymous=200)],
    "metrics": [get("/metrics", outsider=200, anonymous=200)],
    "media/<path:path>": [get("/media/nothing.png", 404, anonymous=404)],
    # Signing in
    "login/": [get("/login/", 302, outsider=302, anonymous=200)],
    "logout/": [post("/logout/", 302, outsider=302, anonymous=302)],
    "language/": [post("/language/", 302, data={"language": "ro"}, outsider=302)],
    # The API
    "api/v1/": [get("/api/v1/", 404, anonymous=404)],
    "api/v1/openapi.json": [get("/api/v1/openapi.json", outsider=200, anonymous=200)],
    "api/v1/docs": [get("/api/v1/docs", outsider=200, anonymous=200)],
    "api/v1/stock": [get("/api/v1/stock", 401, outsider=401, anonymous=401)],
    # Stock
    "stock/": [get("/stock/", outsider=200), get("/stock/?shop={shop}")],
    "stock/products/new/": [
        get("/stock/products/new/?shop={shop}", except_for=NOT_EDITOR),
        post("/stock/products/new/?shop={shop}", 422, except_for=NOT_EDITOR),
    ],
    "stock/products/<int:product_id>/": [get("/stock/products/{product}/", prepare=shelved_product)],
    "stock/products/<int:product_id>/edit/": [
        get("/stock/products/{product}/edit/", prepare=shelved_product, except_for=NOT_EDITOR),
        post("/stock/products/{product}/edit/", 422, prepare=shelved_product, except_for=NOT_EDITOR),
    ],
    "stock/products/<int:product_id>/delete/": [
        get("/stock/products/{product}/delete/", prepare=shelved_product, except_for=NOT_EDITOR),
        post("/stock/products/{product}/delete/", 422, prepare=shelved_product, except_for=NOT_EDITOR),
    ],
    "stock/products/<int:product_id>/safety-stock/<int:warehouse_id>/": [
        get(
            "/stock/products/{product}/safety-stock/{warehouse}/",
            prepare=shelved_product,
            except_for=NOT_MANAGER,
        ),
        post(
            "/stock/products/{product}/safety-stock/{warehouse}/",
            data={"safety_stock": "5"},
            prepare=shelved_product,
            except_for=NOT_MANAGER,
        ),
    ],
    "stock/warehouses/": [
        get("/stock/warehouses/?shop={shop}", except_for=NOT_EDITOR),
        post("/stock/warehouses/?shop={shop}", 422, except_for=NOT_EDITOR),
    ],
    "stock/warehouses/<int:warehouse_id>/rename/": [
        post(
            "/stock/warehouses/{warehouse}/rename/",
            data={"name": "East"},
            prepare=shelved_product,
            except_for=NOT_EDITOR,
        )
    ],
    "stock/warehouses/<int:warehouse_id>/default/": [
        post("/stock/warehouses/{warehouse}/default/", prepare=shelved_product, except_for=NOT_EDITOR)
    ],
    **{
        f"stock/{slug}/": [
            get(f"/stock/{slug}/", outsider=200, except_for=NOT_MANAGER),
            get(f"/stock/{slug}/?product={{product}}", prepare=counted_product, except_for=NOT_MANAGER),
            post(
                f"/stock/{slug}/?product={{product}}",
                422,
                prepare=counted_product,
                except_for=NOT_MANAGER,
            ),
        ]
        for slug in ("receive", "write-off", "adjust", "transfer", "return")
    },
    "stock/waiting/": [get("/stock/waiting/", outsider=200), get("/stock/waiting/?shop={shop}")],
    "stock/movements/": [get("/stock/movements/", outsider=200), get("/stock/movements/?shop={shop}")],
    "stock/movements.csv": [
        get("/stock/movements.csv", outsider=200),
        get("/stock/movements.csv?shop={shop}"),
    ],
    "stock/export.<str:kind>": [
        get("/stock/export.csv", outsider=200),
        get("/stock/export.xlsx?shop={shop}"),
    ],
    "stock/imports/": [
        get("/stock/imports/?shop={shop}", except_for=NOT_EDITOR),
        post("/stock/imports/?shop={shop}", 422, except_for=NOT_EDITOR),
    ],
    "stock/imports/template.<str:kind>": [get("/stock/imports/template.csv", outsider=200)],
    "stock/imports/<uuid:import_uuid>/": [
        get("/stock/imports/{import}/", prepare=checked_import, except_for=NOT_EDITOR)
    ],
    "stock/imports/<uuid:import_uuid>/approve/": [
        post(
            "/stock/imports/{import}/approve/",
            data={"digest": "d"},
            prepare=checked_import,
            except_for=NOT_EDITOR,
        )
    ],
    "stock/imports/<uuid:import_uuid>/cancel/": [
        post("/stock/imports/{import}/cancel/", prepare=checked_import, except_for=NOT_EDITOR)
    ],
    "stock/imports/<uuid:import_uuid>/columns/": [
        post(
            "/stock/imports/{import}/columns/",
            data={"column-0": "sku", "column-1": "name"},
            prepare=checked_import,
            except_for=NOT_EDITOR,
        )
    ],
    "stock/imports/<uuid:import_uuid>/problems.csv": [
        get("/stock/imports/{import}/problems.csv", prepare=checked_import, except_for=NOT_EDITOR)
    ],
    "stock/low/": [get("/stock/low/", outsider=200), get("/stock/low/?shop={shop}")],
    "stock/abc/": [
        get("/stock/abc/", outsider=200, except_for=NOT_WAREHOUSE),
        get("/stock/abc/?shop={shop}", except_for=NOT_WAREHOUSE),
    ],
    "stock/abc/compute/": [post("/stock/abc/compute/?shop={shop}", except_for=NOT_WAREHOUSE)],
    "stock/abc/run/": [get("/stock/abc/run/?shop={shop}", except_for=NOT_WAREHOUSE)],
    "stock/slow/": [get("/stock/slow/", outsider=200), get("/stock/slow/?shop={shop}")],
    "stock/value/": [get("/stock/value/", outsider=200), get("/stock/value/?shop={shop}")],
    "stock/reorder/": [get("/stock/reorder/", outsider=200), get("/stock/reorder/?shop={shop}")],
    "stock/reorder.csv": [get("/stock/reorder.csv?shop={shop}")],
    "stock/settings/": [
        get("/stock/settings/?shop={shop}", except_for=NOT_EDITOR),
        post("/stock/settings/?shop={shop}", 422, except_for=NOT_EDITOR),
    ],
    "stock/counts/": [get("/stock/counts/", outsider=200), get("/stock/counts/?shop={shop}")],
    "stock/counts/new/": [
        get("/stock/counts/new/?shop={shop}", except_for=NOT_MANAGER),
        post("/stock/counts/new/?shop={shop}", 422, except_for=NOT_MANAGER),
    ],
    "stock/counts/<int:count_id>/": [get("/stock/counts/{count}/", prepare=open_stock_count)],
    "stock/counts/<int:count_id>/sheet/": [get("/stock/counts/{count}/sheet/", prepare=open_stock_count)],
    "stock/counts/<int:count_id>.csv": [get("/stock/counts/{count}.csv", prepare=open_stock_count)],
    "stock/counts/<int:count_id>/count/": [
        get("/stock/counts/{count}/count/", prepare=open_stock_count, except_for=NOT_MANAGER),
        post("/stock/counts/{count}/count/", 422, prepare=open_stock_count, except_for=NOT_MANAGER),
    ],
    "stock/counts/<int:count_id>/count/undo/": [
        post("/stock/counts/{count}/count/undo/", prepare=open_stock_count, except_for=NOT_MANAGER)
    ],
    "stock/counts/<int:count_id>/finish/": [
        post("/stock/counts/{count}/finish/", prepare=open_stock_count, except_for=NOT_MANAGER)
    ],
    "stock/counts/<int:count_id>/resume/": [
        post("/stock/counts/{count}/resume/", prepare=reviewed_stock_count, except_for=NOT_MANAGER)
    ],
    "stock/counts/<int:count_id>/cancel/": [
        post("/stock/counts/{count}/cancel/", prepare=open_stock_count, except_for=NOT_MANAGER)
    ],
    "stock/counts/<int:count_id>/recount/": [
        post("/stock/counts/{count}/recount/", prepare=open_stock_count, except_for=NOT_MANAGER)
    ],
    "stock/counts/<int:count_id>/post/": [
        post(
            "/stock/counts/{count}/post/",
            data={"uncounted": "leave"},
            prepare=reviewed_stock_count,
            except_for=NOT_MANAGER,
        )
    ],
    "stock/check/": [get("/stock/check/", outsider=200), get("/stock/check/?shop={shop}")],
    "stock/check/<int:item_id>/": [
        get("/stock/check/{item}/", prepare=odd_stock_item, except_for={Role.MANAGER: 403}),
        post(
            "/stock/check/{item}/",
            data={"reason": "Restored."},
            prepare=odd_stock_item,
            except_for={Role.MANAGER: 403},
        ),
    ],
    # Imports
    "hooks/email/<slug:provider>/": [post("/hooks/email/postmark/", 404, outsider=404, anonymous=404)],
    "hooks/sms/<str:secret>/report": [post("/hooks/sms/x/report", 404, outsider=404, anonymous=404)],
    "hooks/sms/<str:secret>/reply": [post("/hooks/sms/x/reply", 404, outsider=404, anonymous=404)],
    "hooks/woocommerce/<slug:shop>": [post("/hooks/woocommerce/{shop}", 401, outsider=401, anonymous=401)],
    "hooks/woocommerce/<slug:shop>/": [post("/hooks/woocommerce/{shop}/", 401, outsider=401, anonymous=401)],
    "imports/": [get("/imports/", outsider=200, except_for=NOT_WAREHOUSE)],
    "imports/<int:delivery_id>/": [
        get("/imports/{delivery}/", prepare=failed_delivery, except_for=UNSEEN_BY_WAREHOUSE)
    ],
    "imports/<int:delivery_id>/retry/": [
        post("/imports/{delivery}/retry/", 302, prepare=failed_delivery, except_for=UNSEEN_BY_WAREHOUSE)
    ],
    # Messages
    "messages/": [get("/messages/", outsider=200, except_for=NOT_WAREHOUSE)],
    "messages/<uuid:message_id>/": [
        get("/messages/{message}/", prepare=sent_message, except_for=UNSEEN_BY_WAREHOUSE)
    ],
    "messages/<uuid:message_id>/html/": [
        get("/messages/{message}/html/", prepare=sent_message, except_for=UNSEEN_BY_WAREHOUSE)
    ],
    "messages/<uuid:message_id>/resend/": [
        post("/messages/{message}/resend/", 302, prepare=sent_message, except_for=UNSEEN_BY_WAREHOUSE)
    ],
    "messages/<uuid:message_id>/skip/": [
        post("/messages/{message}/skip/", prepare=waiting_message, except_for=UNSEEN_BY_WAREHOUSE)
    ],
    "messages/<uuid:message_id>/now/": [
        post("/messages/{message}/now/", prepare=waiting_message, except_for=UNSEEN_BY_WAREHOUSE)
    ],
    "messages/<uuid:message_id>/arrived/": [
        post("/messages/{message}/arrived/", prepare=unknown_message, except_for=UNSEEN_BY_WAREHOUSE)
    ],
    "messages/order/<int:order_id>/": [
        get("/messages/order/{order_id}/", prepare=order_key, except_for=UNSEEN_BY_WAREHOUSE)
    ],
    "messages/order/<int:order_id>/write/": [
        get("/messages/order/{order_id}/write/", prepare=order_key, except_for=UNSEEN_BY_WAREHOUSE),
        post(
            "/messages/order/{order_id}/write/",
            data={
                "channel": "sms",
                "recipient": "+40722334455",
                "text": "We call you today.",
                "do": "send",
            },
            prepare=order_key,
            except_for=UNSEEN_BY_WAREHOUSE,
        ),
    ],
    # The board
    "": [get("/", 302, outsider=302)],
    # Parcels
    "parcels/": [
        get("/parcels/", outsider=200),
        post("/parcels/", 200, data={"text": "{order};2000105560061"}, outsider=200),
    ],
    "parcels/apply/": [post("/parcels/apply/", 200, data=AWB_STEP, outsider=200)],
    "parcels/bad-rows/": [post("/parcels/bad-rows/", 200, data={"bad": '[[1,"a","b"]]'}, outsider=200)],
    "parcels/ship/": [get("/parcels/ship/", outsider=200), get("/parcels/ship/?shop={shop}")],
    "parcels/ship/start/": [post("/parcels/ship/start/", outsider=303, prepare=ready_to_ship)],
    "parcels/run/": [
        get("/parcels/run/", prepare=begun_bulk_run),
        post("/parcels/run/", prepare=begun_bulk_run),
    ],
    "parcels/pick/": [get("/parcels/pick/", outsider=200), get("/parcels/pick/?shop={shop}")],
    "parcels/pick/papers/": [post("/parcels/pick/papers/", outsider=303)],
    "parcels/pick/list/": [
        get("/parcels/pick/list/?order={order_id}", outsider=303, prepare=order_key),
    ],
    "parcels/pick/slips/": [
        get("/parcels/pick/slips/?order={order_id}", outsider=303, prepare=order_key),
    ],
    "parcels/pick/start/": [post("/parcels/pick/start/", outsider=303, prepare=ready_to_ship)],
    "parcels/pick/packed/": [post("/parcels/pick/packed/", outsider=303, prepare=ready_to_ship)],
    "parcels/handover/": [
        get("/parcels/handover/", outsider=200),
        get("/parcels/handover/?shop={shop}"),
        post("/parcels/handover/", status="shipped", prepare=parcel_without_sheet),
    ],
    "parcels/handover/<int:sheet_id>/": [
        get("/parcels/handover/{sheet}/", status="shipped", prepare=handover_sheet)
    ],
    "parcels/returns/": [get("/parcels/returns/", outsider=200)],
    "parcels/returns/settle/": [
        post("/parcels/returns/settle/", status="shipped", prepare=refused_parcel),
    ],
    "parcels/returns/undo/": [post("/parcels/returns/undo/", status="shipped", prepare=wrong_scan)],
    "board/<slug:slug>/": [get("/board/{funnel}/")],
    "board/<slug:slug>/filters/": [get("/board/{funnel}/filters/")],
    "board/<slug:slug>/changes/": [get("/board/{funnel}/changes/?cursor=0")],
    "board/<slug:slug>/stages.css": [get("/board/{funnel}/stages.css")],
    "board/<slug:slug>/work/": [
        get("/board/{funnel}/work/?stage=new", status="new", except_for={Role.WAREHOUSE: 403}),
        get("/board/{funnel}/work/?stage=nowhere", 404),
    ],
    "board/<slug:slug>/work/undo/": [
        post(
            "/board/{funnel}/work/undo/?stage=new",
            status="new",
            prepare=missed_call,
            except_for={Role.WAREHOUSE: 403},
        ),
    ],
    "board/<slug:slug>/work/<int:deal_id>/<slug:action>/": [
        post(
            f"/board/{{funnel}}/work/{{deal}}/{action}/?stage=new",
            members,
            data={"reason_code": "customer", "choice": "hour"},
            status="new",
            prepare=open_call,
            except_for={Role.WAREHOUSE: 403},
        )
        for action, members in CALL_ACTIONS.items()
    ],
    "views/": [
        post("/views/", data={"page": "board", "name": "COD", "query": "pay=cod"}, prepare=shop_in_form),
    ],
    "views/<int:view_id>/": [
        post("/views/{view}/", data={"do": "default"}, prepare=shared_view),
        post("/views/{view}/", 404, data={"do": "paint"}, prepare=shared_view),
    ],
    "board/<slug:slug>/bulk/": [
        get("/board/{funnel}/bulk/?deal={deal}&stage=picking"),
        post("/board/{funnel}/bulk/", 200, data={"stage": "picking"}, prepare=begun_bulk_move),
        post("/board/{funnel}/bulk/", data={"stage": "picking", "start": "x"}, prepare=begun_bulk_move),
    ],
    "board/<slug:slug>/bulk/claim/": [post("/board/{funnel}/bulk/claim/", prepare=begun_bulk_move)],
    "board/<slug:slug>/bulk/column/": [get("/board/{funnel}/bulk/column/?stage=confirmed")],
    "board/<slug:slug>/bulk/unfinished/": [get("/board/{funnel}/bulk/unfinished/", 204)],
    "bulk-moves/<uuid:bulk_id>/": [get("/bulk-moves/{bulk}/", prepare=begun_bulk_move)],
    "bulk-moves/<uuid:bulk_id>/continue/": [post("/bulk-moves/{bulk}/continue/", prepare=begun_bulk_move)],
    "bulk-moves/<uuid:bulk_id>/stop/": [post("/bulk-moves/{bulk}/stop/", prepare=begun_bulk_move)],
    "bulk-moves/<uuid:bulk_id>/undo/": [post("/bulk-moves/{bulk}/undo/", prepare=begun_bulk_move)],
    "deals/<int:deal_id>/": [
        get("/deals/{deal}/"),
        get("/deals/{deal}/", status="new", except_for=UNSEEN_BY_WAREHOUSE),
    ],
    "deals/<int:deal_id>/move/": [
        get("/deals/{deal}/move/"),
        post("/deals/{deal}/move/", data={"stage": "picking"}),
        post(
            "/deals/{deal}/move/",
            data={"stage": "cancelled", "reason_code": "other"},
            except_for=NOT_WAREHOUSE,
        ),
    ],
    "board/<slug:slug>/deals/new/": [
        get("/board/{sales}/deals/new/", except_for={Role.WAREHOUSE: 403}, prepare=sales_board),
        post(
            "/board/{sales}/deals/new/",
            data={"title": "20 mugs"},
            except_for={Role.WAREHOUSE: 403},
            prepare=sales_board,
        ),
    ],
    "deals/<int:deal_id>/order/": [
        get("/deals/{lead}/order/", except_for=UNSEEN_BY_WAREHOUSE, prepare=sales_board),
        post(
            "/deals/{lead}/order/",
            422,
            data={"place": "1"},
            except_for=UNSEEN_BY_WAREHOUSE,
            prepare=sales_board,
        ),
    ],
    "orders/new/": [
        get("/orders/new/?shop={shop}", except_for={Role.WAREHOUSE: 403}),
        post("/orders/new/?shop={shop}", 422, data={"place": "1"}, except_for={Role.WAREHOUSE: 403}),
    ],
    "deals/<int:deal_id>/claim/": [post("/deals/{deal}/claim/")],
    "deals/<int:deal_id>/release/": [post("/deals/{deal}/release/", prepare=own_claim)],
    "deals/<int:deal_id>/read/": [
        post("/deals/{deal}/read/", prepare=unread_reply, except_for=NOT_WAREHOUSE),
    ],
    "deals/<int:deal_id>/reminders/": [
        get("/deals/{deal}/reminders/"),
        post("/deals/{deal}/reminders/", 422, data={"note": "call"}),
    ],
    "reminders/": [get("/reminders/", outsider=200), get("/reminders/?whose=all&colour=red", outsider=200)],
    "reminders/<int:reminder_id>/snooze/": [
        post("/reminders/{reminder}/snooze/", data={"when": "tomorrow"}, prepare=set_up_reminder)
    ],
    "reminders/<int:reminder_id>/done/": [post("/reminders/{reminder}/done/", prepare=set_up_reminder)],
    "reminders/<int:reminder_id>/edit/": [
        get("/reminders/{reminder}/edit/", prepare=set_up_reminder),
        post("/reminders/{reminder}/edit/", 422, prepare=set_up_reminder),
    ],
    "reminders/<int:reminder_id>/remove/": [post("/reminders/{reminder}/remove/", prepare=set_up_reminder)],
    "search/": [get("/search/?q={order}", 302, outsider=302)],
    "deals/<int:deal_id>/comments/": [post("/deals/{deal}/comments/", data={"text": "Called."})],
    "deals/<int:deal_id>/changes/": [get("/deals/{deal}/changes/")],
    "deals/<int:deal_id>/timeline/": [get("/deals/{deal}/timeline/", 303)],
    "deals/<int:deal_id>/hand-over/": [
        get("/deals/{deal}/hand-over/"),
        post("/deals/{deal}/hand-over/", 422),
    ],
    "deals/<int:deal_id>/calls/": [
        post("/deals/{deal}/calls/", data={"answered": "yes"}, except_for=NOT_WAREHOUSE)
    ],
    "deals/<int:deal_id>/tags/": [post("/deals/{deal}/tags/", data={"name": "Urgent"})],
    "deals/<int:deal_id>/tags/<int:tag_id>/remove/": [post("/deals/{deal}/tags/1/remove/")],
    "deals/<int:deal_id>/skip/<slug:what>/": [
        post("/deals/{deal}/skip/retry/"),
        post("/deals/{deal}/skip/snooze/", except_for=NOT_WAREHOUSE),
        post("/deals/{deal}/skip/nothing/", 404),
    ],
    "deals/<int:deal_id>/edit/lines/": [
        get("/deals/{deal}/edit/lines/", except_for=NOT_WAREHOUSE),
        post("/deals/{deal}/edit/lines/", 422, except_for=NOT_WAREHOUSE),
    ],
    "deals/<int:deal_id>/edit/<slug:slug>/": [
        get("/deals/{deal}/edit/address/", except_for=NOT_WAREHOUSE),
        post("/deals/{deal}/edit/delivery/", data={"delivery_kind": "own"}, except_for=NOT_WAREHOUSE),
        get("/deals/{deal}/edit/claim/", 404),
        get("/deals/{deal}/edit/nothing/", 404),
    ],
    "deals/<int:deal_id>/edit/<slug:slug>/<int:target_id>/": [
        get("/deals/{deal}/edit/void/{parcel}/", prepare=prepared_parcel),
        post("/deals/{deal}/edit/void/{parcel}/", prepare=prepared_parcel),
        get("/deals/{deal}/edit/void/0/", 404),
    ],
    "moves/<uuid:move_id>/undo/": [post("/moves/{move}/undo/", prepare=own_move)],
    # Orders
    "orders/": [get("/orders/", outsider=200)],
    "orders/file.<str:kind>": [get("/orders/file.csv", outsider=200, except_for={Role.WAREHOUSE: 403})],
    "orders/chosen": [post("/orders/chosen", data={"do": "claim", "order": "1"}, outsider=303)],
    "customers/file.<str:kind>": [get("/customers/file.csv", outsider=200, except_for={Role.WAREHOUSE: 403})],
    "customers/chosen": [
        post("/customers/chosen", data={"do": "tag"}, outsider=303, except_for={Role.WAREHOUSE: 403})
    ],
    "reports/": [get("/reports/", 302, outsider=302)],
    "reports/day/": [get("/reports/day/", outsider=200), get("/reports/day/?shop={shop}")],
    "reports/funnel/": [
        get("/reports/funnel/?funnel={shop}-orders", except_for={Role.WAREHOUSE: 403}),
    ],
    "reports/day.<str:kind>": [get("/reports/day.csv?shop={shop}", except_for={Role.WAREHOUSE: 403})],
    "orders/<path:number>/": [
        get("/orders/{order}/"),
        get("/orders/{order}/", status="new", except_for=UNSEEN_BY_WAREHOUSE),
    ],
    "orders/<path:number>/confirm/": order_form("confirm", status="new", warehouse=404),
    "orders/<path:number>/start-processing/": order_form("start-processing"),
    "orders/<path:number>/ship/": order_form("ship", {"carrier": "own"}, status="processing"),
    "orders/<path:number>/deliver/": order_form("deliver", status="shipped"),
    "orders/<path:number>/cancel/": order_form("cancel", {"reason_code": "other"}, warehouse=403),
    "orders/<path:number>/return/": order_form("return", {"return_kind": "refused"}, status="shipped"),
    "orders/<path:number>/reopen/": order_form(
        "reopen", {"reason": "Called."}, status="cancelled", warehouse=404
    ),
    "orders/<path:number>/claim/": order_form("claim"),
    "orders/<path:number>/release/": order_form("release", prepare=own_claim),
    "orders/<path:number>/payment/": order_form("payment", {"payment_status": "paid"}, warehouse=403),
    "orders/<path:number>/notes/": order_form("notes", {"text": "Called."}),
    "orders/<path:number>/address/": order_form("address", ADDRESS.__dict__, warehouse=403),
    "orders/<path:number>/billing/": order_form("billing", ADDRESS.__dict__, warehouse=403),
    "orders/<path:number>/delivery/": order_form("delivery", {"delivery_kind": "own"}, warehouse=403),
    "orders/<path:number>/payment-method/": order_form(
        "payment-method", {"payment_method": "card"}, warehouse=403
    ),
    "orders/<path:number>/partial/": order_form("partial", {"agreed": "on"}, warehouse=403),
    "orders/<path:number>/shipments/": order_form("shipments", {"carrier": "own"}),
    "orders/<path:number>/shipments/<int:target_id>/void/": order_form(
        "shipments/{parcel}/void", prepare=prepared_parcel
    ),
    "orders/<path:number>/ship-rest/": order_form(
        "ship-rest", {"carrier": "own"}, status="shipped", prepare=arrived_rest
    ),
    "orders/<path:number>/drop-rest/": order_form(
        "drop-rest", status="shipped", prepare=arrived_rest, warehouse=403
    ),
    "orders/<path:number>/shipments/<int:target_id>/delivered/": order_form(
        "shipments/{parcel}/delivered", status="delivered", prepare=parcel_on_its_way
    ),
    "orders/<path:number>/shipments/<int:target_id>/at-pickup/": order_form(
        "shipments/{parcel}/at-pickup", status="shipped", prepare=sent_parcel
    ),
    "orders/<path:number>/returns/<int:target_id>/receive/": order_form(
        "returns/{return}/receive", status="returned", prepare=announced_return
    ),
    # Customers
    "customers/": [get("/customers/", outsider=200, except_for=NOT_WAREHOUSE)],
    "customers/<int:customer_id>/": [get("/customers/{customer}/", except_for=UNSEEN_BY_WAREHOUSE)],
    "customers/<int:customer_id>/write-again/<int:suppression_id>/": [
        post("/customers/{customer}/write-again/1/", except_for=UNSEEN_BY_WAREHOUSE)
    ],
    "customers/<int:customer_id>/note/": [
        post("/customers/{customer}/note/", data={"note": "Kind."}, except_for=UNSEEN_BY_WAREHOUSE)
    ],
    "customers/<int:customer_id>/manager/": [
        get("/customers/{customer}/manager/", except_for=UNSEEN_BY_WAREHOUSE),
        post("/customers/{customer}/manager/", data={"person": ""}, except_for=UNSEEN_BY_WAREHOUSE),
    ],
    "customers/<int:customer_id>/tags/": [
        post("/customers/{customer}/tags/", data={"name": "Urgent"}, except_for=UNSEEN_BY_WAREHOUSE)
    ],
    "customers/<int:customer_id>/tags/<int:tag_id>/remove/": [
        post("/customers/{customer}/tags/1/remove/", except_for=UNSEEN_BY_WAREHOUSE)
    ],
    # Shops
    "shops/<slug:slug>/": [get("/shops/{shop}/")],
    "shops/<slug:slug>/funnels/": [
        get("/shops/{shop}/funnels/"),
        post("/shops/{shop}/funnels/", data={"name": "Second", "start": "orders"}, except_for=NOT_EDITOR),
    ],
    "funnels/<slug:slug>/": [
        get("/funnels/{funnel}/"),
        post("/funnels/{funnel}/", 422, except_for=NOT_EDITOR),
    ],
    "funnels/<slug:slug>/do/": [post("/funnels/{funnel}/do/", data={"do": "copy"}, except_for=NOT_EDITOR)],
    "funnels/<slug:slug>/stages/": [post("/funnels/{funnel}/stages/", 409, except_for=NOT_EDITOR)],
    "funnels/<slug:slug>/stages/<int:stage_id>/": [
        get("/funnels/{funnel}/stages/{stage}/", prepare=stage_of_board, except_for=NOT_EDITOR),
        post("/funnels/{funnel}/stages/{stage}/", 422, prepare=stage_of_board, except_for=NOT_EDITOR),
    ],
    "funnels/<slug:slug>/drift/": [
        get("/funnels/{funnel}/drift/"),
        post("/funnels/{funnel}/drift/", data={"all": "1"}, except_for=NOT_EDITOR),
    ],
    "orders/<path:number>/board/": [post("/orders/{order}/board/", prepare=off_the_board)],
    "shops/<slug:slug>/connect/": [post("/shops/{shop}/connect/", except_for=ADMINS_ONLY)],
    "shops/<slug:slug>/secret/": [post("/shops/{shop}/secret/", except_for=ADMINS_ONLY)],
    # The customer's own page
    "t/colour/<str:colour>.css": [
        get("/t/colour/1d4ed8.css", outsider=200, anonymous=200),
        get("/t/colour/red;.css", 404, anonymous=404),
    ],
    "t/<str:token>/": [
        get("/t/{token}/", outsider=200, anonymous=200),
        get("/t/AAAAAAAAAAAAAAAAAAAAAA/", 404, anonymous=404),
    ],
}


def routes(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLPattern):
            yield route
        elif not route.startswith("admin/"):
            yield from routes(pattern.url_patterns, route)


def test_every_route_is_listed():
    assert sorted(set(routes(get_resolver().url_patterns))) == sorted(ROUTES)


def people_of(shop: Shop) -> dict[str, User | None]:
    members: dict[str, User | None] = {role: make_user(shop, role) for role in MEMBERS}
    return members | {"outsider": make_user(make_shop("PL"), Role.ADMIN), "anonymous": None}


def places_of(order: Order) -> dict[str, Any]:
    deal = Deal.objects.select_related("funnel").get(order=order)
    return {
        "order": order.number,
        "shop": order.shop.slug,
        "customer": order.customer_id,
        "deal": deal.pk,
        "funnel": deal.funnel.slug,
        "token": token_for(order.uuid, order.tracking_version),
    }


def answer(case: Case, order: Order, who: str, people: dict[str, User | None]) -> int:
    """The status of the answer, in a transaction that is taken back, so that each person meets the same order."""
    user = people[who]
    acting = user if user is not None and who in MEMBERS else people[Role.MANAGER]
    assert acting is not None
    client = Client()
    with transaction.atomic():
        places = places_of(order) | (case.prepare(order, acting) if case.prepare else {})
        data = case.data | places.pop("restocked", {})
        if user is not None:
            client.force_login(user)
        response = getattr(client, case.method)(case.path.format(**places), data)
        transaction.set_rollback(True)
    return response.status_code


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_it_answers_each_role_as_listed(route):
    shop = make_shop("RO")
    people = people_of(shop)
    for case in ROUTES[route]:
        order = make_order(shop, status=case.status, notify=True)

        answers = {who: answer(case, order, who, people) for who in people}

        assert (case.method, case.path, answers) == (case.method, case.path, case.expected())


@pytest.mark.parametrize(
    "path",
    [
        "/orders/{order}/confirm/",
        "/deals/{deal}/move/",
        "/shops/{shop}/secret/",
        "/customers/{customer}/note/",
    ],
)
def test_it_refuses_a_post_without_the_token_of_the_page(path):
    order = make_order(status="new")
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(order.shop, Role.ADMIN))

    response = client.post(path.format(**places_of(order)), {"stage": "confirmed", "note": "x"})

    assert response.status_code == 403
    assert Order.objects.get(pk=order.pk).status == "new"
