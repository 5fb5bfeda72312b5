"""What WooCommerce's statuses and payment methods do here, for new orders and for known ones."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.forms import model_to_dict

from orders import services as orders
from orders.drafts import AddressDraft
from orders.events import OrderAcknowledged
from orders.imports.models import Connection, SourceVersion
from orders.imports.services import import_payload, open_connection
from orders.imports.services.importing import ImportResult
from orders.models import Order
from orders.services import sources
from shops.actors import Actor
from shops.bus import Event
from shops.models import Shop
from tests.factories import SYSTEM, bring_to, make_product, make_shop
from tests.imports_tests.payloads import LATER, LATER_STILL, PAID_BY_CARD, order

pytestmark = pytest.mark.django_db
TRANSFER: dict[str, Any] = {"payment_method": "bacs", "payment_method_title": "Transfer"}


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def arrive(shop: Shop, *, notify: bool = True, **changes: Any) -> ImportResult:
    actor = Actor.source("WooCommerce", shop.pk)
    return import_payload(shop_id=shop.pk, payload=order(**changes), actor=actor, notify=notify)


def ours() -> Order:
    return Order.objects.get()


def reports() -> list[str]:
    return list(ours().events.filter(kind="reported").values_list("reason", flat=True))


def state() -> tuple[str, str]:
    return ours().status, ours().payment_status


def test_processing_becomes_a_new_order(shop: Shop) -> None:
    result = arrive(shop)

    found = ours()
    assert (result.outcome, result.order_id) == ("placed", found.pk)
    assert found.number == f"{shop.order_prefix}5101"
    assert state() == ("new", "pending")
    assert found.acknowledged_at is not None
    assert found.events.get(kind="placed").notify
    assert found.events.get(kind="placed").actor_label == "WooCommerce"


def test_cash_on_delivery_is_not_paid_whatever_date_is_noted(shop: Shop) -> None:
    arrive(shop, date_paid_gmt="2026-03-02T09:15:10")

    assert (ours().payment_status, ours().paid_at) == ("pending", None)


def test_a_card_order_with_a_date_of_payment_is_paid(shop: Shop) -> None:
    arrive(shop, **PAID_BY_CARD)

    assert ours().payment_status == "paid"
    assert ours().paid_at is not None


def test_a_card_order_without_a_date_of_payment_is_not_paid(shop: Shop) -> None:
    arrive(shop, **{**PAID_BY_CARD, "date_paid_gmt": None})

    assert ours().payment_status == "pending"


@pytest.mark.parametrize("status", ["pending", "on-hold"])
def test_an_unfinished_order_arrives_silently(shop: Shop, status: str) -> None:
    arrive(shop, status=status, **TRANSFER)

    assert state() == ("new", "pending")
    assert ours().acknowledged_at is None
    assert not ours().events.get(kind="placed").notify


def test_an_unfinished_order_that_gets_paid_is_acknowledged_once(shop: Shop) -> None:
    arrive(shop, status="pending", **{**PAID_BY_CARD, "date_paid_gmt": None})

    paid = arrive(shop, **PAID_BY_CARD, **LATER)
    again = arrive(shop, **PAID_BY_CARD, **LATER)

    assert (paid.outcome, again.outcome) == ("updated", "unchanged")
    assert state() == ("new", "paid")
    assert ours().acknowledged_at is not None


def test_an_order_confirmed_here_before_it_was_paid_is_not_received_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    Shop.objects.filter(pk=shop.pk).update(confirm_unpaid=True)
    arrive(shop, status="on-hold", **TRANSFER)
    orders.confirm_order(order_id=ours().pk, actor=SYSTEM)

    published: list[Event] = []
    monkeypatch.setattr(sources, "publish", published.append)

    arrive(shop, **TRANSFER, date_paid_gmt="2026-03-02T09:50:00", **LATER)

    assert [event.notify for event in published if isinstance(event, OrderAcknowledged)] == [False]
    assert state() == ("confirmed", "paid")


def test_a_failed_payment_is_a_new_order_whose_payment_failed(shop: Shop) -> None:
    arrive(shop, status="failed", **{**PAID_BY_CARD, "date_paid_gmt": None})

    assert state() == ("new", "failed")
    assert not ours().events.get(kind="placed").notify
    assert ours().events.get(kind="payment").notify


def test_a_failed_payment_can_succeed_later(shop: Shop) -> None:
    arrive(shop, status="failed", **{**PAID_BY_CARD, "date_paid_gmt": None})

    arrive(shop, **PAID_BY_CARD, **LATER)

    assert state() == ("new", "paid")


@pytest.mark.parametrize("status", ["checkout-draft", "trash", "wc-checkout-draft"])
def test_drafts_and_trash_are_ignored(shop: Shop, status: str) -> None:
    result = arrive(shop, status=status)

    assert result.outcome == "ignored"
    assert not Order.objects.exists()


def test_trash_does_not_touch_a_known_order(shop: Shop) -> None:
    arrive(shop)

    arrive(shop, status="trash", **LATER)

    assert state() == ("new", "pending")


def test_a_cancelled_order_we_never_saw_is_kept_silently(shop: Shop) -> None:
    arrive(shop, status="cancelled")

    assert ours().status == "cancelled"
    assert not ours().events.filter(notify=True).exists()


def test_a_cancellation_follows_where_the_order_may_still_be(shop: Shop) -> None:
    arrive(shop)
    orders.confirm_order(order_id=ours().pk, actor=SYSTEM)

    result = arrive(shop, status="cancelled", **LATER)

    assert result.outcome == "updated"
    assert ours().status == "cancelled"
    last = ours().events.filter(kind="status").latest("pk")
    assert (last.reason_code, last.notify) == ("source", True)


def test_a_cancellation_of_an_order_the_buyer_never_heard_of_is_silent(shop: Shop) -> None:
    arrive(shop, status="pending", **TRANSFER)

    arrive(shop, status="cancelled", **TRANSFER, **LATER)

    assert ours().status == "cancelled"
    assert not ours().events.filter(notify=True).exists()


def test_a_cancellation_of_a_shipped_order_is_only_reported(shop: Shop) -> None:
    arrive(shop)
    bring_to(ours(), "shipped")

    result = arrive(shop, status="cancelled", **LATER)

    assert ours().status == "shipped"
    assert len(reports()) == 1
    assert reports()[0] in result.sentence


def test_news_of_an_order_cancelled_here_is_reported(shop: Shop) -> None:
    arrive(shop)
    orders.cancel_order(order_id=ours().pk, actor=SYSTEM, reason_code="customer")

    arrive(shop, **LATER)

    assert ours().status == "cancelled"
    assert len(reports()) == 1


def test_a_refund_is_a_state_of_payment(shop: Shop) -> None:
    arrive(shop, **PAID_BY_CARD)

    arrive(shop, status="refunded", **PAID_BY_CARD, **LATER)

    assert state() == ("new", "refunded")


def test_a_partial_refund_is_one_too(shop: Shop) -> None:
    arrive(shop, **PAID_BY_CARD)

    arrive(shop, **PAID_BY_CARD, **LATER, refunds=[{"id": 1, "reason": "", "total": "-20.00"}])

    assert ours().payment_status == "partly_refunded"


def test_money_recorded_here_is_not_taken_back(shop: Shop) -> None:
    arrive(shop, status="on-hold", **TRANSFER)
    orders.record_payment(order_id=ours().pk, actor=SYSTEM, payment_status="paid")

    arrive(shop, status="on-hold", **TRANSFER, **LATER)
    arrive(shop, status="failed", **TRANSFER, **LATER_STILL)

    assert ours().payment_status == "paid"


def test_completed_without_a_parcel_is_reported_once(shop: Shop) -> None:
    arrive(shop)

    arrive(shop, status="completed", **LATER)
    arrive(shop, status="completed", **LATER_STILL)

    assert state() == ("new", "pending")
    assert len(reports()) == 1


def test_completed_moves_on_where_a_parcel_is_known(shop: Shop) -> None:
    arrive(shop)
    orders.confirm_order(order_id=ours().pk, actor=SYSTEM)
    orders.add_shipment(order_id=ours().pk, actor=SYSTEM, carrier="fan", tracking_number="AWB1")

    arrive(shop, status="completed", **LATER)

    assert ours().status == "shipped"
    told = ours().events.filter(kind="status", actor_label="WooCommerce")
    assert list(told.order_by("pk").values_list("to_status", "notify")) == [
        ("processing", False),
        ("shipped", True),
    ]
    assert reports() == []


def test_completed_of_an_order_we_never_saw_is_placed_and_reported(shop: Shop) -> None:
    result = arrive(shop, status="completed", **PAID_BY_CARD)

    assert result.outcome == "placed"
    assert state() == ("new", "paid")
    assert len(reports()) == 1


def test_completed_of_a_shipped_order_says_nothing_new(shop: Shop) -> None:
    arrive(shop)
    bring_to(ours(), "shipped")

    result = arrive(shop, status="completed", **LATER)

    assert result.outcome == "unchanged"
    assert reports() == []


def test_a_status_nobody_knows_is_placed_silently_and_reported(shop: Shop) -> None:
    arrive(shop, status="in-atelier")

    assert ours().acknowledged_at is None
    assert "in-atelier" in reports()[0]


def test_the_shops_own_table_wins(shop: Shop) -> None:
    open_connection(shop_id=shop.pk, source="woocommerce")
    Connection.objects.update(table={"status": {"in-atelier": "new"}, "payment": {"cod": "other"}})

    arrive(shop, status="in-atelier", date_paid_gmt="2026-03-02T09:15:10")

    assert ours().acknowledged_at is not None
    assert (ours().payment_method, ours().payment_status) == ("other", "paid")


def test_the_table_can_tell_a_status_by_payment_method(shop: Shop) -> None:
    open_connection(shop_id=shop.pk, source="woocommerce")
    Connection.objects.update(table={"status": {"on-hold:cod": "new", "on-hold": "ignored"}})

    by_transfer = arrive(shop, status="on-hold", **TRANSFER)
    by_cash = arrive(shop, status="on-hold")

    assert (by_transfer.outcome, by_cash.outcome) == ("ignored", "placed")


@pytest.mark.parametrize(
    "table",
    [["new"], {"state": {}}, {"status": []}, {"status": {"x": "shipped"}}, {"payment": {"x": "gold"}}],
)
def test_a_table_that_means_nothing_is_refused(shop: Shop, table: Any) -> None:
    connection = open_connection(shop_id=shop.pk, source="woocommerce")
    connection.table = table

    with pytest.raises(ValidationError):
        connection.full_clean()


def test_older_news_is_ignored(shop: Shop) -> None:
    arrive(shop, **PAID_BY_CARD, **LATER, customer_note="nou")

    result = arrive(shop, status="cancelled", customer_note="vechi")

    assert result.outcome == "ignored"
    assert state() == ("new", "paid")
    assert ours().customer_note == "nou"


def test_edits_at_the_source_follow(shop: Shop) -> None:
    arrive(shop)
    billing = {**order()["shipping"], "city": "Mediaș"}

    result = arrive(shop, shipping=billing, customer_note="La poartă.", **LATER)

    assert result.outcome == "updated"
    assert ours().shipping_address.city == "Mediaș"
    assert ours().customer_note == "La poartă."


def test_the_outcome_names_what_changed_in_words() -> None:
    shop = make_shop(language="en")
    arrive(shop)
    shipping = {**order()["shipping"], "city": "Mediaș", "postcode": "551000"}

    result = arrive(shop, shipping=shipping, line_items=order()["line_items"][:1], total="102.85", **LATER)

    assert "delivery address, lines." in result.sentence
    assert [row.sku for row in ours().lines.all()] == ["CANA-01"]


def test_what_a_person_corrected_here_survives_news_that_did_not_touch_it(shop: Shop) -> None:
    arrive(shop, **PAID_BY_CARD)
    found = ours()
    found.shipping_address.city = "Cisnădie"
    found.shipping_address.save()

    arrive(shop, **PAID_BY_CARD, **LATER)
    arrive(shop, status="refunded", **PAID_BY_CARD, **LATER_STILL)

    assert ours().shipping_address.city == "Cisnădie"


def by_phone(**fields: str) -> None:
    """Correct the delivery address and the courier as a manager does."""
    values = AddressDraft(**{**model_to_dict(ours().shipping_address, exclude=["id"]), **fields})
    orders.edit_address(order_id=ours().pk, actor=SYSTEM, which="shipping", values=values)
    orders.edit_delivery(order_id=ours().pk, actor=SYSTEM, delivery_kind="door", courier="gls")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"customer_note": "La poartă."}, "customer's note"),
        ({"payment_method": "bacs", "payment_method_title": "Transfer"}, "payment method"),
        ({"line_items": order()["line_items"][:1], "total": "102.85"}, "lines"),
        ({"billing": {**order()["billing"], "company": "Ulița SRL"}}, "billing address"),
    ],
)
def test_what_a_person_corrected_here_survives_an_edit_of_something_else(change: Any, word: str) -> None:
    shop = make_shop(language="en")
    arrive(shop)
    by_phone(street="Strada Cibinului 3")

    result = arrive(shop, **change, **LATER)
    again = arrive(shop, **change, **LATER_STILL)

    assert result.sentence.endswith(f"updated: {word}.")
    assert again.outcome == "unchanged"
    assert (ours().shipping_address.street, ours().courier) == ("Strada Cibinului 3", "gls")


def test_the_part_the_source_did_change_is_taken_over_whatever_was_corrected_in_it(shop: Shop) -> None:
    arrive(shop)
    by_phone(street="Strada Cibinului 3")

    arrive(shop, shipping={**order()["shipping"], "address_1": "Bulevardul Victoriei 9"}, **LATER)

    assert ours().shipping_address.street == "Bulevardul Victoriei 9"
    assert ours().courier == "gls"


def test_the_fingerprints_fit_into_their_column(shop: Shop) -> None:
    arrive(shop)

    assert len(SourceVersion.objects.get().digest) == 60


def test_everything_is_taken_over_where_the_last_news_is_not_known(shop: Shop) -> None:
    arrive(shop)
    SourceVersion.objects.update(digest="0" * 64)

    arrive(shop, shipping={**order()["shipping"], "city": "Mediaș"}, customer_note="La poartă.", **LATER)

    assert (ours().shipping_address.city, ours().customer_note) == ("Mediaș", "La poartă.")


def test_an_edit_after_the_hand_over_is_reported(shop: Shop) -> None:
    arrive(shop)
    bring_to(ours(), "shipped")

    arrive(shop, shipping={**order()["shipping"], "city": "Mediaș"}, **LATER)

    assert ours().shipping_address.city == "Sibiu"
    assert len(reports()) == 1


def test_a_file_places_real_orders_without_telling_anybody(shop: Shop) -> None:
    arrive(shop, notify=False)

    later = arrive(shop, **LATER)

    assert ours().acknowledged_at is not None
    assert not ours().events.filter(notify=True).exists()
    assert later.outcome == "unchanged"


def test_unknown_products_are_kept_as_untracked(shop: Shop) -> None:
    arrive(shop)

    products = [row.product for row in ours().lines.select_related("product")]
    assert [(product.sku, product.is_tracked) for product in products] == [("CANA-01", False), ("", False)]
    assert products[1].external_variation_id == "903"


def test_a_paid_order_is_confirmed_where_the_shop_wants_it(shop: Shop) -> None:
    Shop.objects.filter(pk=shop.pk).update(auto_confirm_paid=True)

    arrive(shop, **PAID_BY_CARD)

    assert ours().status == "confirmed"
    assert ours().events.get(kind="status").actor_kind == "system"


@pytest.mark.parametrize("obstacle", ["no stock", "no street", "not paid"])
def test_an_order_that_cannot_be_confirmed_waits_for_a_person(shop: Shop, obstacle: str) -> None:
    Shop.objects.filter(pk=shop.pk).update(auto_confirm_paid=True)
    if obstacle == "no stock":
        make_product(shop, stock=1, sku="CANA-01")
    shipping = {**order()["shipping"], "address_1": "" if obstacle == "no street" else "Strada Fântânii 12"}
    paid = {} if obstacle == "not paid" else PAID_BY_CARD

    result = arrive(shop, shipping=shipping, **paid)

    assert result.outcome == "placed"
    assert ours().status == "new"


def test_a_dry_run_says_the_same_and_keeps_nothing(shop: Shop) -> None:
    actor = Actor.source("WooCommerce", shop.pk)

    rehearsed = import_payload(shop_id=shop.pk, payload=order(), actor=actor, notify=False, dry_run=True)
    kept = Order.objects.exists()
    real = import_payload(shop_id=shop.pk, payload=order(), actor=actor, notify=False)

    assert not kept
    assert (rehearsed.outcome, rehearsed.sentence) == (real.outcome, real.sentence)
