"""The demo's shops and the people who work in them."""

from __future__ import annotations

from dataclasses import dataclass

from oms.demo import poland, romania, ukraine
from oms.demo.country import Country
from shops.models import Membership, Shop, User
from shops.permissions import Role
from shops.services import create_shop, remember_shop

PASSWORD = "demo"  # noqa: S105  (published: it opens invented shops only)


@dataclass(frozen=True)
class DemoShop:
    """A shop of the demo and its world."""

    country: Country
    slug: str
    name: str
    order_prefix: str
    domain: str
    phone: str
    sms_sender: str

    def fields(self) -> dict[str, str]:
        """What the shop is called and how it is reached; the rest is its country's preset."""
        return {
            "slug": self.slug,
            "name": self.name,
            "order_prefix": self.order_prefix,
            "domain": self.domain,
            "phone": self.phone,
            "sms_sender": self.sms_sender,
            "sender_name": self.name,
            "sender_email": f"salut@{self.domain}" if self.country.code == "RO" else f"shop@{self.domain}",
        }


@dataclass(frozen=True)
class DemoPerson:
    """A person of the demo; `only` narrows them to one shop."""

    username: str
    first_name: str
    last_name: str
    language: str
    role: str
    only: str = ""


SHOPS = (
    DemoShop(
        romania.COUNTRY,
        "demo-ro",
        "Grădina Bunicii",
        "RO-",
        "gradinabunicii.example",
        "+40 264 000 111",
        "Gradina",
    ),
    DemoShop(
        poland.COUNTRY, "demo-pl", "Pod Zieloną Lipą", "PL-", "podlipa.example", "+48 12 000 01 11", "PodLipa"
    ),
    DemoShop(
        ukraine.COUNTRY, "demo-ua", "Бабусина скриня", "UA-", "skrynia.example", "+380 32 000 0111", "Skrynia"
    ),
)
PEOPLE = (
    DemoPerson("admin", "Irina", "Voinea", "en", Role.ADMIN),
    DemoPerson("supervisor", "Corneliu", "Brădescu", "ro", Role.SUPERVISOR),
    DemoPerson("manager", "Delia", "Sârbu", "en", Role.MANAGER),
    DemoPerson("manager2", "Tomasz", "Wąsik", "pl", Role.MANAGER, only="demo-pl"),
    DemoPerson("warehouse", "Ярослав", "Бойчук", "uk", Role.WAREHOUSE),
)


def open_shops() -> dict[str, Shop]:
    """The demo's shops by short name, made where they are missing."""
    shops = {}
    for demo in SHOPS:
        known = Shop.objects.filter(slug=demo.slug).first()
        shops[demo.slug] = known or create_shop(country=demo.country.code, **demo.fields())
    return shops


def hire_people(shops: dict[str, Shop]) -> dict[str, User]:
    """The demo's people by user name, made where they are missing; who exists keeps what they have."""
    people = {}
    for person in PEOPLE:
        user, is_new = User.objects.get_or_create(
            username=person.username,
            defaults={
                "first_name": person.first_name,
                "last_name": person.last_name,
                "email": f"{person.username}@oms.example",
                "language": person.language,
                "is_staff": person.role == Role.ADMIN,
                "is_superuser": person.role == Role.ADMIN,
            },
        )
        if is_new:
            user.set_password(PASSWORD)
            user.save(update_fields=["password"])
            _admit(user, person, shops)
        people[person.username] = user
    return people


def _admit(user: User, person: DemoPerson, shops: dict[str, Shop]) -> None:
    for slug, shop in shops.items():
        if person.only in ("", slug):
            Membership.objects.get_or_create(user=user, shop=shop, defaults={"role": person.role})
    remember_shop(user_id=user.pk, shop_id=shops[person.only or SHOPS[0].slug].pk)
