"""Giving a shop its country's funnels."""

from __future__ import annotations

from django.db import transaction

from crm.models import Funnel, Stage
from crm.presets import (
    ORDER_FUNNEL_NAMES,
    ORDER_STAGES,
    SALES_FUNNEL_NAMES,
    SALES_STAGES,
    StagePreset,
    limit_for,
    name_in,
)
from shops.models import Shop


@transaction.atomic
def create_preset_funnels(*, shop_id: int, country: str) -> None:
    """Create the order funnel, and the sales funnel switched off, unless the shop has funnels already."""
    shop = Shop.objects.get(pk=shop_id)
    if Funnel.objects.filter(shop=shop).exists():
        return
    _create(shop, country, "orders", ORDER_FUNNEL_NAMES, ORDER_STAGES, is_default=True)
    _create(shop, country, "sales", SALES_FUNNEL_NAMES, SALES_STAGES, is_active=False, position=1)


def _create(
    shop: Shop,
    country: str,
    slug: str,
    names: tuple[str, ...],
    stages: tuple[StagePreset, ...],
    **switches: object,
) -> None:
    funnel = Funnel.objects.create(
        shop=shop, slug=f"{shop.slug}-{slug}", name=name_in(names, shop.language), **switches
    )
    Stage.objects.bulk_create(
        Stage(
            funnel=funnel,
            name=name_in(stage.names, shop.language),
            slug=stage.slug,
            colour=stage.colour,
            position=position,
            kind=stage.kind,
            status=stage.status,
            is_entry=stage.is_entry,
            is_side=stage.is_side,
            condition=stage.condition,
            time_limit_hours=limit_for(stage, country),
            requires_previous=stage.requires_previous,
        )
        for position, stage in enumerate(stages)
    )
