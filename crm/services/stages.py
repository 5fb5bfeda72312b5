"""Changing what a board's columns mean: a funnel's mapping saved as one thing, a stage added.

Cards are moved on purpose and by the person, never their orders, and nobody is written to. Whoever changes the rules of
a funnel holds them alone: no card is placed by rules that are being changed (see `crm.projection`).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils.text import slugify
from django.utils.translation import gettext as _

from crm import projection
from crm.errors import ChangedMeanwhile
from crm.models import Deal, Funnel, Happening, MoveKind, Stage, StageKind, StageRule
from crm.selectors.mapping import cards_sentence, version_of
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import DomainError
from shops.locks import lock
from shops.permissions import Action, require

# Cards one save moves at once; more are moved in steps first.
MOST_MOVED = 500
MOST_STAGES = 40


@dataclass(frozen=True)
class StagePlan:
    """What a stage is to become. `status` is empty for a stage that leaves orders alone."""

    stage_id: int
    name: str
    colour: str
    kind: str = StageKind.OPEN
    status: str = ""
    is_side: bool = False
    condition: str = ""
    wip_limit: int | None = None
    wip_is_hard: bool = True
    time_limit_hours: Decimal | None = None
    requires_previous: bool = False


@dataclass(frozen=True)
class FunnelPlan:
    """What a funnel is to become: its stages from left to right, the stage each status enters by, and its rules."""

    name: str
    creates_deals: bool
    follows_orders: bool
    stages: tuple[StagePlan, ...]
    entries: dict[str, int] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)


class PlanRefused(DomainError):
    """A mapping that does not fit together; `problems` are fields (`stage-7-status`, `entry-new`) with sentences."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(_("Some settings do not fit together; see the marked fields."), code="plan")
        self.problems = problems


class CardsInTheWay(DomainError):
    """Stages get another status while cards stand on them that would contradict their orders; `counts` by stage."""

    def __init__(self, counts: dict[int, int]) -> None:
        super().__init__(
            _("Cards stand on stages that get another status. Say below what becomes of them."), code="cards"
        )
        self.counts = counts


@dataclass(frozen=True)
class Saved:
    """What a save changed: whether anything, how many cards were moved, and whether cards follow orders again."""

    changed: bool
    moved: int = 0
    follows_again: bool = False


def lock_mapping(funnel_id: int) -> Funnel:
    """Keep a funnel's stages and rules from everybody else, in the order of locks, and return the funnel afresh."""
    lock(Funnel.objects.all(), [funnel_id])
    lock(Stage.objects.all(), Stage.objects.filter(funnel_id=funnel_id).values_list("pk", flat=True))
    projection.seize_rules(funnel_id)
    return Funnel.objects.select_related("shop").get(pk=funnel_id)


@transaction.atomic
def save_funnel(
    *, funnel_id: int, plan: FunnelPlan, version: str, actor: Actor, move_cards: bool = False
) -> Saved:
    """Bring a funnel's name, switches, stages, entries and rules to a plan, all or nothing.

    `version` is what the person saw (`version_of`). Raises NotPermitted, ChangedMeanwhile when a colleague changed
    the funnel since, PlanRefused with a sentence by field, or CardsInTheWay where cards would contradict their orders
    and `move_cards` does not say that they go to the stage of their order's status.
    """
    funnel = lock_mapping(funnel_id)
    require(actor, shop_id=funnel.shop_id, action=Action.MANAGE_FUNNELS)
    if version != version_of(funnel_id):
        raise ChangedMeanwhile(
            _(
                "Somebody else changed this board meanwhile, so nothing was saved. Reload the page and try again."
            ),
            code="changed",
        )
    stages = {stage.pk: stage for stage in funnel.stages.all()}
    problems = dict(_problems(plan, stages))
    if problems:
        raise PlanRefused(problems)
    in_the_way = _misfits(plan, stages) if plan.follows_orders and funnel.follows_orders else {}
    if in_the_way and not move_cards:
        raise CardsInTheWay({stage_id: len(cards) for stage_id, cards in in_the_way.items()})
    follows_again = plan.follows_orders and not funnel.follows_orders
    changed = _write(funnel, plan, stages)
    moved = _move_home(in_the_way, plan, actor)
    return Saved(changed, moved, follows_again)


def _problems(plan: FunnelPlan, stages: dict[int, Stage]) -> Iterator[tuple[str, str]]:
    if sorted(stage.stage_id for stage in plan.stages) != sorted(stages):
        raise ChangedMeanwhile(
            _("The stages of this board are others meanwhile. Reload the page and try again."), code="changed"
        )
    if not plan.name.strip():
        yield "name", _("Give the board a name.")
    planned = {stage.stage_id: stage for stage in plan.stages}
    names = Counter(stage.name.strip().casefold() for stage in plan.stages)
    for stage in plan.stages:
        if not stage.name.strip():
            yield f"stage-{stage.stage_id}-name", _("Give the stage a name.")
        elif names[stage.name.strip().casefold()] > 1:
            yield (
                f"stage-{stage.stage_id}-name",
                _("Two stages have this name; people could not tell them apart."),
            )
    for status, stage_id in plan.entries.items():
        if stage_id not in planned:
            yield f"entry-{status}", _("Choose a stage of this board.")
        elif planned[stage_id].status != status:
            yield (
                f"entry-{status}",
                _(
                    "“%(stage)s” is not a stage of “%(status)s”. Choose another, or change its order status below."
                )
                % {"stage": planned[stage_id].name, "status": Status(status).label},
            )
    for happening, stage_id in plan.rules.items():
        if stage_id not in planned or happening not in Happening.values:
            yield f"rule-{happening}", _("Choose a stage of this board.")


def _misfits(plan: FunnelPlan, stages: dict[int, Stage]) -> dict[int, list[int]]:
    """The cards that would contradict their orders, by stage. Raises PlanRefused where they cannot be moved at once."""
    found: dict[int, list[int]] = {}
    problems: dict[str, str] = {}
    for stage in plan.stages:
        if not stage.status or stage.status == stages[stage.stage_id].status:
            continue
        wrong = Deal.objects.filter(stage_id=stage.stage_id).exclude(order__status=stage.status)
        rows = list(wrong.order_by("pk").values_list("pk", "order__status")[: MOST_MOVED + 1])
        sentence = _no_way_out(plan, rows)
        if sentence:
            problems[f"stage-{stage.stage_id}-status"] = sentence
        elif rows:
            found[stage.stage_id] = [pk for pk, _status in rows]
    if problems:
        raise PlanRefused(problems)
    return found


def _no_way_out(plan: FunnelPlan, rows: Sequence[tuple[int, str | None]]) -> str:
    if len(rows) > MOST_MOVED:
        return _("%(cards)s would contradict their orders. Move them to another stage first.") % {
            "cards": cards_sentence(len(rows), MOST_MOVED).capitalize()
        }
    if any(status is None for _pk, status in rows):
        return _("Deals without an order stand on this stage. Move them to another stage first.")
    homeless = next((status for _pk, status in rows if status not in plan.entries), None)
    if homeless is not None:
        return _(
            "Cards of orders that are “%(status)s” stand here, and no stage is chosen for them above."
        ) % {"status": Status(homeless).label}
    return ""


def _write(funnel: Funnel, plan: FunnelPlan, stages: dict[int, Stage]) -> bool:
    columns = {
        "name": plan.name.strip(),
        "creates_deals": plan.creates_deals,
        "follows_orders": plan.follows_orders,
    }
    changed = save_changes(funnel, columns)
    entered = {stage_id: status for status, stage_id in plan.entries.items()}
    # An entry may wander from one stage to another in one save: the old one gives it up first.
    given_up = [pk for pk, stage in stages.items() if stage.is_entry and entered.get(pk) != stage.status]
    Stage.objects.filter(pk__in=given_up).update(is_entry=False)
    for pk in entered.keys() & given_up:
        # It becomes the entry of another status, which is a change to be saved like any other.
        stages[pk].is_entry = False
    for position, planned in enumerate(plan.stages):
        stage = stages[planned.stage_id]
        was_terminal = stage.is_terminal
        columns = {
            name.name: getattr(planned, name.name) for name in fields(StagePlan) if name.name != "stage_id"
        }
        columns |= {
            "position": position,
            "is_entry": planned.stage_id in entered,
            "name": planned.name.strip(),
        }
        changed |= save_changes(stage, columns)
        if stage.is_terminal != was_terminal:
            projection.count_as_open(stage)
    return _write_rules(funnel, plan.rules) or changed


def save_changes(row: Funnel | Stage | StageRule, columns: dict[str, object]) -> bool:
    """Save a row's changed columns, with its line of history; returns whether any were."""
    changed = [name for name, value in columns.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, columns[name])
    if changed:
        row.save(update_fields=changed)
    return bool(changed)


def _write_rules(funnel: Funnel, wanted: dict[str, int]) -> bool:
    changed = False
    kept = {rule.happening: rule for rule in StageRule.objects.filter(funnel=funnel)}
    for happening, rule in kept.items():
        if happening in wanted:
            changed |= save_changes(rule, {"stage_id": wanted[happening]})
        else:
            rule.delete()
            changed = True
    for happening, stage_id in wanted.items():
        if happening not in kept:
            StageRule.objects.create(funnel=funnel, happening=happening, stage_id=stage_id)
            changed = True
    return changed


def _move_home(in_the_way: dict[int, list[int]], plan: FunnelPlan, actor: Actor) -> int:
    stages = Stage.objects.in_bulk(plan.entries.values())
    move_id = uuid.uuid4()
    deal_ids = sorted(pk for cards in in_the_way.values() for pk in cards)
    moved = 0
    for deal_id in deal_ids:
        deal = projection.lock_deal(deal_id)
        if deal.order is None or projection.may_stand(deal, deal.stage):
            continue
        put(deal, stages[plan.entries[deal.order.status]], actor, move_id)
        moved += 1
    return moved


def put(deal: Deal, stage: Stage, actor: Actor, move_id: uuid.UUID) -> None:
    """Put a locked card at the end of a stage as the person's own move: no undo, and nobody is written to."""
    projection.place(
        deal, stage, projection.fresh_rank(), actor=actor, kind=MoveKind.BY_HAND, move_id=move_id
    )


@transaction.atomic
def add_stage(*, funnel_id: int, name: str, status: str, version: str, actor: Actor) -> Stage:
    """Add a column behind the last stage of the same status, else at the end. It enters a status that had no entry.

    Raises NotPermitted, ChangedMeanwhile, or DomainError naming the field.
    """
    funnel = lock_mapping(funnel_id)
    require(actor, shop_id=funnel.shop_id, action=Action.MANAGE_FUNNELS)
    if version != version_of(funnel_id):
        raise ChangedMeanwhile(
            _(
                "Somebody else changed this board meanwhile, so nothing was saved. Reload the page and try again."
            ),
            code="changed",
        )
    name, stages = name.strip()[:60], list(funnel.stages.order_by("position", "pk"))
    _require_new_stage(name, status, stages)
    behind = max((row.position for row in stages if row.status == status), default=None)
    position = len(stages) if behind is None else behind + 1
    Stage.objects.filter(funnel=funnel, position__gte=position).update(position=F("position") + 1)
    stage = Stage(
        funnel=funnel,
        name=name,
        slug=_free_slug(name, {row.slug for row in stages}),
        position=position,
        status=status,
        is_entry=bool(status) and not any(row.is_entry and row.status == status for row in stages),
    )
    stage.save()
    return stage


def _require_new_stage(name: str, status: str, stages: list[Stage]) -> None:
    if not name:
        raise DomainError(_("Give the stage a name."), code="empty", field="name")
    if any(row.name.casefold() == name.casefold() for row in stages):
        raise DomainError(
            _("“%(name)s” is there already; people could not tell the two apart.") % {"name": name},
            code="taken",
            field="name",
        )
    if status and status not in Status.values:
        raise DomainError(_("Choose an order status, or none."), code="invalid", field="status")
    if len(stages) >= MOST_STAGES:
        raise DomainError(
            _("A board has at most %(count)d stages.") % {"count": MOST_STAGES}, code="too_many", field="name"
        )


def _free_slug(name: str, taken: set[str]) -> str:
    base = slugify(name)[:34] or "stage"
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, 1000))) if slug not in taken)
