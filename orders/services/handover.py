"""Handover sheets: which parcels a courier took along at one time, each on one sheet only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import OrderError
from orders.models import HandoverSheet, Shipment
from orders.statuses import ShipmentState
from shops.actors import Actor, actor_columns
from shops.locks import lock
from shops.permissions import Action, require

MOST_ON_A_SHEET = 500
# Parcels handed over longer ago were taken along without a sheet; nobody is asked for one any more.
KEPT_IN_MIND = timedelta(days=14)
TAKEN_ALONG = (ShipmentState.HANDED_OVER, ShipmentState.DELIVERED)


@transaction.atomic
def make_handover_sheet(
    *, shop_id: int, carrier: str, shipment_ids: Collection[int], actor: Actor
) -> HandoverSheet:
    """Put these parcels of one shop and courier on a new sheet; those on a sheet already are left out.

    The parcels are locked, so that two clicks make one sheet. Raises OrderError when none is left for it (a second
    click, an undone shipping) or there are more than 500, and NotPermitted.
    """
    require(actor, shop_id=shop_id, action=Action.SHIP)
    if len(shipment_ids) > MOST_ON_A_SHEET:
        raise OrderError(
            _("At most %(most)d parcels fit on one sheet.") % {"most": MOST_ON_A_SHEET}, code="too_many"
        )
    here = Shipment.objects.filter(order__shop_id=shop_id, carrier=carrier)
    locked = lock(here, shipment_ids)
    since = timezone.now() - KEPT_IN_MIND
    free = [
        parcel.pk
        for parcel in locked
        if parcel.handover_sheet_id is None
        and parcel.state in TAKEN_ALONG
        and parcel.handed_over_at is not None
        and parcel.handed_over_at >= since
    ]
    if not free:
        raise OrderError(
            _("These parcels are on a sheet already, or were taken back meanwhile."), code="nothing_left"
        )
    sheet = HandoverSheet.objects.create(shop_id=shop_id, carrier=carrier, **actor_columns(actor))
    Shipment.objects.filter(pk__in=free).update(handover_sheet=sheet)
    return sheet
