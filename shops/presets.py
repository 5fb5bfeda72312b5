"""What a new shop gets for its country: currency, language, hours, holidays and switches (facts, not rows)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

WEEK = {day: ["09:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


@dataclass(frozen=True)
class CountryPreset:
    """The starting values of a shop in one country; `fixed_holidays` are (month, day) pairs of public holidays."""

    country: str
    currency: str
    language: str
    time_zone: str
    auto_confirm_paid: bool = False
    easter: str = ""
    fixed_holidays: tuple[tuple[int, int], ...] = ()
    easter_offsets: tuple[int, ...] = ()
    hours: dict[str, list[str]] = field(default_factory=lambda: dict(WEEK))

    def holidays(self, year: int) -> list[str]:
        """The public holidays of a year as ISO dates, movable feasts included."""
        days = [date(year, month, day) for month, day in self.fixed_holidays]
        if self.easter:
            sunday = easter_sunday(year, orthodox=self.easter == "orthodox")
            days += [sunday + timedelta(days=offset) for offset in self.easter_offsets]
        return sorted({day.isoformat() for day in days})


def easter_sunday(year: int, *, orthodox: bool) -> date:
    """Easter Sunday in the Gregorian calendar (Meeus' algorithms; the Julian one shifted by 13 days, 1900–2099)."""
    if orthodox:
        d = (19 * (year % 19) + 15) % 30
        e = (2 * (year % 4) + 4 * (year % 7) - d + 34) % 7
        month, day = divmod(d + e + 114, 31)
        return date(year, month, day + 1) + timedelta(days=13)
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


PRESETS: dict[str, CountryPreset] = {
    "RO": CountryPreset(
        "RO",
        "RON",
        "ro",
        "Europe/Bucharest",
        easter="orthodox",
        fixed_holidays=(
            *((1, 1), (1, 2), (1, 6), (1, 7), (1, 24), (5, 1), (6, 1)),
            *((8, 15), (11, 30), (12, 1), (12, 25), (12, 26)),
        ),
        easter_offsets=(-2, 0, 1, 49, 50),
    ),
    "PL": CountryPreset(
        "PL",
        "PLN",
        "pl",
        "Europe/Warsaw",
        auto_confirm_paid=True,
        easter="western",
        fixed_holidays=(
            *((1, 1), (1, 6), (5, 1), (5, 3), (8, 15)),
            *((11, 1), (11, 11), (12, 24), (12, 25), (12, 26)),
        ),
        easter_offsets=(0, 1, 49, 60),
    ),
    "UA": CountryPreset("UA", "UAH", "uk", "Europe/Kyiv"),
    "other": CountryPreset("other", "EUR", "en", "UTC"),
}


def preset_for(country: str) -> CountryPreset:
    """The preset of a country code, or the neutral one."""
    return PRESETS.get(country, PRESETS["other"])
