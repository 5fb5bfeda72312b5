"""Giving a shop its country's funnels, and their rules to funnels from before there were any."""

from __future__ import annotations

from django.db import transaction

from crm.models import Funnel, Stage, StageRule
from crm.presets import (
    ORDER_FUNNEL_NAMES,
    ORDER_RULES,
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
) -> Funnel:
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
    _write_rules(funnel)
    return funnel


def _write_rules(funnel: Funnel) -> int:
    stages = {stage.slug: stage for stage in funnel.stages.filter(slug__in=ORDER_RULES.values())}
    for happening, slug in ORDER_RULES.items():
        if slug in stages:
            StageRule.objects.create(funnel=funnel, happening=happening, stage=stages[slug])
    return len(stages)


@transaction.atomic
def add_preset_rules() -> int:
    """Give funnels from before there were rules those of the preset; returns how many funnels got some.

    Only where every stage the preset's rules name is there, and no rule ever was: rules that somebody took away, all
    of them included, are not written again. Safe to repeat.
    """
    given = 0
    for funnel in Funnel.objects.filter(rules=None).order_by("pk"):
        named = set(funnel.stages.filter(slug__in=ORDER_RULES.values()).values_list("slug", flat=True))
        if named == set(ORDER_RULES.values()) and not StageRule.history.filter(funnel_id=funnel.pk).exists():
            given += bool(_write_rules(funnel))
    return given
