"""Finding the customer an order belongs to, or making one; keeping their contacts and addresses."""

from __future__ import annotations

import hashlib
from dataclasses import astuple

from django.db import transaction
from django.utils.translation import gettext as _

from orders.contacts import normalise_email, normalise_phone
from orders.drafts import AddressDraft
from orders.errors import OrderError
from orders.models import Customer, CustomerAddress, CustomerContact, Order
from orders.models.customers import ContactKind
from orders.search import refresh_customer_terms
from orders.services.claims import set_manager, who_may_claim
from orders.statuses import BEFORE_HANDOVER
from shops.actors import Actor
from shops.locks import lock, lock_name, lock_one
from shops.models import Shop, User
from shops.permissions import Action, is_permitted, require, role_allows
from shops.search_text import digits
from shops.selectors import role_in_shop

PHONE_DIGITS = 6


def customer_for(
    *, shop: Shop, shipping: AddressDraft, billing: AddressDraft | None, language: str
) -> Customer:
    """The shop's customer with this phone or e-mail, or a new one; contacts and addresses not known yet are added."""
    sources = [shipping, *([billing] if billing else [])]
    contacts = _contacts(sources, shop.country)
    customer = _found(shop, contacts) or Customer.objects.create(
        shop=shop,
        name=next((a.name for a in sources if a.name), "")[:200],
        company=next((a.company for a in sources if a.company), "")[:200],
        tax_id=next((a.tax_id for a in reversed(sources) if a.tax_id), "")[:30],
        language=language,
    )
    CustomerContact.objects.bulk_create(
        [
            CustomerContact(customer=customer, kind=kind, value=value[:254], normalised=normalised[:254])
            for (kind, normalised), value in contacts.items()
        ],
        ignore_conflicts=True,
    )
    CustomerAddress.objects.bulk_create(
        [
            CustomerAddress(customer=customer, digest=address_digest(a), **a.__dict__)
            for a in sources
            if a.street or a.city
        ],
        ignore_conflicts=True,
    )
    refresh_customer_terms(customer.pk)
    return customer


def _contacts(sources: list[AddressDraft], country: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for address in sources:
        if address.phone.strip():
            normalised = normalise_phone(address.phone, address.country or country) or address.phone.strip()
            found.setdefault((ContactKind.PHONE, normalised), address.phone)
        if address.email.strip():
            found.setdefault((ContactKind.EMAIL, normalise_email(address.email)), address.email)
    return found


def _found(shop: Shop, contacts: dict[tuple[str, str], str]) -> Customer | None:
    wanted = [normalised for _kind, normalised in contacts if _identifies(normalised)]
    if not wanted:
        return None
    known = Customer.objects.filter(shop=shop, contacts__normalised__in=wanted).order_by("pk").distinct()
    customer = known.first()
    if customer is None:
        # Two first orders of one person at the same moment: the second waits here, and finds whom the first made.
        lock_name("new customer", shop.pk)
        customer = known.all().first()
    return customer


def _identifies(normalised: str) -> bool:
    """Whether a contact can be told from a filler like "-" or "0000000000", which would make strangers one customer."""
    found = digits(normalised)
    return "@" in normalised.strip("@") or (len(found) >= PHONE_DIGITS and len(set(found)) > 1)


def address_digest(address: AddressDraft) -> str:
    """What tells two addresses of a customer apart (SHA-256, hex); case and white space at the ends do not count."""
    return hashlib.sha256(
        "\x1f".join(part.strip().casefold() for part in astuple(address)).encode()
    ).hexdigest()


@transaction.atomic
def edit_customer_note(*, customer_id: int, actor: Actor, note: str, seen: str | None = None) -> None:
    """Replace the internal note on a customer. Raises NotPermitted, or OrderError when it is not `seen` any more."""
    customer = lock_one(Customer.objects.all(), customer_id)
    require(actor, shop_id=customer.shop_id, action=Action.EDIT_ORDER)
    if seen is not None and _plain(customer.note) not in (_plain(seen), _plain(note)):
        raise OrderError(
            _("A colleague changed this note meanwhile; it says now: “%(note)s”. Save again to replace it.")
            % {"note": customer.note[:500]},
            code="changed_meanwhile",
            field="note",
        )
    Customer.objects.filter(pk=customer_id).update(note=note)


def _plain(text: str) -> str:
    # Browsers send line ends of their own.
    return "\n".join(text.splitlines()).strip()


@transaction.atomic
def set_personal_manager(
    *, customer_id: int, user_id: int | None, actor: Actor, with_open_orders: bool = False
) -> bool:
    """Say who looks after a customer (None: nobody): new orders go to them, with `with_open_orders` the free ones, too.

    Whoever may edit orders chooses; another person's customer is given away by who may take orders over. Returns
    whether anything changed. Raises NotPermitted, or OrderError when the person could not work on orders.
    """
    shop_id = Customer.objects.values_list("shop_id", flat=True).get(pk=customer_id)
    require(actor, shop_id=shop_id, action=Action.EDIT_ORDER)
    person = who_may_confirm(shop_id=shop_id, user_id=user_id) if user_id is not None else None
    # Orders are locked before anything else.
    free = _free_orders(customer_id) if person is not None and with_open_orders else []
    customer = lock_one(Customer.objects.select_related("manager"), customer_id)
    if customer.manager_id not in (None, actor.user_id, user_id) and not is_permitted(
        actor, shop_id=shop_id, action=Action.TAKE_OVER
    ):
        name = customer.manager.get_full_name() or customer.manager.username if customer.manager else ""
        raise OrderError(
            _("%(name)s looks after this customer; only they or a supervisor can change that.")
            % {"name": name},
            code="not_yours",
            field="person",
        )
    changed = customer.manager_id != user_id
    Customer.objects.filter(pk=customer_id).update(manager_id=user_id)
    for order in free:
        set_manager(order, actor, user_id)
    return changed or bool(free)


def who_may_confirm(*, shop_id: int, user_id: int) -> User:
    """The member who can look after customers: one whose orders begin as new. Raises OrderError for anybody else."""
    person = who_may_claim(shop_id=shop_id, user_id=user_id)
    if not role_allows(role_in_shop(user_id=user_id, shop_id=shop_id), Action.CONFIRM):
        raise OrderError(
            _("Choose a colleague who confirms orders; the warehouse sees them only later."),
            code="cannot_see",
            field="person",
        )
    return person


def personal_manager_of(customer: Customer) -> int | None:
    """Who gets this customer's new orders: the personal manager, while they still confirm orders in the shop."""
    if customer.manager_id is None:
        return None
    role = role_in_shop(user_id=customer.manager_id, shop_id=customer.shop_id)
    may_work = role_allows(role, Action.CLAIM) and role_allows(role, Action.CONFIRM)
    return customer.manager_id if may_work else None


def _free_orders(customer_id: int) -> list[Order]:
    free = Order.objects.filter(customer_id=customer_id, manager=None, status__in=BEFORE_HANDOVER)
    locked = lock(Order.objects.select_related("shop"), free.values_list("pk", flat=True))
    return [order for order in locked if order.manager_id is None]
