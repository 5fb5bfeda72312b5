"""The funnels a new shop starts with, by country: facts only, written as rows by `services.funnels`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from crm.models import Happening, StageCondition, StageKind
from orders.statuses import Status

LANGUAGES = ("en", "ro", "pl", "uk")
# Working hours a "day" of a limit stands for: shops open nine hours.
DAY = Decimal(9)


@dataclass(frozen=True)
class StagePreset:
    """One column; `names` by `LANGUAGES`, `limits` in working hours for RO, PL, UA (others take RO's)."""

    slug: str
    names: tuple[str, str, str, str]
    status: str
    colour: str
    limits: tuple[Decimal, Decimal, Decimal] | None = None
    is_entry: bool = False
    is_side: bool = False
    kind: str = StageKind.OPEN
    condition: str = StageCondition.NONE
    requires_previous: bool = False


def _hours(ro: str, pl: str | None = None, ua: str | None = None) -> tuple[Decimal, Decimal, Decimal]:
    return Decimal(ro), Decimal(pl or ro), Decimal(ua or ro)


def _days(ro: int, pl: int | None = None, ua: int | None = None) -> tuple[Decimal, Decimal, Decimal]:
    return ro * DAY, (pl or ro) * DAY, (ua or ro) * DAY


ORDER_FUNNEL_NAMES = ("Orders", "Comenzi", "Zamówienia", "Замовлення")
ORDER_STAGES = (
    StagePreset(
        "new", ("New", "Noi", "Nowe", "Нові"), Status.NEW, "#2563EB", _hours("1", "2", "0.5"), is_entry=True
    ),
    StagePreset(
        "no-answer",
        ("No answer", "Nu răspunde", "Do wyjaśnienia", "Недодзвін"),
        Status.NEW,
        "#D97706",
        _hours("24"),
        is_side=True,
    ),
    StagePreset(
        "awaiting-payment",
        ("Awaiting payment", "Așteaptă plata", "Oczekuje na płatność", "Очікує оплату"),
        Status.NEW,
        "#7C3AED",
        _hours("48", "72", "24"),
        is_side=True,
        condition=StageCondition.UNPAID,
    ),
    StagePreset(
        "confirmed",
        ("Confirmed", "Confirmate", "Potwierdzone", "Підтверджено"),
        Status.CONFIRMED,
        "#0D9488",
        _hours("4"),
        is_entry=True,
    ),
    StagePreset(
        "picking",
        ("Picking", "În pregătire", "Kompletacja", "Комплектується"),
        Status.PROCESSING,
        "#4F46E5",
        _hours("4"),
        is_entry=True,
    ),
    StagePreset(
        "packed",
        ("Packed", "Gata de predat", "Spakowane", "Запаковано"),
        Status.PROCESSING,
        "#0284C7",
        _hours("8"),
    ),
    StagePreset(
        "shipped",
        ("Shipped", "Expediate", "Wysłane", "Відправлено"),
        Status.SHIPPED,
        "#0369A1",
        _days(2),
        is_entry=True,
    ),
    StagePreset(
        "at-pickup",
        (
            "At pick-up point / problem",
            "La ridicare / problemă",
            "W punkcie / problem",
            "На відділенні / проблема",
        ),
        Status.SHIPPED,
        "#EA580C",
        _days(1, 1, 3),
        is_side=True,
    ),
    StagePreset(
        "delivered",
        ("Delivered", "Livrate", "Doręczone", "Доставлено"),
        Status.DELIVERED,
        "#16A34A",
        _days(7),
        is_entry=True,
    ),
    StagePreset(
        "paid-out",
        ("Paid out", "Încasate", "Rozliczone", "Гроші отримано"),
        Status.DELIVERED,
        "#166534",
        kind=StageKind.WON,
        condition=StageCondition.PAID,
        requires_previous=True,
    ),
    StagePreset(
        "returned",
        ("Returned", "Retur", "Zwroty", "Повернення"),
        Status.RETURNED,
        "#DC2626",
        _days(2),
        is_entry=True,
        kind=StageKind.LOST,
    ),
    StagePreset(
        "cancelled",
        ("Cancelled", "Anulate", "Anulowane", "Скасовано"),
        Status.CANCELLED,
        "#6B7280",
        is_entry=True,
        kind=StageKind.LOST,
    ),
)

# Where the order funnel puts a card when something happens that is no change of status: happening to stage.
ORDER_RULES: dict[str, str] = {
    Happening.NO_ANSWER: "no-answer",
    Happening.AT_PICKUP: "at-pickup",
    Happening.PAYMENT_FAILED: "awaiting-payment",
}

SALES_FUNNEL_NAMES = ("Sales", "Vânzări", "Sprzedaż", "Продажі")
SALES_STAGES = (
    StagePreset("interest", ("Interest", "Interes", "Zainteresowanie", "Інтерес"), "", "#2563EB"),
    StagePreset("consideration", ("Consideration", "Analiză", "Rozważanie", "Обмірковування"), "", "#7C3AED"),
    StagePreset("decision", ("Decision", "Decizie", "Decyzja", "Рішення"), "", "#D97706"),
    StagePreset("order", ("Order", "Comandă", "Zamówienie", "Замовлення"), "", "#16A34A", kind=StageKind.WON),
    StagePreset("lost", ("Lost", "Pierdut", "Utracone", "Втрачено"), "", "#6B7280", kind=StageKind.LOST),
)


def name_in(names: tuple[str, ...], language: str) -> str:
    """The name in a language; English for others."""
    return names[LANGUAGES.index(language)] if language in LANGUAGES else names[0]


def limit_for(stage: StagePreset, country: str) -> Decimal | None:
    """The stage's time limit in working hours for a country."""
    return stage.limits[{"PL": 1, "UA": 2}.get(country, 0)] if stage.limits else None
