"""How a shop wants its stock looked at: whom to tell, which periods, which thresholds."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.models import StockSettings
from shops.actors import Actor
from shops.permissions import Action, require

MOST_ADDRESSES = 20


@transaction.atomic
def change_stock_settings(*, shop_id: int, actor: Actor, **values: Any) -> StockSettings:
    """Change the named fields of the shop's settings; the others stay.

    Raises `NotPermitted`, and `StockError` naming the field: an address that is none, or shares above a hundred.
    """
    require(actor, shop_id=shop_id, action=Action.EDIT_PRODUCT)
    settings = StockSettings.objects.select_for_update().filter(shop_id=shop_id).first()
    settings = settings or StockSettings(shop_id=shop_id)
    for name, value in values.items():
        setattr(settings, name, value)
    settings.alert_emails = "\n".join(read_addresses(settings.alert_emails))
    check_shares(settings.abc_a_percent, settings.abc_b_percent)
    settings.save()
    return settings


def read_addresses(text: str) -> list[str]:
    """The e-mail addresses written one a line (commas and semicolons will do), each once.

    Raises `StockError` that names the first line which is no address.
    """
    found: dict[str, str] = {}
    for line in re.split(r"[\n,;]", text):
        address = line.strip()
        if not address:
            continue
        try:
            validate_email(address)
        except ValidationError as error:
            raise StockError(
                _("“%(line)s” is not an e-mail address. Write one address a line.") % {"line": address[:100]},
                code="bad_address",
                field="alert_emails",
            ) from error
        found.setdefault(address.casefold(), address)
    if len(found) > MOST_ADDRESSES:
        raise StockError(
            _("At most %(most)s addresses can be told; these are %(count)s.")
            % {"most": MOST_ADDRESSES, "count": len(found)},
            code="too_many_addresses",
            field="alert_emails",
        )
    return list(found.values())


def check_shares(a_percent: int, b_percent: int) -> None:
    """Raise `StockError` when the classes A and B together ask for more than the whole revenue."""
    if a_percent + b_percent > 100:
        raise StockError(
            _("A and B together are %(sum)s %% of the revenue; they can be 100 %% at most.")
            % {"sum": a_percent + b_percent},
            code="shares_above_hundred",
            field="abc_b_percent",
        )
