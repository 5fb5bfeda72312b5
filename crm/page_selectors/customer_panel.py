"""Who stands behind a deal or an order, for people who may see customers: contacts, tags, history, what was written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import OuterRef, QuerySet, Subquery

from crm.models import CustomerTag, Deal, Tag
from crm.page_selectors.customers import ContactRow, contacts_of_customer
from crm.selectors.cards import NOT_TAKEN
from crm.selectors.filter_choices import MOST_TAGS
from notifications.models import Message
from notifications.selectors import readable_messages
from orders.models import Customer, Order, Return
from orders.statuses import ReturnState
from shops.models import Membership
from shops.permissions import MATRIX, Action, role_allows

if TYPE_CHECKING:
    from shops.models import User

OTHER_ORDERS = 8
LATEST_MESSAGES = 5


@dataclass(frozen=True)
class CustomerPanel:
    """What the panel shows; the orders, deals and messages are those this person may see."""

    customer: Customer
    contacts: list[ContactRow]
    tags: list[Tag]
    refused_before: int = 0
    orders: list[Order] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    may_edit: bool = False

    @property
    def is_returning(self) -> bool:
        return bool(self.orders or self.deals)


def customer_panel(
    user: User, customer_id: int, role: str | None, *, without: Deal | None = None
) -> CustomerPanel | None:
    """The panel of a customer, less the deal it stands beside; None for a role that sees no customers.

    Eight queries, however long they have been one.
    """
    if not role_allows(role, Action.VIEW_CUSTOMERS):
        return None
    customers = Customer.objects.select_related("shop", "manager").prefetch_related("contacts")
    customer = customers.get(pk=customer_id)
    order_id = without.order_id if without is not None else None
    return CustomerPanel(
        customer=customer,
        contacts=contacts_of_customer(customer),
        tags=tags_of_customer(customer_id),
        refused_before=parcels_not_taken(customer_id, except_order=order_id),
        orders=list(_orders(user, customer_id).exclude(pk=order_id or 0)[:OTHER_ORDERS]),
        deals=list(_deals_without_order(user, customer_id, without)),
        messages=latest_messages(user, customer_id) if role_allows(role, Action.VIEW_MESSAGES) else [],
        may_edit=role_allows(role, Action.EDIT_ORDER),
    )


def tags_of_customer(customer_id: int) -> list[Tag]:
    """The customer's tags by name."""
    worn = CustomerTag.objects.filter(customer_id=customer_id).values("tag")
    return list(Tag.objects.filter(pk__in=worn))


def parcels_not_taken(customer_id: int, *, except_order: int | None = None) -> int:
    """How many orders of the customer came back because nobody took them, whoever may see these orders."""
    back = Return.objects.filter(order__customer=customer_id, kind__in=NOT_TAKEN)
    counted = back.exclude(state=ReturnState.VOIDED).exclude(order=except_order)
    return counted.values("order").distinct().count()


def latest_messages(user: User, customer_id: int) -> list[Message]:
    """The last messages to the customer over all their orders, newest first."""
    readable = readable_messages(user).filter(order__customer_id=customer_id).select_related("order")
    return list(readable.defer("facts", "html", "body").order_by("-created_at", "-id")[:LATEST_MESSAGES])


def with_deal(orders: QuerySet[Order]) -> QuerySet[Order]:
    """The orders, each with the key of its deal as `deal_id` (None: it has none)."""
    deal = Deal.objects.filter(order=OuterRef("pk")).values("pk")[:1]
    return orders.annotate(deal_id=Subquery(deal))


def tags_of_shop(shop_id: int) -> Iterable[str]:
    """The names of the shop's tags, to choose from while typing."""
    return Tag.objects.filter(shop_id=shop_id).values_list("name", flat=True)[:MOST_TAGS]


def colleagues(shop_id: int, *, besides: int | None, may: Action = Action.CLAIM) -> list[tuple[int, str]]:
    """Who of the shop may be given work of this kind, by name, as choices. One query."""
    roles = [role for role, actions in MATRIX.items() if Action.CLAIM in actions and may in actions]
    members = Membership.objects.filter(shop_id=shop_id, role__in=roles, user__is_active=True)
    people = [member.user for member in members.select_related("user") if member.user_id != besides]
    named = [(person.pk, person.get_full_name() or person.username) for person in people]
    return sorted(named, key=lambda pair: pair[1].casefold())


def _orders(user: User, customer_id: int) -> QuerySet[Order]:
    visible = Order.objects.visible_to(user).filter(customer_id=customer_id)
    return with_deal(visible).order_by("-placed_at", "-pk")


def _deals_without_order(user: User, customer_id: int, without: Deal | None) -> QuerySet[Deal]:
    visible = Deal.objects.visible_to(user).filter(customer_id=customer_id, order=None)
    others = visible.exclude(pk=without.pk) if without is not None else visible
    return others.select_related("stage").order_by("-pk")[:OTHER_ORDERS]
