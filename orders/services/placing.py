"""Placing an order: every way in (hook, file, form, deal) ends here."""

from __future__ import annotations

import uuid
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import list_currencies
from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import services as inventory
from inventory.models import Product
from orders.contacts import safe_link
from orders.drafts import LARGEST_VAT_RATE, AddressDraft, LineDraft, OrderDraft
from orders.errors import OrderError
from orders.events import OrderPlaced
from orders.models import Order, OrderAddress, OrderLine
from orders.models.history import EventKind
from orders.search import refresh_order_terms
from orders.services.claims import set_manager
from orders.services.customers import customer_for, personal_manager_of
from orders.services.effects import reserve_for, reserves_at_placing
from orders.services.recording import record
from orders.statuses import DeliveryKind, PaymentMethod, PaymentStatus, Status
from orders.tracking import digest_of, token_for
from shops.actors import Actor
from shops.bus import publish
from shops.models import Shop
from shops.money import ZERO, quantise
from shops.permissions import Action, require
from shops.services import draw_order_number

LARGEST_QUANTITY = 1_000_000
LARGEST_AMOUNT = Decimal("999999999.99")
MOST_LINES = 1_000
CENT = Decimal("0.01")


def place_order(
    *,
    shop_id: int,
    draft: OrderDraft,
    actor: Actor,
    notify: bool = True,
    reference: str = "",
    number: str = "",
) -> Order:
    """Make an order in status new, with its customer, lines, reservation, history row and event, all or nothing.

    It belongs to whom the event's handlers gave it (that of the deal named by `reference`), else to the customer's
    personal manager, else to nobody. Without `number` it is the shop's prefix and the source's number, else the
    shop's next (drawn before, so gaps are possible). Raises OrderError naming the field, NotPermitted, or IntegrityError when the same external order
    is being placed at this moment by somebody else.
    """
    shop = Shop.objects.get(pk=shop_id)
    require(actor, shop_id=shop_id, action=Action.PLACE_ORDER)
    validate_draft(draft)
    wanted = number or _number_for(shop, draft)
    with transaction.atomic():
        return _place(shop, draft, actor, notify, reference, wanted)


def _number_for(shop: Shop, draft: OrderDraft) -> str:
    if draft.external_number:
        base = f"{shop.order_prefix}{draft.external_number}"[:36]
        names = [base, *(f"{base}-{n}" for n in range(2, 100))]
        taken = set(Order.objects.filter(number__in=names).values_list("number", flat=True))
        free = [name for name in names if name not in taken]
        if free:
            return free[0]
    while True:
        drawn = draw_order_number(shop_id=shop.pk)
        if not Order.objects.filter(number=drawn).exists():
            return drawn


def _place(
    shop: Shop,
    draft: OrderDraft,
    actor: Actor,
    notify: bool,
    reference: str,
    number: str,
) -> Order:
    language = draft.language or shop.language
    customer = customer_for(shop=shop, shipping=draft.shipping, billing=draft.billing, language=language)
    key = uuid.uuid4()
    order = Order(
        uuid=key,
        shop=shop,
        number=number,
        customer=customer,
        language=language,
        tracking_digest=digest_of(token_for(key, 1)),
        shipping_address=OrderAddress.objects.create(**draft.shipping.__dict__),
        billing_address=OrderAddress.objects.create(**draft.billing.__dict__) if draft.billing else None,
        acknowledged_at=timezone.now() if notify else None,
        source=draft.source,
        external_id=draft.external_id,
        source_modified_at=draft.source_modified_at,
        delivery_kind=draft.delivery_kind,
        delivery_title=draft.delivery_title[:200],
        pickup_point=draft.pickup_point[:100],
        courier=draft.courier,
        payment_method=draft.payment_method,
        payment_title=draft.payment_title[:200],
        payment_url=safe_link(draft.payment_url),
        payment_status=draft.payment_status,
        paid_at=draft.paid_at,
        currency=draft.currency,
        customer_note=draft.customer_note,
        placed_at=draft.placed_at or timezone.now(),
    )
    set_totals(order, draft)
    order.save()
    write_lines(order, draft.lines)
    if reserves_at_placing(order):
        reserve_for(order, actor, on_shortage="backorder")
    refresh_order_terms(order.pk)
    event = record(order, kind=EventKind.PLACED, actor=actor, to_status=Status.NEW, notify=notify)
    publish(
        OrderPlaced(
            uid=event.uid, order_id=order.pk, shop_id=shop.pk, actor=actor, notify=notify, reference=reference
        )
    )
    if reference:
        # It may have been given a manager by what the reference names.
        order.refresh_from_db(fields=["manager", "claimed_at", "updated_at"])
    # After the event: the claim reaches the deal, which the event makes.
    if order.manager_id is None and (manager_id := personal_manager_of(customer)) is not None:
        set_manager(order, actor, manager_id)
    # A shop that confirms by itself may have done so: what is answered is the order as it stands.
    return Order.objects.select_related("shop").get(pk=order.pk) if shop.auto_confirm_paid else order


def set_totals(order: Order, draft: OrderDraft) -> None:
    """Fill the order's totals from a draft: gross, to the cent; what the parts do not explain is `rounding`."""
    order.goods_total = sum((cents(line.total) for line in draft.lines), ZERO)
    order.shipping_total = cents(draft.shipping_total)
    order.fees_total = cents(draft.fees_total)
    parts = order.goods_total + order.shipping_total + order.fees_total
    order.total = parts if draft.total is None else cents(draft.total)
    order.rounding = order.total - parts
    order.vat_total = cents(
        sum((line.vat_amount for line in draft.lines), ZERO) + draft.shipping_vat + draft.fees_vat
    )


def cents(amount: Decimal) -> Decimal:
    """The amount as the columns keep it. Databases round half a cent differently, so it is done here."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def write_lines(order: Order, lines: tuple[LineDraft, ...]) -> None:
    """Write the lines of an order that has none; unknown products are made, untracked."""
    _require_own_products(order, lines)
    rows = []
    for position, line in enumerate(lines, start=1):
        product_id = line.product_id or _product_for(order, line)
        rows.append(
            OrderLine(
                order=order,
                position=position,
                product_id=product_id,
                sku=line.sku[:100],
                name=line.name[:255],
                variant=line.variant[:255],
                external_id=line.external_id,
                quantity=line.quantity,
                unit_price=line.unit_price,
                discount=cents(line.discount),
                vat_rate=cents(line.vat_rate),
                vat_amount=cents(line.vat_amount),
                total=cents(line.total),
            )
        )
    OrderLine.objects.bulk_create(rows)


def _require_own_products(order: Order, lines: tuple[LineDraft, ...]) -> None:
    given = {line.product_id for line in lines if line.product_id}
    if given and Product.objects.filter(pk__in=given, shop_id=order.shop_id).count() != len(given):
        raise _bad("lines", _("A product is not one of this shop."))


def _product_for(order: Order, line: LineDraft) -> int:
    product = inventory.ensure_product(
        shop_id=order.shop_id,
        source=order.source,
        sku=line.sku[:100],
        name=line.name[:255],
        external_product_id=line.external_product_id,
        external_variation_id=line.external_variation_id,
        price=quantise(line.unit_price, order.currency),
        vat_rate=line.vat_rate,
    )
    return product.pk


def validate_draft(draft: OrderDraft) -> None:
    """Raise OrderError naming the first field that cannot be stored."""
    if draft.currency not in list_currencies():
        raise _bad("currency", _("“%(value)s” is not a currency code.") % {"value": draft.currency[:20]})
    for name, value, known in (
        ("delivery_kind", draft.delivery_kind, DeliveryKind.values),
        ("payment_method", draft.payment_method, PaymentMethod.values),
        ("payment_status", draft.payment_status, PaymentStatus.values),
        ("language", draft.language, ["", *(code for code, _name in settings.LANGUAGES)]),
    ):
        if value not in known:
            raise _bad(name, _("“%(value)s” is not known here.") % {"value": str(value)[:40]})
    for name in ("shipping_total", "shipping_vat", "fees_total", "fees_vat", "total"):
        _check_amount(name, getattr(draft, name))
    for name in ("source", "external_id", "courier"):
        _check_text(name, getattr(draft, name), _longest(Order, name))
    for name in ("external_number", "delivery_title", "pickup_point", "payment_title", "customer_note"):
        _check_text(name, getattr(draft, name))
    if len(draft.lines) > MOST_LINES:
        raise _bad("lines", _("At most %(count)d lines fit in one order.") % {"count": MOST_LINES})
    for index, line in enumerate(draft.lines):
        _check_line(f"lines[{index}]", line)
    _check_amount("lines", sum((line.total for line in draft.lines), ZERO))
    check_address("shipping", draft.shipping)
    if draft.billing:
        check_address("billing", draft.billing)


def _check_line(where: str, line: LineDraft) -> None:
    if not 0 < line.quantity <= LARGEST_QUANTITY:
        raise _bad(
            f"{where}.quantity",
            _("The quantity must be between 1 and %(most)d.") % {"most": LARGEST_QUANTITY},
        )
    if not line.name.strip():
        raise _bad(f"{where}.name", _("The line needs a name."))
    for name in ("unit_price", "total", "discount", "vat_amount"):
        _check_amount(f"{where}.{name}", getattr(line, name))
    if not line.vat_rate.is_finite() or not 0 <= line.vat_rate <= LARGEST_VAT_RATE:
        raise _bad(f"{where}.vat_rate", _("A VAT rate is a percentage from 0 to 100."))
    _check_text(f"{where}.external_id", line.external_id, 64)
    for name in ("name", "sku", "variant", "external_product_id", "external_variation_id"):
        _check_text(f"{where}.{name}", getattr(line, name))


def _check_amount(where: str, amount: Decimal | None) -> None:
    if amount is not None and (not amount.is_finite() or abs(amount) > LARGEST_AMOUNT):
        raise _bad(where, _("The amount is not a sum of money."))


def check_address(where: str, address: AddressDraft) -> None:
    """Raise OrderError naming the first field of the address that cannot be stored."""
    for name, value in address.__dict__.items():
        _check_text(f"{where}.{name}", value, _longest(OrderAddress, name))


def _longest(model: type[Model], name: str) -> int | None:
    return getattr(model._meta.get_field(name), "max_length", None)


def _check_text(where: str, text: str, longest: int | None = None) -> None:
    if longest and len(text) > longest:
        raise _bad(where, _("At most %(count)d characters.") % {"count": longest})
    # PostgreSQL cannot keep a NUL, and half a surrogate pair is no character.
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise _bad(where, _("The text contains characters that cannot be stored."))


def _bad(field: str, sentence: str) -> OrderError:
    return OrderError(f"{field}: {sentence}", code="invalid", field=field)
