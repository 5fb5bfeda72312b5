"""A shop's funnels: those of its country to begin with, more from a preset, empty or copied, switched on and off."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max, TextChoices
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import projection
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
from crm.services.stages import save_changes
from shops.actors import Actor
from shops.errors import DomainError
from shops.locks import lock, lock_one
from shops.models import Shop
from shops.permissions import Action, require

MOST_FUNNELS = 30
COPIED = (
    "name",
    "slug",
    "colour",
    "position",
    "kind",
    "status",
    "is_entry",
    "is_side",
    "condition",
    "wip_limit",
    "wip_is_hard",
    "time_limit_hours",
    "requires_previous",
)


class Start(TextChoices):
    """What a new funnel begins with."""

    ORDERS = "orders", gettext_lazy("The stages of orders")
    SALES = "sales", gettext_lazy("The stages before an order")
    EMPTY = "empty", gettext_lazy("No stages yet")


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
    _write_stages(funnel, stages, country)
    _write_rules(funnel)
    return funnel


def _write_stages(funnel: Funnel, stages: tuple[StagePreset, ...], country: str) -> None:
    language = funnel.shop.language
    Stage.objects.bulk_create(
        Stage(
            funnel=funnel,
            name=name_in(stage.names, language),
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


@transaction.atomic
def create_funnel(*, shop_id: int, name: str, start: str, actor: Actor) -> Funnel:
    """Add a funnel from a preset, or empty. It is switched off until somebody switches it on.

    Raises NotPermitted, or DomainError naming the field.
    """
    shop = _lock_shop(shop_id, actor)
    names, stages = _PRESETS.get(start, ((), ()))
    if start not in Start.values:
        raise DomainError(_("Choose what the board begins with."), code="invalid", field="start")
    name = _require_name(shop, name.strip() or (name_in(names, shop.language) if names else ""))
    funnel = _add(shop, name)
    _write_stages(funnel, stages, shop.country)
    _write_rules(funnel)
    return funnel


@transaction.atomic
def copy_funnel(*, funnel_id: int, name: str, actor: Actor) -> Funnel:
    """Add a funnel with the stages and rules of another one, without its deals, switched off. See `create_funnel`."""
    source = Funnel.objects.get(pk=funnel_id)
    shop = _lock_shop(source.shop_id, actor)
    suggested = _("%(name)s (copy)") % {"name": source.name}
    funnel = _add(shop, _require_name(shop, name.strip() or suggested[:100]))
    save_changes(funnel, {"creates_deals": source.creates_deals, "follows_orders": source.follows_orders})
    stages = {}
    for stage in source.stages.order_by("position", "pk"):
        columns = {column: getattr(stage, column) for column in COPIED}
        stages[stage.pk] = Stage.objects.create(funnel=funnel, **columns)
    for rule in source.rules.all():
        StageRule.objects.create(funnel=funnel, happening=rule.happening, stage=stages[rule.stage_id])
    return funnel


def _lock_shop(shop_id: int, actor: Actor) -> Shop:
    require(actor, shop_id=shop_id, action=Action.MANAGE_FUNNELS)
    return lock_one(Shop.objects.all(), shop_id)


def _require_name(shop: Shop, name: str) -> str:
    taken = Funnel.objects.filter(shop=shop)
    if not name:
        raise DomainError(_("Give the board a name."), code="empty", field="name")
    if taken.filter(name__iexact=name).exists():
        raise DomainError(
            _("The shop has a board “%(name)s” already.") % {"name": name}, code="taken", field="name"
        )
    if taken.count() >= MOST_FUNNELS:
        raise DomainError(
            _("A shop has at most %(count)d boards.") % {"count": MOST_FUNNELS}, code="too_many", field="name"
        )
    return name[:100]


def _add(shop: Shop, name: str) -> Funnel:
    base = f"{shop.slug}-{slugify(name)[:30] or 'board'}"[:74]
    taken = set(Funnel.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug = next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if slug not in taken)
    last = Funnel.objects.filter(shop=shop).aggregate(last=Max("position"))["last"]
    return Funnel.objects.create(
        shop=shop, name=name, slug=slug, is_active=False, position=0 if last is None else last + 1
    )


@transaction.atomic
def switch_funnel(*, funnel_id: int, is_active: bool, actor: Actor) -> bool:
    """Put a funnel in use or out of it; its cards are kept. Returns whether anything changed.

    Raises NotPermitted, or DomainError for the board that takes the shop's orders and for one without stages.
    """
    funnel = _lock_funnel(funnel_id, actor)
    if not is_active and funnel.is_default:
        raise DomainError(
            _("The orders of the shop appear on “%(name)s”. Choose another board for them first.")
            % {"name": funnel.name},
            code="default",
        )
    if is_active and not funnel.stages.exists():
        raise DomainError(
            _("“%(name)s” has no stages yet. Add some before you switch it on.") % {"name": funnel.name},
            code="no_stages",
        )
    return save_changes(funnel, {"is_active": is_active})


@transaction.atomic
def choose_default_funnel(*, funnel_id: int, actor: Actor) -> bool:
    """Let a shop's new orders appear in this funnel; cards that exist stay where they are. Returns whether it is news.

    Raises NotPermitted, or DomainError for a board that is switched off or has no stage for new orders.
    """
    funnel = _lock_funnel(funnel_id, actor)
    if funnel.is_default:
        return False
    if not funnel.is_active:
        raise DomainError(_("Switch “%(name)s” on first.") % {"name": funnel.name}, code="inactive")
    if projection.entry_stage(funnel.pk, "new") is None:
        raise DomainError(
            _("“%(name)s” has no stage for new orders. Choose one on its page first.")
            % {"name": funnel.name},
            code="no_entry",
        )
    for other in Funnel.objects.filter(shop_id=funnel.shop_id, is_default=True):
        save_changes(other, {"is_default": False})
    return save_changes(funnel, {"is_default": True})


@transaction.atomic
def shift_funnel(*, funnel_id: int, by: int, actor: Actor) -> bool:
    """Move a funnel one place up (-1) or down (1) among its shop's boards. Returns whether it moved."""
    funnel = _lock_funnel(funnel_id, actor)
    rows = list(Funnel.objects.filter(shop_id=funnel.shop_id).order_by("position", "pk"))
    at = next(index for index, row in enumerate(rows) if row.pk == funnel.pk)
    if not 0 <= at + by < len(rows):
        return False
    rows[at], rows[at + by] = rows[at + by], rows[at]
    for position, row in enumerate(rows):
        save_changes(row, {"position": position})
    return True


def _lock_funnel(funnel_id: int, actor: Actor) -> Funnel:
    shop_id = Funnel.objects.values_list("shop_id", flat=True).get(pk=funnel_id)
    _lock_shop(shop_id, actor)
    (funnel,) = lock(Funnel.objects.all(), [funnel_id])
    return funnel


_PRESETS: dict[str, tuple[tuple[str, ...], tuple[StagePreset, ...]]] = {
    Start.ORDERS: (ORDER_FUNNEL_NAMES, ORDER_STAGES),
    Start.SALES: (SALES_FUNNEL_NAMES, SALES_STAGES),
}
