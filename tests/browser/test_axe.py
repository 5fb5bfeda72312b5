"""Every page, read by axe-core as a screen reader's user would meet it: light on a desk, and dark on a phone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from crm.models import Deal, Funnel, LostReason, Stage
from crm.services import DealDraft, create_deal, move_deal, set_reminder
from crm.services.bulk import start_bulk_move
from inventory.models import Product, StockCount, StockItem, Warehouse
from inventory.services.catalogue import ensure_category
from inventory.services.counting import enter_count, finish_counting, open_count
from inventory.services.importing import run_imports, upload_import
from inventory.services.warehouses import add_warehouse
from notifications.models import Message, MessageTemplate
from orders import services as orders
from orders.drafts import AddressDraft
from orders.guards import Arguments
from orders.models import Order
from orders.services.handover import make_handover_sheet
from orders.services.sales import refresh_figures
from orders.tracking import token_for
from shops.actors import Actor
from shops.models import Shop, User
from shops.permissions import Role
from tests.factories import PAID, SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),  # a hundred pages
    pytest.mark.django_db(transaction=True),
]
SignIn = Callable[..., Page]

LOOKS: dict[str, tuple[Any, Any]] = {
    "light desk": ("light", {"width": 1440, "height": 860}),
    "dark phone": ("dark", {"width": 390, "height": 780}),
}
AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The editor stands in a frame of another project, whose own slips are not ours to mend.
EDITOR = "#messagetemplate_form"
READ = """async ([rules, part]) => {
  const answer = await axe.run(part || document, { runOnly: rules });
  return answer.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.html).join(" | ")}`);
}"""

STOCK = (
    "/stock/",
    "/stock/?q=nothing-like-it",
    "/stock/products/new/",
    "/stock/products/{product}/",
    "/stock/products/{product}/edit/",
    "/stock/products/{product}/delete/",
    "/stock/products/{product}/safety-stock/{warehouse}/",
    "/stock/products/{uncounted}/",
    "/stock/warehouses/",
    "/stock/receive/",
    "/stock/receive/?barcode=mug",
    "/stock/receive/?barcode=nothing-like-it",
    "/stock/receive/?product={product}&quantity=3",
    "/stock/write-off/?product={product}",
    "/stock/adjust/?product={product}",
    "/stock/transfer/?product={product}",
    "/stock/return/?product={product}",
    "/stock/waiting/",
    "/stock/movements/",
    "/stock/check/",
    "/stock/check/{item}/",
    "/stock/low/",
    "/stock/abc/",
    "/stock/slow/?days=1",
    "/stock/value/",
    "/stock/reorder/",
    "/stock/settings/",
    "/stock/imports/",
    "/stock/imports/{good_import}/",
    "/stock/imports/{bad_import}/",
    "/stock/counts/",
    "/stock/counts/new/",
    "/stock/counts/{count}/",
    "/stock/counts/{count}/count/",
    "/stock/counts/{count}/count/?product={mug}",
    "/stock/counts/{count}/sheet/",
    "/stock/counts/{reviewed}/",
)
SALES = (
    "/",
    "/board/{funnel}/",
    "/board/{funnel}/bulk/?deal={deal}",
    "/board/{funnel}/bulk/?deal={deal}&stage=confirmed",
    "/board/{funnel}/work/?stage=new",
    "/board/{funnel}/work/?stage=awaiting-payment",
    "/board/{funnel}/?from=999999",
    "/board/{funnel}/filters/",
    "/board/{sales}/",
    "/board/{sales}/deals/new/",
    "/bulk-moves/{bulk}/",
    "/orders/",
    "/orders/?status=new&min=x&cols=products,tags,note,contact,address,delivery,shop",
    "/reports/day/",
    "/reports/funnel/?stage=new",
    "/orders/{order}/",
    "/orders/{shipped}/",
    "/orders/new/",
    "/orders/new/?shop={shop}",
    "/deals/{deal}/",
    "/deals/{deal}/?kind=messages",
    "/deals/{deal}/move/",
    "/deals/{deal}/hand-over/",
    "/deals/{deal}/edit/lines/",
    "/deals/{deal}/edit/address/",
    "/deals/{deal}/edit/delivery/",
    "/deals/{deal}/edit/payment/",
    "/deals/{deal}/edit/cancel/",
    "/deals/{prospect}/",
    "/deals/{prospect}/order/",
    "/deals/{prospect}/hand-over/",
    "/deals/{prospect}/move/?stage=lost",
    "/deals/{lost}/",
    "/reminders/{reminder}/edit/",
    "/search/?q=ion",
    "/search/?q=nothing-like-it",
    "/deals/{deal}/reminders/",
    "/reminders/",
    "/reminders/?whose=all&colour=red",
    "/customers/",
    "/customers/{customer}/",
    "/customers/{customer}/manager/",
    "/customers/?q=nothing-like-it",
    "/shops/{shop}/",
    "/shops/{shop}/funnels/",
    "/funnels/{funnel}/",
    "/funnels/{funnel}/stages/{stage}/",
    "/funnels/{funnel}/drift/",
    "/funnels/{sales}/",
    "/parcels/",
    "/parcels/pick/",
    "/parcels/pick/list/?order={order_key}",
    "/parcels/pick/slips/?order={order_key}",
    "/parcels/ship/",
    "/parcels/handover/",
    "/parcels/handover/{handover}/",
    "/parcels/returns/?scan={awb}",
    "/parcels/returns/?scan=nothing-like-it",
    "/messages/",
    "/messages/{message}/",
    "/imports/",
    "/admin/notifications/messagetemplate/{template}/change/",
)
PUBLIC = ("/login/", "/t/{token}/")


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_any_page(sign_in: SignIn, look: str) -> None:
    shop = make_shop()
    boss = make_user(
        shop, Role.ADMIN, is_staff=True, language="en", first_name="Ioana", email="ioana@example.com"
    )
    names = make_world(shop, boss)
    page = sign_in(boss)

    found = [slip for path in STOCK + SALES for slip in slips(page, path.format(**names), look)]

    assert found == [], "\n".join(found)


def test_axe_finds_nothing_on_the_pages_without_sign_in(sign_in: SignIn) -> None:
    shop = make_shop()
    user = make_user(shop, language="en")
    names = make_world(shop, user)
    page = sign_in(user)
    page.context.clear_cookies()

    found = [slip for path in PUBLIC for look in LOOKS for slip in slips(page, path.format(**names), look)]

    assert found == [], "\n".join(found)


def test_axe_sees_a_field_without_a_name(sign_in: SignIn) -> None:
    shop = make_shop()
    page = sign_in(make_user(shop, Role.WAREHOUSE, language="en"))
    page.goto("/stock/")

    page.evaluate("document.querySelector('main').append(document.createElement('input'))")

    assert any(slip.startswith("label:") for slip in read(page))


def slips(page: Page, path: str, look: str) -> list[str]:
    """What axe objects to on one page in one look."""
    scheme, size = LOOKS[look]
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    answer = page.goto(path)
    assert answer is not None and answer.status == 200, path
    part = EDITOR if path.startswith("/admin/") else ""
    # A page brings in what changes while axe reads it, and axe objects to what just went: a slip is there twice.
    found = read(page, part) and read(page, part)
    return [f"{look} {path} {slip}" for slip in found]


def read(page: Page, part: str = "") -> list[str]:
    page.evaluate(f"window.axe || (() => {{ {AXE} }})()")
    return list(page.evaluate(READ, [RULES, part]))


def make_world(shop: Shop, user: User) -> dict[str, Any]:
    """A shop in the middle of its work, and what `user` began; answers what stands for the names in the paths."""
    mug, kettle = make_goods(shop)
    shipped = make_order(shop, status="shipped", lines=(make_line(mug, 2),))
    make_order(shop, status="cancelled", lines=(make_line(mug),))
    order = make_order(
        shop, status="confirmed", lines=(make_line(mug, 3), make_line(kettle, 4)), notify=True, **PAID
    )
    refresh_figures(shop_id=shop.pk, actor=SYSTEM)
    return (
        name_goods(shop, mug, kettle)
        | name_counts(shop, mug)
        | name_imports(shop, mug)
        | name_sales(shop, order, shipped)
        | name_deals(shop, order, user)
    )


def make_goods(shop: Shop) -> tuple[Product, Product]:
    """A mug of which there is enough, and a kettle that people wait for."""
    category = ensure_category(shop_id=shop.pk, name="Kitchen")
    values: dict[str, Any] = {"cost": Decimal("4.50"), "cost_currency": shop.currency, "category": category}
    mug = make_product(
        shop, stock=40, name="Enamel mug", variant="Red", barcode="5941234500017", place="B-03", **values
    )
    kettle = make_product(shop, stock=1, name="Kettle", allow_backorder=True, supplier="Mill", **values)
    add_warehouse(shop_id=shop.pk, name="Second", actor=SYSTEM)
    StockItem.objects.filter(product__in=[mug, kettle]).update(safety_stock=39)
    return mug, kettle


def name_goods(shop: Shop, mug: Product, kettle: Product) -> dict[str, Any]:
    item = StockItem.objects.filter(product=mug).earliest("pk")
    return {
        "mug": mug.pk,
        "product": kettle.pk,
        "uncounted": make_product(shop, stock=0, name="Gift wrap", is_tracked=False).pk,
        "warehouse": Warehouse.objects.get(shop=shop, is_default=True).pk,
        "item": item.pk,
    }


def name_counts(shop: Shop, mug: Product) -> dict[str, Any]:
    """One count that is reviewed, with a difference, and then one that is open."""
    reviewed = make_count(shop, "Autumn")
    enter_count(count_id=reviewed.pk, product_id=mug.pk, quantity=30, key=uuid.uuid4(), actor=SYSTEM)
    finish_counting(count_id=reviewed.pk, actor=SYSTEM)
    StockCount.objects.filter(pk=reviewed.pk).update(state="posted", posted_at=timezone.now())
    count = make_count(shop, "Winter")
    enter_count(count_id=count.pk, product_id=mug.pk, quantity=30, key=uuid.uuid4(), actor=SYSTEM)
    return {"reviewed": reviewed.pk, "count": count.pk}


def make_count(shop: Shop, name: str) -> StockCount:
    warehouse = Warehouse.objects.get(shop=shop, is_default=True)
    return open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, name=name, actor=SYSTEM)


def name_imports(shop: Shop, mug: Product) -> dict[str, Any]:
    warehouse = Warehouse.objects.get(shop=shop, is_default=True)
    good = f"SKU;Name;Price\nNEW-1;Bowl;12.00\n{mug.sku};Enamel mug;11.00\n".encode()
    bad = b"SKU;Name;Price\nNEW-1;Bowl;twelve\n;;\nNEW-1;Bowl;12.00\n"
    jobs = [
        upload_import(warehouse_id=warehouse.pk, name=name, content=content, actor=SYSTEM)
        for name, content in (("good.csv", good), ("bad.csv", bad))
    ]
    run_imports()
    return {"good_import": jobs[0].uuid, "bad_import": jobs[1].uuid}


def name_sales(shop: Shop, order: Order, shipped: Order) -> dict[str, Any]:
    deal = Deal.objects.get(order=order)
    message = Message.objects.filter(shop=shop).latest("created_at")
    Message.objects.filter(pk=message.pk).update(due_at=timezone.now() + timedelta(hours=3))
    template = MessageTemplate.objects.get(shop=shop, event="confirmed", channel="email", language="ro")
    orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="2000105560061")
    parcel = shipped.shipments.get()
    sheet = make_handover_sheet(shop_id=shop.pk, carrier="fan", shipment_ids=[parcel.pk], actor=SYSTEM)
    return {
        "order_key": order.pk,
        "awb": parcel.tracking_number,
        "handover": sheet.pk,
        "order": order.number,
        "shipped": shipped.number,
        "deal": deal.pk,
        "funnel": deal.funnel.slug,
        "customer": order.customer_id,
        "message": message.pk,
        "template": template.pk,
        "token": token_for(shipped.uuid, shipped.tracking_version),
    }


def name_deals(shop: Shop, order: Order, user: User) -> dict[str, Any]:
    """Two deals without an order, one of them lost; a move of many cards under way; a reminder that is due soon."""
    Funnel.objects.filter(shop=shop, slug__endswith="-sales").update(is_active=True)
    sales = Funnel.objects.get(shop=shop, slug__endswith="-sales")
    ask, lost = (
        create_deal(
            funnel_id=sales.pk,
            draft=DealDraft(
                title, AddressDraft(name="Ion Pop", phone="0722 111 222"), Decimal("300"), "Asks."
            ),
            actor=SYSTEM,
            form_key=uuid.uuid4(),
        )
        for title in ("20 mugs", "Plates")
    )
    gone = Stage.objects.get(funnel=sales, slug="lost")
    why = Arguments(reason_code=LostReason.PRICE, reason="Found them cheaper.")
    move_deal(deal_id=lost.pk, to_stage_id=gone.pk, actor=SYSTEM, arguments=why)
    card = Deal.objects.select_related("funnel").get(order=order)
    stage = Stage.objects.get(funnel=card.funnel, slug="picking")
    boss = Actor.person(user)
    bulk = start_bulk_move(
        funnel_id=card.funnel_id,
        to_stage_id=stage.pk,
        deal_ids=[card.pk],
        actor=boss,
        seen={card.pk: "confirmed"},
    )
    reminder = set_reminder(
        deal_id=card.pk, actor=boss, due_at=timezone.now() + timedelta(hours=1), note="Ask about the size."
    )
    return {
        "shop": shop.slug,
        "sales": sales.slug,
        "prospect": ask.pk,
        "lost": lost.pk,
        "bulk": bulk.pk,
        "stage": stage.pk,
        "reminder": reminder.pk,
    }
