"""`manage.py verify`: what it looks at."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from orders.models import Order
from tests.factories import make_order, make_shop

pytestmark = pytest.mark.django_db


def test_an_empty_installation_agrees() -> None:
    out = StringIO()

    call_command("verify", stdout=out)

    assert out.getvalue() == "verify: everything agrees (0 orders, 0 deals, 0 stock items, 0 messages)\n"


def test_it_looks_at_one_shop_only_when_asked() -> None:
    make_order(make_shop(slug="healthy"))
    broken = make_order(make_shop(slug="broken"))
    Order.objects.filter(pk=broken.pk).update(shipping_total=Decimal("3.00"))
    out, wrong = StringIO(), StringIO()

    call_command("verify", shop="healthy", stdout=out)
    with pytest.raises(SystemExit) as stop:
        call_command("verify", shop="broken", stdout=wrong)

    assert out.getvalue() == "verify: everything agrees (1 orders, 1 deals, 1 stock items, 0 messages)\n"
    assert stop.value.code == 1
    assert broken.number in wrong.getvalue()


def test_it_refuses_a_shop_that_does_not_exist() -> None:
    with pytest.raises(CommandError, match="no shop “nowhere”"):
        call_command("verify", shop="nowhere")
