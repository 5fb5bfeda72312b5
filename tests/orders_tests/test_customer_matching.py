"""A customer is found again by phone in any format or by e-mail, in their shop only, and never by a filler."""

from dataclasses import replace

import pytest

from orders.models import Customer
from tests.factories import ADDRESS, make_order, make_shop

pytestmark = pytest.mark.django_db
PHONE_ONLY = replace(ADDRESS, email="")


@pytest.mark.parametrize(
    "phone", ["0722334455", "+40722334455", "0040 722-334-455", "0722.334.455", "+40 (722) 334 455"]
)
def test_it_finds_a_customer_by_phone_in_any_format(phone):
    shop = make_shop()
    first = make_order(shop, shipping=PHONE_ONLY)

    second = make_order(shop, shipping=replace(PHONE_ONLY, phone=phone, name="A. Taranu"))

    assert second.customer == first.customer
    assert first.customer.contacts.count() == 1


def test_it_finds_a_customer_by_email_in_any_case():
    shop = make_shop()
    first = make_order(shop)

    second = make_order(shop, shipping=replace(ADDRESS, phone="0733111222", email=" ANA@Example.com "))

    assert second.customer == first.customer
    assert set(first.customer.contacts.values_list("normalised", flat=True)) == {
        "+40722334455",
        "ana@example.com",
        "+40733111222",
    }


def test_a_foreign_number_is_read_by_the_country_of_its_address():
    shop = make_shop()
    first = make_order(shop, shipping=replace(PHONE_ONLY, phone="512 345 678", country="PL"))

    second = make_order(shop, shipping=replace(PHONE_ONLY, phone="+48 512345678", country="RO"))

    assert second.customer == first.customer


@pytest.mark.parametrize("filler", ["-", "0", "n/a", "0000000000", "111 111 111", "+"])
def test_a_filler_does_not_make_strangers_one_customer(filler):
    shop = make_shop()
    first = make_order(shop, shipping=replace(PHONE_ONLY, phone=filler))

    second = make_order(shop, shipping=replace(PHONE_ONLY, phone=filler, name="Somebody Else"))

    assert second.customer != first.customer


def test_an_order_without_contacts_makes_a_customer_of_its_own():
    shop = make_shop()
    nobody = replace(ADDRESS, phone="", email="")

    assert make_order(shop, shipping=nobody).customer != make_order(shop, shipping=nobody).customer


def test_customers_of_two_shops_stay_apart():
    first, second = make_order(make_shop()), make_order(make_shop())

    assert first.customer != second.customer


def test_it_keeps_each_address_once():
    shop = make_shop()
    first = make_order(shop)
    make_order(shop)
    make_order(shop, shipping=replace(ADDRESS, street="Strada Nouă 2"))

    assert Customer.objects.get(pk=first.customer_id).addresses.count() == 2


def test_company_and_tax_id_come_from_the_billing_address():
    order = make_order(billing=replace(ADDRESS, company="Ulița SRL", tax_id="RO123"))

    assert (order.customer.company, order.customer.tax_id) == ("Ulița SRL", "RO123")
