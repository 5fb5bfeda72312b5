"""A funnel's mapping as one thing: its stages, where each status enters, its rules, and what is odd about them.

Pure where it judges: warnings are worked out from rows in memory, and nothing here is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Funnel, Happening, Stage, StageCondition, StageKind, StageRule
from orders.guards import plan
from orders.statuses import Status

# In which statuses an order may be when something happens to it; those not named happen at any time.
STATUSES_OF: dict[str, frozenset[str]] = {
    Happening.PLACED: frozenset({Status.NEW}),
    Happening.NO_ANSWER: frozenset({Status.NEW, Status.CONFIRMED, Status.PROCESSING}),
    Happening.PAYMENT_FAILED: frozenset({Status.NEW, Status.CONFIRMED, Status.PROCESSING}),
    Happening.AT_PICKUP: frozenset({Status.SHIPPED}),
    Happening.RETURN_RECEIVED: frozenset({Status.SHIPPED, Status.DELIVERED, Status.RETURNED}),
}
# Conditions no order of the status can meet.
NEVER_MET: dict[str, frozenset[str]] = {
    StageCondition.NUMBERED: frozenset({Status.NEW, Status.CANCELLED, Status.RETURNED}),
    StageCondition.AT_PICKUP: frozenset(Status.values) - {Status.SHIPPED},
}
OPPOSITE: dict[str, str] = {
    Happening.PAID: StageCondition.UNPAID,
    Happening.PAYMENT_FAILED: StageCondition.PAID,
    Happening.REFUNDED: StageCondition.PAID,
}


@dataclass(frozen=True)
class Remark:
    """Something that works otherwise than it looks. `is_note` marks what is often meant so."""

    sentence: str
    stage_id: int | None = None
    is_note: bool = False


@dataclass(frozen=True)
class Mapping:
    """A funnel with its stages from left to right and its rules by happening."""

    funnel: Funnel
    stages: Sequence[Stage]
    rules: dict[str, int]

    @property
    def entries(self) -> dict[str, Stage]:
        """The stage each status enters by, for the statuses that have one."""
        return {stage.status: stage for stage in self.stages if stage.is_entry}

    def previous(self, stage: Stage) -> Stage | None:
        """The stage of the main line before a stage: the one `requires_previous` means."""
        before = self.stages[: self.stages.index(stage)]
        return next((row for row in reversed(before) if not row.is_side), None)


def mapping_of(funnel: Funnel) -> Mapping:
    """The mapping as it is stored. Two queries."""
    stages = list(Stage.objects.filter(funnel=funnel).order_by("position", "pk"))
    rules = dict(StageRule.objects.filter(funnel=funnel).values_list("happening", "stage_id"))
    return Mapping(funnel, stages, rules)


def version_of(funnel_id: int) -> str:
    """Which state of a funnel somebody saw: the newest rows of the histories of the funnel, its stages and its rules."""
    histories = (
        Funnel.history.filter(id=funnel_id),
        Stage.history.filter(funnel_id=funnel_id),
        StageRule.history.filter(funnel_id=funnel_id),
    )
    newest = [rows.aggregate(newest=Max("history_id"))["newest"] or 0 for rows in histories]
    return "-".join(str(key) for key in newest)


def warnings_of(mapping: Mapping) -> list[Remark]:
    """What a person should know about a mapping before relying on it: warnings first, then notes."""
    if not mapping.stages:
        return [
            Remark(_("This board has no stages yet, so no card can stand on it. Add the first one below."))
        ]
    found = [
        *_switches(mapping),
        *_missing_entries(mapping),
        *(warning for stage in mapping.stages for warning in _of_stage(mapping, stage)),
        *_rules(mapping),
    ]
    return sorted(found, key=lambda warning: warning.is_note)


def _switches(mapping: Mapping) -> Iterator[Remark]:
    funnel = mapping.funnel
    if funnel.is_default and not funnel.creates_deals:
        yield Remark(
            _("New orders of the shop get no card by themselves; make one from the order's page."),
            is_note=True,
        )
    if not funnel.follows_orders:
        yield Remark(
            _("Cards and orders go separate ways on this board: statuses and rules below do nothing."),
            is_note=True,
        )


def _missing_entries(mapping: Mapping) -> Iterator[Remark]:
    # A board without statuses is one for deals before the order, and misses none.
    if not mapping.funnel.follows_orders or not any(stage.status for stage in mapping.stages):
        return
    for status in Status.values:
        if status in mapping.entries:
            continue
        words = {"status": Status(status).label}
        if status == Status.NEW:
            yield Remark(_("No stage is chosen for “%(status)s”: new orders get no card here.") % words)
        else:
            yield Remark(
                _("No stage is chosen for “%(status)s”: cards of such orders stay where they are.") % words
            )


def _of_stage(mapping: Mapping, stage: Stage) -> Iterator[Remark]:
    words = {"stage": stage.name}
    if stage.status in NEVER_MET.get(stage.condition, ()):
        yield Remark(
            _("No card can come to “%(stage)s”: no order that is “%(status)s” meets its condition.")
            % (words | {"status": Status(stage.status).label}),
            stage.pk,
        )
    elif stage.is_entry and stage.condition:
        yield Remark(
            _(
                "“%(stage)s” takes cards of every order that becomes “%(status)s”, whatever its condition says."
            )
            % (words | {"status": Status(stage.status).label}),
            stage.pk,
        )
    if stage.wip_limit == 0 and stage.wip_is_hard:
        yield Remark(_("Nobody can move a card to “%(stage)s”: its limit is 0.") % words, stage.pk)
    if stage.requires_previous:
        yield from _of_previous(mapping, stage)
    yield from _shared_status(mapping, stage)


def _of_previous(mapping: Mapping, stage: Stage) -> Iterator[Remark]:
    previous, words = mapping.previous(stage), {"stage": stage.name}
    position = mapping.stages.index(stage)
    if previous is None:
        yield Remark(
            _("“%(stage)s” asks for the stage before, but it is the first: cards come from anywhere.")
            % words,
            stage.pk,
        )
        return
    words |= {"previous": previous.name, "side": mapping.stages[position - 1].name}
    if mapping.stages[position - 1].is_side:
        yield Remark(
            _(
                "“%(side)s” before “%(stage)s” is a side stage and does not count: cards come from “%(previous)s”."
            )
            % words,
            stage.pk,
        )
    if previous.status and stage.status and plan(previous.status, stage.status) is None:
        yield Remark(
            _("No card can be moved to “%(stage)s”: no order gets there from “%(previous)s”.") % words,
            stage.pk,
        )
    elif previous.kind != StageKind.OPEN:
        yield Remark(
            _("Cards come to “%(stage)s” only from “%(previous)s”, where deals end.") % words, stage.pk
        )


def _shared_status(mapping: Mapping, stage: Stage) -> Iterator[Remark]:
    entry = mapping.entries.get(stage.status)
    if not stage.status or stage.is_entry or stage.is_side or stage.condition or entry is None:
        return
    if stage.pk in mapping.rules.values():
        return
    yield Remark(
        _("“%(stage)s” shares the status “%(status)s” with “%(entry)s”: cards come here by hand only.")
        % {"stage": stage.name, "status": Status(stage.status).label, "entry": entry.name},
        stage.pk,
        is_note=True,
    )


def _rules(mapping: Mapping) -> Iterator[Remark]:
    stages = {stage.pk: stage for stage in mapping.stages}
    for happening, stage_id in mapping.rules.items():
        stage = stages.get(stage_id)
        if stage is None:
            continue
        words = {"happening": Happening(happening).label, "stage": stage.name}
        if stage.status and stage.status not in STATUSES_OF.get(happening, frozenset(Status.values)):
            yield Remark(
                _(
                    "“%(happening)s” leads to “%(stage)s”, but an order is never “%(status)s” then: the rule does nothing."
                )
                % (words | {"status": Status(stage.status).label}),
                stage.pk,
            )
        if stage.condition and OPPOSITE.get(happening) == stage.condition:
            yield Remark(
                _(
                    "“%(happening)s” leads to “%(stage)s”, whose condition is not met then: the rule does nothing."
                )
                % words,
                stage.pk,
            )


def cards_sentence(count: int, bound: int) -> str:
    """How many cards, counted up to a bound."""
    if count > bound:
        return _("more than %(bound)d cards") % {"bound": bound}
    return ngettext("%(count)d card", "%(count)d cards", count) % {"count": count}
