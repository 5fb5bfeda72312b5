"""The filters of the lists in words: what their menus offer, and a chip with a link that takes it away for each in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from crm.page_selectors.customers_list import CustomerFilter
from crm.page_selectors.list_choices import Choices
from crm.page_selectors.narrowing import Chip
from crm.page_selectors.order_filters import (
    AWB,
    DAY_WORDS,
    MACHINE,
    SOURCES,
    OrderFilter,
)
from crm.templatetags.ui import day as written_day
from crm.templatetags.ui import reason_label, source_name
from orders.carriers import CARRIERS, carrier_name
from orders.statuses import DeliveryKind, PaymentMethod, PaymentStatus, Status
from shops.models import User

Label = str | Promise


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    is_on: bool


def options(pairs: Iterable[tuple[Any, Label]], chosen: Iterable[str]) -> list[Option]:
    """Choices of a menu, those in force marked."""
    on = set(chosen)
    return [Option(str(value), str(label), str(value) in on) for value, label in pairs]


def order_options(wanted: OrderFilter, choices: Choices) -> Mapping[str, Any]:
    """Every menu of the order list's filters."""
    sources = dict.fromkeys([*SOURCES, *wanted.source])
    return {
        "shop": options(((shop.slug, shop.name) for shop in choices.shops), [wanted.shop]),
        "status": options(Status.choices, wanted.status),
        "stage": _stages(choices, wanted.stage),
        "pay": options(PaymentStatus.choices, wanted.pay),
        "method": options(PaymentMethod.choices, wanted.method),
        "source": options(((code, source_name(code)) for code in sources), wanted.source),
        "courier": options(((code, carrier_name(code)) for code in CARRIERS), wanted.courier),
        "delivery": options(DeliveryKind.choices, wanted.delivery),
        "manager": people_options(choices, wanted.manager),
        "tag": options(((name, name) for name in choices.tags), [wanted.tag]),
        "awb": options(AWB.items(), [wanted.awb]),
    }


def customer_options(wanted: CustomerFilter, choices: Choices) -> Mapping[str, Any]:
    """Every menu of the customer list's filters."""
    return {
        "shop": options(((shop.slug, shop.name) for shop in choices.shops), [wanted.shop]),
        "manager": people_options(choices, wanted.manager),
        "tag": options(((name, name) for name in choices.tags), [wanted.tag]),
    }


def people_options(choices: Choices, chosen: str) -> list[Option]:
    """Whose: mine, nobody's, or a colleague's."""
    own = [("mine", _("Mine")), ("none", _("Nobody's"))]
    return options([*own, *((person.pk, name_of(person)) for person in choices.people)], [chosen])


def name_of(person: User) -> str:
    return person.get_full_name() or person.username


def _stages(choices: Choices, chosen: Sequence[str]) -> list[tuple[str, list[Option]]]:
    """The stages under their board's name; boards of several shops say whose they are."""
    found: dict[int, tuple[str, list[Option]]] = {}
    for stage in choices.stages:
        board = stage.funnel
        title = board.name if len(choices.shops) == 1 else f"{board.shop.name} · {board.name}"
        found.setdefault(board.pk, (title, []))[1].extend(options([(stage.pk, stage.name)], chosen))
    return list(found.values())


def order_chips(wanted: OrderFilter, choices: Choices) -> list[Chip]:
    """The filters in force in words; those of the day sheet make one chip together."""
    stages = {str(stage.pk): stage.name for stage in choices.stages}
    words: dict[str, Mapping[str, Label]] = {
        "shop": {shop.slug: shop.name for shop in choices.shops},
        "status": dict(Status.choices),
        "stage": stages,
        "pay": dict(PaymentStatus.choices),
        "method": dict(PaymentMethod.choices),
        "source": {code: source_name(code) for code in wanted.source},
        "courier": {code: carrier_name(code) for code in wanted.courier},
        "delivery": dict(DeliveryKind.choices),
        "manager": _people(choices, _("Mine"), _("Nobody's")),
        "awb": AWB,
    }
    phrases = {
        "min": _("from %(amount)s"),
        "max": _("up to %(amount)s"),
        "product": "“%(amount)s”",
        "tag": "#%(amount)s",
    }
    found = []
    for name, value in wanted.address.pairs:
        if name in words:
            label = str(words[name].get(value, value))
        elif name in phrases:
            label = phrases[name] % {"amount": value}
        elif name in ("from", "to"):
            label = _day_phrase(name, wanted.since if name == "from" else wanted.until)
        else:
            continue
        found.append(Chip(label, wanted.address.without(name, value=value)))
    if wanted.did and wanted.on:
        label = _happening(wanted, choices, stages)
        found.append(Chip(label, wanted.address.without("did", "on", "by", "why", "with", "then")))
    return found


def customer_chips(wanted: CustomerFilter, choices: Choices) -> list[Chip]:
    """The filters in force in words."""
    words: dict[str, Mapping[str, Label]] = {
        "shop": {shop.slug: shop.name for shop in choices.shops},
        "manager": _people(choices, _("I look after them"), _("Nobody looks after them")),
        "refused": {"1": _("Refused a parcel before")},
        "closed": {"1": _("With an address that is not written to")},
    }
    phrases = {
        "least": _("at least %(count)s orders"),
        "most": _("at most %(count)s orders"),
        "tag": "#%(count)s",
    }
    found = []
    for name, value in wanted.address.pairs:
        if name in words:
            label = str(words[name].get(value, value))
        elif name in phrases:
            label = phrases[name] % {"count": value}
        elif name in ("from", "to"):
            day = _day_phrase(name, wanted.since if name == "from" else wanted.until)
            label = _("last order %(day)s") % {"day": day}
        else:
            continue
        found.append(Chip(label, wanted.address.without(name, value=value)))
    return found


def _people(choices: Choices, mine: str, nobody: str) -> dict[str, Label]:
    found: dict[str, Label] = {str(person.pk): name_of(person) for person in choices.people}
    return found | {"mine": mine, "none": nobody}


def _day_phrase(name: str, day: date | None) -> str:
    words = _("from %(day)s") if name == "from" else _("to %(day)s")
    return words % {"day": written_day(day)}


def _happening(wanted: OrderFilter, choices: Choices, stages: Mapping[str, Label]) -> str:
    parts = [f"{DAY_WORDS[wanted.did]}, {written_day(wanted.on)}"]
    if wanted.by:
        people = _people(choices, "", "")
        parts.append(
            _("by machines") if wanted.by == MACHINE else str(people.get(wanted.by, _("somebody who left")))
        )
    if wanted.why:
        parts.append(reason_label(wanted.why))
    if wanted.with_courier:
        parts.append(carrier_name(wanted.with_courier))
    if wanted.then:
        parts.append(
            _("on no board") if wanted.then == MACHINE else str(stages.get(wanted.then, _("a deleted stage")))
        )
    return " · ".join(parts)
