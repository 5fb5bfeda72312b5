"""Couriers we know by name: whether they number their parcels, and where the public can follow one.

The addresses are the couriers' own public tracking pages. The forms of numbers are those that public trackers tell
couriers apart by (InPost 24 digits, DPD in Poland 13 digits and a letter, Nova Poshta 14 digits from 1, 20 or 59, UPS
from 1Z, the postal unions' two letters, nine digits, country); couriers change them, so only what is certain refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Carrier:
    """A courier; `url` has one place for the tracking number.

    `form` is what its numbers look like, as a regular expression; `digits` how long one of digits alone may be.
    With `exact`, no other number is one of this courier's.
    """

    code: str
    name: str
    countries: tuple[str, ...]
    url: str = ""
    numbered: bool = True
    form: str = ""
    digits: tuple[int, int] = (6, 30)
    exact: bool = False


_ALL = (
    Carrier(
        "fan",
        "FAN Courier",
        ("RO",),
        "https://www.fancourier.ro/awb-tracking/?tracking={}",
        form=r"\d{13}",
        digits=(9, 15),
    ),
    Carrier(
        "sameday",
        "Sameday",
        ("RO",),
        "https://sameday.ro/#awb={}",
        form=r"\d[A-Z]{2,6}\d{6,16}|[A-Z]{2,4}\d{10,16}",
    ),
    Carrier(
        "cargus",
        "Cargus",
        ("RO",),
        "https://www.cargus.ro/tracking-romanian/?t={}",
        form=r"\d{9,10}",
        digits=(8, 12),
    ),
    Carrier(
        "gls",
        "GLS",
        ("RO", "PL"),
        "https://gls-group.com/track/{}",
        form=r"\d{11}|[A-Z]{2}\d[A-Z0-9]{5}",
        digits=(8, 20),
    ),
    Carrier(
        "dpd",
        "DPD",
        ("RO", "PL"),
        "https://tracktrace.dpd.com.pl/parcelDetails?p1={}",
        form=r"\d{13}[A-Z]|\d{14}|\d{11}",
        digits=(10, 28),
    ),
    Carrier(
        "inpost",
        "InPost",
        ("PL",),
        "https://inpost.pl/sledzenie-przesylek?number={}",
        form=r"\d{24}",
        digits=(24, 24),
        exact=True,
    ),
    Carrier(
        "dhl",
        "DHL",
        ("PL",),
        "https://www.dhl.com/pl-pl/home/tracking.html?tracking-id={}",
        form=r"JJD\d{16,20}|\d{11}",
        digits=(10, 24),
    ),
    Carrier(
        "orlen",
        "ORLEN Paczka",
        ("PL",),
        "https://www.orlenpaczka.pl/sledz-paczke/?numer={}",
        digits=(9, 20),
    ),
    Carrier(
        "pocztex",
        "Pocztex",
        ("PL",),
        "https://emonitoring.poczta-polska.pl/?numer={}",
        form=r"PX\d{10}|00\d{18}|[A-Z]{2}\d{9}PL",
        digits=(13, 20),
    ),
    Carrier(
        "nova_poshta",
        "Нова пошта",
        ("UA",),
        "https://novaposhta.ua/tracking/{}",
        form=r"(?:20|59|1\d)\d{12}",
        digits=(14, 14),
        exact=True,
    ),
    Carrier(
        "ukrposhta",
        "Укрпошта",
        ("UA",),
        "https://track.ukrposhta.ua/tracking_UA.html?barcode={}",
        form=r"05\d{11}|[A-Z]{2}\d{9}UA",
        digits=(13, 13),
    ),
    Carrier(
        "meest",
        "Meest",
        ("UA",),
        "https://t.meest-group.com/{}",
        form=r"(?:MY)?CV\d{9}[A-Z]{2}",
        digits=(8, 16),
    ),
    Carrier(
        "ups",
        "UPS",
        (),
        "https://www.ups.com/track?tracknum={}",
        form=r"1Z[A-Z0-9]{16}",
        digits=(9, 18),
    ),
    Carrier("own", "", (), numbered=False),
)
CARRIERS: dict[str, Carrier] = {carrier.code: carrier for carrier in _ALL}


def carrier_name(code: str) -> str:
    """The name people know; an unknown code is shown as it is."""
    if code == "own":
        return str(_("Own delivery"))
    return CARRIERS[code].name if code in CARRIERS else code


def is_numbered(code: str) -> bool:
    """Whether parcels of this carrier have tracking numbers; unknown carriers are taken to have them."""
    return CARRIERS[code].numbered if code in CARRIERS else True


def tracking_url(code: str, number: str) -> str:
    """The public tracking page of a parcel, or an empty text when there is none."""
    carrier = CARRIERS.get(code)
    return carrier.url.format(quote(number, safe="")) if carrier and carrier.url and number else ""


def choices_for(country: str) -> list[tuple[str, str]]:
    """Carriers for a form, those of the country first."""
    ordered = sorted(_ALL, key=lambda carrier: (country not in carrier.countries, carrier.code == "own"))
    return [(carrier.code, carrier_name(carrier.code)) for carrier in ordered]


def recognise(text: str) -> str:
    """The carrier a shop's delivery title names, or an empty text."""
    folded = text.casefold().replace(" ", "")
    words = {
        "fan": ("fancourier", "fanbox"),
        "sameday": ("sameday", "easybox"),
        "nova_poshta": ("новапошта", "novaposhta", "новоїпошти"),
    }
    for code, carrier in CARRIERS.items():
        names = words.get(code, (carrier.name.casefold().replace(" ", ""),))
        if any(name and name in folded for name in names):
            return code
    return ""


def normal_number(text: str) -> str:
    """A tracking number as it is stored and compared: no spaces, capital letters, at most 64 characters."""
    return re.sub(r"\s+", "", text.replace("\0", "")).upper()[:64]


def is_malformed(code: str, number: str) -> bool:
    """Whether this can be no number of the carrier: too short or long for its digits, or not of its one form."""
    carrier = CARRIERS.get(code)
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9._/-]{3,39}", number) or not re.search(r"\d", number):
        return True
    if carrier is None or not number.isdigit():
        return carrier is not None and carrier.exact and not re.fullmatch(carrier.form, number)
    least, most = carrier.digits
    return not least <= len(number) <= most


def carriers_by_number(number: str, country: str) -> tuple[str, ...]:
    """The carriers of a country (and those of every country) whose numbers look like this one; often none or several."""
    here = (carrier for carrier in _ALL if not carrier.countries or country in carrier.countries)
    return tuple(carrier.code for carrier in here if carrier.form and re.fullmatch(carrier.form, number))


def carrier_by_name(text: str) -> str:
    """The carrier somebody wrote: its code, its name or a title that names it; an empty text for no known one."""
    folded = text.strip().casefold()
    return folded if folded in CARRIERS else recognise(text)
