"""What the invented world of one country consists of, and how people, addresses and parcels are drawn from it.

Names, streets and goods are invented or everyday; no row stands for a real person. Every draw takes the caller's
random source, so that the same seed makes the same world.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from orders.drafts import AddressDraft
from orders.statuses import DeliveryKind
from shops.search_text import fold


@dataclass(frozen=True)
class Good:
    """Something a shop sells. `stock` is what arrives at the beginning; `None` means that nobody counts it."""

    sku: str
    name: str
    price: str
    variants: tuple[str, ...] = ("",)
    stock: int | None = 120
    vat: str = "21"
    place: str = ""
    weight: int = 300


@dataclass(frozen=True)
class Town:
    """A town with its county and the beginning of its postcodes."""

    name: str
    county: str
    postcode: str


@dataclass(frozen=True)
class Delivery:
    """A way to deliver. `points` are the lockers or offices of one town each: (code and name, town)."""

    courier: str
    kind: str
    title: str
    price: str
    points: tuple[tuple[str, Town], ...] = ()


@dataclass(frozen=True)
class Country:
    """One country's people, places, goods and couriers."""

    code: str
    women: tuple[str, ...]
    men: tuple[str, ...]
    women_surnames: tuple[str, ...]
    men_surnames: tuple[str, ...]
    towns: tuple[Town, ...]
    streets: tuple[str, ...]
    phone: str
    mail: str
    companies: tuple[tuple[str, str], ...]
    goods: tuple[Good, ...]
    deliveries: tuple[Delivery, ...]
    awbs: dict[str, str]
    cod_title: str
    card_title: str
    transfer_title: str
    customer_notes: tuple[str, ...]
    notes: tuple[str, ...]
    comments: tuple[str, ...]
    cancel_words: tuple[tuple[str, str], ...]
    reopen_words: str
    letters: dict[int, str]


@dataclass(frozen=True)
class Person:
    """Somebody who orders: name, contacts and where they live."""

    name: str
    phone: str
    email: str
    town: Town
    street: str
    postcode: str
    company: str = ""
    tax_id: str = ""

    def address(self, country: str) -> AddressDraft:
        """Their own address."""
        return AddressDraft(
            name=self.name,
            phone=self.phone,
            email=self.email,
            street=self.street,
            city=self.town.name,
            county=self.town.county,
            postcode=self.postcode,
            country=country,
        )

    def billing(self, country: str) -> AddressDraft | None:
        """The address of their company, if it is the one who buys."""
        if not self.company:
            return None
        values = self.address(country).__dict__ | {"company": self.company, "tax_id": self.tax_id}
        return AddressDraft(**values)


def draw_digits(pattern: str, random: Random) -> str:
    """The pattern with a digit for every `#`."""
    return "".join(str(random.randrange(10)) if char == "#" else char for char in pattern)


def draw_person(country: Country, random: Random) -> Person:
    """Somebody who could live in the country."""
    if random.random() < 0.58:
        first, last = random.choice(country.women), random.choice(country.women_surnames)
    else:
        first, last = random.choice(country.men), random.choice(country.men_surnames)
    town = random.choice(country.towns)
    company, tax_id = random.choice(country.companies) if random.random() < 0.06 else ("", "")
    mailbox = fold(f"{first}.{last}").translate(country.letters).replace(" ", "")
    return Person(
        name=f"{first} {last}",
        phone=draw_digits(country.phone, random),
        email=f"{mailbox}{random.randrange(10, 99)}@{country.mail}",
        town=town,
        street=f"{random.choice(country.streets)} {random.randrange(1, 140)}",
        postcode=draw_digits(town.postcode, random),
        company=company,
        tax_id=tax_id,
    )


def draw_delivery(country: Country, random: Random) -> tuple[Delivery, str, Town | None]:
    """A delivery, with the point and its town where it goes to one. Lockers and points are the usual choice."""
    delivery = random.choice(country.deliveries)
    if delivery.kind in (DeliveryKind.LOCKER, DeliveryKind.PICKUP):
        point, town = random.choice(delivery.points)
        return delivery, point, town
    return delivery, "", None


def draw_awb(country: Country, courier: str, random: Random) -> str:
    """A tracking number as this courier writes them."""
    return draw_digits(country.awbs.get(courier, "##########"), random)


def vat_in(gross: Decimal, rate: str) -> Decimal:
    """The VAT contained in a gross amount, to the cent."""
    share = Decimal(rate)
    return (gross * share / (100 + share)).quantize(Decimal("0.01"))
