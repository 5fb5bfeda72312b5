"""A WooCommerce order becomes a draft: lines, money to the cent, addresses, delivery, payment."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orders.imports.errors import PayloadError
from orders.imports.woocommerce import load_json, parse_order
from orders.services.placing import validate_draft
from tests.imports_tests.payloads import BUYER, ORDER, order


def line(**changes: Any) -> dict[str, Any]:
    return {**ORDER["line_items"][0], **changes}


def test_a_line_too_small_for_its_rounded_tax_has_no_rate() -> None:
    tiny = line(subtotal="0.01", subtotal_tax="0.02", total="0.01", total_tax="0.02", taxes=[])

    draft = parse_order(order(line_items=[tiny])).draft

    assert (draft.lines[0].vat_rate, draft.lines[0].vat_amount) == (Decimal("0"), Decimal("0.02"))
    validate_draft(draft)


def test_it_reads_the_order_as_a_whole() -> None:
    read = parse_order(order())

    draft = read.draft
    assert (read.status, read.gateway) == ("processing", "cod")
    assert (draft.source, draft.external_id, draft.external_number) == ("woocommerce", "5101", "5101")
    assert draft.customer_note == "Sunați înainte."
    assert draft.placed_at == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    assert draft.source_modified_at == datetime(2026, 3, 2, 9, 15, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "number"),
    [("#1001", "1001"), ("A/17 b", "A-17-b"), ("ЗМ-7", "ЗМ-7"), ("..", "5101"), ("", "5101"), (5101, "5101")],
)
def test_its_number_fits_into_a_web_address(given: Any, number: str) -> None:
    assert parse_order(order(number=given)).draft.external_number == number


def test_a_key_of_twelve_digits_is_a_key() -> None:
    assert parse_order(order(id=123456789012)).draft.external_id == "123456789012"


def test_what_is_collected_at_the_shop_needs_no_other_point() -> None:
    row = {"id": 1, "method_title": "Odbiór osobisty, Kraków", "method_id": "flat_rate", "total": "0"}

    draft = parse_order(order(shipping_lines=[row])).draft

    assert (draft.delivery_kind, draft.pickup_point) == ("pickup", "Odbiór osobisty, Kraków")


def test_its_money_is_gross_and_to_the_cent() -> None:
    draft = parse_order(order()).draft

    assert draft.currency == "RON"
    assert draft.total == Decimal("171.82")
    assert draft.shipping_total == Decimal("18.15")
    assert [row.total for row in draft.lines] == [Decimal("84.70"), Decimal("68.97")]
    assert sum(row.total for row in draft.lines) + draft.shipping_total == draft.total


def test_a_line_tells_price_before_and_discount_after() -> None:
    cup = parse_order(order()).draft.lines[0]

    assert (cup.quantity, cup.unit_price, cup.discount) == (2, Decimal("48.4"), Decimal("12.10"))
    assert (cup.vat_rate, cup.vat_amount) == (Decimal("21.00"), Decimal("14.70"))


def test_names_are_plain_text_and_variants_are_told() -> None:
    cup, shirt = parse_order(order()).draft.lines

    assert cup.name == "Cană – albastră"
    assert shirt.variant == "Mărime: M"
    assert (shirt.sku, shirt.external_product_id, shirt.external_variation_id) == ("", "902", "903")
    assert (cup.external_product_id, cup.external_variation_id) == ("901", "")


def test_markup_in_a_name_stays_text() -> None:
    billing = {**ORDER["billing"], "first_name": "<img src=x onerror=alert(1)>", "last_name": "&lt;b&gt;"}

    draft = parse_order(order(billing=billing, shipping=[])).draft

    assert draft.shipping.name == "<img src=x onerror=alert(1)> <b>"


def test_fees_count_with_their_tax() -> None:
    draft = parse_order(order(fee_lines=[{"name": "Ramburs", "total": "5.00", "total_tax": "1.05"}])).draft

    assert (draft.fees_total, draft.fees_vat) == (Decimal("6.05"), Decimal("1.05"))


@pytest.mark.parametrize("total", ["171.82", 171.82, "171.8200"])
def test_amounts_come_as_texts_or_numbers(total: Any) -> None:
    assert parse_order(order(total=total)).draft.total == Decimal("171.82")


def test_the_rate_is_taken_from_the_amounts_where_it_is_not_named() -> None:
    lines = [
        line(total="0.99", total_tax="0.21", subtotal="0.99", subtotal_tax="0.21"),
        line(id=2, total="100", total_tax="7.50", subtotal="100", subtotal_tax="7.50"),
    ]

    draft = parse_order(order(tax_lines=[], line_items=lines)).draft

    assert [row.vat_rate for row in draft.lines] == [Decimal("21.00"), Decimal("7.50")]


def test_the_county_is_named_and_the_buyer_can_be_called() -> None:
    draft = parse_order(order()).draft

    assert (draft.shipping.county, draft.shipping.city) == ("Sibiu", "Sibiu")
    assert (draft.shipping.phone, draft.shipping.email) == ("0744 555 666", "ioana@example.ro")


def test_without_a_delivery_address_the_billing_one_is_both() -> None:
    draft = parse_order(order(shipping=dict.fromkeys(BUYER, ""))).draft

    assert draft.shipping.street == "Strada Fântânii 12"
    assert draft.shipping.name == "Ioana Mureșan"


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"key": "_billing_nip", "value": "5260250995"}, "5260250995"),
        ({"key": "vat_number", "value": "PL5260250995"}, "PL5260250995"),
        ({"key": "av_facturare", "value": {"tip_facturare": "pers-jur", "cui": "RO1590082"}}, "RO1590082"),
        ({"key": "av_facturare", "value": '{"cui": "RO1590082"}'}, "RO1590082"),
        ({"key": "_wc_billing/avfacturare/cui", "value": "RO1590082"}, "RO1590082"),
        ({"key": "_billing_edrpou", "value": 14360570}, "14360570"),
        ({"key": "_something", "value": "1"}, ""),
    ],
)
def test_tax_numbers_of_common_plugins_are_found(meta: dict[str, Any], expected: str) -> None:
    draft = parse_order(order(meta_data=[meta])).draft

    assert draft.billing is not None
    assert draft.billing.tax_id == expected


@pytest.mark.parametrize(
    ("title", "method", "kind", "courier"),
    [
        ("FAN Courier", "flat_rate", "door", "fan"),
        ("Sameday easybox", "samedaycourier", "locker", "sameday"),
        ("FANbox", "flat_rate", "locker", "fan"),
        ("InPost Paczkomat 24/7", "easypack_parcel_machines", "locker", "inpost"),
        ("Нова Пошта (відділення)", "nova_poshta", "pickup", "nova_poshta"),
        ("Нова пошта поштомат", "nova_poshta", "locker", "nova_poshta"),
        ("Ridicare din magazin", "local_pickup", "pickup", ""),
        ("Curier propriu", "flat_rate", "own", "own"),
        ("Livrare rapidă", "flat_rate", "door", ""),
    ],
)
def test_the_delivery_is_told_by_the_shipping_method(
    title: str, method: str, kind: str, courier: str
) -> None:
    row = {
        "id": 1,
        "method_title": title,
        "method_id": method,
        "total": "0",
        "total_tax": "0",
        "meta_data": [],
    }

    draft = parse_order(order(shipping_lines=[row])).draft

    assert (draft.delivery_kind, draft.courier, draft.delivery_title) == (kind, courier, title)


@pytest.mark.parametrize(
    ("meta", "point"),
    [
        ({"key": "_parcel_machine_id", "value": "KRA01M"}, "KRA01M"),
        (
            {"key": "_sameday_shipping_locker_id", "value": {"lockerId": 4411, "name": "easybox Gara"}},
            "easybox Gara (4411)",
        ),
        (
            {"key": "_sameday_shipping_locker_id", "value": '{"lockerId": 4411, "name": "easybox Gara"}'},
            "easybox Gara (4411)",
        ),
        ({"key": "wcus_warehouse_name", "value": "Відділення №3"}, "Відділення №3"),
    ],
)
def test_the_chosen_point_is_found(meta: dict[str, Any], point: str) -> None:
    row = {"id": 1, "method_title": "Paczkomat", "method_id": "x", "total": "0", "meta_data": [meta]}

    on_shipping = parse_order(order(shipping_lines=[row])).draft
    on_order = parse_order(order(shipping_lines=[{**row, "meta_data": []}], meta_data=[meta])).draft

    assert on_shipping.pickup_point == on_order.pickup_point == point


def test_nova_poshta_writes_the_branch_into_the_street() -> None:
    shipping = {**BUYER, "address_1": "Поштомат №26543: вул. Садова, 5", "country": "UA", "state": "UA46"}
    row = {"id": 1, "method_title": "Нова пошта", "method_id": "nova_poshta_shipping_method", "total": "0"}

    draft = parse_order(order(shipping=shipping, shipping_lines=[row])).draft

    assert (draft.delivery_kind, draft.pickup_point) == ("locker", "Поштомат №26543: вул. Садова, 5")
    assert draft.shipping.county == "Львівська"


@pytest.mark.parametrize(
    ("code", "title", "method"),
    [
        ("cod", "Ramburs", "cod"),
        ("bacs", "Przelew bankowy", "transfer"),
        ("cheque", "Cec", "other"),
        ("stripe", "Card", "card"),
        ("przelewy24", "Przelewy24", "card"),
        ("stripe_blik", "BLIK", "card"),
        ("ppcp-gateway", "PayPal", "other"),
        ("easypack_cod", "Przy odbiorze", "cod"),
        ("custom_gateway", "Післяплата", "cod"),
        ("codepay", "Codepay", "other"),
        ("", "", "other"),
    ],
)
def test_payment_methods_are_recognised(code: str, title: str, method: str) -> None:
    draft = parse_order(order(payment_method=code, payment_method_title=title)).draft

    assert draft.payment_method == method


@pytest.mark.parametrize(
    ("changes", "language"),
    [
        ({}, ""),
        ({"lang": "pl"}, "pl"),
        ({"meta_data": [{"key": "wpml_language", "value": "uk"}]}, "uk"),
        ({"meta_data": [{"key": "trp_language", "value": "ro_RO"}]}, "ro"),
        ({"meta_data": [{"key": "wpml_language", "value": "de"}]}, ""),
    ],
)
def test_the_language_comes_from_translation_plugins(changes: dict[str, Any], language: str) -> None:
    assert parse_order(order(**changes)).draft.language == language


def test_a_site_without_gmt_dates_is_read_in_its_own_time() -> None:
    payload = order()
    del payload["date_created_gmt"]

    draft = parse_order(payload, zone=ZoneInfo("Europe/Bucharest")).draft

    assert draft.placed_at == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"line_items": [line(), line(id=2, quantity=1.5)]},
            "line_items[1].quantity: must be a whole number.",
        ),
        ({"line_items": [line(quantity="two")]}, "line_items[0].quantity: must be a whole number."),
        ({"line_items": [line(quantity=0)]}, "line_items[0].quantity: must be from 1 to 1000000."),
        ({"line_items": [line(quantity=True)]}, "line_items[0].quantity: must be a whole number."),
        ({"line_items": []}, "line_items: must have at least one product."),
        ({"line_items": "none"}, "line_items: must be a list of at most 1000 rows."),
        ({"line_items": [line(total="12,50")]}, "line_items[0].total: must be an amount."),
        ({"line_items": [line(total="NaN")]}, "line_items[0].total: must be an amount."),
        ({"line_items": [line(name="")]}, "line_items[0].name: is missing."),
        ({"total": None}, "total: is missing."),
        ({"total": "-1"}, "total: must not be negative."),
        ({"total": "1e40"}, "total: must be an amount."),
        ({"currency": "LEI"}, "currency: must be a currency code like RON."),
        ({"id": "abc"}, "id: must be a whole number."),
        ({"status": ""}, "status: is missing."),
        ({"billing": "Ioana"}, "billing: must be an object."),
        (
            {"date_created_gmt": "yesterday"},
            "date_created_gmt: must be a date and time like 2026-03-01T10:00:00.",
        ),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(PayloadError) as refused:
        parse_order(order(**changes))

    assert problem in refused.value.problems


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(PayloadError) as refused:
        parse_order(order(total="?", currency="?", line_items=[line(quantity="?")]))

    assert len(refused.value.problems) == 3


def test_the_old_format_is_told_apart() -> None:
    with pytest.raises(PayloadError, match="WP REST API Integration v3"):
        parse_order({"order": {"id": 1, "line_items": []}})


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[NaN]", b"[" * 100_000, b"1" * 5000])
def test_what_is_not_json_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(PayloadError, match="not JSON"):
        load_json(body)
