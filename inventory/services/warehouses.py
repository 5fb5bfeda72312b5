"""Warehouses: opened, renamed, and which of them goods arrive in. A shop always has exactly one such."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.models import Warehouse
from inventory.services.limits import check_text
from shops.actors import Actor
from shops.locks import lock
from shops.permissions import Action, require

LONGEST_NAME = 100


@transaction.atomic
def add_warehouse(*, shop_id: int, name: str, actor: Actor) -> Warehouse:
    """Open a warehouse; the shop's first one is its default. Raises `StockError` for a name that is taken or empty."""
    require(actor, shop_id=shop_id, action=Action.EDIT_PRODUCT)
    is_first = not Warehouse.objects.filter(shop_id=shop_id, is_default=True).exists()
    return _named(Warehouse(shop_id=shop_id, is_default=is_first), name)


@transaction.atomic
def rename_warehouse(*, warehouse_id: int, name: str, actor: Actor) -> Warehouse:
    """Give a warehouse another name. Raises `StockError` for a name that is taken or empty."""
    warehouse = _known(warehouse_id)
    require(actor, shop_id=warehouse.shop_id, action=Action.EDIT_PRODUCT)
    return _named(warehouse, name)


@transaction.atomic
def make_default_warehouse(*, warehouse_id: int, actor: Actor) -> Warehouse:
    """From now on goods arrive in this warehouse, and orders take from it first. Doing it twice changes nothing."""
    warehouse = _known(warehouse_id)
    require(actor, shop_id=warehouse.shop_id, action=Action.EDIT_PRODUCT)
    siblings = Warehouse.objects.filter(shop_id=warehouse.shop_id)
    lock(Warehouse.objects.all(), siblings.values_list("pk", flat=True))
    # The old one steps back first: at no moment may there be two.
    siblings.filter(is_default=True).exclude(pk=warehouse_id).update(is_default=False)
    siblings.filter(pk=warehouse_id).update(is_default=True)
    return Warehouse.objects.get(pk=warehouse_id)


def _named(warehouse: Warehouse, name: str) -> Warehouse:
    name = " ".join(name.split())
    check_text(name, field="name", longest=LONGEST_NAME)
    if not name:
        raise StockError(_("A warehouse needs a name."), code="no_name", field="name")
    warehouse.name = name
    try:
        with transaction.atomic():
            warehouse.save()
    except IntegrityError as error:
        raise StockError(
            _("There is already a warehouse called “%(name)s”.") % {"name": name}, code="taken", field="name"
        ) from error
    return warehouse


def _known(warehouse_id: int) -> Warehouse:
    warehouse = Warehouse.objects.filter(pk=warehouse_id).first()
    if warehouse is None:
        raise StockError(_("This warehouse does not exist."), code="unknown_warehouse", field="warehouse")
    return warehouse
