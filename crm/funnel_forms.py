"""The form of a funnel's mapping, which reads both ways: what happens to a stage, and a stage to its settings.

Shape only: what fits together is judged by `crm.services.stages`, whose sentences are put at their fields here.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import Happening, Stage, StageCondition, StageKind
from crm.selectors.mapping import Mapping
from crm.services.funnels import Start
from crm.services.stages import FunnelPlan, StagePlan
from orders.statuses import Status
from shops.keyset import read_key

# Statuses first and happenings between them, as an order meets them.
HAPPENINGS = (
    ("rule", Happening.PLACED),
    ("entry", Status.NEW),
    ("rule", Happening.NO_ANSWER),
    ("rule", Happening.PAYMENT_FAILED),
    ("rule", Happening.PAID),
    ("rule", Happening.GOODS_ARRIVED),
    ("entry", Status.CONFIRMED),
    ("entry", Status.PROCESSING),
    ("entry", Status.SHIPPED),
    ("rule", Happening.AT_PICKUP),
    ("entry", Status.DELIVERED),
    ("entry", Status.RETURNED),
    ("rule", Happening.RETURN_RECEIVED),
    ("rule", Happening.REFUNDED),
    ("entry", Status.CANCELLED),
)


class BoardForm(forms.Form):
    """The funnel's own settings."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    creates_deals = forms.BooleanField(
        label=gettext_lazy("New orders get a card by themselves"),
        help_text=gettext_lazy("Off: make a card from the order's page."),
        required=False,
    )
    follows_orders = forms.BooleanField(
        label=gettext_lazy("Cards and orders move together"),
        help_text=gettext_lazy(
            "Off: moving a card leaves its order alone, and a change of the order leaves its card."
        ),
        required=False,
    )


class StageRow(forms.Form):
    """One stage."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    status = forms.ChoiceField(
        label=gettext_lazy("Order status"),
        choices=[("", gettext_lazy("None: the order stays as it is")), *Status.choices],
        required=False,
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=StageKind.choices)
    condition = forms.ChoiceField(
        label=gettext_lazy("Only for orders that are"), choices=StageCondition.choices, required=False
    )
    colour = forms.CharField(
        label=gettext_lazy("Colour"),
        validators=[RegexValidator(r"^#[0-9A-Fa-f]{6}$", gettext_lazy("Write a colour like #2563EB."))],
        widget=forms.TextInput(attrs={"type": "color"}),
    )
    wip_limit = forms.IntegerField(
        label=gettext_lazy("Most cards at once"), min_value=1, max_value=30_000, required=False
    )
    wip_is_hard = forms.BooleanField(label=gettext_lazy("The limit refuses further cards"), required=False)
    time_limit_hours = forms.DecimalField(
        label=gettext_lazy("Time limit, working hours"),
        min_value=0,
        max_value=9999,
        decimal_places=1,
        max_digits=6,
        required=False,
    )
    is_side = forms.BooleanField(label=gettext_lazy("Side stage: optional, a narrow rail"), required=False)
    requires_previous = forms.BooleanField(label=gettext_lazy("Only from the stage before"), required=False)

    def __init__(self, stage: Stage, data: QueryDict | None, *, disabled: bool) -> None:
        initial = {name: getattr(stage, name) for name in self.base_fields}
        super().__init__(data, prefix=f"stage-{stage.pk}", initial=initial)
        self.stage = stage
        for field in self.fields.values():
            field.disabled = disabled

    def plan(self) -> StagePlan:
        """What was typed, as a plan."""
        return StagePlan(stage_id=self.stage.pk, **self.cleaned_data)


class FunnelSetup:
    """The whole page's form. `problems` of the services are shown at the fields they name."""

    def __init__(self, mapping: Mapping, data: QueryDict | None = None, *, disabled: bool = False) -> None:
        self.mapping, self.data = mapping, data
        funnel = mapping.funnel
        initial = {name: getattr(funnel, name) for name in BoardForm.base_fields}
        self.board = BoardForm(data, initial=initial)
        self.happenings = self._happenings_form(data)
        self.rows = [StageRow(stage, data, disabled=disabled) for stage in self._ordered()]
        for field in (*self.board.fields.values(), *self.happenings.fields.values()):
            field.disabled = disabled

    def _ordered(self) -> list[Stage]:
        """The stages as the page orders them: as stored, or as sent with the button just pressed."""
        stages = {stage.pk: stage for stage in self.mapping.stages}
        if self.data is None:
            return list(stages.values())
        sent = [read_key(part) for part in self.data.get("order", "").split(",")]
        order = [pk for pk in dict.fromkeys(sent) if pk in stages]
        order += [pk for pk in stages if pk not in order]
        for name, by in (("up", -1), ("down", 1)):
            pk = read_key(self.data.get(name, ""))
            if pk in order and 0 <= order.index(pk) + by < len(order):
                at = order.index(pk)
                order[at], order[at + by] = order[at + by], order[at]
        return [stages[pk] for pk in order if pk is not None]

    def _happenings_form(self, data: QueryDict | None) -> forms.Form:
        form = forms.Form(data)
        stages = [(str(stage.pk), stage.name) for stage in self.mapping.stages]
        entries = {status: stage.pk for status, stage in self.mapping.entries.items()}
        for kind, what in HAPPENINGS:
            chosen = entries.get(what) if kind == "entry" else self.mapping.rules.get(what)
            nothing = (
                _("The card stays where it is") if kind == "rule" or what != Status.NEW else _("No stage")
            )
            if what == Happening.PLACED:
                nothing = _("As for “%(status)s”") % {"status": Status.NEW.label}
            form.fields[f"{kind}-{what}"] = forms.ChoiceField(
                label=what.label,
                choices=[("", nothing), *stages],
                required=False,
                initial=str(chosen or ""),
            )
        return form

    @property
    def order(self) -> str:
        """The keys of the stages from left to right, as the hidden field carries them."""
        return ",".join(str(row.stage.pk) for row in self.rows)

    @property
    def happening_rows(self) -> list[dict[str, Any]]:
        """What happens, each with its field; `is_status` marks a change of the order's status."""
        return [
            {"field": self.happenings[f"{kind}-{what}"], "is_status": kind == "entry", "label": what.label}
            for kind, what in HAPPENINGS
        ]

    def is_valid(self) -> bool:
        """Whether every field has its shape; all are asked, so that all errors show at once."""
        judged = [form.is_valid() for form in (self.board, self.happenings, *self.rows)]
        return all(judged)

    def plan(self) -> FunnelPlan:
        """What was typed, as a plan."""
        chosen = {name: int(value) for name, value in self.happenings.cleaned_data.items() if value}
        return FunnelPlan(
            name=self.board.cleaned_data["name"],
            creates_deals=self.board.cleaned_data["creates_deals"],
            follows_orders=self.board.cleaned_data["follows_orders"],
            stages=tuple(row.plan() for row in self.rows),
            entries=_of_kind("entry-", chosen),
            rules=_of_kind("rule-", chosen),
        )

    def show_problems(self, problems: dict[str, str]) -> None:
        """Put the services' sentences at the fields they are about."""
        rows = {f"stage-{row.stage.pk}-": row for row in self.rows}
        for name, sentence in problems.items():
            if name in self.happenings.fields:
                self.happenings.add_error(name, sentence)
                continue
            prefix = next((prefix for prefix in rows if name.startswith(prefix)), None)
            form: forms.Form = rows[prefix] if prefix else self.board
            form.add_error(name.removeprefix(prefix or ""), sentence)


def _of_kind(prefix: str, chosen: dict[str, int]) -> dict[str, int]:
    return {name.removeprefix(prefix): pk for name, pk in chosen.items() if name.startswith(prefix)}


class NewFunnelForm(forms.Form):
    """A board to add."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100, required=False)
    start = forms.ChoiceField(label=gettext_lazy("Begins with"), choices=Start.choices)


class NewStageForm(forms.Form):
    """A stage to add."""

    name = forms.CharField(label=gettext_lazy("Name of the new stage"), max_length=60, required=False)
    status = forms.ChoiceField(
        label=gettext_lazy("Order status"),
        choices=[("", gettext_lazy("None: the order stays as it is")), *Status.choices],
        required=False,
    )
