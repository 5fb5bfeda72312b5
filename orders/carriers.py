"""Couriers we know by name: whether they number their parcels, and where the public can follow one.

The addresses are the couriers' own public tracking pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Carrier:
    """A courier; `url` has one place for the tracking number."""

    code: str
    name: str
    countries: tuple[str, ...]
    url: str = ""
    numbered: bool = True


_ALL = (
    Carrier("fan", "FAN Courier", ("RO",), "https://www.fancourier.ro/awb-tracking/?tracking={}"),
    Carrier("sameday", "Sameday", ("RO",), "https://sameday.ro/#awb={}"),
    Carrier("cargus", "Cargus", ("RO",), "https://www.cargus.ro/tracking-romanian/?t={}"),
    Carrier("gls", "GLS", ("RO", "PL"), "https://gls-group.com/track/{}"),
    Carrier("dpd", "DPD", ("RO", "PL"), "https://tracktrace.dpd.com.pl/parcelDetails?p1={}"),
    Carrier("inpost", "InPost", ("PL",), "https://inpost.pl/sledzenie-przesylek?number={}"),
    Carrier("dhl", "DHL", ("PL",), "https://www.dhl.com/pl-pl/home/tracking.html?tracking-id={}"),
    Carrier("orlen", "ORLEN Paczka", ("PL",), "https://www.orlenpaczka.pl/sledz-paczke/?numer={}"),
    Carrier("pocztex", "Pocztex", ("PL",), "https://emonitoring.poczta-polska.pl/?numer={}"),
    Carrier("nova_poshta", "Нова пошта", ("UA",), "https://novaposhta.ua/tracking/{}"),
    Carrier("ukrposhta", "Укрпошта", ("UA",), "https://track.ukrposhta.ua/tracking_UA.html?barcode={}"),
    Carrier("meest", "Meest", ("UA",), "https://t.meest-group.com/{}"),
    Carrier("ups", "UPS", (), "https://www.ups.com/track?tracknum={}"),
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
